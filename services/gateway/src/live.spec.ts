import { get, request, type ClientRequest, type IncomingMessage } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Bus } from '@vmdns/bus';
import { until, within } from '@vmdns/test/support';
import { subjects, type LogEntry, type ToldEntries, type VmDns } from '@vmdns/contracts';
import { problem, type ScriptedServices } from '../testing/scripted-services.js';
import { ADMIN_TOKEN, NOW, World } from '../testing/world.js';

let world: World;
let services: ScriptedServices;
const streams: ClientRequest[] = [];
beforeAll(async () => { world = await World.begin({ TOKEN_FRESH_SECONDS: '1' }); services = world.services; }, 60_000);
afterEach(async () => { for (const stream of streams.splice(0)) stream.destroy(); await services.stopAll(); });
afterAll(() => world.end());

/** Generous: an answer that nothing wakes comes only after 5 s or at the wait's end. */
const SOON_MS = 4000;
const dns = (changed: Partial<VmDns> = {}): VmDns => ({ vmId: 'vm1', revision: 2, plannedRevision: 2, live: true, state: 'live', records: [], ...changed });
const status = (body: VmDns) => ({ specversion: '1.0', id: '1', source: 'planner', type: 'vmdns.vm.status.v1', data: body });

describe("a VM's DNS", () => {
  it('L14 answers at once when the revision is live, and asks once', async () => {
    await services.on('planner.vm-dns', () => dns());
    const answer = await within(world.door.ask('GET', '/v1/vms/vm1/dns?revision=2&wait=60s'), SOON_MS);
    expect(answer?.body).toEqual(dns());
    expect(services.asksOf('planner.vm-dns')).toEqual([{ vmId: 'vm1', minRevision: 2, caller: { name: 'admin', role: 'admin', tenant: null } }]);
  });
  it('L14 waits for the revision that was asked for, is woken by its status, and does not poll', async () => {
    let now = dns({ revision: 1, plannedRevision: 1 });
    await services.on('planner.vm-dns', () => now);
    const waiting = world.door.ask('GET', '/v1/vms/vm1/dns?revision=2&wait=60s');
    await until(() => services.asked.length === 1);
    await services.say(subjects.status.vm('other'), status(dns({ vmId: 'other' })));
    now = dns({ plannedRevision: 2, live: false, state: 'pending' });
    await services.say(subjects.status.vm('vm1'), status(now));
    await until(() => services.asked.length === 2);
    now = dns();
    await services.say(subjects.status.vm('vm1'), status(now));
    expect((await within(waiting, SOON_MS))?.body).toEqual(dns());
    expect(services.asked.length).toBe(3);
  });
  it('answers as it stands when the time is over', async () => {
    await services.on('planner.vm-dns', () => dns({ live: false, state: 'pending' }));
    expect((await world.door.ask('GET', '/v1/vms/vm1/dns?revision=2&wait=50ms')).body).toEqual(dns({ live: false, state: 'pending' }));
    expect((await world.door.ask('GET', '/v1/vms/vm1/dns?revision=2')).body).toMatchObject({ live: false });
  });
  it('takes "gone" for an answer', async () => {
    await services.on('planner.vm-dns', () => dns({ live: false, state: 'gone' }));
    expect((await within(world.door.ask('GET', '/v1/vms/vm1/dns?revision=2&wait=60s'), SOON_MS))?.body).toMatchObject({ state: 'gone' });
  });
  it('waits for a VM that the planner has not heard of yet', async () => {
    let known = false;
    await services.on('planner.vm-dns', () => known ? dns() : problem(404, 'not-found', 'no such VM'));
    const waiting = world.door.ask('GET', '/v1/vms/vm1/dns?revision=2&wait=60s');
    await until(() => services.asked.length === 1);
    known = true;
    await services.say(subjects.status.vm('vm1'), status(dns()));
    expect((await within(waiting, SOON_MS))?.body).toEqual(dns());
  });
  it('says "being planned" of a VM that only inventory knows, and 404 of one that nobody knows', async () => {
    await services.on('planner.vm-dns', () => problem(404, 'not-found', 'no such VM'));
    await services.on('inventory.vm-get', (ask) => ask.vmId === 'vm1' ? {
      vmId: 'vm1', tenant: null, source: 's', life: 1, uid: null, version: null, revision: 7, deleted: false, fqdn: null, hostname: null, domain: null, shareName: false, nameClaim: null, addresses: [], labels: {}, changedAt: NOW,
    } : problem(404, 'not-found', 'no such VM'));
    expect((await world.door.ask('GET', '/v1/vms/vm1/dns')).body).toMatchObject({ revision: 7, plannedRevision: 0, live: false, state: 'planning', reason: { code: 'not-yet-planned' } });
    expect((await world.door.ask('GET', '/v1/vms/vm2/dns')).status).toBe(404);
  });
  it('does not wait for a planner that is not there, nor over a refusal', async () => {
    expect((await within(world.door.ask('GET', '/v1/vms/vm1/dns?wait=60s'), SOON_MS))?.status).toBe(503);
    await services.on('planner.vm-dns', () => problem(403, 'forbidden', 'another tenant'));
    expect((await within(world.door.ask('GET', '/v1/vms/vm1/dns?wait=60s'), SOON_MS))?.status).toBe(403);
  });
  it('goes on waiting while the planner is restarted', async () => {
    await services.on('planner.vm-dns', () => dns({ live: false, state: 'pending' }));
    const waiting = world.door.ask('GET', '/v1/vms/vm1/dns?revision=2&wait=60s');
    await until(() => services.asked.length === 1);
    await services.stopAll();
    await services.say(subjects.status.vm('vm1'), status(dns()));
    await services.on('planner.vm-dns', () => dns());
    await services.say(subjects.status.vm('vm1'), status(dns()));
    expect((await within(waiting, SOON_MS * 2))?.body).toEqual(dns());
  });
  it('stops listening when the caller goes away', async () => {
    await services.on('planner.vm-dns', () => dns({ live: false, state: 'pending' }));
    const caller = get(`${world.gateway.url}/v1/vms/vm1/dns?wait=60s`, { headers: { authorization: `Bearer ${ADMIN_TOKEN}` } });
    caller.on('error', () => undefined);
    await until(() => services.asked.length === 1);
    caller.destroy();
    const asksOfVm1 = () => services.asksOf('planner.vm-dns').filter((ask) => ask.vmId === 'vm1').length;
    await until(async () => {
      const before = asksOfVm1();
      await services.say(subjects.status.vm('vm1'), status(dns()));
      // Comes to the gateway after the status did, so a wait that still listened has asked by then.
      await world.door.ask('GET', '/v1/vms/vm2/dns');
      return asksOfVm1() === before;
    }, { what: 'the wait to end' });
  });
});

