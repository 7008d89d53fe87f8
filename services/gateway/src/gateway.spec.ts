import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { compactDecrypt } from 'jose';
import type { Problem } from '@vmdns/contracts';
import { until } from '@vmdns/test/support';
import { problem, type ScriptedServices } from '../testing/scripted-services.js';
import { ADMIN_TOKEN, announcement, keys, NOW, World } from '../testing/world.js';
import { CALLS } from './api/calls.js';

const CANARY = 'canary-91be4c-secret-of-a-name-server';
let world: World;
let services: ScriptedServices;
beforeAll(async () => { world = await World.begin(); services = world.services; }, 60_000);
afterEach(() => services.stopAll());
afterAll(() => world.end());

const stored = (ask: Readonly<Record<string, unknown>>) => ({ vmId: (ask.data as { vmId: string }).vmId, accepted: true, revision: 1 });
const fact = { fqdn: 'vm1.example.com', addresses: [{ ip: '192.0.2.1' }] };
const vm = {
  vmId: 'vm1', tenant: null, source: 'http:admin', life: 1, uid: null, version: null, revision: 4, deleted: false, fqdn: 'vm1.example.com.', hostname: null, domain: null, shareName: false, nameClaim: 1,
  addresses: [{ ip: '192.0.2.1', forward: false, ptr: null, customerPtr: null, claim: 2 }], labels: {}, changedAt: NOW,
};
const connection = { id: 'c1', name: 'ns1', provider: 'powerdns', settings: { url: 'http://ns1:8081' }, secrets: ['apiKey'], paused: false, createdAt: NOW, revision: 1 };
const zone = {
  id: 'z1', name: 'example.com.', connectionId: 'c1', provider: 'powerdns', mode: 'write', ttl: { forward: 300, reverse: 3600 }, addresses: 'all', limits: { rehomeShare: 0.3, rehomeNames: 20, removalShare: 0.3, removalNames: 20, removalCount: 500, removalWindowSeconds: 600 }, settings: { rectify: 'auto' },
  state: 'active', paused: false, createdAt: NOW, revision: 1, counts: {},
};
const problemOf = (answer: { readonly body: unknown }) => answer.body as Problem;

