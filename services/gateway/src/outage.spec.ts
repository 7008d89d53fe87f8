import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseConfig, type RunningService } from '@vmdns/chassis';
import { freshDatabase, newFolder, startNats, tcpProxy, until, within, type NatsServer, type TcpProxy, type TestDatabase } from '@vmdns/test/support';
import { DoorClient, type Answered, type Sent } from '../testing/door-client.js';
import { ScriptedServices } from '../testing/scripted-services.js';
import { ADMIN_TOKEN } from '../testing/world.js';
import { Config } from './config.js';
import { startGateway } from './start.js';

/** The door promises a second; a busy test machine is given more, but a hang is caught. */
const PROMISED_MS = 3000;
let nats: NatsServer;
let database: TestDatabase;
let bus: TcpProxy;
let postgres: TcpProxy;
let services: ScriptedServices;
let gateway: RunningService;
let door: DoorClient;
let publisher: string;

beforeAll(async () => {
  [nats, database] = await Promise.all([startNats(), freshDatabase()]);
  const url = await database.urlFor('gateway');
  [bus, postgres] = await Promise.all([tcpProxy(nats.url), tcpProxy(url)]);
  services = await ScriptedServices.connect(nats.url);
  // Both are away at the start.
  bus.refuse();
  postgres.refuse();
  const file = join(newFolder('gateway'), 'admin-token');
  writeFileSync(file, ADMIN_TOKEN);
  gateway = await startGateway(parseConfig(Config, { NATS_URL: bus.instead(nats.url), DATABASE_URL: postgres.instead(url), ADMIN_TOKEN_FILE: file, LOG_LEVEL: 'silent', TOKEN_FRESH_SECONDS: '0' }), { handleSignals: false });
  door = new DoorClient(gateway.url, ADMIN_TOKEN);
}, 60_000);
afterAll(async () => {
  await services.close();
  await gateway.close();
  await nats.kill();
  await Promise.all([bus.close(), postgres.close()]);
  await database.drop();
});

const fact = { fqdn: 'vm1.example.com', addresses: [{ ip: '192.0.2.1' }] };
const put = (token?: string) => door.ask('PUT', '/v1/vms/vm1', { body: fact, ...(token === undefined ? {} : { token }) });
async function refusedSoon(asking: Promise<Answered>, what = 'the call'): Promise<void> {
  const answer = await within(asking, PROMISED_MS);
  expect({ what, status: answer?.status, again: answer?.headers['retry-after'], type: answer?.headers['content-type'] }).toEqual({ what, status: 503, again: '1', type: 'application/problem+json' });
  expect(answer?.body).toMatchObject({ code: 'unavailable' });
}
async function comeBack(): Promise<void> {
  await services.on('inventory.facts', () => ({ vmId: 'vm1', accepted: true, revision: 1 }));
  bus.resume();
  bus.accept();
  postgres.resume();
  postgres.accept();
  await until(async () => (await door.ask('GET', '/readyz', { token: null })).status === 200 && (await put()).status === 202, { withinMs: 20_000, what: 'the gateway to work again' });
}

