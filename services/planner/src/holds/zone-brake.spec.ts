import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Hold, VmDns } from '@vmdns/contracts';
import { planText } from '@vmdns/domain';
import { until } from '@vmdns/test/support';
import { applied, type FakeAdapter } from '../testing/fake-adapter.js';
import { ADMIN, problem, Rig, value } from '../testing/rig.js';

const LIMITS = { rehomeShare: 0.3, rehomeNames: 20, removalShare: 0.3, removalNames: 3, removalCount: 500, removalWindowSeconds: 600 };

describe('L13 removals beyond a share of a zone wait for a person', () => {
  let rig: Rig;
  let adapter: FakeAdapter;
  let connection: string;
  let round = 0;
  beforeAll(async () => {
    rig = await Rig.start({ REISSUE_FIRST_MS: '60000' });
    await rig.planner();
    adapter = rig.adapter();
    connection = await rig.connection();
  });
  afterAll(async () => {
    await rig.stop();
  });
  beforeEach(() => {
    adapter.script = applied;
    round += 1;
  });

  const vm = (i: number): string => `vm-${round}-${i}`;
  const name = (i: number): string => `vm${i}.b${round}.example.`;
  const reverse = (i: number): string => `${i}.${round}.18.198.in-addr.arpa.`;
  const source = (): string => `source-${round}`;
  const isThere = (owner: string): boolean => (adapter.held.get(owner)?.length ?? 0) > 0;
  const openHold = async (): Promise<Hold | undefined> => value(await rig.rpc['holds-list']({ state: 'open', limit: 100 })).items.find((hold) => hold.scope === source());
  const decide = async (holdId: string, decision: 'approve' | 'reject', checksum?: string) => rig.rpc['hold-decide']({ holdId, decision, caller: ADMIN, ...(checksum === undefined ? {} : { checksum }) });
  const shown = async (holdId: string) => value(await rig.rpc['hold-show']({ holdId, limit: 100 }));
  const gone = (i: number, more: Parameters<Rig['fact']>[1] = {}) => rig.fact(vm(i), { deleted: true, fqdn: null, nameClaim: null, ips: [], ...more });

  /** Ten VMs, forward and reverse; three deletions are few enough. */
  async function story(): Promise<{ readonly zoneId: string }> {
    const zone = await rig.zone(`b${round}.example`, connection, { limits: LIMITS });
    await rig.zone(`${round}.18.198.in-addr.arpa`, connection);
    for (let i = 1; i <= 10; i += 1) await rig.tell(rig.fact(vm(i), { fqdn: name(i), ips: [`198.18.${round}.${i}`], source: source() }));
    await until(() => Array.from({ length: 10 }, (_, at) => at + 1).every((i) => isThere(name(i)) && isThere(reverse(i))), { what: 'all records' });
    for (const i of [1, 2, 3]) await rig.tell(gone(i));
    await until(() => [1, 2, 3].every((i) => !isThere(name(i)) && !isThere(reverse(i))), { what: 'three to be gone' });
    expect(await openHold()).toBeUndefined();
    return { zoneId: zone.id };
  }

  it('in one hold, forward and reverse together; adding and changing go on', async () => {
    await story();
    for (const i of [4, 5]) await rig.tell(gone(i));
    const hold = await until(
      async () => {
        const open = await openHold();
        return open?.members === 4 ? open : undefined;
      },
      { what: 'the hold' },
    );
    expect([hold.kind, hold.text]).toEqual(['removals', expect.stringContaining(`b${round}.example.`)]);
    expect((await shown(hold.holdId)).members.map((member) => [member.name, member.removes?.map((rrset) => rrset.type)])).toEqual(
      expect.arrayContaining([
        [name(4), ['A']],
        [reverse(4), ['PTR']],
        [name(5), ['A']],
        [reverse(5), ['PTR']],
      ]),
    );
    expect([isThere(name(4)), isThere(reverse(4))]).toEqual([true, true]);
    const dns: VmDns = await rig.dns(vm(4));
    expect([dns.state, dns.live, dns.reason?.code]).toEqual(['deleting', false, 'on-hold']);
    await rig.tell(rig.fact(`${vm(11)}`, { fqdn: name(11), ips: [`198.18.${round}.11`], source: source() }), rig.fact(vm(6), { ips: [`198.18.${round}.66`] }));
    await until(() => isThere(name(11)) && adapter.held.get(name(6))?.[0]?.values[0] === `198.18.${round}.66`, { what: 'creation and change' });
    // What else the source removes joins, in whatever zone: vm6's old address.
    expect((await openHold())?.members).toBe(5);

    value(await decide(hold.holdId, 'approve'));
    await until(() => [4, 5].every((i) => !isThere(name(i)) && !isThere(reverse(i))), { what: 'the approved removals' });
    await rig.becomes(vm(4), 'gone');
    expect(await openHold()).toBeUndefined();
  });

  it('reject keeps the records, shows the VM as gone and says why, and a newer fact decides anew', async () => {
    await story();
    await rig.tell(gone(4));
    const hold = await until(openHold, { what: 'the hold' });
    value(await decide(hold.holdId, 'reject'));
    const dns = await until(
      async () => {
        const seen = await rig.dns(vm(4));
        return seen.state === 'gone' ? seen : undefined;
      },
      { what: 'vm 4 to be gone at its source' },
    );
    expect(dns.records.map((record) => [record.name, record.reason?.code])).toEqual(
      expect.arrayContaining([
        [name(4), 'kept'],
        [reverse(4), 'kept'],
      ]),
    );
    expect([isThere(name(4)), isThere(reverse(4))]).toEqual([true, true]);
    await rig.tell(rig.fact(vm(4), { deleted: false, life: 2, fqdn: name(4), ips: [`198.18.${round}.4`] }));
    await rig.becomes(vm(4), 'live');
  });

  it('decides only the list that was shown; what came back is off it; addresses that others have are marked', async () => {
    await story();
    for (const i of [4, 5]) await rig.tell(gone(i));
    const hold = await until(
      async () => {
        const open = await openHold();
        return open?.members === 4 ? open : undefined;
      },
      { what: 'the hold' },
    );
    const { checksum } = (await shown(hold.holdId)).hold;
    await rig.tell(rig.fact(vm(4), { deleted: false, life: 2, fqdn: name(4), ips: [`198.18.${round}.4`] }));
    await rig.tell(rig.fact(vm(20), { fqdn: name(20), ips: [`198.18.${round}.5`], source: source() }));
    await until(async () => (await openHold())?.members === 1, { what: 'the list to shrink' });
    expect(problem(await decide(hold.holdId, 'approve', checksum)).status).toBe(409);
    const now = await shown(hold.holdId);
    expect(now.members.find((member) => member.name === name(5))).toMatchObject({ usedByOthers: [`198.18.${round}.5`] });
    value(await decide(hold.holdId, 'approve', now.hold.checksum));
    await until(() => !isThere(name(5)), { what: 'the approved removal' });
    expect([isThere(name(4)), adapter.held.get(reverse(5))?.[0]?.values]).toEqual([true, [name(20)]]);
  });

  it('not where a person switched the brake off for a while, nor what he approved at the source already', async () => {
    const { zoneId } = await story();
    for (const i of [4, 5]) await rig.tell(gone(i, { approvedBy: 'vmh-1' }));
    await until(() => [4, 5].every((i) => !isThere(name(i)) && !isThere(reverse(i))), { what: 'the deletions approved at the source' });
    const off = value(await rig.rpc['zone-change']({ id: zoneId, patch: { brakeOff: { until: new Date(Date.now() + 60_000).toISOString(), why: 'moving house' } }, caller: ADMIN }));
    expect(off.brakeOff).toMatchObject({ by: 'ada', why: 'moving house' });
    for (const i of [6, 7]) await rig.tell(gone(i));
    await until(() => [6, 7].every((i) => !isThere(name(i))), { what: 'the deletions without a brake' });
    value(await rig.rpc['zone-change']({ id: zoneId, patch: { brakeOff: null }, caller: ADMIN }));
    await rig.tell(gone(8));
    await until(openHold, { what: 'the hold' });
    expect(isThere(name(8))).toBe(true);
  });

  it('and a plan says so beforehand, with all else that facts would do; it writes nothing anywhere', async () => {
    await story();
    const reserved = rig.fact(vm(20), { fqdn: `www.b${round}.example.`, ips: [`198.18.${round}.20`], source: source() });
    const states = [
      gone(4),
      gone(5),
      rig.fact(vm(6), { ips: [`198.18.${round}.66`] }),
      reserved,
      rig.fact(vm(21), { fqdn: name(7), ips: [`198.18.${round}.8`], source: source() }),
      rig.fact(vm(22), { fqdn: 'far.elsewhere.org.', ips: [], source: source() }),
    ];
    await until(async () => (await rig.store.query('select 1 from name where settled_generation < generation')).length === 0, { what: 'all to be settled' });
    const stored = async () => `${await rig.contents()} ${await rig.streamed()}`;
    const before = await stored();
    const plan = value(await rig.rpc['plan-preview']({ states }));
    expect(await stored()).toBe(before);
    const text = planText({ ...plan, notes: [] })
      .replaceAll(`b${round}.`, 'b.')
      .replaceAll(`.${round}.`, '.0.')
      .replaceAll(`vm-${round}-`, 'vm-')
      .replaceAll(source(), 'source');
    expect(text).toMatchInlineSnapshot(`
     "5.18.198.in-addr.arpa. (memory)
       + 20.0.18.198.in-addr.arpa. 3600 PTR www.b.example.
       ? 4.0.18.198.in-addr.arpa. 3600 PTR vm4.b.example. would stay until a person decides
       ? 5.0.18.198.in-addr.arpa. 3600 PTR vm5.b.example. would stay until a person decides
       ? 6.0.18.198.in-addr.arpa. 3600 PTR vm6.b.example. would stay until a person decides
       + 66.0.18.198.in-addr.arpa. 3600 PTR vm6.b.example.
       ~ 8.0.18.198.in-addr.arpa. 3600 PTR vm8.b.example. → vm7.b.example.
     b.example. (memory)
       ? vm4.b.example. 300 A 198.18.0.4 would stay until a person decides
       ? vm5.b.example. 300 A 198.18.0.5 would stay until a person decides
       ~ vm6.b.example. 300 A 198.18.0.6 → 198.18.0.66
       ! vm7.b.example. A of vm-21: vm7.b.example. belongs to VM vm-7, which had it first (name-conflict)
       ! www.b.example. A of vm-20: www.b.example. is reserved in the zone b.example. (by 'www') (reserved-name)
     no zone
       ! far.elsewhere.org. A of vm-22: the VM has no address that far.elsewhere.org. could answer with (outside)
     on hold
       ? source: 5 removals in b.example. within 600 seconds are more than its limit (30 % of its names where that is at least 3, or 500); what it removes waits, in all zones
     2 added, 2 changed, 0 removed. 5 removals wait for a person. 3 not granted."
    `);
    // Said for real, it comes as it was planned.
    await rig.tell(...states.filter((fact) => fact.vmId !== vm(22)));
    const hold = await until(async () => openHold(), { what: 'the hold' });
    expect((await shown(hold.holdId)).members.map((member) => member.name).sort()).toEqual(plan.holds.map((member) => member.name).sort());
  });

  it('nor beyond an absolute count, however many names there are', async () => {
    await rig.zone(`b${round}.example`, connection, { limits: { ...LIMITS, removalShare: 1, removalCount: 3 } });
    for (let i = 1; i <= 10; i += 1) await rig.tell(rig.fact(vm(i), { fqdn: name(i), ips: [`198.18.${round}.${i}`], source: source() }));
    await until(() => Array.from({ length: 10 }, (_, at) => at + 1).every((i) => isThere(name(i))), { what: 'all records' });
    for (const i of [1, 2, 3, 4]) await rig.tell(gone(i));
    const hold = await until(openHold, { what: 'the hold' });
    expect([hold.members, hold.text]).toEqual([1, expect.stringContaining('4 removals in ')]);
    await until(() => [1, 2, 3].every((i) => !isThere(name(i))), { what: 'three to be gone' });
    expect(isThere(name(4))).toBe(true);
  });
});
