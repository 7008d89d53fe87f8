import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Caller, type ZoneInput, ZoneLimits } from '@vmdns/contracts';
import { until } from '@vmdns/test/support';
import { applied, silent, type FakeAdapter } from '../testing/fake-adapter.js';
import { ADMIN, problem, Rig, value } from '../testing/rig.js';

const TENANT: Caller = { name: 'tina', role: 'operator', tenant: 'a' };
const VIEWER: Caller = { name: 'vic', role: 'viewer', tenant: null };

describe('zones, connections, pauses and settings at the door', () => {
  let rig: Rig;
  let adapter: FakeAdapter;
  let connection: string;
  beforeAll(async () => {
    rig = await Rig.start({ REISSUE_FIRST_MS: '60000' });
    await rig.planner();
    adapter = rig.adapter();
    connection = await rig.connection();
  });
  afterAll(async () => { await rig.stop(); });

  const zoneAdd = (input: Partial<ZoneInput>, caller: Caller = ADMIN) => rig.rpc['zone-add']({ input: { name: 'x.example', connectionId: connection, ...input }, caller });

  it.each<[string, Partial<ZoneInput>, number, string[]]>([
    ['a name that is none', { name: 'a..b' }, 400, ['name']],
    ['the root', { name: '.' }, 400, ['name']],
    ['a range that is none', { addresses: { ranges: ['10.0.0.0/8', '10.0.0.1/8'] } }, 400, ['addresses.ranges[1]']],
    ['a reserved name that is none', { reservedNames: ['ok', 'not ok'] }, 400, ['reservedNames[1]']],
    ['a TTL that the provider cannot', { ttl: { forward: 300, reverse: 99_999_999 } }, 400, ['ttl.reverse']],
    ['a connection that nobody knows', { connectionId: 'connection-0' }, 404, []],
  ])('refuses %s and stores nothing', async (_, input, status, paths) => {
    const refused = problem(await zoneAdd(input));
    expect([refused.status, refused.faults?.map((fault) => fault.path) ?? []]).toEqual([status, paths]);
    expect(value(await rig.rpc['zone-list']({})).items).toEqual([]);
  });

  it.each([['a tenant', TENANT], ['a viewer', VIEWER]])('is closed to %s', async (_, caller) => {
    expect(problem(await zoneAdd({}, caller)).status).toBe(403);
    expect(problem(await rig.rpc['pause-add']({ scope: { kind: 'all' }, caller })).status).toBe(403);
    expect(problem(await rig.rpc['settings-put']({ settings: {}, caller })).status).toBe(403);
  });

  it('takes an apex once for each connection', async () => {
    const zone = value(await zoneAdd({ name: 'Once.Example' }));
    expect(zone).toMatchObject({ name: 'once.example.', mode: 'write', ttl: { forward: 300, reverse: 3600 }, state: 'active', provider: 'memory' });
    expect(problem(await zoneAdd({ name: 'once.example.' })).status).toBe(409);
    expect(value(await rig.rpc['zone-list']({ name: 'once.example' })).items.map((item) => item.id)).toEqual([zone.id]);
    expect(problem(await rig.rpc['connection-remove']({ id: connection, caller: ADMIN })).status).toBe(409);
    value(await rig.rpc['zone-remove']({ id: zone.id, caller: ADMIN }));
    expect(problem(await rig.rpc['zone-get']({ id: zone.id })).status).toBe(404);
    value(await zoneAdd({ name: 'once.example' }));
  });

  it('pages through zones', async () => {
    for (const name of ['p1.example', 'p2.example', 'p3.example']) value(await zoneAdd({ name }));
    const first = value(await rig.rpc['zone-list']({ limit: 2 }));
    const second = value(await rig.rpc['zone-list']({ limit: 2, cursor: first.next ?? '' }));
    expect([first.items.length, second.items.length, second.next]).toEqual([2, 2, undefined]);
    expect(new Set([...first.items, ...second.items].map((zone) => zone.id)).size).toBe(4);
  });

  it('tells the key that each secret is sealed for', async () => {
    const jwe = (kid: string): string => `${Buffer.from(JSON.stringify({ alg: 'ECDH-ES', enc: 'A256GCM', kid, provider: 'memory', field: 'key' })).toString('base64url')}..a.b.c`;
    const made = value(await rig.rpc['connection-add']({ input: { name: 'k', provider: 'memory', settings: {}, sealed: { key: jwe('first-key'), token: 'no JWE' } }, caller: ADMIN }));
    expect(made.sealedFor).toEqual({ key: 'first-key' });
    expect(value(await rig.rpc['connection-change']({ id: made.id, sealed: { key: jwe('second-key') }, caller: ADMIN })).sealedFor).toEqual({ key: 'second-key' });
    value(await rig.rpc['connection-remove']({ id: made.id, caller: ADMIN }));
  });

  it('L10 gives the names of secrets and never what was sealed; replaces named fields only', async () => {
    const made = value(await rig.rpc['connection-add']({ input: { name: 'n', provider: 'memory', settings: { url: 'u', user: 'x' }, sealed: { key: 'jwe-1', token: 'jwe-2' } }, caller: ADMIN }));
    expect(made).toMatchObject({ secrets: ['key', 'token'], settings: { url: 'u', user: 'x' }, revision: 1 });
    const changed = value(await rig.rpc['connection-change']({ id: made.id, settings: { url: 'v' }, sealed: { key: 'jwe-3' }, caller: ADMIN }));
    expect(changed).toMatchObject({ settings: { url: 'v', user: 'x' }, secrets: ['key', 'token'], revision: 2 });
    expect(value(await rig.rpc['connection-change']({ id: made.id, settings: { url: 'v' }, caller: ADMIN })).revision).toBe(2);
    expect(value(await rig.rpc['connection-change']({ id: made.id, settings: { user: null }, caller: ADMIN })).settings).toEqual({ url: 'v' });
    const answers = [made, changed, value(await rig.rpc['connection-get']({ id: made.id })), value(await rig.rpc['connection-list']({}))];
    expect(JSON.stringify(answers)).not.toContain('jwe');
    expect(await rig.store.query('select sealed from connection where id = $1', [made.id])).toEqual([{ sealed: { key: 'jwe-3', token: 'jwe-2' } }]);
    value(await rig.rpc['connection-remove']({ id: made.id, caller: ADMIN }));
    expect(problem(await rig.rpc['connection-get']({ id: made.id })).status).toBe(404);
    expect(await rig.store.query('select sealed from connection where id = $1', [made.id])).toEqual([{ sealed: {} }]);
  });

  it('hands on that a new address is the same server, for as long as the address stays', async () => {
    const { id } = value(await rig.rpc['connection-add']({ input: { name: 'same', provider: 'memory', settings: { url: 'a' }, sealed: {} }, caller: ADMIN }));
    const change = async (said: object) => {
      value(await rig.rpc['connection-change']({ id, caller: ADMIN, ...said }));
      const [row] = await rig.store.query<{ body: object }>(`select body from change where key = $1 order by sequence desc limit 1`, [`connection:${id}`]);
      return row?.body;
    };
    expect(await change({ settings: { url: 'b' } })).not.toHaveProperty('sameServer');
    expect(await change({ sameServer: true })).toMatchObject({ settings: { url: 'b' }, sameServer: true, revision: 3 });
    expect(await change({ sameServer: true })).toMatchObject({ revision: 3 });
    expect(await change({ name: 'renamed' })).toMatchObject({ sameServer: true, revision: 4 });
    expect(await change({ settings: { url: 'c' } })).not.toHaveProperty('sameServer');
    expect(await change({ settings: { url: 'd' }, sameServer: true })).toMatchObject({ sameServer: true, revision: 6 });
  });

  it('lists what adapters announced', async () => {
    expect(value(await rig.rpc.providers({})).items).toMatchObject([{ provider: 'memory', era: 'era-1', capabilities: { grain: 'rrset' } }]);
  });

  it('L11 pauses a zone: adapters are told, its names say by whom and why, and it ends by itself', async () => {
    const zone = value(await zoneAdd({ name: 'paused.example' }));
    const pause = value(await rig.rpc['pause-add']({ scope: { kind: 'zone', id: zone.id }, why: 'maintenance', caller: ADMIN }));
    adapter.script = silent;
    await rig.tell(rig.fact('paused', { fqdn: 'vm.paused.example.', ips: ['198.51.100.1'] }));
    const record = (await rig.dns('paused')).records.find((one) => one.type === 'A');
    expect(record).toMatchObject({ state: 'pending', reason: { code: 'paused' } });
    expect(record?.reason?.text).toContain('by ada (maintenance)');
    expect(value(await rig.rpc['zone-get']({ id: zone.id })).paused).toBe(true);
    const factOf = async () => value(await rig.rpc['changes-after']({ cursor: 0, limit: 500, topic: 'memory' })).changes.map((change) => change.body).filter((body) => body.kind === 'zone' && body.zoneId === zone.id).at(-1);
    expect(await factOf()).toMatchObject({ paused: true, revision: 2 });
    value(await rig.rpc['pause-remove']({ id: pause.id, caller: ADMIN }));
    expect(await factOf()).toMatchObject({ paused: false, revision: 3 });
    adapter.script = applied;
    await adapter.answer('vm.paused.example.', { state: 'applied' });

    const short = value(await rig.rpc['pause-add']({ scope: { kind: 'connection', id: connection }, until: new Date(Date.now() + 300).toISOString(), caller: ADMIN }));
    expect(value(await rig.rpc['connection-get']({ id: connection })).paused).toBe(true);
    expect(value(await zoneAdd({ name: 'born-paused.example' })).paused).toBe(true);
    await until(async () => !(await rig.rpc['pause-list']({}).then(value)).items.some((one) => one.id === short.id));
    expect(value(await rig.rpc['zone-get']({ id: zone.id })).paused).toBe(false);
    expect(problem(await rig.rpc['pause-add']({ scope: { kind: 'all' }, until: '2020-01-01T00:00:00Z', caller: ADMIN })).faults?.[0]?.path).toBe('until');
    expect(problem(await rig.rpc['pause-add']({ scope: { kind: 'zone', id: 'zone-0' }, caller: ADMIN })).status).toBe(404);
  });

  it('pauses everything, new zones too', async () => {
    const pause = value(await rig.rpc['pause-add']({ scope: { kind: 'all' }, caller: ADMIN }));
    expect(value(await rig.rpc['zone-list']({})).items.every((zone) => zone.paused)).toBe(true);
    value(await rig.rpc['pause-remove']({ id: pause.id, caller: ADMIN }));
    expect(value(await rig.rpc['zone-list']({})).items.some((zone) => zone.paused)).toBe(false);
  });

  it('refuses settings with every fault, and plans again what a change touches', async () => {
    const bad = problem(await rig.rpc['settings-put']({ settings: { mainDomain: 'a b', ownRanges: ['10.0.0.1/8'] }, caller: ADMIN }));
    expect(bad.faults?.map((fault) => fault.path)).toEqual(['mainDomain', 'ownRanges[0]']);
    const zone = value(await zoneAdd({ name: 'main.example' }));
    await rig.tell(rig.fact('short', { hostname: 'short', ips: ['198.51.100.2'] }));
    expect((await rig.dns('short')).records[0]).toMatchObject({ name: 'short', state: 'waiting', reason: { code: 'no-zone' } });
    value(await rig.rpc['settings-put']({ settings: { mainDomain: 'main.example' }, caller: ADMIN }));
    await until(() => adapter.heldAt.get(`${zone.id} short.main.example.`)?.[0]?.values[0] === '198.51.100.2');
    expect(value(await rig.rpc['settings-get']({}))).toMatchObject({ mainDomain: 'main.example', forwardAddresses: 'primary', zoneMatch: 'closest' });
    value(await rig.rpc['settings-put']({ settings: { mainDomain: 'main.example', ownRanges: ['198.51.100.0/24'] }, caller: ADMIN }));
    expect((await rig.dns('short')).records.find((record) => record.type === 'PTR')).toMatchObject({ state: 'waiting', reason: { code: 'no-zone' } });
    value(await rig.rpc['settings-put']({ settings: {}, caller: ADMIN }));
    await until(() => adapter.heldAt.get(`${zone.id} short.main.example.`)?.length === 0);
  });

  it('zoneMatch every also writes to outer zones, and takes it back as a held re-homing', async () => {
    const outer = value(await zoneAdd({ name: 'every.example', limits: { ...ZoneLimits.parse({}), rehomeShare: 0.3, rehomeNames: 1 } }));
    const inner = value(await zoneAdd({ name: 'in.every.example' }));
    await rig.tell(rig.fact('every', { fqdn: 'vm.in.every.example.', ips: ['198.51.100.3'] }));
    await until(() => adapter.heldAt.get(`${inner.id} vm.in.every.example.`) !== undefined);
    expect(adapter.heldAt.get(`${outer.id} vm.in.every.example.`)).toBeUndefined();
    value(await rig.rpc['settings-put']({ settings: { zoneMatch: 'every' }, caller: ADMIN }));
    await until(() => adapter.heldAt.get(`${outer.id} vm.in.every.example.`)?.[0]?.values[0] === '198.51.100.3');
    value(await rig.rpc['settings-put']({ settings: { zoneMatch: 'closest' }, caller: ADMIN }));
    await until(async () => (await rig.row(outer.id, 'vm.in.every.example.'))?.hold_id);
    expect(adapter.heldAt.get(`${outer.id} vm.in.every.example.`)).toHaveLength(1);
  });
});
