import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { startStack, until, type GatewayClient, type HttpAnswer, type Stack } from '../support/index.js';
import type { FactAnswer, VmFact } from '@vmdns/contracts';
import { accepted } from './accepted.js';
import { BusPublisher } from './bus-publisher.js';

// What bad, late and repeated input gets, by every way in.

// Longer than any wait in here, so that a failure says what was waited for.
jest.setTimeout(200_000);

let stack: Stack;
let bus: BusPublisher;
beforeAll(async () => {
  stack = await startStack();
  await stack.addZone('input.test');
  bus = await BusPublisher.at(stack);
}, 120_000);
afterAll(async () => {
  await bus?.close();
  await stack?.stop();
});

interface Fault { readonly path: string; readonly message: string }
interface Problem { readonly status: number; readonly code: string; readonly title: string; readonly faults?: readonly Fault[] }

const put = (vmId: string, body: unknown): Promise<HttpAnswer> => accepted(() => stack.gateway.ask('PUT', `/v1/vms/${encodeURIComponent(vmId)}`, { body }));
const problemOf = (answer: HttpAnswer): Problem => {
  expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  return answer.body as Problem;
};
const pathsOf = (problem: Problem): readonly string[] => (problem.faults ?? []).map((fault) => fault.path).sort();
const answerOf = (answer: HttpAnswer): FactAnswer => answer.body as FactAnswer;

/** Everything that a stored fact leaves behind. */
async function traces(): Promise<unknown> {
  const [rows] = await stack.database.query('select (select count(*) from inventory.vm)::int as vms, (select count(*) from inventory.change)::int as changes');
  return { rows, events: await bus.countOf('EVENT') };
}

const addresses = (count: number) => Array.from({ length: count }, (_, i) => ({ ip: `10.0.${i >> 8}.${i & 255}` }));
const good = { fqdn: 'vm.input.test', addresses: [{ ip: '192.0.2.1' }] };

