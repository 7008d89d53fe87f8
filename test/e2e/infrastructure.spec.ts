import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { startStack, TcpProxy, until, type HttpAnswer, type Stack } from '../support/index.js';
import { accepted } from './accepted.js';
import { BusPublisher } from './bus-publisher.js';

// What happens while NATS or PostgreSQL is away: 503 and never a hang, nothing stored is lost, all resumes by itself.

// Longer than any wait in here, so that a failure says what was waited for.
jest.setTimeout(200_000);

let stack: Stack;
/** Between inventory and NATS. */
let inventoryBus: TcpProxy;
beforeAll(async () => {
  stack = await startStack({ postgres: 'own', services: ['log', 'gateway'] });
  inventoryBus = await TcpProxy.before({ host: '127.0.0.1', port: stack.nats.port });
  await stack.add('inventory', { NATS_URL: inventoryBus.instead(stack.nats.url) });
  await stack.add('planner');
  await stack.add('adapter-powerdns');
  await stack.addZone('infra.test');
}, 150_000);
afterAll(async () => {
  await stack?.stop();
  await inventoryBus?.close();
});

/** A client that gives up after so long: the door promises a second; a busy test machine is given more. */
const PATIENT_MS = 4_000;
const RECOVERY_MS = 60_000;

const fact = (vmId: string, ip: string) => ({ fqdn: `${vmId}.infra.test`, addresses: [{ ip }] });
const put = (vmId: string, ip: string): Promise<HttpAnswer> => stack.gateway.ask('PUT', `/v1/vms/${vmId}`, { body: fact(vmId, ip), withinMs: PATIENT_MS });
const revisionOf = (answer: HttpAnswer): number => (answer.body as { readonly revision: number }).revision;
const live = (vmId: string, revision: number) => stack.gateway.reaches(vmId, revision, (dns) => dns.state === 'live', 'live', RECOVERY_MS);
const answers = async (vmId: string): Promise<readonly string[]> => (await stack.dns(`${vmId}.infra.test`, 'A')).values;

function expectUnavailable(answer: HttpAnswer): void {
  expect([answer.status, answer.headers.get('content-type'), answer.body]).toMatchObject([503, 'application/problem+json', { status: 503, code: 'unavailable' }]);
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
}

/** Every call that needs what is away; none may hang. */
async function allUnavailable(vmId: string): Promise<void> {
  const calls = [
    put(vmId, '192.0.2.99'), stack.gateway.ask('DELETE', `/v1/vms/${vmId}`, { withinMs: PATIENT_MS }), stack.gateway.ask('GET', `/v1/vms/${vmId}`, { withinMs: PATIENT_MS }),
    stack.gateway.ask('GET', `/v1/vms/${vmId}/dns`, { withinMs: PATIENT_MS }), stack.gateway.ask('GET', `/v1/vms/${vmId}/dns?revision=99&wait=30s`, { withinMs: PATIENT_MS }),
    stack.gateway.ask('GET', `/v1/explain?q=${vmId}`, { withinMs: PATIENT_MS }), stack.gateway.ask('GET', '/v1/log', { withinMs: PATIENT_MS }),
    // A change that may take long, and that harms nobody when it is carried out after all.
    stack.gateway.ask('DELETE', '/v1/pause/none', { withinMs: PATIENT_MS }),
    stack.gateway.ask('POST', '/v1/events', { body: { specversion: '1.0', id: 'x', source: 'x', type: 'vmdns.vm.changed.v1', data: { ...fact(vmId, '192.0.2.99'), vmId } }, headers: { 'content-type': 'application/cloudevents+json' }, withinMs: PATIENT_MS }),
  ];
  for (const answer of await Promise.all(calls)) expectUnavailable(answer);
}

/** Ready again, all of them, without anybody's help. */
const allReady = () => Promise.all(stack.replicas.map((service) => service.ready(RECOVERY_MS)));

