import { request } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Problem } from '@vmdns/contracts';
import { until } from '@vmdns/test/support';
import { problem, type ScriptedServices } from '../testing/scripted-services.js';
import { ADMIN_TOKEN, NOW, World } from '../testing/world.js';

let world: World;
let services: ScriptedServices;
beforeAll(async () => { world = await World.begin(); services = world.services; }, 60_000);
afterEach(() => services.stopAll());
afterAll(() => world.end());

const stored = (ask: Readonly<Record<string, unknown>>) => ({ vmId: (ask.data as { vmId: string }).vmId, accepted: true, revision: 1 });
const fact = { fqdn: 'vm1.example.com', addresses: [{ ip: '192.0.2.1' }] };
const problemOf = (answer: { readonly body: unknown }) => answer.body as Problem;

describe('CloudEvents', () => {
  const event = (id: string, vmId: string) => ({ specversion: '1.0', id, source: '/panel', type: 'vmdns.vm.changed.v1', time: NOW, data: { vmId, ...fact } });
  const structured = { 'content-type': 'application/cloudevents+json' };
  const batch = { 'content-type': 'application/cloudevents-batch+json' };

  it('takes a structured and a binary event alike, with the source and time of the event', async () => {
    await services.on('inventory.facts', stored);
    const one = await world.door.ask('POST', '/v1/events', { body: event('1', 'vm1'), headers: structured });
    const two = await world.door.ask('POST', '/v1/events', { body: { vmId: 'vm1', ...fact }, headers: { 'ce-specversion': '1.0', 'ce-id': '1', 'ce-source': '/panel', 'ce-type': 'vmdns.vm.changed.v1', 'ce-time': NOW } });
    expect([one.status, two.status]).toEqual([202, 202]);
    const [first, second] = services.asksOf('inventory.facts');
    expect(first).toMatchObject({ type: 'vmdns.vm.changed.v1', source: '/panel', via: 'event', time: NOW, data: { vmId: 'vm1', ...fact } });
    expect(second).toEqual({ ...first, before: second?.['before'] });
  });
  it('answers a batch event by event', async () => {
    await services.on('inventory.facts', (ask) => (ask.data as { vmId: string }).vmId === 'bad' ? problem(400, 'bad-input', 'faults') : stored(ask));
    const answer = await world.door.ask('POST', '/v1/events', { body: [event('1', 'vm1'), event('2', 'bad'), { ...event('3', 'vm3'), specversion: '0.3' }], headers: batch });
    expect(answer.status).toBe(207);
    expect(answer.body).toMatchObject([{ id: '1', status: 202, answer: { vmId: 'vm1' } }, { id: '2', source: '/panel', status: 400, problem: { code: 'bad-input' } }, { id: '3', status: 400, problem: { faults: [{ path: 'specversion' }] } }]);
  });
  it('answers 202 only where the whole batch is stored, and 503 where nothing could be', async () => {
    const body = [event('1', 'vm1'), event('2', 'vm2')];
    await services.on('inventory.facts', stored);
    expect((await world.door.ask('POST', '/v1/events', { body, headers: batch })).status).toBe(202);
    await services.on('inventory.facts', (ask) => ({ ...stored(ask), accepted: false, reason: 'repeat' }));
    expect((await world.door.ask('POST', '/v1/events', { body, headers: batch })).status).toBe(200);
    await services.stopAll();
    const down = await world.door.ask('POST', '/v1/events', { body, headers: batch });
    expect({ status: down.status, again: down.headers['retry-after'] }).toEqual({ status: 503, again: '1' });
  });
  it('one event that no message can carry spoils no batch, and is not to be sent again', async () => {
    await services.on('inventory.facts', stored);
    const large = { ...event('1', 'vm1'), data: { vmId: 'vm1', ...fact, note: 'x'.repeat(1_100_000) } };
    const deep = { specversion: '1.0', id: '2', source: '/panel', type: 'vmdns.vm.changed.v1', data_base64: Buffer.from('['.repeat(200_000) + ']'.repeat(200_000)).toString('base64') };
    const answer = await world.door.ask('POST', '/v1/events', { body: [large, deep, event('3', 'vm3')], headers: batch });
    expect({ status: answer.status, body: answer.body }).toMatchObject({ status: 207, body: [
      { id: '1', status: 413, problem: { code: 'too-large', detail: expect.stringContaining('bytes') } },
      { id: '2', status: 400, problem: { faults: [{ path: 'data_base64', message: expect.any(String) }] } },
      { id: '3', status: 202 },
    ] });
  });
  it('takes an event whose data are JSON in base64', async () => {
    await services.on('inventory.facts', stored);
    const { data, ...envelope } = event('1', 'vm1');
    expect((await world.door.ask('POST', '/v1/events', { body: { ...envelope, data_base64: Buffer.from(JSON.stringify(data)).toString('base64') }, headers: structured })).status).toBe(202);
    expect(services.asksOf('inventory.facts')[0]).toMatchObject({ data });
  });
  it('says what one batch says of one VM in the order of the batch', async () => {
    let running = 0;
    let most = 0;
    await services.on('inventory.facts', async (ask) => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => { setImmediate(resolve); });
      running -= 1;
      return stored(ask);
    });
    await world.door.ask('POST', '/v1/events', { body: Array.from({ length: 20 }, (_, i) => ({ ...event(String(i), 'vm1'), data: { vmId: 'vm1', version: i, ...fact } })), headers: batch });
    expect(most).toBe(1);
    expect(services.asksOf('inventory.facts').map((ask) => (ask.data as { version: number }).version)).toEqual(Array.from({ length: 20 }, (_, i) => i));
  });
});