describe('bad input', () => {
  it.each<[string, string, unknown, readonly string[]]>([
    ['an address that is none', 'bad', { ...good, addresses: [{ ip: '192.0.2.1' }, { ip: '192.0.2.256' }] }, ['addresses[1].ip']],
    ['an address with a zone index', 'bad', { ...good, addresses: [{ ip: 'fe80::1%eth0' }] }, ['addresses[0].ip']],
    ['a loopback, a link-local, a multicast and the unspecified address', 'bad', { ...good, addresses: ['127.0.0.1', '169.254.1.1', '224.0.0.1', '::'].map((ip) => ({ ip })) }, [0, 1, 2, 3].map((i) => `addresses[${i}].ip`)],
    ['an address given twice', 'bad', { ...good, addresses: [{ ip: '2001:db8::1' }, { ip: '2001:0DB8:0::1' }] }, ['addresses[1].ip']],
    ['a host name with an underscore', 'bad', { hostname: 'bad_name', domain: 'input.test', addresses: [] }, ['hostname']],
    ['a label of 64 characters', 'bad', { fqdn: `${'a'.repeat(64)}.input.test`, addresses: [] }, ['fqdn']],
    ['a PTR target that is no host name', 'bad', { ...good, addresses: [{ ip: '192.0.2.1', ptr: '-x.example' }] }, ['addresses[0].ptr']],
    ['unknown fields', 'bad', { ...good, colour: 'red', addresses: [{ ip: '192.0.2.1', weight: 1 }] }, ['addresses[0].weight', 'colour']],
    ['more than 1,000 addresses', 'bad', { ...good, addresses: addresses(1001) }, ['addresses']],
    ['a domain without a host name', 'bad', { domain: 'input.test', addresses: [] }, ['domain']],
    ['both kinds of name', 'bad', { fqdn: 'vm.input.test', hostname: 'vm', addresses: [] }, ['fqdn']],
    ['an odd VM id', '-odd/id', good, ['vmId']],
    ['a VM id of 129 characters', 'v'.repeat(129), good, ['vmId']],
    ['a version that is no whole number', 'bad', { ...good, version: 1.5 }, ['version']],
    ['no addresses at all', 'bad', { fqdn: 'vm.input.test' }, ['addresses']],
    ['a body that is no object', 'bad', [good], ['(body)']],
    ['everything at once', 'odd id', { fqdn: 'x..y', hostname: '-h', colour: 1, uid: '', addresses: [{ ip: '1' }, { ip: '::1', ptr: 7 }] },
      ['addresses[0].ip', 'addresses[1].ip', 'addresses[1].ptr', 'colour', 'fqdn', 'fqdn', 'hostname', 'uid', 'vmId']],
  ])('%s: 400 names the path of every fault, and nothing is stored', async (_, vmId, body, paths) => {
    const before = await traces();
    const answer = await put(vmId, body);
    const problem = problemOf(answer);
    expect([answer.status, problem.status, problem.code]).toEqual([400, 400, 'bad-input']);
    expect(pathsOf(problem)).toEqual(paths);
    expect((problem.faults ?? []).every((fault) => fault.message !== '')).toBe(true);
    expect(await traces()).toEqual(before);
    expect((await stack.gateway.ask('GET', `/v1/vms/${encodeURIComponent(vmId)}`)).status).toBe(vmId === 'bad' ? 404 : 400);
  });

  it('a body that is too large: 413, and nothing is stored', async () => {
    const before = await traces();
    const answer = await put('large', { ...good, labels: { x: 'y'.repeat(2_000_000) } });
    expect(problemOf(answer)).toMatchObject({ status: 413, code: 'too-large' });
    expect(await traces()).toEqual(before);
  });

  it('a body that is no JSON: 400 that tells where it breaks; another content type: 415', async () => {
    const before = await traces();
    const broken = await stack.gateway.ask('PUT', '/v1/vms/broken', { body: '{"fqdn": "vm.input.test", addresses: []}' });
    expect(problemOf(broken)).toMatchObject({ status: 400, code: 'bad-input' });
    const xml = await stack.gateway.ask('PUT', '/v1/vms/broken', { body: '<vm/>', headers: { 'content-type': 'application/xml' } });
    expect(problemOf(xml).status).toBe(415);
    expect(await traces()).toEqual(before);
  });

  it('a bad PTR call names its faults; one for an address that the VM does not have is 404; both store nothing', async () => {
    await stack.gateway.publish('ptr', { fqdn: 'ptr.input.test', addresses: [{ ip: '192.0.2.9' }] });
    const before = await traces();
    const bad = await stack.gateway.ask('PUT', '/v1/vms/ptr/addresses/192.0.2.999/ptr', { body: { hostname: 'a b', ttl: 5 } });
    expect(bad.status).toBe(400);
    expect(pathsOf(problemOf(bad))).toEqual(['hostname', 'ip', 'ttl']);
    const other = await stack.gateway.ask('PUT', '/v1/vms/ptr/addresses/192.0.2.10/ptr', { body: { hostname: 'a.example' } });
    expect(problemOf(other)).toMatchObject({ status: 404, code: 'not-found' });
    expect(await traces()).toEqual(before);
  });
});

const WAYS = ['PUT', 'structured', 'binary', 'batch', 'bus', 'bus with reply'] as const;
type Way = (typeof WAYS)[number];
let eventId = 0;

