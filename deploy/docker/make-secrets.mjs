import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { natsAuthorization } from '../nats/dist/index.js';

/*
 * Makes the secrets of a composed vmdns on its first start: one file each, readable by the one container that needs it
 * (each service runs under its own uid, see docker-compose.yml). Runs again without changing anything.
 */
const FOLDER = process.env.SECRETS_FOLDER ?? '/run/vmdns';
const UIDS = { gateway: 1001, inventory: 1002, planner: 1003, log: 1004, 'adapter-powerdns': 1005, 'adapter-memory': 1006 };
const NATS_UID = 0;
const POSTGRES_UID = 999;
const POWERDNS_UID = 0;
const { POSTGRES_HOST = 'postgres', NATS_TENANTS = '', NATS_PLATFORMS = '' } = process.env;
const ADAPTER = 'adapter-';

mkdirSync(FOLDER, { recursive: true });
chmodSync(FOLDER, 0o755);

/** The file's text, made when there is none; owned by the uid and closed to others. */
function secret(name, uid, make = () => randomBytes(24).toString('base64url')) {
  const file = join(FOLDER, name);
  if (!existsSync(file)) writeFileSync(file, make(), { mode: 0o400 });
  if (process.getuid?.() === 0) chownSync(file, uid, uid);
  chmodSync(file, 0o400);
  return readFileSync(file, 'utf8');
}

secret('postgres-superuser', POSTGRES_UID);
secret('powerdns-api-key', POWERDNS_UID);

// A NATS user for each service, and for whoever publishes without the gateway (NATS_TENANTS, NATS_PLATFORMS).
const listed = (text) => text.split(',').map((one) => one.trim()).filter((one) => one !== '');
const cast = {
  providers: Object.keys(UIDS).filter((service) => service.startsWith(ADAPTER)).map((service) => service.slice(ADAPTER.length)),
  tenants: listed(NATS_TENANTS), platforms: listed(NATS_PLATFORMS),
};
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
secret('roles', POSTGRES_UID, () => `${roles.join('\n')}\n`);
secret('admin-token', UIDS.gateway);
for (const [service, uid] of Object.entries(UIDS)) {
  if (!service.startsWith('adapter-')) continue;
  // A volume of its own for each adapter: nobody else can open what is sealed for it.
  const folder = join(process.env.KEYS_FOLDER ?? '/keys', service);
  mkdirSync(folder, { recursive: true });
  if (process.getuid?.() === 0) chownSync(folder, uid, uid);
  chmodSync(folder, 0o700);
}
console.log('the secrets are in place; the admin token: docker compose exec gateway cat /run/vmdns/admin-token');