describe('who may come in', () => {
  it('asks everybody for a token, also on paths that do not exist, but not for health and metrics', async () => {
    for (const [method, path] of [...CALLS.map((call) => [call.method.toUpperCase(), call.path.replace(/:\w+/g, 'x')] as const), ['GET', '/'] as const, ['GET', '/v9/nothing'] as const, ['GET', '/openapi.json'] as const, ['POST', '/openapi.json'] as const]) {
      for (const token of [null, 'wrong-token-of-somebody', 'vmdns_x']) {
        const answer = await world.door.ask(method, path, { token });
        expect({ method, path, status: answer.status, type: answer.headers['content-type'] }).toEqual({ method, path, status: 401, type: 'application/problem+json' });
        expect(answer.headers['www-authenticate']).toBe('Bearer realm="vmdns"');
      }
    }
    for (const path of ['/healthz', '/readyz', '/metrics']) expect((await world.door.ask('GET', path, { token: null })).status).toBe(200);
  });
  it('refuses by role and tenant, and names what is needed', async () => {
    const viewer = await world.tokenOf('viewer');
    const tenant = await world.tokenOf('publisher', 'acme');
    const refused = await world.door.ask('PUT', '/v1/vms/vm1', { token: viewer, body: fact });
    expect(refused.status).toBe(403);
    expect(problemOf(refused)).toMatchObject({ code: 'forbidden', detail: 'this call needs the role publisher or operator or admin; the token has viewer' });
    expect((await world.door.ask('GET', '/v1/tokens', { token: tenant })).status).toBe(403);
    expect(problemOf(await world.door.ask('GET', '/v1/zones', { token: tenant })).detail).toBe('this call needs a token without a tenant');
  });
  it('tells the services who calls, with which tenant, and by which token a fact came', async () => {
    const tenant = await world.tokenOf('publisher', 'acme');
    await services.on('inventory.facts', stored);
    await world.door.ask('PUT', '/v1/vms/vm1', { token: tenant, body: fact });
    expect(services.asksOf('inventory.facts')[0]).toMatchObject({ source: 'http:publisher-acme', caller: { name: 'publisher-acme', role: 'publisher', tenant: 'acme' }, via: 'call' });
  });
  it('tells inventory what the events of a token may name as their source', async () => {
    await services.on('inventory.facts', stored);
    const { body } = await world.door.ask('POST', '/v1/tokens', { body: { name: 'cloud', role: 'publisher', sources: ['cloud-b', 'cloud-a', 'cloud-a'] } });
    expect(body).toMatchObject({ sources: ['cloud-a', 'cloud-b'] });
    await world.door.ask('POST', '/v1/events', { token: (body as { token: string }).token, headers: { 'content-type': 'application/cloudevents+json' }, body: { specversion: '1.0', id: '1', source: 'cloud-a', type: 'vmdns.vm.changed.v1', data: { vmId: 'vm1', ...fact } } });
    expect(services.asksOf('inventory.facts')[0]).toMatchObject({ source: 'cloud-a', publisher: 'token cloud', caller: { name: 'cloud', sources: ['cloud-a', 'cloud-b'] } });
    expect((await world.door.ask('POST', '/v1/tokens', { body: { name: 'cloud', role: 'publisher' } })).status).toBe(409);
  });
  it('keeps hashes only, shows a token once, and refuses it once it is revoked', async () => {
    const made = (await world.door.ask('POST', '/v1/tokens', { body: { name: 'short-lived', role: 'viewer' } })).body as { id: string; token: string };
    const rows = await world.database.query<{ text: string }>('select t::text as text from gateway.token t');
    expect(rows.map((row) => row.text).join()).not.toContain(made.token);
    const list = await world.door.ask('GET', '/v1/tokens');
    expect(list.text).not.toContain(made.token);
    expect(list.body).toMatchObject({ items: expect.arrayContaining([expect.objectContaining({ id: made.id, name: 'short-lived', createdBy: 'admin', revokedAt: null })]) });
    await services.on('planner.providers', () => ({ items: [announcement].map((each) => ({ ...each, seenAt: NOW })) }));
    expect((await world.door.ask('GET', '/v1/providers', { token: made.token })).status).toBe(200);
    expect((await world.door.ask('DELETE', `/v1/tokens/${made.id}`)).status).toBe(204);
    expect((await world.door.ask('GET', '/v1/providers', { token: made.token })).status).toBe(401);
  });
  it('lets a token be replaced by one of the same name, but not by one that may do more', async () => {
    await world.tokenOf('viewer', 'acme');
    expect((await world.door.ask('POST', '/v1/tokens', { body: { name: 'viewer-acme', role: 'viewer', tenant: 'acme' } })).status).toBe(201);
    expect((await world.door.ask('POST', '/v1/tokens', { body: { name: 'viewer-acme', role: 'viewer' } })).status).toBe(409);
    expect(problemOf(await world.door.ask('POST', '/v1/tokens', { body: { name: 'x', role: 'admin', tenant: 'acme' } })).faults).toEqual([{ path: 'tenant', message: 'only a publisher or viewer can belong to a tenant' }]);
  });
  it('does not revoke the token of its own file, which would be back at the next start; without the file it is let in no more', async () => {
    expect((await world.door.ask('DELETE', '/v1/tokens/admin-token-file')).status).toBe(409);
    const own = await World.begin();
    const operator = await own.tokenOf('operator');
    await own.restart({ ADMIN_TOKEN_FILE: '' });
    await until(async () => (await own.door.ask('GET', '/v1/session')).status === 401, { withinMs: 20_000, what: 'the token of the file to be refused' });
    expect((await own.door.ask('GET', '/v1/session', { token: operator })).status).toBe(200);
    await own.end();
  });
  it('says of a cursor that it never gave that it is none, rather than to begin anew', async () => {
    for (const path of ['/v1/tokens', '/v1/audit']) {
      const answer = await world.door.ask('GET', `${path}?cursor=nonsense`);
      expect({ path, status: answer.status, faults: problemOf(answer).faults }).toEqual({ path, status: 400, faults: [{ path: 'cursor', message: 'must be the `next` of an earlier page' }] });
    }
  });
});

