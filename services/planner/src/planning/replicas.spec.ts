import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { RunningService } from '@vmdns/chassis';
import type { VmState } from '@vmdns/contracts';
import { Store, type Tx } from '@vmdns/store';
import { until } from '@vmdns/test/support';
import { applied, silent, type FakeAdapter } from '../testing/fake-adapter.js';
import { Rig, value } from '../testing/rig.js';
import { planFacts } from './plan-facts.js';
import { Planner, Voice } from './planner.service.js';

/** Plans in one replica up to a point, then waits there until it is let go on; what is said is said after the commit. */
function planStopped(service: RunningService, ...facts: readonly VmState[]) {
  let goOn: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => { goOn = resolve; });
  let reached: () => void = () => undefined;
  const atGate = new Promise<void>((resolve) => { reached = resolve; });
  const planner = service.app.get(Planner);
  const done = service.app.get(Store).transaction(async (tx: Tx) => {
    const result = await planFacts(tx, await planner.ask(tx, 1), facts, new Map());
    reached();
    await gate;
    return result;
  }).then(({ planned, taken }) => { service.app.get(Voice).planned(planned, taken); });
  return { atGate, goOn, done };
}

describe('two replicas', () => {
  let rig: Rig;
  let adapter: FakeAdapter;
  let connection: string;
  let one: RunningService;
  let two: RunningService;
  beforeAll(async () => {
    rig = await Rig.start({ REISSUE_FIRST_MS: '60000' });
    one = await rig.planner();
    two = await rig.planner();
    adapter = rig.adapter();
    connection = await rig.connection();
  });
  afterAll(async () => { await rig.stop(); });

  it('(f) plan two VMs for one address at once: the newest claim gets it; when the holder goes, the other has it back', async () => {
    const zone = await rig.zone('2.0.192.in-addr.arpa', connection);
    const name = '7.2.0.192.in-addr.arpa.';
    const older = rig.fact('f-older', { fqdn: 'older.f.example.', ips: ['192.0.2.7'] });
    const newer = rig.fact('f-newer', { fqdn: 'newer.f.example.', ips: ['192.0.2.7'] });
    const first = planStopped(one, newer);
    await first.atGate;
    const second = planStopped(two, older);
    await until(async () => (await rig.store.query(`select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like '%into name%' or wait_event_type = 'Lock' and query like '%from name%'`)).length > 0, { what: 'the second replica waiting for the name' });
    first.goOn();
    await second.atGate;
    second.goOn();
    await Promise.all([first.done, second.done]);
    expect((await rig.row(zone.id, name))?.desired[0]?.values).toEqual(['newer.f.example.']);
    await rig.tell(rig.fact('f-newer', { deleted: true }));
    await until(() => adapter.held.get(name)?.[0]?.values[0] === 'older.f.example.');
  });

  it('(f) and the same when the second VM is new there: its insert waits, and it is decided among others', async () => {
    const zone = await rig.zone('5.0.192.in-addr.arpa', connection);
    const name = '7.5.0.192.in-addr.arpa.';
    const older = rig.fact('g-older', { fqdn: 'older.g.example.', ips: ['192.0.5.7'] });
    const newer = rig.fact('g-newer', { fqdn: 'newer.g.example.', ips: ['192.0.5.7'] });
    // Both know of the zone by now.
    for (const service of [one, two]) await service.app.get(Planner).takeFacts([rig.fact(`g-${service.url.split(':').at(-1)}`, { fqdn: 'sees.g.example.' })], { priority: 1 });
    const first = planStopped(one, newer);
    await first.atGate;
    const second = two.app.get(Planner).takeFacts([older], { priority: 1 });
    await until(async () => (await rig.store.query(`select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like '%with so as%'`)).length > 0, { what: 'the second replica waiting for the name' });
    first.goOn();
    await Promise.all([first.done, second]);
    expect((await rig.row(zone.id, name))?.desired[0]?.values).toEqual(['newer.g.example.']);
    expect((await rig.dns('g-older')).records.find((record) => record.type === 'PTR')).toMatchObject({ state: 'refused', reason: { code: 'address-conflict' } });
  });

  it('store VMs whose names are new as they store any other', async () => {
    const zones = [(await rig.zone('s.example', connection)).id, (await rig.zone('6.0.192.in-addr.arpa', connection)).id];
    adapter.script = silent;
    const planner = one.app.get(Planner);
    await planner.takeFacts([rig.fact('s-0', { fqdn: 'vm0.s.example.' })], { priority: 1 });
    const vm = rig.fact('s-1', { fqdn: 'vm1.s.example.', tenant: 'acme', shareName: true, labels: { a: 'b' }, ips: ['192.0.6.1', '192.0.6.11', '198.51.100.9', '2001:db8:6::1'] });
    const facts = [{ ...vm, addresses: vm.addresses.map((address, at) => (at === 1 ? { ...address, customerPtr: 'own.example.' } : address)) }, rig.fact('s-2', { fqdn: 'www.s.example.' })];
    const rows = async () => ({
      names: await rig.store.query(`select to_jsonb(n) - 'issue_at' - 'since' - 'updated_at' as row, issue_at < 'infinity' as is_due from name n where zone_id = any($1) and owner_name <> 'vm0.s.example.' order by zone_id, owner_name`, [zones]),
      wishes: await rig.store.query(`select * from wish where vm_id in ('s-1', 's-2') order by vm_id, rkey, kind`), vms: await rig.store.query(`select to_jsonb(v) - 'updated_at' as row from vm v where vm_id in ('s-1', 's-2') order by vm_id`),
    });
    await planner.takeFacts(facts, { priority: 1 });
    const born = await rows();
    for (const where of [`vm where vm_id in ('s-1', 's-2')`, `wish where vm_id in ('s-1', 's-2')`, `name where owner_name <> 'vm0.s.example.' and zone_id in ('${zones.join(`', '`)}')`]) await rig.store.query(`delete from ${where}`);
    const other = planStopped(one, ...facts);
    await other.atGate;
    other.goOn();
    await other.done;
    expect([born.names.length, born.wishes.length, born.vms.length]).toEqual([4, 6, 2]);
    expect(born).toEqual(await rows());
    adapter.script = applied;
  });

  it('(d) adds an inner zone while another replica plans a name that it encloses', async () => {
    const outer = await rig.zone('d.example', connection);
    const second = await rig.connection('memory', 'second');
    const inside = planStopped(one, rig.fact('d1', { fqdn: 'vm.in.d.example.', ips: ['198.51.100.1'] }));
    await inside.atGate;
    const adding = rig.zone('in.d.example', second);
    await until(async () => (await rig.store.query(`select 1 from pg_stat_activity where wait_event = 'advisory'`)).length > 0, { what: 'the zone set waiting for the plan' });
    inside.goOn();
    await inside.done;
    const inner = await adding;
    await until(() => adapter.heldAt.get(`${inner.id} vm.in.d.example.`)?.[0]?.values[0] === '198.51.100.1');
    await until(() => adapter.heldAt.get(`${outer.id} vm.in.d.example.`)?.length === 0);
    await rig.becomes('d1', 'live');
  });

  it('(n) two revisions of one VM in two replicas: the higher one stands', async () => {
    await rig.zone('n.example', connection);
    const lower = rig.fact('n', { fqdn: 'lower.n.example.', ips: ['198.51.100.2'] });
    const higher = rig.fact('n', { fqdn: 'higher.n.example.' });
    const late = planStopped(one, higher);
    await late.atGate;
    const stale = two.app.get(Planner).takeFacts([lower], { priority: 1 });
    await until(async () => (await rig.store.query(`select 1 from pg_stat_activity where wait_event_type = 'Lock'`)).length > 0);
    late.goOn();
    await Promise.all([late.done, stale]);
    await rig.becomes('n', 'live');
    expect(adapter.of('lower.n.example.')).toEqual([]);
    expect((await rig.vm('n'))?.revision).toBe(higher.revision);
  });

  it('share a burst of events without losing one, also when one of them is closed in between', async () => {
    adapter.script = applied;
    const facts = Array.from({ length: 400 }, (_, at) => rig.fact(`burst-${at}`, { fqdn: `vm${at}.n.example.`, ips: [`10.1.${at >> 8}.${at & 255}`] }));
    await rig.publish(...facts.slice(0, 200));
    await two.close();
    await rig.publish(...facts.slice(200));
    await until(async () => (await rig.store.query(`select 1 from name where owner_name like 'vm%.n.example.' and settled_generation = generation and state = 'applied'`)).length === 400, { withinMs: 20_000 });
    expect(value(await rig.rpc['holds-list']({})).items).toEqual([]);
  });
});