describe('NATS is away', () => {
  it('killed: 503 with Retry-After, alive but not ready; back: all resumes, and what was stored before is there', async () => {
    const before = await accepted(() => put('n1', '192.0.2.1'));
    await live('n1', revisionOf(before));
    await stack.nats.kill();
    await until(async () => !(await stack.service('gateway').readiness()).ready, { withinMs: 20_000, what: 'the gateway to notice' });
    await allUnavailable('n1');
    for (const service of stack.replicas) expect((await fetch(`${service.url}/healthz`)).status).toBe(200);
    await stack.nats.restart();
    const after = await accepted(() => put('n1', '192.0.2.2'));
    expect(after.status).toBe(202);
    await live('n1', revisionOf(after));
    expect(await answers('n1')).toEqual(['192.0.2.2']);
    await allReady();
  });

  it('silent (connections open, nothing answers): 503, no hang; resumes', async () => {
    stack.nats.freeze();
    expectUnavailable(await put('n2', '192.0.2.3'));
    await allUnavailable('n2-other');
    stack.nats.thaw();
    // What was given up may still be carried out now; it must not undo what is sent instead.
    const after = await accepted(() => put('n2', '192.0.2.4'));
    await live('n2', revisionOf(after));
    expect(await answers('n2')).toEqual(['192.0.2.4']);
  });

  it('L1 wiped in the middle of a burst of creates, changes, deletes, PTRs and a new zone: within a minute everything that was stored is right, settled and in the log', async () => {
    const ids = Array.from({ length: 200 }, (_, i) => `w${i}`);
    const batch = (type: string, some: readonly string[], data: (vmId: string, i: number) => object) => accepted(() => stack.gateway.ask('POST', '/v1/events', {
      body: some.map((vmId, i) => ({ specversion: '1.0', id: `${type} ${vmId}`, source: 'burst', type, data: { vmId, ...data(vmId, i) } })),
      headers: { 'content-type': 'application/cloudevents-batch+json' },
    }));
    const changed = (some: readonly string[], octet: number, version: number) => batch('vmdns.vm.changed.v1', some, (vmId) => ({ ...fact(vmId, `10.${octet}.0.${vmId.slice(1)}`), version }));
    await changed(ids.slice(0, 100), 1, 1);
    await stack.powerdns.createZone('1.10.in-addr.arpa.', { apiRectify: false });
    const connectionId = (await stack.gateway.connections()).items[0]?.id ?? '';
    const addZone = () => accepted(() => stack.gateway.ask('POST', '/v1/zones', { body: { name: '1.10.in-addr.arpa', connectionId }, withinMs: PATIENT_MS }));
    const [wiped] = await Promise.all([stack.nats.wipe(), changed(ids.slice(100), 1, 1), changed(ids.slice(0, 50), 2, 2), addZone()]);
    expect(wiped).toBeUndefined();
    await batch('vmdns.vm.deleted.v1', ids.slice(40, 60), () => ({ version: 3 }));
    const customers = await accepted(() => stack.gateway.ask('PUT', '/v1/vms/w150/addresses/10.1.0.150/ptr', { body: { hostname: 'shop.customer.example' }, withinMs: PATIENT_MS }));
    expect(customers.status).toBe(202);
    const expected = new Map(ids.flatMap((vmId, i): (readonly [string, string])[] => {
      const name = `${vmId}.infra.test.`;
      if (i >= 40 && i < 60) return [];
      return i < 40 ? [[name, `10.2.0.${i}`]] : [[name, `10.1.0.${i}`], [`${i}.0.1.10.in-addr.arpa.`, i === 150 ? 'shop.customer.example.' : name]];
    }));
    const told = () => stack.database.query<{ name: string }>(`select distinct name from log.entry where status = 'applied' and name = any($1::text[])`, [[...expected.keys()]]);
    const open = () => stack.database.query('select 1 from planner.name where settled_generation < generation union all select 1 from adapter_powerdns.name where due_at is not null limit 1');
    await until(async () => {
      const all = [...await stack.powerdns.rrsets('infra.test.'), ...await stack.powerdns.rrsets('1.10.in-addr.arpa.')];
      const held = all.filter((rrset) => (rrset.type === 'A' && rrset.name.startsWith('w')) || rrset.type === 'PTR');
      if (held.length !== expected.size || !held.every((rrset) => rrset.records[0]?.content === expected.get(rrset.name))) return false;
      return (await open()).length === 0 && (await told()).length === expected.size;
    }, { withinMs: 60_000, everyMs: 200, what: 'the zones, the planner and the log to say what the facts say' });
    await live('w7', 2);
  });
});

