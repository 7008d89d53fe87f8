import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/*
 * Makes the secrets of a composed vmdns on its first start: one file each, readable by the one container that needs it
 * (each service runs under its own uid, see docker-compose.yml). Runs again without changing anything.
 */
const FOLDER = process.env.SECRETS_FOLDER ?? '/run/vmdns';
const UIDS = { gateway: 1001, inventory: 1002, planner: 1003, log: 1004, 'adapter-powerdns': 1005, 'adapter-memory': 1006 };
const NATS_UID = 0;
const POSTGRES_UID = 999;
const POWERDNS_UID = 0;
const { POSTGRES_HOST = 'postgres' } = process.env;

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
const natsPassword = randomBytes(24).toString('base64url');
const natsConfig = secret('nats-auth.conf', NATS_UID, () => `authorization { user: vmdns, password: "${natsPassword}" }\n`);
const nats = /password: "([^"]+)"/.exec(natsConfig)?.[1] ?? natsPassword;

const roles = [];
for (const [service, uid] of Object.entries(UIDS)) {
  const role = `vmdns_${service.replaceAll('-', '_')}`;
  const url = secret(`database-url-${service}`, uid, () => `postgres://${role}:${randomBytes(24).toString('base64url')}@${POSTGRES_HOST}:5432/vmdns`);
  secret(`nats-password-${service}`, uid, () => nats);
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
