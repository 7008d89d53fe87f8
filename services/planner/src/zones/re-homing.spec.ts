import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { subjects, type ZoneInput, ZoneLimits } from '@vmdns/contracts';
import { until } from '@vmdns/test/support';
import { applied, silent, type FakeAdapter } from '../testing/fake-adapter.js';
import { ADMIN, Rig, value } from '../testing/rig.js';

const FREELY: Partial<ZoneInput> = { limits: { ...ZoneLimits.parse({}), rehomeShare: 1, rehomeNames: 1 } };

describe('zones come and go', () => {
  let rig: Rig;
  let adapter: FakeAdapter;
  let main: string;
  let second: string;
  beforeAll(async () => {
    rig = await Rig.start({ REISSUE_FIRST_MS: '60000' });
    await rig.planner();
    adapter = rig.adapter();
    main = await rig.connection('memory', 'main');
    second = await rig.connection('memory', 'second');
  });
  afterAll(async () => { await rig.stop(); });
  afterEach(() => { adapter.script = applied; });

  const held = (zoneId: string, name: string) => adapter.heldAt.get(`${zoneId} ${name}`);
  const values = (zoneId: string, name: string) => held(zoneId, name)?.flatMap((rrset) => rrset.values);
  const zoneState = async (id: string) => (await rig.store.query<{ state: string }>('select state from zone where id = $1', [id]))[0]?.state;
  const noJobs = () => until(async () => (await rig.store.query('select 1 from job')).length === 0, { what: 'no paged work left' });
  const create = async (vmId: string, fqdn: string, ip: string) => { await rig.tell(rig.fact(vmId, { fqdn, ips: [ip] })); };

  it('a waiting name gets its zone by the coming of the zone, not by polling', async () => {
    await create('w', 'w.waits.example.', '198.51.100.1');
    expect((await rig.dns('w')).records[0]?.state).toBe('outside');
    const zone = await rig.zone('waits.example', main);
    await until(() => values(zone.id, 'w.waits.example.')?.[0] === '198.51.100.1');
    expect(adapter.of('w.waits.example.', zone.id)[0]?.priority).toBe(2);
  });

  it('is added at the inner zone before it is removed from the outer one', async () => {
    const outer = await rig.zone('a.example', main, FREELY);
    await create('a1', 'vm.in.a.example.', '198.51.100.2');
    await create('a2', 'vm.a.example.', '198.51.100.3');
    await until(() => held(outer.id, 'vm.in.a.example.') !== undefined && held(outer.id, 'vm.a.example.') !== undefined);
    adapter.script = (_, command) => (command.zoneId === outer.id ? { state: 'applied' } : undefined);
    const inner = await rig.zone('in.a.example', second);
    await adapter.hears('vm.in.a.example.', () => true, inner.id);
    await noJobs();
    expect(values(outer.id, 'vm.in.a.example.')).toEqual(['198.51.100.2']);
    // While it waits, the outer row follows the facts.
    await rig.tell(rig.fact('a1', { ips: ['198.51.100.4'] }));
    await until(() => values(outer.id, 'vm.in.a.example.')?.[0] === '198.51.100.4');
    adapter.script = applied;
    await adapter.answer('vm.in.a.example.', { state: 'applied' });
    const lastInner = adapter.heard.findLast((one) => one.command.zoneId === inner.id);
    if (lastInner === undefined) throw new Error('nothing at the inner zone');
    await adapter.say(lastInner.command, lastInner.name, { state: 'applied' });
    await until(() => held(outer.id, 'vm.in.a.example.')?.length === 0);
    const removal = adapter.of('vm.in.a.example.', outer.id).at(-1);
    expect([removal?.rrsets, removal?.priority]).toEqual([[], 2]);
    expect(values(outer.id, 'vm.a.example.')).toEqual(['198.51.100.3']);
    expect(adapter.of('vm.a.example.', outer.id)).toHaveLength(1);
  });

  it('gives names back when the inner zone is purged: added outside first, then removed, then a tombstone', async () => {
    const outer = await rig.zone('b.example', main, FREELY);
    const inner = await rig.zone('in.b.example', second);
    await create('b1', 'vm.in.b.example.', '198.51.100.5');
    await until(() => values(inner.id, 'vm.in.b.example.') !== undefined);
    adapter.script = (_, command) => (command.zoneId === outer.id ? undefined : { state: 'applied' });
    const leaving = value(await rig.rpc['zone-remove']({ id: inner.id, purge: true, caller: ADMIN }));
    expect(leaving.state).toBe('leaving');
    await adapter.hears('vm.in.b.example.', () => true, outer.id);
    await noJobs();
    expect(values(inner.id, 'vm.in.b.example.')).toEqual(['198.51.100.5']);
    expect(await zoneState(inner.id)).toBe('leaving');
    adapter.script = applied;
    await adapter.answer('vm.in.b.example.', { state: 'applied' });
    await until(() => held(inner.id, 'vm.in.b.example.')?.length === 0);
    await until(async () => await zoneState(inner.id) === 'removed');
    await noJobs();
    expect(await rig.store.query('select 1 from name where zone_id = $1', [inner.id])).toEqual([]);
    expect(values(outer.id, 'vm.in.b.example.')).toEqual(['198.51.100.5']);
  });

  it('L2 a zone that is removed without purge leaves its records at the provider', async () => {
    const zone = await rig.zone('stays.example', main);
    await create('stay', 'vm.stays.example.', '198.51.100.6');
    await until(() => values(zone.id, 'vm.stays.example.') !== undefined);
    const heard = adapter.heard.length;
    expect(value(await rig.rpc['zone-remove']({ id: zone.id, caller: ADMIN })).state).toBe('removed');
    await noJobs();
    expect(adapter.heard.length).toBe(heard);
    expect((await rig.dns('stay')).records.find((record) => record.type === 'A')).toMatchObject({ state: 'outside', zone: null });
    await rig.tell(rig.fact('stay', { deleted: true }));
    expect((await rig.dns('stay')).state).toBe('gone');
    expect(adapter.heard.length).toBe(heard);
  });

  it('purges without a zone outside it at once', async () => {
    const zone = await rig.zone('purged.example', main);
    await create('purged', 'vm.purged.example.', '198.51.100.7');
    await until(() => values(zone.id, 'vm.purged.example.') !== undefined);
    value(await rig.rpc['zone-remove']({ id: zone.id, purge: true, caller: ADMIN }));
    await until(() => held(zone.id, 'vm.purged.example.')?.length === 0);
    await until(async () => await zoneState(zone.id) === 'removed');
  });

  it('(c) moves a zone: every name at the new connection, then the old entry goes and leaves its records', async () => {
    const from = await rig.zone('moves.example', main);
    await create('m1', 'vm1.moves.example.', '198.51.100.8');
    await until(() => values(from.id, 'vm1.moves.example.') !== undefined);
    // Commands for the old connection are on the way while it moves.
    adapter.script = silent;
    await create('m2', 'vm2.moves.example.', '198.51.100.9');
    await adapter.hears('vm2.moves.example.', () => true, from.id);
    adapter.script = (_, command) => (command.zoneId === from.id ? undefined : { state: 'applied' });
    const to = value(await rig.rpc['zone-move']({ id: from.id, connectionId: second, caller: ADMIN }));
    expect([to.name, to.connectionId, to.state, to.id === from.id]).toEqual(['moves.example.', second, 'active', false]);
    await until(() => values(to.id, 'vm1.moves.example.') !== undefined && values(to.id, 'vm2.moves.example.') !== undefined);
    await until(async () => await zoneState(from.id) === 'removed');
    expect(adapter.heard.filter((one) => one.command.zoneId === from.id && one.name.rrsets.length === 0)).toEqual([]);
    await rig.becomes('m2', 'live');
  });

  it('moves with purge: each record goes at the first when the second has it; one that the second refuses stays until that is mended', async () => {
    const from = await rig.zone('taken.example', main);
    for (const n of [1, 2]) await create(`t${n}`, `vm${n}.taken.example.`, `198.51.100.${n + 20}`);
    await until(() => values(from.id, 'vm1.taken.example.') !== undefined && values(from.id, 'vm2.taken.example.') !== undefined);
    adapter.script = (name, command) => (command.zoneId === from.id ? { state: 'applied' } : name.name.startsWith('vm2') ? { state: 'refused', reason: { code: 'foreign-record', text: 'somebody else made it' } } : undefined);
    const to = value(await rig.rpc['zone-move']({ id: from.id, connectionId: second, purge: true, caller: ADMIN }));
    await adapter.hears('vm1.taken.example.', () => true, to.id);
    await until(async () => (await rig.row(to.id, 'vm2.taken.example.'))?.state === 'refused');
    await noJobs();
    expect([values(from.id, 'vm1.taken.example.'), values(from.id, 'vm2.taken.example.')]).toEqual([['198.51.100.21'], ['198.51.100.22']]);
    await adapter.answer('vm1.taken.example.', { state: 'applied' });
    await until(() => held(from.id, 'vm1.taken.example.')?.length === 0);
    expect([await zoneState(from.id), values(from.id, 'vm2.taken.example.')]).toEqual(['leaving', ['198.51.100.22']]);
    adapter.script = applied;
    await adapter.answer('vm2.taken.example.', { state: 'applied' });
    await until(() => held(from.id, 'vm2.taken.example.')?.length === 0);
    await until(async () => await zoneState(from.id) === 'removed');
    expect([values(to.id, 'vm1.taken.example.'), values(to.id, 'vm2.taken.example.')]).toEqual([['198.51.100.21'], ['198.51.100.22']]);
  });

  it('keeps a plan that is only looked at apart from what is written, until it is released', async () => {
    const outer = await rig.zone('c.example', main, FREELY);
    await create('c1', 'vm1.in.c.example.', '198.51.100.10');
    await until(() => values(outer.id, 'vm1.in.c.example.') !== undefined);
    adapter.script = (name, command) => (command.zoneId === outer.id ? { state: 'applied' } : { state: 'observed', reason: { code: 'observed', text: 'looked at only' } });
    const plan = await rig.zone('in.c.example', second, { mode: 'observe' });
    await until(async () => (await rig.row(plan.id, 'vm1.in.c.example.'))?.state === 'observed');
    await create('c2', 'vm2.in.c.example.', '198.51.100.11');
    await until(() => values(outer.id, 'vm2.in.c.example.')?.[0] === '198.51.100.11');
    await rig.becomes('c1', 'live');
    expect(values(outer.id, 'vm1.in.c.example.')).toEqual(['198.51.100.10']);
    adapter.script = applied;
    value(await rig.rpc['zone-change']({ id: plan.id, patch: { mode: 'write' }, caller: ADMIN }));
    await until(() => values(plan.id, 'vm1.in.c.example.')?.[0] === '198.51.100.10' && values(plan.id, 'vm2.in.c.example.') !== undefined);
    await until(() => held(outer.id, 'vm1.in.c.example.')?.length === 0 && held(outer.id, 'vm2.in.c.example.')?.length === 0);
  });

  it('two entries of one apex both get every record, each what its filter takes', async () => {
    const one = await rig.zone('both.example', main);
    const two = await rig.zone('both.example', second, { addresses: 'private' });
    await rig.tell(rig.fact('d1', { fqdn: 'vm.both.example.', ips: ['198.51.100.12', '10.0.0.12'], addresses: [{ ip: '198.51.100.12', forward: true, ptr: null, customerPtr: null, claim: 901 }, { ip: '10.0.0.12', forward: true, ptr: null, customerPtr: null, claim: 902 }] }));
    await until(() => values(one.id, 'vm.both.example.')?.join() === '10.0.0.12,198.51.100.12' && values(two.id, 'vm.both.example.')?.join() === '10.0.0.12');
  });

  it('puts the PTR into a classless zone, then the pointer into its parent (RFC 2317)', async () => {
    const parent = await rig.zone('2.0.192.in-addr.arpa', main);
    await create('e1', 'vm.elsewhere.example.', '192.0.2.5');
    await until(() => values(parent.id, '5.2.0.192.in-addr.arpa.')?.[0] === 'vm.elsewhere.example.');
    adapter.script = (_, command) => (command.zoneId === parent.id ? { state: 'applied' } : undefined);
    const child = await rig.zone('0/26.2.0.192.in-addr.arpa', second);
    await adapter.hears('5.0/26.2.0.192.in-addr.arpa.', () => true, child.id);
    await noJobs();
    expect(held(parent.id, '5.2.0.192.in-addr.arpa.')).toEqual([{ type: 'PTR', ttl: 3600, values: ['vm.elsewhere.example.'] }]);
    adapter.script = applied;
    await adapter.answer('5.0/26.2.0.192.in-addr.arpa.', { state: 'applied' });
    await until(() => held(parent.id, '5.2.0.192.in-addr.arpa.')?.[0]?.type === 'CNAME');
    expect(held(parent.id, '5.2.0.192.in-addr.arpa.')).toEqual([{ type: 'CNAME', ttl: 3600, values: ['5.0/26.2.0.192.in-addr.arpa.'] }]);
    await rig.becomes('e1', 'live');
  });

  it('changes TTLs page by page, and a repeat of the change changes nothing', async () => {
    const zone = await rig.zone('ttl.example', main);
    await create('f1', 'vm.ttl.example.', '198.51.100.13');
    await until(() => values(zone.id, 'vm.ttl.example.') !== undefined);
    const changed = value(await rig.rpc['zone-change']({ id: zone.id, patch: { ttl: { forward: 60, reverse: 60 } }, caller: ADMIN }));
    await until(() => held(zone.id, 'vm.ttl.example.')?.[0]?.ttl === 60);
    expect(value(await rig.rpc['zone-change']({ id: zone.id, patch: { ttl: { forward: 60, reverse: 60 } }, caller: ADMIN })).revision).toBe(changed.revision);
  });

  it('L11 names that are refused or not yet settled say so in their zone', async () => {
    adapter.script = () => ({ state: 'refused', reason: { code: 'foreign-record', text: 'somebody else made it' } });
    const zone = await rig.zone('refused.example', main);
    await create('g1', 'vm.refused.example.', '198.51.100.14');
    await until(async () => (await rig.row(zone.id, 'vm.refused.example.'))?.state === 'refused');
    const names = value(await rig.rpc['zone-names']({ id: zone.id }));
    expect(names.items).toMatchObject([{ name: 'vm.refused.example.', state: 'refused', reason: { code: 'foreign-record' } }]);
    expect(value(await rig.rpc['zone-get']({ id: zone.id })).counts).toEqual({ refused: 1 });
  });

  it('L12 deciding every name again changes no row and sends nothing', async () => {
    await noJobs();
    await until(async () => (await rig.store.query(`select 1 from name where settled_generation < generation`)).length === 0);
    const before = await rig.contents();
    const heard = adapter.heard.length;
    await rig.store.query(`insert into job (kind, body) values ('keys', '{"kind":"keys","from":"","to":"zz","why":"test","filling":[]}'), ('vms', '{"kind":"vms","why":"test"}')`);
    await noJobs();
    expect(await rig.contents()).toBe(before);
    expect(adapter.heard.length).toBe(heard);
  });

  it('says zones and connections to their adapters, with sealed secrets, and answers the feed', async () => {
    const said: unknown[] = [];
    const stop = rig.bus.subscribe(subjects.zone.of('memory'), (body) => { said.push(body); });
    const zone = await rig.zone('said.example', main);
    await until(() => JSON.stringify(said).includes(zone.id));
    stop();
    // What is pushed may be ahead of the feed, which ends before the oldest transaction that is still under way.
    const pages: { readonly body: { readonly kind: string; readonly zoneId?: string; readonly sealed?: unknown } }[] = [];
    let cursor = 0;
    await until(async () => {
      const answer = value(await rig.rpc['changes-after']({ cursor, limit: 10, topic: 'memory' }));
      pages.push(...answer.changes);
      cursor = answer.cursor;
      return pages.some(({ body }) => body.zoneId === zone.id);
    });
    expect(pages.filter(({ body }) => body.kind === 'connection').map(({ body }) => body.sealed)).toEqual([{ apiKey: 'sealed-jwe' }, { apiKey: 'sealed-jwe' }]);
    expect(pages.find(({ body }) => body.zoneId === zone.id)?.body).toMatchObject({ kind: 'zone', apex: 'said.example.', state: 'active', paused: false });
    expect(value(await rig.rpc['changes-after']({ cursor: 0, limit: 10, topic: 'another' })).changes).toEqual([]);
  });
});