describe("a source's complete list", () => {
  const ndjson = { 'content-type': 'application/x-ndjson' };
  const lines = (...of: readonly unknown[]) => ({ raw: of.map((line) => `${JSON.stringify(line)}\n`).join(''), headers: ndjson });
  const vms = (count: number) => Array.from({ length: count }, (_, i) => ({ vmId: `vm${i}`, addresses: [] }));

  it.each([
    ['goes on behind its end', lines({ end: true, count: 0 }, ...vms(2000)), 400, /line 2: the list goes on behind its end/],
    ['has a line that is too long', lines({ vmId: 'x'.repeat(300_000) }, ...vms(2000)), 413, /line 1 is longer than 250000 bytes/],
    ['is refused half way', lines(...vms(5000), { end: true, count: 5000 }), 409, /another list has begun/],
    ['has no last line', lines(...vms(3)), 400, /no last line/],
  ])('that %s is answered with the reason, however much of it is on its way', async (_, sent, status, detail) => {
    await services.on('inventory.snapshot-begin', () => ({ id: 's1' }));
    await services.on('inventory.snapshot-add', () => status === 409 ? problem(409, 'conflict', 'It contradicts what is known', 'another list has begun') : { faults: [] });
    const answer = await world.door.ask('POST', '/v1/sources/cloud-a/snapshot', sent);
    expect({ status: answer.status, detail: problemOf(answer).detail }).toEqual({ status, detail: expect.stringMatching(detail) });
    expect(services.asksOf('inventory.snapshot-close')).toEqual([]);
  });
  it('whose sender goes away changes nothing, and is no matter for a person', async () => {
    await services.on('inventory.snapshot-begin', () => ({ id: 's1' }));
    await services.on('inventory.snapshot-add', () => ({ faults: [] }));
    const sender = request(`${world.gateway.url}/v1/sources/cloud-a/snapshot`, { method: 'POST', agent: false, headers: { authorization: `Bearer ${ADMIN_TOKEN}`, ...ndjson } });
    sender.on('error', () => undefined);
    sender.write(lines(...vms(1000)).raw);
    await until(() => services.asksOf('inventory.snapshot-add').length > 0);
    sender.destroy();
    await until(async () => (await world.door.ask('GET', '/metrics', { token: null })).text.includes('vmdns_http_request_seconds_count{call="postSnapshot",status="499"}'), { what: 'the gateway to notice' });
    expect(services.asksOf('inventory.snapshot-close')).toEqual([]);
    expect(world.lines.filter((line) => line.includes('"level":"error"') && line.includes('a call failed'))).toEqual([]);
  });
});