describe('when something is away', () => {
  it('starts all the same, knows the token of its file, and becomes ready by itself', async () => {
    expect((await door.ask('GET', '/healthz', { token: null })).status).toBe(200);
    expect((await door.ask('GET', '/readyz', { token: null })).status).toBe(503);
    await refusedSoon(put());
    expect((await door.ask('GET', '/v1/nothing')).status).toBe(404);
    await comeBack();
    publisher = ((await door.ask('POST', '/v1/tokens', { body: { name: 'panel', role: 'publisher' } })).body as { token: string }).token;
    expect((await put(publisher)).status).toBe(202);
  });
  it('answers 503 soon, never hangs, and resumes when NATS is cut off', async () => {
    bus.refuse();
    await refusedSoon(put(publisher));
    await refusedSoon(door.ask('GET', '/v1/vms/vm1/dns?wait=60s'));
    await refusedSoon(door.ask('GET', '/v1/zones'));
    await comeBack();
  });
  it('answers 503 soon when NATS swallows everything', async () => {
    bus.pause();
    await refusedSoon(put(publisher));
    await comeBack();
  });
  it('answers every family of calls by 503 soon when NATS is frozen, also those that may take long', async () => {
    const zone = { name: 'example.com', connectionId: 'c1' };
    const event = { specversion: '1.0', id: '1', source: 'panel', type: 'vmdns.vm.deleted.v1', data: { vmId: 'vm1' } };
    const calls: readonly (readonly [string, string, Sent?])[] = [
      ['PUT', '/v1/vms/vm1', { body: fact }], ['GET', '/v1/vms/vm1'], ['DELETE', '/v1/vms/vm1'], ['GET', '/v1/vms?name=vm1.example.com'],
      ['PUT', '/v1/vms/vm1/addresses/192.0.2.1/ptr', { body: { hostname: null } }], ['GET', '/v1/vms/vm1/dns'], ['GET', '/v1/vms/vm1/dns?revision=7&wait=60s'],
      ['POST', '/v1/events', { body: event, headers: { 'content-type': 'application/cloudevents+json' } }], ['GET', '/v1/explain?q=vm1'],
      ['GET', '/v1/providers'], ['GET', '/v1/connections'], ['GET', '/v1/connections/c1'], ['POST', '/v1/connections', { body: { name: 'c', provider: 'powerdns', settings: {} } }],
      ['PATCH', '/v1/connections/c1', { body: { name: 'd' } }], ['DELETE', '/v1/connections/c1'],
      ['GET', '/v1/zones'], ['POST', '/v1/zones', { body: zone }], ['GET', '/v1/zones/z1'], ['PATCH', '/v1/zones/z1', { body: { mode: 'observe' } }], ['DELETE', '/v1/zones/z1'],
      ['POST', '/v1/zones/z1/test'], ['POST', '/v1/zones/z1/move', { body: { connectionId: 'c2' } }], ['GET', '/v1/zones/z1/records'],
      ['GET', '/v1/pause'], ['POST', '/v1/pause', { body: { scope: { kind: 'all' } } }], ['DELETE', '/v1/pause/p1'],
      ['GET', '/v1/holds'], ['GET', '/v1/holds/h1'], ['POST', '/v1/holds/h1/approve'], ['POST', '/v1/holds/h1/reject'],
      ['GET', '/v1/settings'], ['PUT', '/v1/settings', { body: {} }], ['GET', '/v1/log'], ['GET', '/v1/log/stream?since=2026-11-21T12:00:00Z'],
    ];
    nats.freeze();
    try {
      await Promise.all(calls.map(async ([method, path, sent]) => refusedSoon(door.ask(method, path, sent), `${method} ${path}`)));
    } finally {
      nats.thaw();
    }
    await comeBack();
  });
  it('answers 503 soon when inventory is not there, or is there and does not answer', async () => {
    await services.stopAll();
    await refusedSoon(put(publisher));
    await services.on('inventory.facts', () => new Promise(() => undefined));
    await refusedSoon(put(publisher));
    await services.stopAll();
    await comeBack();
  });
  it('lets in who is known while Postgres is away; others are told to come again, not that they are unknown', async () => {
    await put(publisher);
    postgres.refuse();
    expect((await within(put(publisher), PROMISED_MS))?.status).toBe(202);
    await refusedSoon(put('vmdns_never-seen-before'));
    await refusedSoon(door.ask('POST', '/v1/tokens', { body: { name: 'x', role: 'viewer' } }));
    await comeBack();
    expect((await put('vmdns_never-seen-before')).status).toBe(401);
  });
  it('does the same while Postgres is there and does not answer', async () => {
    await put(publisher);
    postgres.pause();
    expect((await within(put(publisher), PROMISED_MS))?.status).toBe(202);
    await refusedSoon(put('vmdns_never-seen-before'));
    await comeBack();
  });
});