describe('the log as it happens', () => {
  const entry = (id: string, changed: Partial<LogEntry> = {}): LogEntry => ({ id, at: NOW, kind: 'result', zone: 'example.com.', provider: 'powerdns', name: 'vm1.example.com.', vms: ['vm1'], status: 'applied', text: `entry ${id}`, ...changed });

  /** As the log tells: what it stored at once is one message. */
  const tell = (...entries: ToldEntries): Promise<void> => services.say(subjects.logEntry, entries);

  /** Opens a stream and collects what it says. */
  async function follow(query: string, headers: Readonly<Record<string, string>> = {}): Promise<{ readonly response: IncomingMessage; text(): string; ids(): string[]; isOver(): boolean }> {
    let [text, isOver] = ['', false];
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const request = get(`${world.gateway.url}/v1/log/stream${query}`, { agent: false, headers: { authorization: `Bearer ${ADMIN_TOKEN}`, ...headers } }, resolve);
      request.on('error', reject);
      streams.push(request);
    });
    response.on('data', (chunk: Buffer) => { text += String(chunk); });
    response.on('error', () => undefined);
    response.on('end', () => { isOver = true; });
    await until(() => text.includes('retry:'), { what: 'the stream to begin' });
    return { response, text: () => text, isOver: () => isOver, ids: () => [...text.matchAll(/^id: (.*)$/gm)].map((match) => match[1] ?? '') };
  }

  it('tells what passes the filter, as server-sent events', async () => {
    const stream = await follow('?zone=Example.com&status=applied&vmId=vm1');
    expect(stream.response.headers['content-type']).toBe('text/event-stream');
    await tell(entry('1', { zone: 'example.net.' }), entry('2', { status: 'failed' }), entry('3', { vms: ['vm9'] }), entry('4'));
    await tell(entry('5', { text: 'two\nlines' }));
    await until(() => stream.ids().length === 2);
    expect(stream.ids()).toEqual(['4', '5']);
    expect(stream.text()).toContain(`event: entry\ndata: ${JSON.stringify(entry('5', { text: 'two\nlines' }))}\n\n`);
  });
  it('tells a returning reader what it missed, once each and oldest first', async () => {
    let released: (value: unknown) => void = () => undefined;
    const searched = new Promise((resolve) => { released = resolve; });
    await services.on('log.search', async () => { await searched; return { items: [entry('4'), entry('3'), entry('2'), entry('1')] }; });
    const opening = follow('?zone=example.com', { 'last-event-id': '2' });
    await until(() => services.asksOf('log.search').length === 1);
    await tell(entry('4'));
    await tell(entry('5'));
    released(undefined);
    const stream = await opening;
    await tell(entry('6'));
    await until(() => stream.ids().length === 4);
    expect(stream.ids()).toEqual(['3', '4', '5', '6']);
    expect(services.asksOf('log.search')[0]).toMatchObject({ zone: 'example.com', limit: 500 });
  });
  it('ends for who may listen no more: a revoked token hears nothing from then on', async () => {
    const made = (await world.door.ask('POST', '/v1/tokens', { body: { name: 'listener', role: 'viewer' } })).body as { readonly id: string; readonly token: string };
    const [theirs, ours] = await Promise.all([follow('', { authorization: `Bearer ${made.token}` }), follow('')]);
    await tell(entry('1'));
    await until(() => theirs.ids().length === 1 && ours.ids().length === 1);
    await world.door.ask('DELETE', `/v1/tokens/${made.id}`);
    await until(() => theirs.isOver(), { withinMs: 20_000, what: 'the stream to end' });
    await tell(entry('2'));
    await until(() => ours.ids().length === 2);
    expect([theirs.ids(), ours.isOver()]).toEqual([['1'], false]);
  });
  it('stops listening for a reader who goes away before it begins', async () => {
    let released: (value: unknown) => void = () => undefined;
    const searched = new Promise((resolve) => { released = resolve; });
    await services.on('log.search', async () => { await searched; return { items: [] }; });
    const reader = get(`${world.gateway.url}/v1/log/stream`, { agent: false, headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'last-event-id': '2' } });
    reader.on('error', () => undefined);
    await until(() => services.asksOf('log.search').length === 1);
    reader.destroy();
    await until(async () => (await world.door.ask('GET', '/metrics', { token: null })).text.includes('{call="streamLog",status="499"}'), { what: 'the gateway to notice' });
    released(undefined);
    const heard = () => world.gateway.app.get(Bus).connection.current?.nats.stats().inMsgs ?? 0;
    await until(async () => {
      const before = heard();
      for (let n = 0; n < 20; n += 1) await tell(entry(`late ${n}`));
      // Comes to the gateway after the entries did, so one that still listened has heard them by then.
      await services.on('planner.vm-dns', () => dns());
      await world.door.ask('GET', '/v1/vms/vm1/dns');
      return heard() - before < 20;
    }, { what: 'nobody to listen' });
  });
  it('takes "since" as an instant: what happened in that very second is told', async () => {
    await services.on('log.search', () => ({ items: [] }));
    const stream = await follow('?since=2026-11-21T12:00:00Z');
    await tell(entry('early', { at: '2026-11-21T11:59:59.999Z' }), entry('same', { at: '2026-11-21T12:00:00.500Z' }));
    await until(() => stream.ids().length > 0);
    expect(stream.ids()).toEqual(['same']);
  });
  it('refuses what it cannot follow', async () => {
    expect((await world.door.ask('GET', '/v1/log/stream?colour=red')).status).toBe(400);
    expect((await world.door.ask('GET', '/v1/log/stream', { headers: { 'last-event-id': '7' } })).status).toBe(503);
  });
  it('searches what was', async () => {
    await services.on('log.search', () => ({ items: [entry('1')], next: 'more' }));
    expect((await world.door.ask('GET', `/v1/log?since=${NOW}&limit=1`)).body).toEqual({ items: [entry('1')], next: 'more' });
    for (const since of ['yesterday', '2026-13-45T12:00:00Z']) expect((await world.door.ask('GET', `/v1/log?since=${since}`)).body).toMatchObject({ status: 400, faults: [{ path: 'since' }] });
  });
});

