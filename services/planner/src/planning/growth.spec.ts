import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type NameResult, type VmDns, type VmState, type ZoneInput, ZoneLimits } from '@vmdns/contracts';
import { Store, type Tx } from '@vmdns/store';
import { until } from '@vmdns/test/support';
import { Reissue } from '../reconcile/reissue.service.js';
import { Settler } from '../reconcile/settler.service.js';
import { VmDnsReader } from '../status/vm-dns.reader.js';
import { ForeseenDns } from '../status/foreseen-dns.js';
import { silent, type FakeAdapter } from '../testing/fake-adapter.js';
import { Rig } from '../testing/rig.js';
import { ZoneSets } from '../zones/zone-sets.js';
import { conceive } from './newborn.js';
import { Planner } from './planner.service.js';

/** Where removals are few for their zone, nobody counts its names: so both sides do the same. */
const FREELY: Partial<ZoneInput> = { limits: { ...ZoneLimits.parse({}), removalNames: 1_000_000, removalCount: 1_000_000 } };
const VMS = 5_000;
const BIG = ['vm', 'wish', 'name'];

interface PlanNode { readonly 'Node Type': string; readonly 'Relation Name'?: string; readonly Plans?: readonly PlanNode[] }

/** Every node of a plan that reads a whole big table. */
function wholeReads(node: PlanNode): string[] {
  const own = node['Node Type'] === 'Seq Scan' && BIG.includes(node['Relation Name'] ?? '') ? [`${node['Node Type']} on ${node['Relation Name']}`] : [];
  return [...own, ...(node.Plans ?? []).flatMap(wholeReads)];
}

