import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { inboxOf, tenantUser } from '@vmdns/nats';
import { connect } from 'nats';
import { startNats, type NatsServer } from '../support/index.js';
import { newFolder, ROOT } from '../support/run-folder.js';

describe('the secrets that compose makes for NATS', () => {
  const composeFile = readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8');
  const adapters = /ADAPTERS: (.+)/.exec(composeFile)?.[1] ?? '';
  const folder = newFolder('secrets');
  const environment = { PATH: process.env['PATH'], SECRETS_FOLDER: folder, KEYS_FOLDER: join(folder, 'keys'), ADAPTERS: adapters, NATS_TENANTS: 'acme, other' };
  const makeSecrets = () => execFileSync(process.execPath, [join(ROOT, 'deploy/docker/make-secrets.mjs')], { env: environment, encoding: 'utf8' });
  const passwordOf = (user: string) => readFileSync(join(folder, `nats-password-${user}`), 'utf8');
  let nats: NatsServer;
  let config: string;

  beforeAll(async () => {
    makeSecrets();
    config = readFileSync(join(folder, 'nats-auth.conf'), 'utf8');
    nats = await startNats({ config });
  });
  afterAll(() => nats?.kill());

  it('L10 are files for one reader each, and stay as they are at the next start', () => {
    makeSecrets();
    expect(readFileSync(join(folder, 'nats-auth.conf'), 'utf8')).toBe(config);
    for (const file of ['nats-auth.conf', 'nats-password-planner', 'nats-password-operator']) expect(statSync(join(folder, file)).mode & 0o777).toBe(0o400);
    expect(passwordOf('planner')).not.toBe(passwordOf('gateway'));
  });

  it.each(['gateway', 'inventory', 'planner', 'log', 'adapter-powerdns', 'adapter-cloudflare', 'adapter-hestiacp', 'operator', tenantUser('acme'), tenantUser('other')])('let %s in', async (user) => {
    const connection = await connect({ servers: nats.url, user, pass: passwordOf(user), inboxPrefix: inboxOf(user).slice(0, -2) });
    await connection.flush();
    await connection.close();
  });

  it('let nobody in without a name', async () => {
    await expect(connect({ servers: nats.url })).rejects.toThrow(/Authorization/);
  });

  const stanzas = [...composeFile.matchAll(/^ {2}([a-z-]+):\n((?: {4}.*\n|\n)+)/gm)].map(([, name = '', text = '']) => ({ name, text }));
  const services = stanzas.filter(({ text }) => text.includes('<<: *service'));

  it('docker-compose.yml gives each service its own user and its own password', () => {
    expect(services.map(({ name }) => name)).toEqual(expect.arrayContaining(['gateway', 'inventory', 'planner', 'log', 'adapter-powerdns']));
    for (const { name, text } of services) {
      expect(text).toContain(`NATS_USER: ${name}, NATS_PASSWORD_FILE: /run/vmdns/nats-password-${name}, DATABASE_URL_FILE: /run/vmdns/database-url-${name}`);
    }
    const users = stanzas.flatMap(({ text }) => /user: "(\d+):\1"/.exec(text)?.[1] ?? []).filter((uid) => uid !== '999');
    expect(new Set(users).size).toBe(users.length);
  });

  it('docker-compose.yml has every adapter but the one for tests; all but PowerDNS start by a profile of their name', () => {
    const profiles = services.filter(({ name }) => name.startsWith('adapter-')).map(({ name, text }) => [name, /profiles: \[(.+)\]/.exec(text)?.[1]]);
    const shipped = readdirSync(join(ROOT, 'services')).filter((folder) => folder.startsWith('adapter-') && folder !== 'adapter-memory');
    expect(Object.fromEntries(profiles)).toEqual(Object.fromEntries(shipped.map((name) => [name, name === 'adapter-powerdns' ? undefined : name.slice('adapter-'.length)])));
    for (const { name, text } of services) expect(text).toContain(`"services/${name}/dist/main.js"`);
  });

  it('docker-compose.yml names the user of each adapter twice alike', () => {
    const named = services.filter(({ name }) => name.startsWith('adapter-')).map(({ name, text }) => `${name.slice('adapter-'.length)}=${/user: "(\d+):/.exec(text)?.[1]}`);
    expect(adapters.split(' ')).toEqual(named);
  });
});