/** Says a VM's state by one of the ways in; the bus without a reply says nothing back. */
async function say(way: Way, vmId: string, fact: VmFact): Promise<{ readonly status: number; readonly answer: FactAnswer } | undefined> {
  const envelope = { specversion: '1.0', id: `e-${eventId += 1}`, source: 'platform', type: 'vmdns.vm.changed.v1' };
  const event = { ...envelope, data: { ...fact, vmId } };
  const gave = (status: number, answer: unknown) => ({ status, answer: answer as FactAnswer });
  switch (way) {
    case 'PUT': { const a = await put(vmId, fact); return gave(a.status, a.body); }
    case 'structured': { const a = await stack.gateway.event(event); return gave(a.status, a.body); }
    case 'binary': {
      const a = await stack.gateway.ask('POST', '/v1/events', { body: event.data, headers: Object.fromEntries(Object.entries(envelope).map(([name, value]) => [`ce-${name}`, value])) });
      return gave(a.status, a.body);
    }
    case 'batch': {
      const a = await stack.gateway.ask('POST', '/v1/events', { body: [event], headers: { 'content-type': 'application/cloudevents-batch+json' } });
      const [first] = a.body as readonly { readonly status: number; readonly answer: FactAnswer; readonly problem?: Problem }[];
      return gave(first?.status ?? 0, first?.answer ?? first?.problem);
    }
    case 'bus': { await bus.say(event); await bus.taken(); return undefined; }
    case 'bus with reply': {
      const a = await bus.ask(event);
      return a.ok ? gave(a.value.accepted ? 202 : 200, a.value) : gave(a.problem.status, a.problem);
    }
  }
}

