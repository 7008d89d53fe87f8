import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Hold, ZoneLimits } from '@vmdns/contracts';
import { until } from '@vmdns/test/support';
import { applied, type FakeAdapter } from '../testing/fake-adapter.js';
import { ADMIN, problem, Rig, value } from '../testing/rig.js';

describe('L13 re-homing more than its share of a zone waits for a person', () => {
  let rig: Rig;
  let adapter: FakeAdapter;
  let main: string;
  let second: string;
  let round = 0;
  beforeAll(async () => {
    rig = await Rig.start({ REISSUE_FIRST_MS: '60000' });
    await rig.planner();
    adapter = rig.adapter();
    main = await rig.connection('memory', 'main');
    second = await rig.connection('memory', 'second');
  });
  afterAll(async () => { await rig.stop(); });
  beforeEach(() => { adapter.script = applied; round += 1; });

  const held = (zoneId: string, name: string) => adapter.heldAt.get(`${zoneId} ${name}`);
  const isFull = (zoneId: string, name: string) => (held(zoneId, name)?.length ?? 0) > 0;
  const isEmpty = (zoneId: string, name: string) => held(zoneId, name)?.length === 0;
  const filled = () => until(async () => (await rig.store.query('select 1 from job')).length === 0);
  const holdOf = async (zoneId: string): Promise<Hold | undefined> => value(await rig.rpc['holds-list']({ state: 'open' })).items.find((hold) => hold.scope === zoneId);

  /** Four names in one zone, three of which an inner zone takes. */
  async function story() {
    const apex = `h${round}.example`;
    const inside = [1, 2, 3].map((n) => `vm${n}.in.${apex}.`);
    const outer = await rig.zone(apex, main, { limits: { ...ZoneLimits.parse({}), rehomeShare: 0.3, rehomeNames: 1 } });
    const ids = [1, 2, 3].map((n) => `vm-${round}-${n}`);
    for (const [at, id] of ids.entries()) await rig.tell(rig.fact(id, { fqdn: inside[at] ?? '', ips: [`198.51.${round}.${at + 1}`] }));
    await rig.tell(rig.fact(`vm-${round}-4`, { fqdn: `vm4.${apex}.`, ips: [`198.51.${round}.4`] }));
    await until(() => [...inside, `vm4.${apex}.`].every((name) => isFull(outer.id, name)));
    const inner = await rig.zone(`in.${apex}`, second);
    await until(() => inside.every((name) => isFull(inner.id, name)));
    await filled();
    return { outer, inner, inside, ids };
  }

  it('adds at the inner zone, holds the removals, and says so in text; approve lets them go', async () => {
    const { outer, inside } = await story();
    const hold = await holdOf(outer.id);
    expect(hold).toMatchObject({ service: 'planner', kind: 're-homing', state: 'open', members: 3 });
    expect(hold?.text).toContain('3 of 4 names');
    const shown = value(await rig.rpc['hold-show']({ holdId: hold?.holdId ?? '' }));
    expect(shown.members.map((member) => member.name)).toEqual(inside);
    expect(shown.members[0]?.text).toContain('remove vm1.in.');
    expect(inside.every((name) => isFull(outer.id, name))).toBe(true);
    expect(value(await rig.rpc['zone-names']({ id: outer.id, state: 'on-hold' })).items).toHaveLength(3);
    const outcome = value(await rig.rpc['hold-decide']({ holdId: hold?.holdId ?? '', decision: 'approve', caller: ADMIN }));
    expect(outcome).toMatchObject({ released: 3, changed: [], hold: { state: 'approved', decidedBy: 'ada' } });
    await until(() => inside.every((name) => isEmpty(outer.id, name)));
    expect(value(await rig.rpc['hold-decide']({ holdId: hold?.holdId ?? '', decision: 'approve', caller: { ...ADMIN, name: 'somebody else' } }))).toEqual(outcome);
    expect(problem(await rig.rpc['hold-decide']({ holdId: hold?.holdId ?? '', decision: 'reject', caller: ADMIN }))).toMatchObject({ status: 409, title: 'This hold is already approved.', detail: expect.stringMatching(/^by ada at /) });
    expect(problem(await rig.rpc['hold-decide']({ holdId: 'hold-0', decision: 'approve', caller: ADMIN })).status).toBe(404);
  });

  it('reject keeps them for good: no longer wanted, not removed, not held again by the same fact', async () => {
    const { outer, inside, ids } = await story();
    const hold = await holdOf(outer.id);
    value(await rig.rpc['hold-decide']({ holdId: hold?.holdId ?? '', decision: 'reject', caller: ADMIN }));
    await until(async () => (await rig.row(outer.id, inside[0] ?? ''))?.kept);
    await filled();
    await rig.tell(rig.fact(ids[0] ?? '', { labels: { again: 'yes' } }));
    expect(inside.every((name) => isFull(outer.id, name))).toBe(true);
    expect(await holdOf(outer.id)).toBeUndefined();
    expect((await rig.row(outer.id, inside[0] ?? ''))).toMatchObject({ kept: true, hold_id: null, generation: 1 });
    // The VM's deletion is a newer fact: it is removed wherever it is.
    await rig.tell(rig.fact(ids[0] ?? '', { deleted: true }));
    await until(() => isEmpty(outer.id, inside[0] ?? ''));
  });

  it('(l) a newer fact takes its member off the list; approve releases exactly the others and lists it', async () => {
    const { outer, inside, ids } = await story();
    const hold = await holdOf(outer.id);
    await rig.tell(rig.fact(ids[1] ?? '', { ips: [`198.51.${round}.99`] }));
    await until(() => held(outer.id, inside[1] ?? '')?.[0]?.values[0] === `198.51.${round}.99`);
    expect((await holdOf(outer.id))?.members).toBe(2);
    // A changed fact is not removed behind the person's back while the hold is open.
    await rig.becomes(ids[1] ?? '', 'live');
    expect(isFull(outer.id, inside[1] ?? '')).toBe(true);
    const outcome = value(await rig.rpc['hold-decide']({ holdId: hold?.holdId ?? '', decision: 'approve', caller: ADMIN }));
    expect([outcome.released, outcome.changed]).toEqual([2, [inside[1]]]);
    await until(() => isEmpty(outer.id, inside[0] ?? '') && isEmpty(outer.id, inside[2] ?? ''));
  });

  it('(l) a deleted VM leaves the list and both zones, hold or not', async () => {
    const { outer, inner, inside, ids } = await story();
    await rig.tell(rig.fact(ids[2] ?? '', { deleted: true }));
    await until(() => isEmpty(outer.id, inside[2] ?? '') && isEmpty(inner.id, inside[2] ?? ''));
    expect((await holdOf(outer.id))?.members).toBe(2);
  });

  it('what joins while the hold is open waits with the rest', async () => {
    const { outer, inside } = await story();
    await rig.zone(`vm4.h${round}.example`, second);
    await filled();
    expect((await holdOf(outer.id))?.members).toBe(4);
    expect(inside.every((name) => isFull(outer.id, name))).toBe(true);
  });

  it('moves less than its share without asking, and few names of a small zone', async () => {
    const apex = `free${round}.example`;
    const outer = await rig.zone(apex, main, { limits: { ...ZoneLimits.parse({}), rehomeShare: 0.3, rehomeNames: 1 } });
    for (const n of [1, 2, 3, 4]) await rig.tell(rig.fact(`free-${n}`, { fqdn: n === 1 ? `vm.in.${apex}.` : `vm${n}.${apex}.`, ips: [`198.51.200.${n}`] }));
    await until(() => isFull(outer.id, `vm4.${apex}.`));
    await rig.zone(`in.${apex}`, second);
    await until(() => isEmpty(outer.id, `vm.in.${apex}.`));
    expect(await holdOf(outer.id)).toBeUndefined();
    const small = await rig.zone(`small${round}.example`, main);
    for (const n of [1, 2]) await rig.tell(rig.fact(`small-${n}`, { fqdn: `vm${n}.in.small${round}.example.`, ips: [`198.51.201.${n}`] }));
    await until(() => isFull(small.id, `vm2.in.small${round}.example.`));
    await rig.zone(`in.small${round}.example`, second);
    await until(() => isEmpty(small.id, `vm2.in.small${round}.example.`));
    expect(await holdOf(small.id)).toBeUndefined();
  });
});
