import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { VmState } from '@vmdns/contracts';
import { until } from '@vmdns/test/support';
import { Forgetter } from '../housekeeping/forgetter.js';
import { silent, type FakeAdapter } from '../testing/fake-adapter.js';
import { applied } from '../testing/fake-adapter.js';
import { ADMIN, problem, Rig, value } from '../testing/rig.js';

describe("a VM's life becomes records", () => {
  let rig: Rig;
  let adapter: FakeAdapter;
  const zones: Record<string, string> = {};
  beforeAll(async () => {
    rig = await Rig.start();
    await rig.planner();
    adapter = rig.adapter();
    const connection = await rig.connection();
    for (const apex of ['example.com', '2.0.192.in-addr.arpa', '8.b.d.0.1.0.0.2.ip6.arpa']) zones[apex] = (await rig.zone(apex, connection)).id;
  });
  afterAll(async () => { await rig.stop(); });

  const ptrOf = async (last: number) => (await rig.row(zones['2.0.192.in-addr.arpa'] ?? '', `${last}.2.0.192.in-addr.arpa.`))?.desired;
  const withPtr = (fact: VmState, ip: string, ptr: Partial<VmState['addresses'][number]>) => fact.addresses.map((address) => (address.ip === ip ? { ...address, ...ptr } : address));

  it('makes A, AAAA and PTR, hears that they are applied, and says live', async () => {
    await rig.tell(rig.fact('vm1', { fqdn: 'vm1.example.com.', ips: ['192.0.2.10', '2001:db8::10'] }));
    const dns = await rig.becomes('vm1', 'live');
    expect(dns.records.map((record) => [record.type, record.name, record.values, record.state])).toEqual([
      ['PTR', '0.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.', ['vm1.example.com.'], 'applied'],
      ['PTR', '10.2.0.192.in-addr.arpa.', ['vm1.example.com.'], 'applied'],
      ['A', 'vm1.example.com.', ['192.0.2.10'], 'applied'],
      ['AAAA', 'vm1.example.com.', ['2001:db8::10'], 'applied'],
    ]);
    expect(await ptrOf(10)).toEqual([{ type: 'PTR', ttl: 3600, values: ['vm1.example.com.'] }]);
    expect(adapter.of('vm1.example.com.', zones['example.com'])).toHaveLength(1);
  });

  it('follows a new address: one command each for the name, the old PTR and the new one', async () => {
    await rig.tell(rig.fact('vm1', { ips: ['192.0.2.11', '2001:db8::10'] }));
    await rig.becomes('vm1', 'live');
    expect(adapter.held.get('vm1.example.com.')).toEqual([{ type: 'A', ttl: 300, values: ['192.0.2.11'] }, { type: 'AAAA', ttl: 300, values: ['2001:db8::10'] }]);
    expect(adapter.held.get('10.2.0.192.in-addr.arpa.')).toEqual([]);
    expect(adapter.held.get('11.2.0.192.in-addr.arpa.')).toEqual([{ type: 'PTR', ttl: 3600, values: ['vm1.example.com.'] }]);
  });

  it('follows a rename, and is live only when the old name is gone', async () => {
    adapter.script = (name) => (name.name === 'vm1.example.com.' ? undefined : { state: 'applied' });
    await rig.tell(rig.fact('vm1', { fqdn: 'web1.example.com.' }));
    await adapter.hears('vm1.example.com.', (name) => name.rrsets.length === 0);
    await until(async () => (await rig.dns('vm1')).records.filter((record) => record.state === 'applied').length === 4);
    expect((await rig.dns('vm1')).state).toBe('pending');
    adapter.script = applied;
    await adapter.answer('vm1.example.com.', { state: 'applied' });
    await rig.becomes('vm1', 'live');
    expect(adapter.held.get('vm1.example.com.')).toEqual([]);
  });

  it("puts a customer's PTR before all others, with priority 0, and takes it back", async () => {
    const fact = rig.facts.findLast((one) => one.vmId === 'vm1');
    if (fact === undefined) throw new Error('no fact');
    await rig.tell(rig.fact('vm1', { addresses: withPtr(fact, '192.0.2.11', { customerPtr: 'mail.customer.example.' }) }));
    const set = await adapter.hears('11.2.0.192.in-addr.arpa.', (name) => name.rrsets[0]?.values[0] === 'mail.customer.example.');
    await rig.tell(rig.fact('vm1', { addresses: withPtr(fact, '192.0.2.11', { customerPtr: null }) }));
    const reset = await adapter.hears('11.2.0.192.in-addr.arpa.', (name) => name.generation === set.generation + 1);
    expect([set.priority, reset.priority, reset.rrsets[0]?.values]).toEqual([0, 0, ['web1.example.com.']]);
  });

  it('is deleting until every former name is settled without it, then gone, and stays known', async () => {
    adapter.script = silent;
    await rig.tell(rig.fact('vm1', { deleted: true }));
    await adapter.hears('web1.example.com.', (name) => name.rrsets.length === 0);
    await adapter.hears('11.2.0.192.in-addr.arpa.', (name) => name.rrsets.length === 0);
    expect(await rig.dns('vm1')).toMatchObject({ state: 'deleting', live: false });
    await adapter.answer('web1.example.com.', { state: 'applied' });
    await adapter.answer('11.2.0.192.in-addr.arpa.', { state: 'applied' });
    await until(async () => (await rig.dns('vm1')).records.length === 1);
    expect((await rig.dns('vm1')).state).toBe('deleting');
    adapter.script = applied;
    await adapter.answer('0.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.', { state: 'applied' });
    expect(await rig.becomes('vm1', 'gone')).toMatchObject({ live: true, records: [] });
  });

  it('L12 the same event twice changes no row and sends no message', async () => {
    const fact = rig.fact('twice', { fqdn: 'twice.example.com.', ips: ['192.0.2.20'] });
    await rig.tell(fact);
    await rig.becomes('twice', 'live');
    const before = await rig.contents();
    const heard = adapter.heard.length;
    await rig.publish(fact, fact);
    // A later event proves that the repeats were taken: the durable gives them in order.
    await rig.tell(rig.fact('later', { fqdn: 'later.outside.example.', ips: [] }));
    await rig.store.query(`delete from vm where vm_id = 'later'`);
    await rig.store.query(`delete from wish where vm_id = 'later'`);
    expect(adapter.heard.length).toBe(heard);
    expect(await rig.contents()).toBe(before);
  });

  it('L12 a new revision that wishes the same writes its VM row only', async () => {
    const rows = async () => rig.store.query(`select ctid::text, xmin::text, owner_name from name order by owner_name`);
    const before = await rows();
    const heard = adapter.heard.length;
    await rig.tell(rig.fact('twice', { labels: { colour: 'blue' } }));
    expect(await rows()).toEqual(before);
    expect(adapter.heard.length).toBe(heard);
  });

  it('L14 a revision that was not planned is never live, whatever is', async () => {
    await rig.becomes('twice', 'live');
    const { revision } = await rig.dns('twice');
    expect(await rig.dns('twice', revision)).toMatchObject({ state: 'live', live: true });
    expect(await rig.dns('twice', revision + 1)).toMatchObject({ state: 'planning', live: false, plannedRevision: revision, reason: { code: 'not-yet-planned' } });
    expect(await rig.dns('never-seen', 1)).toMatchObject({ state: 'planning', live: false, plannedRevision: 0 });
  });

  it('L14 is not live while one record has no answer', async () => {
    adapter.script = (name) => (name.name.endsWith('arpa.') ? undefined : { state: 'applied' });
    await rig.tell(rig.fact('half', { fqdn: 'half.example.com.', ips: ['192.0.2.30'] }));
    await until(async () => (await rig.dns('half')).records.some((record) => record.state === 'applied'));
    expect(await rig.dns('half')).toMatchObject({ state: 'pending', live: false });
    adapter.script = applied;
    await adapter.answer('30.2.0.192.in-addr.arpa.', { state: 'applied' });
    await rig.becomes('half', 'live');
  });

  it('hands a recycled address over at once: same owner name, one command, priority 0', async () => {
    await rig.tell(rig.fact('old', { fqdn: 'old.example.com.', ips: ['192.0.2.40'] }));
    await rig.becomes('old', 'live');
    const before = adapter.of('40.2.0.192.in-addr.arpa.').length;
    await rig.tell(rig.fact('new', { fqdn: 'new.example.com.', ips: ['192.0.2.40'] }));
    await rig.becomes('new', 'live');
    const [command, ...more] = adapter.of('40.2.0.192.in-addr.arpa.').slice(before);
    expect([command?.priority, command?.rrsets, more]).toEqual([0, [{ type: 'PTR', ttl: 3600, values: ['new.example.com.'] }], []]);
    const loser = await rig.dns('old');
    expect(loser.records.find((record) => record.type === 'PTR')).toMatchObject({ state: 'refused', reason: { code: 'address-conflict' } });
  });

  it('lets no old PTR outlive an assignment to a VM without a name', async () => {
    await rig.tell(rig.fact('nameless', { ips: ['192.0.2.40'] }));
    const gone = await adapter.hears('40.2.0.192.in-addr.arpa.', (name) => name.rrsets.length === 0);
    expect(gone.priority).toBe(0);
    await rig.tell(rig.fact('nameless', { deleted: true }));
    await adapter.hears('40.2.0.192.in-addr.arpa.', (name) => name.generation > gone.generation && name.rrsets[0]?.values[0] === 'new.example.com.');
  });

  it('gives a name to its first holder; the second waits and gets it when the first leaves', async () => {
    await rig.tell(rig.fact('holder-a', { fqdn: 'shared.example.com.', ips: ['192.0.2.50'], tenant: 'a' }));
    await rig.tell(rig.fact('second', { fqdn: 'shared.example.com.', ips: ['192.0.2.51'], tenant: 'b' }));
    const refused = (await rig.dns('second')).records.find((record) => record.name === 'shared.example.com.');
    expect(refused).toMatchObject({ state: 'refused', reason: { code: 'name-conflict' } });
    expect(JSON.stringify(refused)).not.toContain('holder-a');
    await rig.tell(rig.fact('holder-a', { deleted: true }));
    await until(() => adapter.held.get('shared.example.com.')?.[0]?.values[0] === '192.0.2.51');
  });

  it('L11 whoever left a name says nothing of what becomes of the next holder there', async () => {
    adapter.script = applied;
    await rig.tell(rig.fact('left1', { fqdn: 'handed.example.com.', ips: ['192.0.2.81'] }));
    await rig.becomes('left1', 'live');
    adapter.script = (name) => (name.name === 'handed.example.com.' ? { state: 'refused', reason: { code: 'foreign-record', text: 'somebody else has an AAAA there' } } : { state: 'applied' });
    // In one transaction, so that leaving and taking are one generation.
    await rig.tell(rig.fact('left1', { fqdn: 'elsewhere.example.com.' }), rig.fact('came1', { fqdn: 'handed.example.com.', ips: ['192.0.2.82'] }));
    await rig.becomes('came1', 'attention');
    expect(await rig.becomes('left1', 'live')).toMatchObject({ live: true });
    adapter.script = applied;
  });

  it('L11 an id that is recycled tells its next tenant nothing of the names that the last one has not lost yet', async () => {
    adapter.script = applied;
    await rig.tell(rig.fact('recycled', { tenant: 'red', fqdn: 'red-secret.example.com.', ips: ['192.0.2.85'] }));
    await rig.becomes('recycled', 'live');
    adapter.script = (name) => (name.name === 'red-secret.example.com.' ? undefined : { state: 'applied' });
    await rig.tell(rig.fact('recycled', { deleted: true, fqdn: null, nameClaim: null, ips: [] }));
    expect(await rig.dns('recycled')).toMatchObject({ state: 'deleting', records: [{ name: 'red-secret.example.com.' }] });
    await rig.tell(rig.fact('recycled', { life: 2, deleted: false, tenant: 'blue', fqdn: 'blue.example.com.', ips: ['192.0.2.86'] }));
    expect(JSON.stringify(await rig.becomes('recycled', 'live'))).not.toContain('red-secret');
    expect(JSON.stringify(value(await rig.rpc.explain({ q: 'recycled', caller: { name: 'b', role: 'viewer', tenant: 'blue' } })))).not.toContain('red-secret');
    // Nobody sees it go, and it goes.
    adapter.script = applied;
    await adapter.answer('red-secret.example.com.', { state: 'applied' });
    await until(() => adapter.held.get('red-secret.example.com.')?.length === 0);
  });

  it('forgets VMs and names long gone, and nothing else; who comes after has the name above what its adapter still knows', async () => {
    adapter.script = applied;
    const facts = ['long-gone', 'lately-gone', 'still-there', 'leaving'].map((vmId, at) => rig.fact(vmId, { fqdn: `${vmId}.example.com.`, ips: [`192.0.2.${90 + at}`] }));
    await rig.tell(...facts);
    for (const { vmId } of facts) await rig.becomes(vmId, 'live');
    adapter.script = (name) => (name.name === 'leaving.example.com.' ? undefined : { state: 'applied' });
    await rig.tell(...['long-gone', 'lately-gone', 'leaving'].map((vmId) => rig.fact(vmId, { deleted: true, fqdn: null, nameClaim: null, ips: [] })));
    for (const vmId of ['long-gone', 'lately-gone']) await rig.becomes(vmId, 'gone');
    for (const table of ['vm', 'name']) await rig.store.query(`update ${table} set updated_at = updated_at - interval '91 days'`);
    await rig.store.query(`update vm set updated_at = now() where vm_id = 'lately-gone'`);
    await rig.store.query(`update name set updated_at = now() where owner_name = 'lately-gone.example.com.'`);
    const forgetter = rig.planners[0]?.app.get(Forgetter);
    if (forgetter === undefined) throw new Error('no planner');
    await forgetter.sweep();
    expect(await forgetter.sweep()).toEqual({ vms: 0, names: 0 });
    // One that is gone for less than the retention still beats what comes late; of one that is leaving the removal goes on.
    expect((await rig.store.query<{ vm_id: string }>(`select vm_id from vm where vm_id = any($1) order by 1`, [facts.map(({ vmId }) => vmId)])).map((row) => row.vm_id)).toEqual(['lately-gone', 'leaving', 'still-there']);
    expect((await rig.store.query<{ owner_name: string }>(`select owner_name from name where owner_name = any($1) order by 1`, [facts.map(({ vmId }) => `${vmId}.example.com.`)])).map((row) => row.owner_name))
      .toEqual(['lately-gone.example.com.', 'leaving.example.com.', 'still-there.example.com.']);
    adapter.script = (name) => (name.name === 'long-gone.example.com.' && name.generation <= 7 ? { state: 'behind', generation: 7, turn: 9 } : { state: 'applied' });
    await rig.tell(rig.fact('next', { fqdn: 'long-gone.example.com.', ips: ['192.0.2.90'] }));
    await rig.becomes('next', 'live');
    await adapter.hears('long-gone.example.com.', (name) => name.generation === 8);
    adapter.script = applied;
    await adapter.answer('leaving.example.com.', { state: 'applied' });
    await rig.becomes('leaving', 'gone');
  });

  it('lets two VMs of one tenant share a name when both say so', async () => {
    await rig.tell(rig.fact('s1', { fqdn: 'both.example.com.', ips: ['192.0.2.60'], tenant: 'a', shareName: true }));
    await rig.tell(rig.fact('s2', { fqdn: 'both.example.com.', ips: ['192.0.2.61'], tenant: 'a', shareName: true }));
    await until(() => adapter.held.get('both.example.com.')?.[0]?.values.join() === '192.0.2.60,192.0.2.61');
  });

  it('says where no zone is: outside, or waiting in a domain of ours', async () => {
    await rig.tell(rig.fact('elsewhere', { fqdn: 'shop.customer.example.', ips: ['203.0.113.5'] }));
    expect((await rig.dns('elsewhere')).records.map((record) => [record.type, record.state, record.reason?.code])).toEqual([['PTR', 'outside', 'outside'], ['A', 'outside', 'outside']]);
    expect((await rig.dns('elsewhere')).live).toBe(true);
  });

  it('refuses a reserved name with its reason, and keeps the PTR', async () => {
    await rig.tell(rig.fact('www', { fqdn: 'www.example.com.', ips: ['192.0.2.70'] }));
    const dns = await rig.becomes('www', 'attention');
    expect(dns.records.map((record) => [record.type, record.state, record.reason?.code])).toEqual([['PTR', 'applied', undefined], ['A', 'refused', 'reserved-name']]);
  });

  it('(e) a delete that arrives first wins over a late create, and a late create of an old life is ignored', async () => {
    const create = rig.fact('e', { fqdn: 'e.example.com.', ips: ['192.0.2.80'] });
    const remove = rig.fact('e', { deleted: true });
    await rig.tell(remove);
    await rig.publish(create);
    const newLife = rig.fact('e', { life: 2, deleted: false, fqdn: 'e2.example.com.' });
    await rig.tell(newLife);
    await rig.publish({ ...create, revision: 9 }, { ...remove, revision: 10 });
    await rig.tell(rig.fact('e-after', { fqdn: 'e-after.example.com.', ips: [] }));
    expect(adapter.of('e.example.com.')).toEqual([]);
    expect((await rig.vm('e'))?.revision).toBe(newLife.revision);
    expect(await rig.becomes('e', 'live')).toMatchObject({ revision: newLife.revision });
  });

  it('heals an event that was lost from the feed', async () => {
    const lost = rig.fact('lost', { fqdn: 'lost.example.com.', ips: ['192.0.2.90'] });
    await rig.planners[0]?.close();
    await rig.planner();
    await rig.planned(lost);
    expect(await adapter.hears('lost.example.com.')).toMatchObject({ priority: 2 });
  });

  it('L11 a tenant with limits has only what lies in them; what does not is refused, stands in nobody\'s way, and comes when the limits are lifted', async () => {
    const limit = async (domains: string[] | null, ranges: string[] | null) => value(await rig.rpc['tenant-limit']({ tenant: 'red', limits: { domains, ranges }, caller: ADMIN }));
    expect(await limit(['Red.example.com'], ['192.0.2.128/26', '192.0.2.128/26'])).toMatchObject({ limits: { domains: ['red.example.com.'], ranges: ['192.0.2.128/26'] }, changedBy: 'ada' });
    await rig.tell(
      rig.fact('red-1', { tenant: 'red', fqdn: 'a.red.example.com.', ips: ['192.0.2.130', '192.0.2.200'] }),
      rig.fact('red-2', { tenant: 'red', fqdn: 'bored.example.com.', ips: ['192.0.2.131'] }),
    );
    // Later, and by another tenant: who may not have it did not take it either.
    await rig.tell(rig.fact('blue-1', { tenant: 'blue', fqdn: 'bored.example.com.', ips: ['192.0.2.201'] }));
    await rig.tell(rig.fact('red-3', { tenant: 'red', fqdn: 'c.red.example.com.', ips: ['192.0.2.201'] }));
    const seen = async (vmId: string) => (await rig.dns(vmId)).records.map(({ type, name, state, reason }) => [type, name, state, ...(reason === undefined ? [] : [reason.code])]);
    await rig.becomes('blue-1', 'live');
    expect(adapter.held.get('201.2.0.192.in-addr.arpa.')).toEqual([{ type: 'PTR', ttl: 3600, values: ['bored.example.com.'] }]);
    await until(async () => (await rig.dns('red-1')).state === 'attention');
    expect(await seen('red-1')).toEqual([['PTR', '130.2.0.192.in-addr.arpa.', 'applied'], ['PTR', '200.2.0.192.in-addr.arpa.', 'refused', 'not-permitted'], ['A', 'a.red.example.com.', 'applied']]);
    await until(async () => (await rig.dns('red-2')).state === 'attention');
    expect(await seen('red-2')).toEqual([['PTR', '131.2.0.192.in-addr.arpa.', 'applied'], ['A', 'bored.example.com.', 'refused', 'not-permitted']]);
    const reasons = JSON.stringify([(await rig.dns('red-2')).records, (await rig.dns('red-3')).records].map((records) => records.map(({ reason }) => reason)));
    expect([reasons.includes('blue'), reasons.includes('tenant red')]).toEqual([false, true]);

    await limit(null, null);
    await until(async () => (await rig.dns('red-1')).state === 'live');
    // Rights keep their age: red-2 said the name before blue-1 did, and is told nothing of whom it displaced, nor is blue-1.
    await until(async () => (await rig.dns('red-2')).state === 'live');
    const displaced = await until(async () => { const dns = await rig.dns('blue-1'); return dns.records.some(({ reason }) => reason?.code === 'name-conflict') ? dns : undefined; });
    expect(JSON.stringify(displaced.records.map(({ reason }) => reason))).not.toContain('red-');
    expect(adapter.held.get('200.2.0.192.in-addr.arpa.')).toEqual([{ type: 'PTR', ttl: 3600, values: ['a.red.example.com.'] }]);
    expect(value(await rig.rpc['tenant-list']({})).items).toEqual([]);
    // The address is red-3's by its newer claim, now that it may have it.
    await until(() => adapter.held.get('201.2.0.192.in-addr.arpa.')?.[0]?.values[0] === 'c.red.example.com.');
  });

  it('limits that are none are refused with every fault, and by who may not set them', async () => {
    expect(problem(await rig.rpc['tenant-limit']({ tenant: 'red', limits: { domains: ['a..b'], ranges: ['192.0.2.1/24'] }, caller: ADMIN })).faults?.map(({ path }) => path)).toEqual(['domains[0]', 'ranges[0]']);
    expect(problem(await rig.rpc['tenant-limit']({ tenant: 'red', limits: { domains: null, ranges: null }, caller: { name: 'p', role: 'publisher', tenant: null } })).status).toBe(403);
  });
});