describe('all ways in are one', () => {
  it.each(WAYS)('%s: created, repeated, stale, contradicted', async (way) => {
    const vmId = `way-${WAYS.indexOf(way)}`;
    const fqdn = `${vmId}.input.test`;
    const fact = (ip: string, version: number): VmFact => ({ fqdn, version, addresses: [{ ip }] });
    const created = await say(way, vmId, fact('192.0.2.20', 1));
    await stack.gateway.live(vmId, 1);
    const changed = await say(way, vmId, fact('192.0.2.21', 7));
    await stack.gateway.live(vmId, 2);
    const repeat = await say(way, vmId, fact('192.0.2.21', 7));
    const stale = await say(way, vmId, fact('192.0.2.22', 6));
    const contradiction = await say(way, vmId, fact('192.0.2.23', 7));
    if (way !== 'bus') {
      expect([created?.status, created?.answer]).toEqual([202, { vmId, accepted: true, revision: 1, version: 1 }]);
      expect([changed?.status, changed?.answer]).toEqual([202, { vmId, accepted: true, revision: 2, version: 7 }]);
      expect([repeat?.status, repeat?.answer]).toMatchObject([200, { accepted: false, reason: 'repeat', revision: 2 }]);
      expect([stale?.status, stale?.answer]).toMatchObject([200, { accepted: false, reason: 'stale', current: { version: 7, revision: 2 } }]);
      expect([contradiction?.status, contradiction?.answer]).toMatchObject([409, { status: 409, code: 'conflict' }]);
    }
    expect(await stack.gateway.getVm(vmId)).toMatchObject({ revision: 2, version: 7 });
    expect((await stack.dns(fqdn, 'A')).values).toEqual(['192.0.2.21']);
  });

  it('the same event twice at once, by HTTP and by the bus: one revision, one event', async () => {
    const events = await bus.countOf('EVENT');
    const event = { specversion: '1.0', id: 'twice', source: 'platform', type: 'vmdns.vm.changed.v1', data: { vmId: 'twice', fqdn: 'twice.input.test', version: 3, addresses: [{ ip: '192.0.2.30' }] } };
    const [one, two] = await Promise.all([stack.gateway.event(event), bus.ask(event)]);
    expect([answerOf(one).accepted, two.ok && two.value.accepted].filter(Boolean)).toHaveLength(1);
    await stack.gateway.live('twice', 1);
    expect(await bus.countOf('EVENT')).toBe(events + 1);
    expect((await stack.gateway.getVm('twice')).revision).toBe(1);
  });

  it('a batch: each event is judged by itself, in order, and good ones are stored beside bad ones', async () => {
    const event = (id: string, data: object, type = 'vmdns.vm.changed.v1') => ({ specversion: '1.0', id, source: 'batch', type, data });
    const answer = await stack.gateway.ask('POST', '/v1/events', {
      headers: { 'content-type': 'application/cloudevents-batch+json' },
      body: [
        event('1', { vmId: 'batch-1', fqdn: 'batch-1.input.test', addresses: [{ ip: '192.0.2.40' }] }),
        event('2', { vmId: 'batch-2', fqdn: 'batch-2.input.test', addresses: [{ ip: '192.0.2.400' }], odd: true }),
        event('3', { vmId: 'batch-1' }, 'vmdns.vm.deleted.v1'),
        event('4', { vmId: 'batch-3' }, 'vmdns.vm.exploded.v1'),
        { id: '5' },
      ],
    });
    expect(answer.status).toBe(207);
    const outcomes = answer.body as readonly { readonly status: number; readonly problem?: Problem }[];
    expect(outcomes.map((outcome) => outcome.status)).toEqual([202, 400, 202, 400, 400]);
    expect(outcomes.map((outcome) => (outcome.problem === undefined ? [] : pathsOf(outcome.problem)))).toEqual([[], ['addresses[0].ip', 'odd'], [], ['type'], ['data', 'source', 'specversion', 'type']]);
    await stack.gateway.reaches('batch-1', 2, (dns) => dns.state === 'gone', 'gone');
    expect((await stack.gateway.ask('GET', '/v1/vms/batch-2')).status).toBe(404);
  });

  it('a PTR and a deletion over the bus do what the calls do', async () => {
    await stack.gateway.publish('bus-life', { fqdn: 'bus-life.input.test', addresses: [{ ip: '192.0.2.50' }] });
    const said = (type: string, data: object) => bus.ask({ specversion: '1.0', id: `life-${type}`, source: 'platform', type, data });
    expect(await said('vmdns.address.ptr.v1', { vmId: 'bus-life', ip: '192.0.2.50', hostname: 'mail.customer.example' })).toMatchObject({ ok: true, value: { accepted: true, revision: 2 } });
    expect((await stack.gateway.getVm('bus-life')).addresses[0]?.customerPtr).toBe('mail.customer.example.');
    expect(await said('vmdns.vm.deleted.v1', { vmId: 'bus-life' })).toMatchObject({ ok: true, value: { accepted: true, revision: 3 } });
    await stack.gateway.reaches('bus-life', 3, (dns) => dns.state === 'gone', 'gone');
    expect((await stack.dns('bus-life.input.test', 'A')).values).toEqual([]);
  });

  it('a tenant\'s subject speaks for that tenant only', async () => {
    const event = (data: object) => ({ specversion: '1.0', id: 'tenant', source: 'platform', type: 'vmdns.vm.changed.v1', data });
    expect(await bus.ask(event({ vmId: 'blue-1', fqdn: 'blue-1.input.test', addresses: [] }), 'vmdns.ingest.vm.blue')).toMatchObject({ ok: true, value: { accepted: true } });
    expect((await stack.gateway.getVm('blue-1')).tenant).toBe('blue');
    expect(await bus.ask(event({ vmId: 'blue-1', fqdn: 'stolen.input.test', addresses: [] }), 'vmdns.ingest.vm.red')).toMatchObject({ ok: false, problem: { status: 403 } });
    expect(await bus.ask(event({ vmId: 'red-1', tenant: 'blue', addresses: [] }), 'vmdns.ingest.vm.red')).toMatchObject({ ok: false, problem: { status: 403 } });
    expect((await stack.gateway.getVm('blue-1')).fqdn).toBe('blue-1.input.test.');
  });
});

/** The first entry of the module log that fits. */
const logged = (query: Readonly<Record<string, string>>, fits: (text: string) => boolean) =>
  until(async () => (await stack.gateway.log(query)).items.find((entry) => fits(entry.text)), { withinMs: 20_000, what: `a log entry of ${JSON.stringify(query)}` });