describe('a zone test as it happens', () => {
  const step = (name: string, ok = true) => ({ step: name, ok, warning: false, text: `${name} was looked at`, tookMs: 3 });
  const eventsOf = (text: string): readonly (readonly [string, unknown])[] => [...text.matchAll(/^event: (.*)\ndata: (.*)\n\n/gm)].map(([, event = '', data = '']) => [event, JSON.parse(data) as unknown]);

  /** Begins a test, and collects what it says. */
  async function begin(path: string, body: unknown = {}): Promise<{ readonly response: IncomingMessage; text(): string; isOver(): boolean }> {
    let [text, isOver] = ['', false];
    const payload = JSON.stringify(body);
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const sending = request(`${world.gateway.url}${path}`, { method: 'POST', agent: false, headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) } }, resolve);
      sending.on('error', reject);
      streams.push(sending);
      sending.end(payload);
    });
    response.on('data', (chunk: Buffer) => { text += String(chunk); });
    response.on('end', () => { isOver = true; });
    response.on('error', () => undefined);
    return { response, text: () => text, isOver: () => isOver };
  }

  it.each([
    ['a saved zone', '/v1/zones/z1/test/stream', { probe: true }, { zoneId: 'z1', probe: true }],
    ['a zone before it is saved', '/v1/zones/test/stream', { name: 'Example.com', connectionId: 'c1' }, { apex: 'example.com.', connectionId: 'c1' }],
  ])('tells each step of %s when it ends, then all of them', async (_what, path, body, asked) => {
    await world.announce();
    await services.on('planner.zone-get', () => ({ id: 'z1', name: 'example.com.', connectionId: 'c1', provider: 'powerdns', mode: 'write', ttl: { forward: 300, reverse: 3600 }, addresses: 'all', limits: { rehomeShare: 0.3, rehomeNames: 20, removalShare: 0.3, removalNames: 20, removalCount: 500, removalWindowSeconds: 600 }, settings: {}, state: 'active', paused: false, createdAt: NOW, revision: 1, counts: {} }));
    await services.on('planner.connection-get', () => ({ id: 'c1', name: 'ns1', provider: 'powerdns', settings: { url: 'http://ns1:8081' }, secrets: ['apiKey'], paused: false, createdAt: NOW, revision: 1 }));
    let isSeen: () => void = () => undefined;
    const seen = new Promise<void>((resolve) => { isSeen = resolve; });
    await services.on('adapter-powerdns.zone-test', async (ask) => {
      const watch = String(ask['watch']);
      await services.say(watch, step('server'));
      await services.say(watch, { step: 'nonsense' });
      // The adapter goes on when the caller has the first step.
      await seen;
      await services.say(watch, step('zone', false));
      return { ok: false, steps: [step('server'), step('zone', false)] };
    });
    const test = await begin(path, body);
    expect([test.response.statusCode, test.response.headers['content-type']]).toEqual([200, 'text/event-stream']);
    await until(() => eventsOf(test.text()).length === 1, { what: 'the first step' });
    expect([eventsOf(test.text()), test.isOver()]).toEqual([[['step', step('server')]], false]);
    isSeen();
    await until(() => test.isOver(), { what: 'the test to be over' });
    expect(eventsOf(test.text())).toEqual([['step', step('server')], ['step', step('zone', false)], ['done', { ok: false, steps: [step('server'), step('zone', false)] }]]);
    expect(services.asksOf('adapter-powerdns.zone-test').at(-1)).toMatchObject({ ...asked, watch: expect.stringMatching(/^_INBOX\.gateway\.progress\.[0-9a-f]{24}$/) });
  });

  it('answers like every other call where the test cannot begin, and says in the stream where it breaks off', async () => {
    await world.announce();
    await services.on('planner.zone-get', () => problem(404, 'not-found', 'no such zone'));
    expect((await world.door.ask('POST', '/v1/zones/z9/test/stream', { body: {} }))).toMatchObject({ status: 404, body: { code: 'not-found' } });
    expect((await world.door.ask('POST', '/v1/zones/test/stream', { body: { name: 'not a zone', connectionId: 'c1' } })).status).toBe(400);
    await services.on('planner.connection-get', () => ({ id: 'c1', name: 'ns1', provider: 'powerdns', settings: { url: 'http://ns1:8081' }, secrets: ['apiKey'], paused: false, createdAt: NOW, revision: 1 }));
    await services.on('adapter-powerdns.zone-test', async (ask) => {
      await services.say(String(ask['watch']), step('server'));
      return problem(404, 'not-found', 'this adapter does not know the zone (yet)');
    });
    const test = await begin('/v1/zones/test/stream', { name: 'example.com', connectionId: 'c1' });
    await until(() => test.isOver(), { what: 'the test to be over' });
    expect(eventsOf(test.text())).toEqual([['step', step('server')], ['problem', expect.objectContaining({ status: 404, title: 'this adapter does not know the zone (yet)' })]]);
  });

  it('needs the rights of a test: who may only read may not', async () => {
    const viewer = await world.tokenOf('viewer');
    for (const path of ['/v1/zones/z1/test', '/v1/zones/z1/test/stream', '/v1/zones/test/stream']) expect((await world.door.ask('POST', path, { token: viewer, body: {} })).status).toBe(403);
  });
});

