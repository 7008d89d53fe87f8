import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { natsAuthorization } from '../nats/dist/index.js';

/*
 * Makes the secrets of a composed vmdns on its first start: one file each, readable by the one container that needs it
 * (each service runs under its own uid, see docker-compose.yml). Runs again without changing anything.
 */
const { SECRETS_FOLDER: FOLDER = '/run/vmdns', KEYS_FOLDER = '/keys', VOLUMES_FOLDER = '/volumes', POSTGRES_HOST = 'postgres', ADAPTERS = '', NATS_TENANTS = '', NATS_PLATFORMS = '' } = process.env;
const listed = (text) => text.split(/[\s,]+/).filter((one) => one !== '');
const adapters = Object.fromEntries(listed(ADAPTERS).map((one) => one.split('=')).map(([name, uid]) => [`adapter-${name}`, Number(uid)]));
const UIDS = { gateway: 1001, inventory: 1002, planner: 1003, log: 1004, ...adapters };
const POSTGRES_UID = 999;
const NATS_UID = 1020;
const POWERDNS_UID = 1021;

/** Given to one user, where we may; no other can open it. */
function own(path, uid, mode) {
  if (process.getuid?.() === 0) chownSync(path, uid, uid);
  chmodSync(path, mode);
}

function ownFolder(path, uid) {
  mkdirSync(path, { recursive: true });
  own(path, uid, 0o700);
}

/** The file's text, made when there is none. */
function secret(name, uid, make = () => randomBytes(24).toString('base64url')) {
  const file = join(FOLDER, name);
  if (!existsSync(file)) writeFileSync(file, make(), { mode: 0o400 });
  own(file, uid, 0o400);
  return readFileSync(file, 'utf8');
}

mkdirSync(FOLDER, { recursive: true });
chmodSync(FOLDER, 0o755);
secret('postgres-superuser', POSTGRES_UID);
secret('powerdns-api-key', POWERDNS_UID);

// A NATS user for each service, and for whoever publishes without the gateway (NATS_TENANTS, NATS_PLATFORMS).
const cast = { providers: Object.keys(adapters).map((service) => service.slice('adapter-'.length)), tenants: listed(NATS_TENANTS), platforms: listed(NATS_PLATFORMS) };
const natsPassword = (user) => secret(`nats-password-${user}`, UIDS[user] ?? NATS_UID);
// Written anew at each start: what a user may do is part of the release.
rmSync(join(FOLDER, 'nats-auth.conf'), { force: true });
secret('nats-auth.conf', NATS_UID, () => natsAuthorization(cast, natsPassword));

const roles = [];
for (const [service, uid] of Object.entries(UIDS)) {
  const role = `vmdns_${service.replaceAll('-', '_')}`;
  const url = secret(`database-url-${service}`, uid, () => `postgres://${role}:${randomBytes(24).toString('base64url')}@${POSTGRES_HOST}:5432/vmdns`);
  roles.push(`${role} ${new URL(url).password}`);
}
rmSync(join(FOLDER, 'roles'), { force: true });
secret('roles', POSTGRES_UID, () => `${roles.join('\n')}\n`);
secret('admin-token', UIDS.gateway);

// A folder of its own for each adapter: nobody else can open what is sealed for it.
for (const [service, uid] of Object.entries(adapters)) ownFolder(join(KEYS_FOLDER, service), uid);
for (const [volume, uid] of [['nats', NATS_UID], ['powerdns', POWERDNS_UID]]) if (existsSync(join(VOLUMES_FOLDER, volume))) ownFolder(join(VOLUMES_FOLDER, volume), uid);
console.log('the secrets are in place; the admin token: docker compose exec gateway cat /run/vmdns/admin-token');