describe('L6 the cost follows the change, with 20,000 names known', () => {
  let rig: Rig;
  let adapter: FakeAdapter;
  let zone: string;
  beforeAll(async () => {
    rig = await Rig.start({ REISSUE_FIRST_MS: '600000', SWEEP_MS: '600000' });
    await rig.planner();
    adapter = rig.adapter();
    adapter.script = silent;
    const connection = await rig.connection();
    zone = (await rig.zone('example.com', connection, FREELY)).id;
    await rig.zone('10.in-addr.arpa', connection, FREELY);
    await rig.zone('8.b.d.0.1.0.0.2.ip6.arpa', connection, FREELY);
    const planner = rig.planners[0]?.app.get(Planner);
    const facts = Array.from({ length: VMS }, (_, at): VmState => rig.fact(`vm-${at}`, { fqdn: `vm-${at}.example.com.`, ips: [`10.0.${at >> 8}.${at & 255}`, `2001:db8::${at.toString(16)}`, `10.1.${at >> 8}.${at & 255}`] }));
    await planner?.takeFacts(facts, { priority: 1 });
    // All but ten are settled: what is open is a small part, as in life.
    await rig.store.query(`update name set settled_generation = generation, state = 'applied', heard = true, issue_at = 'infinity' where owner_name not like 'vm-7.%'`);
    await rig.database.query('analyze');
  }, 120_000);
  afterAll(async () => { await rig.stop(); });

  /** Runs with a store that asks for the plan of each statement before it runs. */
  async function plansOf(work: (store: Store) => Promise<unknown>): Promise<{ reads: string[]; statements: number }> {
    const reads: string[] = [];
    let statements = 0;
    const explained = (tx: Tx): Tx => ({
      async query<T extends object>(sql: string, parameters: readonly unknown[] = []) {
        if (!/pg_advisory/.test(sql)) {
          const plan = await tx.query<{ 'QUERY PLAN': readonly { readonly Plan: PlanNode }[] }>(`explain (format json) ${sql}`, parameters);
          reads.push(...(plan[0]?.['QUERY PLAN'] ?? []).flatMap(({ Plan }) => wholeReads(Plan).map((read) => `${read}: ${sql.slice(0, 80)}`)));
          statements += 1;
        }
        return tx.query<T>(sql, parameters);
      },
    });
    const store = rig.planners[0]?.app.get(Store);
    if (store === undefined) throw new Error('no planner');
    const inTransaction = <T>(run: (tx: Tx) => Promise<T>) => store.transaction((tx) => run(explained(tx)));
    const watched = Object.assign(Object.create(store) as Store, { query: explained(store).query, transaction: inTransaction, atOnce: inTransaction });
    await work(watched);
    return { reads, statements };
  }

  /** The service of the running planner, on another store. */
  function on<T extends object>(service: T, store: Store, ...parts: readonly object[]): T {
    return Object.assign(Object.create(service) as T, { store }, ...parts);
  }
  function get<T extends object>(type: new (...parts: never[]) => T): T {
    const found = rig.planners[0]?.app.get(type);
    if (found === undefined) throw new Error('no planner');
    return found as T;
  }

  it('planning one VM reads no table as a whole, and as many statements as with two VMs', async () => {
    const one = await plansOf((store) => on(get(Planner), store).takeFacts([rig.fact('vm-1', { ips: ['10.9.0.1', '2001:db8::9:1'] })], { priority: 1 }));
    const many = await plansOf((store) => on(get(Planner), store).takeFacts(Array.from({ length: 150 }, (_, at) => rig.fact(`vm-${at + 100}`, { ips: [`10.9.1.${at}`] })), { priority: 1 }));
    expect([one.reads, many.reads]).toEqual([[], []]);
    expect(one.statements).toBe(many.statements);
    // Three of them are the brake's: these facts take addresses away.
    expect(one.statements).toBeLessThanOrEqual(17);
  });

  it('planning new VMs is one statement beside its lock, and reads no table as a whole', async () => {
    const facts = Array.from({ length: 150 }, (_, at) => rig.fact(`new-${at}`, { fqdn: `new-${at}.example.com.`, ips: [`10.7.1.${at}`] }));
    const { reads, statements } = await plansOf((store) => on(get(Planner), store).takeFacts(facts, { priority: 1 }));
    expect([reads, statements]).toEqual([[], 1]);
    expect(await rig.store.query(`select 1 from name where vms && array['new-0', 'new-149']`)).toHaveLength(4);
  });

  it('where one of them is known after all, the others are still stored at once', async () => {
    const facts = Array.from({ length: 20 }, (_, at) => rig.fact(`newer-${at}`, { fqdn: `newer-${at}.example.com.`, ips: [at === 0 ? '10.7.1.0' : `10.7.2.${at}`] }));
    const { reads } = await plansOf((store) => on(get(Planner), store).takeFacts(facts, { priority: 1 }));
    expect(reads).toEqual([]);
    expect(await rig.store.query(`select 1 from vm where vm_id like 'newer-%'`)).toHaveLength(20);
    expect((await rig.store.query<{ vms: string[] }>(`select vms from name where owner_name = '0.1.7.10.in-addr.arpa.'`))[0]?.vms).toEqual(['newer-0']);
  });

  it("checking a VM's DNS that was foreseen is one statement, and reads no table as a whole", async () => {
    const picture = get(ZoneSets).latest;
    if (picture === undefined) throw new Error('no zone set was seen');
    const known = rig.facts.findLast((one) => one.vmId === 'new-3');
    const born = conceive({ picture, timeline: 1, priority: 1 }, known === undefined ? [] : [known]);
    const foreseen = new ForeseenDns();
    foreseen.born(picture, born, 0);
    for (const { change: { zoneId, ownerName, generation, vms } } of born.flatMap(({ names }) => names)) foreseen.heard({ zoneId, ownerName, generation, vms, state: 'applied', reason: null, attempts: 1, at: new Date() });
    const vm = foreseen.take('new-3');
    let said: ReadonlyMap<string, VmDns> | undefined;
    const read = () => plansOf(async (store) => { said = await on(get(VmDnsReader), store).readForeseen(vm === undefined ? [] : [vm]); });
    expect(await read()).toEqual({ reads: [], statements: 1 });
    expect(said?.size).toBe(0);
    await rig.store.query(`update name set settled_generation = generation, state = 'applied' where 'new-3' = any(vms)`);
    await read();
    expect(said?.get('new-3')).toMatchObject({ live: true, state: 'live', revision: 1 });
  });

  it('settling reads no table as a whole', async () => {
    const row = await rig.row(zone, 'vm-7.example.com.');
    const digest = (await rig.store.query<{ digest: string }>(`select digest from name where owner_name = 'vm-7.example.com.'`))[0]?.digest ?? '';
    const result: NameResult = { name: 'vm-7.example.com.', timeline: row?.timeline ?? 0, generation: row?.generation ?? 0, digest, turn: 5, state: 'applied', rrsets: [], wrote: true, attempts: 1, vms: [], at: new Date().toISOString() };
    const { reads } = await plansOf((store) => on(get(Settler), store).settle([{ zoneId: zone, apex: 'example.com.', provider: 'memory', connectionId: 'c', target: 't', names: [result] }]));
    expect(reads).toEqual([]);
    expect(await rig.row(zone, 'vm-7.example.com.')).toMatchObject({ state: 'applied', settled_generation: row?.generation });
  });

  it('looking for what to issue again reads what is open only', async () => {
    const { reads } = await plansOf((store) => on(get(Reissue), store).sweep());
    expect(reads).toEqual([]);
  });

  it("working out one VM's DNS reads no table as a whole", async () => {
    const { reads, statements } = await plansOf((store) => on(get(VmDnsReader), store).read(['vm-8']));
    expect(reads).toEqual([]);
    expect(statements).toBeLessThanOrEqual(9);
  });

  it('a million losers cost a name no more: only the wishes that can decide are read', async () => {
    await rig.store.query(`insert into wish (rkey, kind, vm_id, life, claim, tenant, share, body)
      select 'com.example.crowded.', 'name', 'crowd-' || n, 1, 100000 + n, null, false, jsonb_build_object('name', 'crowded.example.com.', 'addresses', '[]'::jsonb, 'shareName', false) from generate_series(1, 3000) n`);
    await rig.database.query('analyze planner.wish');
    await rig.tell(rig.fact('crowded', { fqdn: 'crowded.example.com.', ips: ['10.8.0.1'], nameClaim: 1 }));
    await until(() => adapter.of('crowded.example.com.').length === 1);
    const plan = await rig.store.query<{ 'QUERY PLAN': readonly { readonly Plan: PlanNode & { readonly 'Actual Rows': number } }[] }>(
      `explain (analyze, format json) select * from wish where rkey = 'com.example.crowded.' and kind = 'name' order by claim limit 1`);
    expect(JSON.stringify(plan)).not.toMatch(/Sort|Seq Scan/);
  });
});