describe('PostgreSQL is away', () => {
  it('killed: 503 with Retry-After for what must be stored; back: all resumes, nothing that was accepted is lost', async () => {
    const before = await accepted(() => put('p1', '192.0.2.10'));
    await live('p1', revisionOf(before));
    await stack.postgres?.kill();
    await until(async () => !(await stack.service('gateway').readiness()).ready, { withinMs: 20_000, what: 'the gateway to notice' });
    await allUnavailable('p1');
    for (const service of stack.replicas) expect((await fetch(`${service.url}/healthz`)).status).toBe(200);
    expect(await answers('p1')).toEqual(['192.0.2.10']);
    await stack.postgres?.restart();
    const after = await accepted(() => put('p1', '192.0.2.11'));
    await live('p1', revisionOf(after));
    expect(await answers('p1')).toEqual(['192.0.2.11']);
    await allReady();
  });

  it('silent: 503, no hang; resumes, and a stranger\'s token is still refused, not waved through', async () => {
    stack.postgresProxy.pause();
    const answer = await put('p2', '192.0.2.12');
    expectUnavailable(answer);
    await allUnavailable('p2');
    expect([401, 503]).toContain((await stack.gateway.ask('GET', '/v1/zones', { token: 'a-stranger-to-us', withinMs: PATIENT_MS })).status);
    stack.postgresProxy.resume();
    const after = await accepted(() => put('p2', '192.0.2.13'));
    await live('p2', revisionOf(after));
    expect(await answers('p2')).toEqual(['192.0.2.13']);
  });

  it('events on the bus wait for it: none is lost, none becomes a dead letter', async () => {
    const dead = (await stack.gateway.log({ status: 'dead' })).items.length;
    const bus = await BusPublisher.at(stack);
    stack.postgresProxy.refuse();
    for (let i = 0; i < 20; i += 1) await bus.say({ specversion: '1.0', id: `q${i}`, source: 'platform', type: 'vmdns.vm.changed.v1', data: { ...fact(`q${i}`, `192.0.2.${100 + i}`), vmId: `q${i}` } });
    expectUnavailable(await put('q0', '192.0.2.100'));
    stack.postgresProxy.accept();
    for (let i = 0; i < 20; i += 1) await live(`q${i}`, 1);
    expect((await stack.gateway.log({ status: 'dead' })).items.length).toBe(dead);
    await bus.close();
  });

  it('every connection cut at once: the next call is answered, none twice', async () => {
    await stack.database.cutConnections();
    const after = await accepted(() => put('p3', '192.0.2.14'));
    await live('p3', revisionOf(after));
    expect((await stack.gateway.getVm('p3')).revision).toBe(1);
  });
});

describe('inventory is killed', () => {
  it('L1 after the commit and before the publish: the planner reads it from the feed', async () => {
    await live('k0', revisionOf(await accepted(() => put('k0', '192.0.2.20'))));
    inventoryBus.pause('up');
    const answer = await put('k1', '192.0.2.21');
    expectUnavailable(answer);
    await until(async () => (await stack.database.query('select 1 from inventory.vm where vm_id = $1', ['k1'])).length === 1, { withinMs: 20_000, what: 'the commit' });
    await stack.service('inventory').kill();
    inventoryBus.resume();
    inventoryBus.cut();
    await stack.service('inventory').restart();
    await stack.service('inventory').ready();
    // Sent again, as a 503 asks for: known already, so it makes no event either.
    expect((await accepted(() => put('k1', '192.0.2.21'))).body).toMatchObject({ accepted: false, reason: 'repeat', revision: 1 });
    // The feed is read every minute, and whenever the planner's connection came back.
    stack.natsProxy.cut();
    await live('k1', 1);
    expect(await answers('k1')).toEqual(['192.0.2.21']);
  });

  it('in the middle of a burst: what was answered 202 is there, what was not is sent again, nothing twice', async () => {
    const sending = Promise.all(Array.from({ length: 40 }, (_, i) => accepted(() => put(`b${i}`, `10.9.0.${i}`).catch(() => ({ status: 503, headers: new Headers(), body: undefined })))));
    await until(async () => (await stack.database.query(`select 1 from inventory.vm where vm_id like 'b%'`)).length > 0, { withinMs: 20_000, what: 'the first to be stored' });
    await stack.service('inventory').kill();
    await stack.service('inventory').restart();
    await sending;
    stack.natsProxy.cut();
    for (let i = 0; i < 40; i += 1) await live(`b${i}`, 1);
    expect(await answers('b39')).toEqual(['10.9.0.39']);
  });
});