describe('what is ignored says why', () => {
  it('L11 the delete of a VM that nobody knows is no error, and the log tells of it', async () => {
    const call = await stack.gateway.ask('DELETE', '/v1/vms/nobody');
    expect([call.status, call.body]).toMatchObject([200, { accepted: false, reason: 'unknown-vm', revision: 0 }]);
    await bus.say({ specversion: '1.0', id: 'd-nobody', source: 'platform', type: 'vmdns.vm.deleted.v1', data: { vmId: 'nobody-2' } });
    const entry = await logged({ vmId: 'nobody-2' }, () => true);
    expect(entry).toMatchObject({ kind: 'notice', status: 'ignored' });
    expect(entry.text).toContain('no VM nobody-2 is known');
  });

  it('L11 an older version after a newer one leaves no record, and the log says which was newer', async () => {
    const event = (version: number, ip: string) => ({ specversion: '1.0', id: `v${version}`, source: 'platform', type: 'vmdns.vm.changed.v1', data: { vmId: 'older', fqdn: 'older.input.test', version, addresses: [{ ip }] } });
    await bus.say(event(12, '192.0.2.60'));
    await bus.say(event(11, '192.0.2.61'));
    await stack.gateway.live('older', 1);
    const entry = await logged({ vmId: 'older', status: 'ignored' }, () => true);
    expect(entry.text).toContain('version 11 is older than 12');
    expect((await stack.dns('older.input.test', 'A')).values).toEqual(['192.0.2.60']);
  });

  it('L11 a late create of an old life makes nothing; answer and log say so', async () => {
    const fact: VmFact = { fqdn: 'old-life.input.test', uid: 'first', addresses: [{ ip: '192.0.2.70' }] };
    await stack.gateway.publish('old-life', fact);
    const gone = await stack.gateway.deleteVm('old-life');
    await stack.gateway.reaches('old-life', gone.revision, (dns) => dns.state === 'gone', 'gone');
    const events = await bus.countOf('EVENT');
    const event = { specversion: '1.0', id: 'late', source: 'platform', type: 'vmdns.vm.changed.v1', data: { ...fact, vmId: 'old-life' } };
    expect((await stack.gateway.event(event)).body).toMatchObject({ accepted: false, reason: 'old-life' });
    expect(await bus.ask(event)).toMatchObject({ ok: true, value: { accepted: false, reason: 'old-life', text: expect.any(String) } });
    expect((await logged({ vmId: 'old-life', status: 'ignored' }, () => true)).text).toMatch(/uid/);
    expect(await bus.countOf('EVENT')).toBe(events);
    expect((await stack.dns('old-life.input.test', 'A')).values).toEqual([]);
    const next = await stack.gateway.publish('old-life', { ...fact, uid: 'second' });
    expect(next.state).toBe('live');
    expect((await stack.dns('old-life.input.test', 'A')).values).toEqual(['192.0.2.70']);
  });

  it('L11 malformed events become dead letters with their reason, and stop nobody', async () => {
    await bus.say('this is no JSON');
    await bus.say({ hello: 'world' });
    await bus.say({ specversion: '1.0', id: 'm1', source: 'platform', type: 'vmdns.vm.changed.v1', data: { vmId: 'dead-1', fqdn: 'dead-1.input.test', addresses: [{ ip: 'nonsense' }], odd: 1 } });
    await bus.say({ specversion: '1.0', id: 'm2', source: 'platform', type: 'vmdns.vm.changed.v1', data: { vmId: 'after-dead', fqdn: 'after-dead.input.test', addresses: [{ ip: '192.0.2.80' }] } });
    await stack.gateway.live('after-dead', 1);
    for (const words of [/no JSON/, /no CloudEvent/, /addresses\[0\]\.ip/]) {
      const entry = await logged({ status: 'dead' }, (text) => words.test(text));
      expect(entry.kind).toBe('dead-letter');
    }
    expect((await logged({ status: 'dead' }, (text) => text.includes('addresses[0].ip'))).text).toContain('odd');
    expect((await stack.gateway.ask('GET', '/v1/vms/dead-1')).status).toBe(404);
  });

  it('a dead letter is shown without its secrets, and told once more when it is mended', async () => {
    const data = { vmId: 'mended-1', fqdn: 'mended-1.input.test', addresses: [{ ip: '192.0.2.81' }] };
    const event = { specversion: '1.0', id: 'm3', source: 'platform', type: 'vmdns.vm.changed.v1', data: { ...data, apiToken: 'canary-of-a-dead-letter' } };
    await bus.say(event);
    const list = async () => accepted(() => stack.gateway.ask('GET', '/v1/deadletters?service=inventory&state=open'));
    const found = await until(async () => (await list() as { body: { items: { id: string; reason: string }[] } }).body.items.find((each) => each.reason.includes('apiToken')), { withinMs: 40_000, what: 'the dead letter' });
    const shown = await accepted(() => stack.gateway.ask('GET', `/v1/deadletters/${found.id}`));
    expect(shown.body).toMatchObject({ subject: 'vmdns.ingest.vm', isReplayable: true, isCut: false, payload: expect.stringContaining('"apiToken":"[secret]"') });
    expect(JSON.stringify(shown.body)).not.toContain('canary-of-a-dead-letter');
    expect(await stack.gateway.ask('POST', `/v1/deadletters/${found.id}/replay`, { body: {} })).toMatchObject({ status: 400, body: { faults: [{ path: 'apiToken' }] } });
    expect((await accepted(() => stack.gateway.ask('POST', `/v1/deadletters/${found.id}/replay`, { body: { payload: { ...event, data } } }))).body).toMatchObject({ vmId: 'mended-1', accepted: true });
    await stack.gateway.live('mended-1', 1, 40_000);
    expect((await accepted(() => stack.gateway.ask('GET', `/v1/deadletters/${found.id}`))).body).toMatchObject({ state: 'replayed' });
  });

  it('L12 repeats of hundreds of events are one line in the log, not hundreds', async () => {
    const events = Array.from({ length: 200 }, (_, i) => ({ specversion: '1.0', id: `r${i}`, source: 'nightly', type: 'vmdns.vm.changed.v1', data: { vmId: `r-${i}`, addresses: [] } }));
    const send = () => accepted(() => stack.gateway.ask('POST', '/v1/events', { body: events, headers: { 'content-type': 'application/cloudevents-batch+json' } }));
    await send();
    expect((await send()).status).toBe(200);
    await Promise.all(events.map((event) => bus.say(event)));
    await bus.taken();
    await logged({ status: 'ignored' }, (text) => text.includes('said nothing new'));
    const items = (await stack.gateway.log({ status: 'ignored', limit: '500' })).items.filter((entry) => entry.text.includes('said nothing new') || entry.vms.some((vm) => vm.startsWith('r-')));
    expect(items.length).toBeLessThan(100);
  });
});