describe('leaving', () => {
  it('answers who waits and ends who listens before it closes', async () => {
    const own = await World.begin();
    await own.services.on('planner.vm-dns', () => dns({ live: false, state: 'pending' }));
    const waiting = own.door.ask('GET', '/v1/vms/vm1/dns?wait=60s');
    let heard: 'nothing' | 'begun' | 'ended' = 'nothing';
    streams.push(get(`${own.gateway.url}/v1/log/stream`, { agent: false, headers: { authorization: `Bearer ${ADMIN_TOKEN}` } }, (response) => {
      heard = 'begun';
      response.resume().once('end', () => { heard = 'ended'; });
    }));
    await until(() => own.services.asked.length === 1 && heard === 'begun');
    // Who is still being let in when it leaves is not forgotten.
    let released: (value: unknown) => void = () => undefined;
    const searched = new Promise((resolve) => { released = resolve; });
    await own.services.on('log.search', async () => { await searched; return { items: [] }; });
    let late: 'nothing' | 'begun' | 'ended' | 'cut' = 'nothing';
    const reader = get(`${own.gateway.url}/v1/log/stream`, { agent: false, headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'last-event-id': '2' } }, (response) => {
      late = 'begun';
      response.resume().once('end', () => { late = 'ended'; }).once('error', () => { late = 'cut'; });
    }).on('error', () => { late = 'cut'; });
    streams.push(reader);
    await until(() => own.services.asksOf('log.search').length === 1);
    const closed = own.gateway.close();
    released(undefined);
    expect((await within(waiting, SOON_MS))?.body).toMatchObject({ state: 'pending' });
    await until(() => heard === 'ended' && late !== 'nothing' && late !== 'begun');
    expect(late).toBe('ended');
    await closed;
    await own.end();
  });
});