describe('facts', () => {
  it.each([
    [{ accepted: true, revision: 4 }, 202], [{ accepted: false, reason: 'held', revision: 4, holdId: 'h1' }, 202],
    [{ accepted: false, reason: 'repeat', revision: 4 }, 200], [{ accepted: false, reason: 'stale', revision: 4, current: { version: 9, revision: 4 } }, 200], [{ accepted: false, reason: 'unknown-vm', revision: 0 }, 200],
  ])('answers %j with %d', async (answer, status) => {
    await services.on('inventory.facts', () => ({ vmId: 'vm1', ...answer }));
    const got = await world.door.ask('PUT', '/v1/vms/vm1', { body: fact });
    expect({ status: got.status, body: got.body }).toEqual({ status, body: { vmId: 'vm1', ...answer } });
  });
  it('gives PUT, DELETE and PTR to inventory as facts', async () => {
    await services.on('inventory.facts', stored);
    await world.door.ask('PUT', '/v1/vms/a.b:c~d', { body: fact });
    await world.door.ask('DELETE', '/v1/vms/vm1?uid=u1&version=7');
    await world.door.ask('PUT', '/v1/vms/vm1/addresses/2001%3Adb8%3A%3A1/ptr', { body: { hostname: null } });
    expect(services.asksOf('inventory.facts').map(({ type, data }) => ({ type, data }))).toEqual([
      { type: 'vmdns.vm.changed.v1', data: { ...fact, vmId: 'a.b:c~d' } },
      { type: 'vmdns.vm.deleted.v1', data: { vmId: 'vm1', uid: 'u1', version: 7 } },
      { type: 'vmdns.address.ptr.v1', data: { vmId: 'vm1', ip: '2001:db8::1', hostname: null } },
    ]);
  });
  it('names every fault at once and asks nobody', async () => {
    await services.on('inventory.facts', stored);
    const answer = await world.door.ask('PUT', '/v1/vms/-odd', { body: { fqdn: 'a..b', colour: 'red', addresses: [{ ip: '127.0.0.1' }, { ip: 5 }] } });
    expect(answer.status).toBe(400);
    expect(problemOf(answer).faults?.map((fault) => fault.path).sort()).toEqual(['addresses[0].ip', 'addresses[1].ip', 'colour', 'fqdn', 'vmId']);
    expect(services.asked).toEqual([]);
  });
  it("passes a service's problem on, with its faults", async () => {
    await services.on('inventory.facts', () => problem(409, 'conflict', 'Same version, other content', 'version 7 was different'));
    const answer = await world.door.ask('PUT', '/v1/vms/vm1', { body: fact });
    expect({ status: answer.status, body: answer.body }).toEqual({ status: 409, body: { type: 'urn:vmdns:problem:conflict', status: 409, code: 'conflict', title: 'Same version, other content', detail: 'version 7 was different' } });
  });
  it('carries the trace of the caller on, or begins one', async () => {
    await services.on('inventory.facts', stored);
    const trace = '0af7651916cd43dd8448eb211c80319c';
    const answer = await world.door.ask('PUT', '/v1/vms/vm1', { body: fact, headers: { traceparent: `00-${trace}-b7ad6b7169203331-01` } });
    expect(answer.headers.traceparent).toContain(trace);
    expect(services.asked[0]?.traceparent).toContain(trace);
    expect((await world.door.ask('PUT', '/v1/vms/vm1', { body: fact, headers: { traceparent: 'nonsense' } })).headers.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  });
  it('reads VMs for the caller', async () => {
    await services.on('inventory.vm-get', () => vm);
    await services.on('inventory.vm-find', () => ({ items: [vm], next: 'more' }));
    expect((await world.door.ask('GET', '/v1/vms/vm1')).body).toEqual(vm);
    expect((await world.door.ask('GET', '/v1/vms?ip=192.0.2.1&limit=5&cursor=x')).body).toEqual({ items: [vm], next: 'more' });
    expect(services.asksOf('inventory.vm-find')[0]).toMatchObject({ ip: '192.0.2.1', limit: 5, cursor: 'x', caller: { name: 'admin' } });
  });
});

describe('connections and zones', () => {
  it('a zone is tried by its canonical name, however a person writes it, and a name that is none is told', async () => {
    await world.announce();
    await services.on('planner.connection-get', () => connection);
    await services.on('adapter-powerdns.zone-test', () => ({ ok: true, steps: [] }));
    expect((await world.door.ask('POST', '/v1/zones/test', { body: { name: 'Tried.Example', connectionId: 'c1' } })).status).toBe(200);
    expect(services.asksOf('adapter-powerdns.zone-test').at(-1)).toMatchObject({ apex: 'tried.example.' });
    expect(await world.door.ask('POST', '/v1/zones/test', { body: { name: 'not a zone', connectionId: 'c1' } })).toMatchObject({ status: 400, body: { faults: [{ path: 'name' }] } });
  });

  it('L10 a secret is sealed for its adapter, and is in no ask, answer or log', async () => {
    await world.announce();
    await services.on('planner.connection-add', (ask) => ({ ...connection, ...(ask.input as object), sealed: undefined, id: 'c1', secrets: ['apiKey'] }));
    await services.on('planner.connection-get', () => connection);
    await services.on('planner.connection-change', () => ({ ...connection, sealed: { apiKey: 'never-out' } }));
    await services.on('adapter-powerdns.zone-test', () => ({ ok: true, steps: [] }));
    const answers = [
      await world.door.ask('POST', '/v1/connections', { body: { name: 'ns1', provider: 'powerdns', settings: { url: 'http://ns1:8081', apiKey: CANARY } } }),
      await world.door.ask('PUT', '/v1/connections/c1/secrets', { body: { apiKey: CANARY } }),
      await world.door.ask('PATCH', '/v1/connections/c1', { body: { settings: { url: 'http://ns2:8081', apiKey: CANARY } } }),
      await world.door.ask('POST', '/v1/zones/test', { body: { name: 'example.com', connection: { provider: 'powerdns', settings: { url: 'http://ns1:8081', apiKey: CANARY } } } }),
      await world.door.ask('POST', '/v1/connections', { body: { name: 'ns1', provider: 'powerdns', settings: { url: CANARY, apiKey: CANARY, api_key: CANARY } } }),
      await world.door.ask('POST', '/v1/connections', { raw: `{"name":"ns1","settings":{"apiKey":"${CANARY}",}` }),
    ];
    expect(answers.map((answer) => answer.status)).toEqual([201, 200, 200, 200, 400, 400]);
    expect(answers[0]?.body).toEqual({ ...connection, secrets: ['apiKey'] });
    for (const answer of answers) expect(`${answer.text}${JSON.stringify(answer.headers)}`).not.toMatch(/canary-91be4c|never-out/);
    expect(JSON.stringify(services.asked)).not.toContain(CANARY);
    expect(world.lines.length).toBeGreaterThan(0);
    expect(world.lines.join()).not.toContain(CANARY);
    const sealed = [services.asksOf('planner.connection-add')[0]?.input, ...services.asksOf('planner.connection-change'), services.asksOf('adapter-powerdns.zone-test').find((ask) => ask.connection !== undefined)?.connection] as { sealed: { apiKey: string } }[];
    expect(sealed).toHaveLength(4);
    for (const { sealed: { apiKey } } of sealed) expect(new TextDecoder().decode((await compactDecrypt(apiKey, keys.privateKey)).plaintext)).toBe(CANARY);
  });
  it('hands on what is taken away, and that a new address is the same server', async () => {
    await world.announce();
    await services.on('planner.connection-get', () => ({ ...connection, settings: { url: 'http://ns1:8081', dnsServer: 'ns1:53' } }));
    await services.on('planner.connection-change', () => connection);
    await world.door.ask('PATCH', '/v1/connections/c1', { body: { settings: { dnsServer: null } } });
    await world.door.ask('PATCH', '/v1/connections/c1', { body: { sameServer: true } });
    expect(services.asksOf('planner.connection-change')).toMatchObject([{ settings: { url: 'http://ns1:8081', dnsServer: null }, sameServer: false }, { id: 'c1', sameServer: true }]);
  });
  it('lists the providers there are when one is unknown', async () => {
    await world.announce();
    const answer = await world.door.ask('POST', '/v1/connections', { body: { name: 'x', provider: 'bind', settings: {} } });
    expect(problemOf(answer)).toMatchObject({ status: 400, faults: [{ path: 'provider', message: 'no adapter of this provider has announced itself; there are powerdns' }] });
  });
  it('gives a form to fill in for each provider', async () => {
    await world.announce();
    expect((await world.door.ask('GET', '/v1/providers')).body).toMatchObject({ items: [{ name: 'powerdns', connectionSchema: announcement.connectionSchema, zoneSchema: announcement.zoneSchema, capabilities: announcement.capabilities }] });
  });
  it('adds a zone by the form of its provider, and fills in what is not said', async () => {
    await world.announce();
    await services.on('planner.connection-get', (ask) => ask.id === 'c1' ? connection : problem(404, 'not-found', 'no such connection'));
    await services.on('planner.zone-add', () => zone);
    expect((await world.door.ask('POST', '/v1/zones', { body: { name: 'example.com', connectionId: 'c1', ttl: { forward: 60 } } })).status).toBe(201);
    expect(services.asksOf('planner.zone-add')[0]?.input).toEqual({ name: 'example.com', connectionId: 'c1', mode: 'write', ttl: { forward: 60, reverse: 3600 }, addresses: 'all', limits: { rehomeShare: 0.3, rehomeNames: 20, removalShare: 0.3, removalNames: 20, removalCount: 500, removalWindowSeconds: 600 }, reconcile: { everySeconds: 86_400 }, settings: {} });
    const faulty = await world.door.ask('POST', '/v1/zones', { body: { name: 'example.com', connectionId: 'c1', settings: { rectify: 'sometimes' } } });
    expect(problemOf(faulty).faults).toEqual([{ path: 'settings.rectify', message: 'must be one of auto, never' }]);
    expect(problemOf(await world.door.ask('POST', '/v1/zones', { body: { name: 'example.com', connectionId: 'c9' } })).faults).toEqual([{ path: 'connectionId', message: 'there is no such connection' }]);
    expect(problemOf(await world.door.ask('POST', '/v1/zones', { body: { name: 'example.com', connectionId: 'c1', tll: {} } })).faults).toEqual([{ path: 'tll', message: 'unknown field' }]);
  });
  it('changes of a zone only what is named', async () => {
    await world.announce();
    await services.on('planner.zone-get', () => zone);
    await services.on('planner.zone-change', () => zone);
    await world.door.ask('PATCH', '/v1/zones/z1', { body: { ttl: { forward: 60 }, settings: { rectify: null } } });
    expect(services.asksOf('planner.zone-change')[0]?.patch).toEqual({ ttl: { forward: 60, reverse: 3600 }, settings: {} });
  });
  it('removes with and without purge, moves, tests and lists records', async () => {
    await services.on('planner.zone-remove', (ask) => ({ ...zone, state: ask.purge === true ? 'leaving' : 'removed' }));
    await services.on('planner.zone-move', () => ({ ...zone, id: 'z2', connectionId: 'c2' }));
    await services.on('planner.connection-get', (ask) => ({ ...connection, id: ask.id }));
    await world.announce();
    await services.on('planner.zone-get', () => zone);
    await services.on('planner.zone-names', () => ({ items: [{ name: 'vm1.example.com.', state: 'applied', rrsets: [], generation: 3 }] }));
    await services.on('adapter-powerdns.zone-test', () => ({ ok: false, steps: [{ step: 'reach', ok: false, warning: false, text: 'nobody answers', tookMs: 3 }] }));
    expect((await world.door.ask('DELETE', '/v1/zones/z1?purge=true')).body).toMatchObject({ state: 'leaving' });
    expect((await world.door.ask('DELETE', '/v1/zones/z1')).body).toMatchObject({ state: 'removed' });
    expect((await world.door.ask('DELETE', '/v1/zones/z1?purge=yes')).status).toBe(400);
    expect((await world.door.ask('POST', '/v1/zones/z1/move', { body: { connectionId: 'c2' } })).status).toBe(202);
    expect((await world.door.ask('POST', '/v1/zones/z1/move', { body: { connectionId: 'c2', purge: true } })).status).toBe(202);
    expect(services.asksOf('planner.zone-move')).toMatchObject([{ id: 'z1', connectionId: 'c2', purge: false, settings: { rectify: 'auto' } }, { id: 'z1', connectionId: 'c2', purge: true }]);
    const unfit = await world.door.ask('POST', '/v1/zones/z1/move', { body: { connectionId: 'c2', settings: { rectify: 'sometimes' } } });
    expect([unfit.status, problemOf(unfit).faults]).toEqual([400, [{ path: 'settings.rectify', message: 'must be one of auto, never' }]]);
    expect((await world.door.ask('POST', '/v1/zones/z1/test')).body).toMatchObject({ ok: false, steps: [{ text: 'nobody answers' }] });
    expect(services.asksOf('adapter-powerdns.zone-test')[0]).toEqual({ zoneId: 'z1', probe: false });
    expect((await world.door.ask('GET', '/v1/zones/z1/records?state=applied')).body).toMatchObject({ items: [{ name: 'vm1.example.com.' }] });
  });
});

describe('operating', () => {
  const hold = (service: 'inventory' | 'planner', holdId: string) => ({ holdId, service, kind: service === 'inventory' ? 'vm-deletions' : 're-homing', scope: 's', state: 'open', members: 2, openedAt: NOW, text: 'waits' });
  it('shows the holds of both services as one list', async () => {
    await services.on('inventory.holds-list', (ask) => ask.cursor === undefined ? { items: [hold('inventory', 'h1')], next: 'i2' } : { items: [hold('inventory', 'h2')] });
    await services.on('planner.holds-list', () => ({ items: [hold('planner', 'h3')] }));
    const seen: string[] = [];
    let cursor = '';
    for (let pages = 0; pages < 5; pages += 1) {
      const { items, next } = (await world.door.ask('GET', `/v1/holds?limit=1${cursor}`)).body as { items: { holdId: string }[]; next?: string };
      seen.push(...items.map((item) => item.holdId));
      if (next === undefined) break;
      cursor = `&cursor=${encodeURIComponent(next)}`;
    }
    expect(seen).toEqual(['h1', 'h2', 'h3']);
    expect((await world.door.ask('GET', '/v1/holds?cursor=nonsense')).status).toBe(400);
  });
  it('gives a decision to the service that keeps the hold', async () => {
    await services.on('inventory.hold-show', () => problem(404, 'not-found', 'no such hold'));
    await services.on('planner.hold-show', (ask) => ask.holdId === 'h3' ? { hold: hold('planner', 'h3'), members: [] } : problem(404, 'not-found', 'no such hold'));
    await services.on('planner.hold-decide', () => ({ hold: { ...hold('planner', 'h3'), state: 'approved' }, released: 2, changed: [] }));
    expect((await world.door.ask('POST', '/v1/holds/h3/approve')).body).toMatchObject({ released: 2, hold: { state: 'approved' } });
    expect(services.asksOf('planner.hold-decide')[0]).toMatchObject({ holdId: 'h3', decision: 'approve', caller: { name: 'admin' } });
    expect((await world.door.ask('POST', '/v1/holds/h9/reject')).status).toBe(404);
  });
  it('does not say "no such hold" while one of both cannot be asked', async () => {
    await services.on('inventory.hold-show', () => problem(404, 'not-found', 'no such hold'));
    expect((await world.door.ask('GET', '/v1/holds/h3')).status).toBe(503);
  });
  it('pauses and resumes', async () => {
    const pause = { id: 'p1', scope: { kind: 'all' }, by: 'admin', why: '', since: NOW, until: null };
    await services.on('planner.pause-add', () => pause);
    await services.on('planner.pause-list', () => ({ items: [pause] }));
    await services.on('planner.pause-remove', () => ({}));
    expect((await world.door.ask('POST', '/v1/pause', { body: { scope: { kind: 'all' } } })).status).toBe(201);
    expect((await world.door.ask('GET', '/v1/pause')).body).toEqual({ items: [pause] });
    const resumed = await world.door.ask('DELETE', '/v1/pause/p1');
    expect({ status: resumed.status, text: resumed.text }).toEqual({ status: 204, text: '' });
    expect((await world.door.ask('POST', '/v1/pause', { body: { scope: { kind: 'planet' } } })).status).toBe(400);
  });
  it('keeps planning settings and brakes as one', async () => {
    let settings: unknown = { mainDomain: null };
    await services.on('planner.settings-put', (ask) => { settings = ask.settings; return settings; });
    await services.on('planner.settings-get', () => settings);
    await services.on('inventory.brakes-put', (ask) => ask.brakes);
    await services.on('inventory.brakes-get', () => ({}));
    const put = await world.door.ask('PUT', '/v1/settings', { body: { mainDomain: 'example.com', brakes: { vmDeletions: { count: 10 } } } });
    expect(put.body).toMatchObject({ mainDomain: 'example.com', zoneMatch: 'closest', brakes: { vmDeletions: { count: 10, share: 0.05 } } });
    expect((await world.door.ask('GET', '/v1/settings')).body).toMatchObject({ mainDomain: 'example.com', brakes: { vmDeletions: { count: 50 } } });
  });
  it('explains', async () => {
    await services.on('planner.explain', (ask) => ({ query: ask.q, kind: 'unknown', sentences: ['Nobody knows it.'], vms: [], names: [] }));
    expect((await world.door.ask('GET', '/v1/explain?q=vm%201')).body).toMatchObject({ query: 'vm 1', sentences: ['Nobody knows it.'] });
  });
});

describe('what is no fact', () => {
  it.each([
    ['a path that does not exist', 'GET', '/v1/nothing', {}, 404, 'not-found'],
    ['a method that the path does not know', 'POST', '/v1/vms/vm1', { body: {} }, 405, 'bad-input'],
    ['JSON that breaks', 'PUT', '/v1/vms/vm1', { raw: '{"addresses": [' }, 400, 'bad-input'],
    ['a body that is not UTF-8', 'PUT', '/v1/vms/vm1', { raw: Buffer.from([0x22, 0xff, 0x22]) }, 400, 'bad-input'],
    ['no body', 'PUT', '/v1/vms/vm1', {}, 400, 'bad-input'],
    ['another content type', 'PUT', '/v1/vms/vm1', { raw: 'a=b', headers: { 'content-type': 'application/x-www-form-urlencoded' } }, 415, 'bad-input'],
    ['a packed body', 'PUT', '/v1/vms/vm1', { raw: 'x', headers: { 'content-encoding': 'gzip' } }, 415, 'bad-input'],
    ['a body that is too large', 'PUT', '/v1/vms/vm1', { raw: Buffer.alloc(1_048_577, 0x20) }, 413, 'too-large'],
    ['a path that is badly encoded', 'GET', '/v1/vms/%E0%A4%A', {}, 400, 'bad-input'],
    ['an unknown query field', 'GET', '/v1/zones?colour=red', {}, 400, 'bad-input'],
    ['more than 1,000 events', 'POST', '/v1/events', { body: Array.from({ length: 1001 }, () => ({})), headers: { 'content-type': 'application/cloudevents-batch+json' } }, 413, 'too-large'],
  ])('%s is a problem and nothing else', async (_, method, path, sent, status, code) => {
    const answer = await world.door.ask(method, path, sent);
    expect({ status: answer.status, type: answer.headers['content-type'] }).toEqual({ status, type: 'application/problem+json' });
    expect(answer.body).toMatchObject({ status, code, type: `urn:vmdns:problem:${code}`, title: expect.any(String) });
    expect(answer.text).not.toMatch(/at .*\.(ts|js):\d+|node_modules/);
  });
  it('says which methods a path knows', async () => {
    expect((await world.door.ask('POST', '/v1/vms/vm1')).headers.allow).toBe('DELETE, GET, PUT');
  });
  it('takes a thousand addresses and a batch of several MiB', async () => {
    await services.on('inventory.facts', stored);
    const addresses = Array.from({ length: 1000 }, (_, i) => ({ ip: `2001:db8::${i.toString(16)}`, ptr: `host-${i}.${'a'.repeat(60)}.example.com` }));
    expect((await world.door.ask('PUT', '/v1/vms/big', { body: { fqdn: 'big.example.com', addresses } })).status).toBe(202);
    const body = Array.from({ length: 30 }, (_, i) => ({ specversion: '1.0', id: String(i), source: '/x', type: 'vmdns.vm.changed.v1', data: { vmId: `vm${i}`, addresses } }));
    expect(JSON.stringify(body).length).toBeGreaterThan(2_500_000);
    // On a busy machine some of them may be answered "send it again" first.
    await until(async () => (await world.door.ask('POST', '/v1/events', { body, headers: { 'content-type': 'application/cloudevents-batch+json' } })).status === 202, { withinMs: 30_000, what: 'all of the batch to be stored' });
  });
  it('lets out nothing that the answer does not declare, and no answer that does not fit', async () => {
    await services.on('planner.connection-list', () => ({ items: [{ ...connection, sealed: { apiKey: 'x' }, note: 'inner' }] }));
    expect((await world.door.ask('GET', '/v1/connections')).text).not.toMatch(/sealed|inner/);
    await services.on('planner.connection-list', () => ({ items: 'nonsense' }));
    expect((await world.door.ask('GET', '/v1/connections')).status).toBe(500);
  });
  it('counts calls by name, never by path', async () => {
    await world.door.ask('GET', '/v1/vms/some-vm-of-somebody');
    const { text } = await world.door.ask('GET', '/metrics', { token: null });
    expect(text).toContain('vmdns_http_request_seconds_count{call="getVm"');
    expect(text).not.toContain('some-vm-of-somebody');
    expect(text).not.toContain(ADMIN_TOKEN);
  });
});