interface OpenApi { readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>> }
const METHODS = ['get', 'put', 'post', 'patch', 'delete'];

describe('who may call', () => {
  it('no token or a wrong one: 401 for every call there is, whatever is sent, and for paths that are none', async () => {
    const { body } = await stack.gateway.ask('GET', '/openapi.json');
    const calls = Object.entries((body as OpenApi).paths).flatMap(([path, methods]) => Object.keys(methods).filter((method) => METHODS.includes(method)).map((method) => [method.toUpperCase(), path.replace(/\{[^}]+\}/g, 'x')] as const));
    expect(calls.length).toBeGreaterThan(25);
    const asked = [...calls, ['GET', '/v1/nothing'], ['GET', '/'], ['POST', '/metrics']] as const;
    const statuses = await Promise.all(asked.flatMap(([method, path]) => [null, 'wrong-token', stack.token.slice(1)].map(async (token) => {
      const answer = await accepted(() => stack.gateway.ask(method, path, { token, ...(method === 'GET' ? {} : { body: {} }) }));
      expect(answer.headers.get('www-authenticate')).toContain('Bearer');
      return [method, path, answer.status, problemOf(answer).code];
    })));
    expect(statuses.filter(([, , status, code]) => status !== 401 || code !== 'unauthorized')).toEqual([]);
  });

  it('health and metrics ask for no token', async () => {
    for (const path of ['/healthz', '/readyz', '/metrics']) expect((await stack.gateway.ask('GET', path, { token: null })).status).toBe(200);
  });

  async function withRole(name: string, role: string, tenant: string | null = null): Promise<GatewayClient> {
    const made = await stack.gateway.ask('POST', '/v1/tokens', { body: { name, role, tenant } });
    expect(made.status).toBe(201);
    return stack.gateway.as((made.body as { readonly token: string }).token);
  }

  it('a viewer reads and writes nothing; a publisher says facts and configures nothing', async () => {
    const [viewer, publisher] = await Promise.all([withRole('eve', 'viewer'), withRole('pat', 'publisher')]);
    const fact = { body: { fqdn: 'roles.input.test', addresses: [{ ip: '192.0.2.90' }] } };
    const before = await traces();
    const forbidden = [
      await viewer.ask('PUT', '/v1/vms/roles', fact), await viewer.ask('DELETE', '/v1/vms/way-0'), await viewer.ask('POST', '/v1/pause', { body: { scope: { kind: 'all' } } }),
      await viewer.ask('GET', '/v1/tokens'), await publisher.ask('POST', '/v1/pause', { body: { scope: { kind: 'all' } } }), await publisher.ask('PUT', '/v1/settings', { body: {} }),
      await publisher.ask('POST', '/v1/zones', { body: { name: 'x.test', connectionId: 'x' } }), await publisher.ask('GET', '/v1/connections'),
    ];
    expect(forbidden.map((answer) => [answer.status, problemOf(answer).code])).toEqual(forbidden.map(() => [403, 'forbidden']));
    expect(await traces()).toEqual(before);
    expect((await publisher.ask('PUT', '/v1/vms/roles', fact)).status).toBe(202);
    expect((await stack.gateway.getVm('roles')).source).toBe('http:pat');
    expect([(await viewer.ask('GET', '/v1/vms/roles')).status, (await viewer.ask('GET', '/v1/zones')).status, (await viewer.ask('GET', '/v1/log')).status]).toEqual([200, 200, 200]);
  });

  it('a tenant\'s token sees and touches the VMs of its tenant only', async () => {
    const [green, grey] = await Promise.all([withRole('green-team', 'publisher', 'green'), withRole('grey-team', 'publisher', 'grey')]);
    const fact: VmFact = { fqdn: 'green.input.test', addresses: [{ ip: '192.0.2.91' }] };
    expect((await green.ask('PUT', '/v1/vms/green-1', { body: fact })).status).toBe(202);
    expect((await stack.gateway.getVm('green-1')).tenant).toBe('green');
    for (const [method, path, body] of [['PUT', '/v1/vms/green-1', fact], ['DELETE', '/v1/vms/green-1', undefined], ['PUT', '/v1/vms/green-1/addresses/192.0.2.91/ptr', { hostname: 'x.example' }]] as const) {
      expect([403, 404]).toContain((await grey.ask(method, path, body === undefined ? {} : { body })).status);
    }
    expect((await grey.ask('PUT', '/v1/vms/grey-1', { body: { ...fact, tenant: 'green' } })).status).toBe(403);
    expect((await grey.ask('GET', '/v1/vms/green-1')).status).toBe(404);
    expect((await grey.ask('GET', '/v1/vms/green-1/dns')).status).toBe(404);
    expect((await grey.findVms({ ip: '192.0.2.91' })).items).toEqual([]);
    expect((await stack.gateway.getVm('green-1')).revision).toBe(1);
  });

  it('a revoked token is refused', async () => {
    const made = (await stack.gateway.ask('POST', '/v1/tokens', { body: { name: 'leaver', role: 'viewer' } })).body as { readonly id: string; readonly token: string };
    const leaver = stack.gateway.as(made.token);
    expect((await leaver.ask('GET', '/v1/zones')).status).toBe(200);
    expect((await stack.gateway.ask('DELETE', `/v1/tokens/${made.id}`)).status).toBe(204);
    expect((await leaver.ask('GET', '/v1/zones')).status).toBe(401);
  });
});
