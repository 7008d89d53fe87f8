import { wishesOf, type Fact, type Wish } from '@vmdns/domain';
import type { Tx } from '@vmdns/store';
import { diffWishes, readWishesOfVms, writeWishes, type WishDiff } from '../wishes/wish.repository.js';
import type { RemovalCause } from '../holds/zone-brake.js';
import type { ZonePicture } from '../zones/zone-sets.js';
import { keyOfWish, type Key } from './key-homes.js';
import { planKeys, type Planned } from './plan-keys.js';
import { insertVms, isNewer, lockVms, stillFormer, updateVms, type Former, type VmRow } from './vm.repository.js';

export interface FactsAsk {
  readonly picture: ZonePicture;
  readonly timeline: number;
  readonly priority: 1 | 2;
  readonly firstMs: number;
}
export const NOTHING_PLANNED: Planned = { issues: [], vms: new Set(), unsettled: new Map() };

export interface PlannedFacts {
  readonly planned: Planned;
  /** The VMs whose facts were taken. */
  readonly taken: readonly string[];
}

/**
 * Takes facts, one of a VM, that are newer than its locked row; under the zone set's shared lock. `known`: VMs that were
 * there a moment ago; what changed since is met by the lock.
 */
export async function planFacts(tx: Tx, ask: FactsAsk, facts: readonly Fact[], known: ReadonlyMap<string, unknown>): Promise<PlannedFacts> {
  const vmIds = facts.map((fact) => fact.vmId);
  const [fresh, held] = await Promise.all([insertVms(tx, facts.filter((fact) => !known.has(fact.vmId))), hold(tx, vmIds.filter((vmId) => known.has(vmId)))]);
  // Somebody else made these while we looked.
  const raced = await hold(tx, vmIds.filter((vmId) => !known.has(vmId) && !fresh.has(vmId)));
  const locked = new Map([...held.rows, ...raced.rows].map((row) => [row.vm_id, row]));
  const taken = facts.filter((fact) => fresh.has(fact.vmId) || isNewer(fact, locked.get(fact.vmId)));
  if (taken.length === 0) return { planned: NOTHING_PLANNED, taken: [] };
  const takenIds = new Set(taken.map((fact) => fact.vmId));
  const { planned, former } = await planVms(tx, ask, taken, { locked, stored: [...held.wishes, ...raced.wishes].filter((wish) => takenIds.has(wish.vmId)) });
  await updateVms(tx, taken.filter((fact) => !fresh.has(fact.vmId)).map((fact) => ({ fact, former: former.get(fact.vmId) ?? [] })));
  return { planned, taken: [...takenIds] };
}

/** Locks VMs and reads their wishes, which nobody else changes from then on. */
async function hold(tx: Tx, vmIds: readonly string[]): Promise<{ readonly rows: readonly VmRow[]; readonly wishes: readonly Wish[] }> {
  if (vmIds.length === 0) return { rows: [], wishes: [] };
  const [rows, wishes] = await Promise.all([lockVms(tx, vmIds), readWishesOfVms(tx, vmIds)]);
  return { rows, wishes };
}

/** Works out the wishes of known VMs again: the settings changed. Their rows get no write unless a name is left behind. */
export async function replanVms(tx: Tx, ask: FactsAsk, vmIds: readonly string[]): Promise<Planned> {
  const { rows, wishes } = await hold(tx, vmIds);
  const locked = new Map(rows.map((row) => [row.vm_id, row]));
  const { planned, former } = await planVms(tx, ask, rows.map((row) => row.fact), { locked, stored: wishes });
  await updateVms(tx, rows.filter((row) => !sameFormer(former.get(row.vm_id) ?? [], row.former)).map((row) => ({ fact: row.fact, former: former.get(row.vm_id) ?? [] })));
  return planned;
}

function sameFormer(a: readonly Former[], b: readonly Former[]): boolean {
  const text = (list: readonly Former[]) => list.map((f) => `${f.zoneId} ${f.ownerName} ${f.generation}`).sort().join();
  return text(a) === text(b);
}

interface Before {
  readonly locked: ReadonlyMap<string, VmRow>;
  readonly stored: readonly Wish[];
}

async function planVms(tx: Tx, ask: FactsAsk, facts: readonly Fact[], { locked, stored }: Before) {
  const wanted = facts.flatMap((fact) => wishesOf(fact, ask.picture.settings));
  const diff = diffWishes(stored, wanted, new Map(facts.map((fact) => [fact.vmId, fact])));
  const keys = changedKeys(diff, stored);
  // Before the names are locked: only who holds the VM's row writes its wishes, and only the committed ones are read.
  const writing = writeWishes(tx, diff);
  const planning = keys.length === 0 ? NOTHING_PLANNED : planKeys(tx, {
    picture: ask.picture, keys, timeline: ask.timeline, priority: ask.priority, firstMs: ask.firstMs,
    urgentKeys: urgentKeys(diff, stored), newWishes: newWishes(diff, stored), ...causeOf(diff, facts),
  });
  const [planned] = await Promise.all([planning, writing]);
  return { planned, former: await formerNames(tx, diff, planned, { locked, tenants: new Map(facts.map((fact) => [fact.vmId, fact.tenant])) }) };
}

function changedKeys(diff: WishDiff, stored: readonly Wish[]): Key[] {
  const changed = [...diff.removed, ...diff.written.map((written) => written.wish)];
  const names = new Set([...changed, ...stored].filter((wish) => wish.kind === 'name').map((wish) => wish.key));
  return [...new Map(changed.map((wish) => [wish.key, wish])).values()].map((wish) => keyOfWish(wish, names.has(wish.key)));
}

/** By key, the wishes of keys that no VM of this batch wished before, or gives up. */
function newWishes(diff: WishDiff, stored: readonly Wish[]): ReadonlyMap<string, readonly Wish[]> {
  const before = new Set([...stored, ...diff.removed].map((wish) => wish.key));
  const wishes = new Map<string, Wish[]>();
  for (const { wish } of diff.written) {
    if (before.has(wish.key)) continue;
    const known = wishes.get(wish.key);
    if (known === undefined) wishes.set(wish.key, [wish]);
    else known.push(wish);
  }
  return wishes;
}

/** Whose facts take which wishes away; and what a person has approved at the source already. */
function causeOf(diff: WishDiff, facts: readonly Fact[]): Pick<RemovalCause, 'sources' | 'approvedKeys'> {
  const of = new Map(facts.map((fact) => [fact.vmId, fact]));
  const changed = [...diff.written.map(({ wish }) => wish), ...diff.removed];
  return {
    sources: new Map(changed.flatMap((wish) => { const fact = of.get(wish.vmId); return fact === undefined ? [] : [[wish.key, fact.source] as const]; })),
    approvedKeys: new Set(diff.removed.filter((wish) => of.get(wish.vmId)?.approvedBy !== undefined).map((wish) => wish.key)),
  };
}

/** Addresses whose PTR a customer set, or took back. */
function urgentKeys(diff: WishDiff, stored: readonly Wish[]): ReadonlySet<string> {
  const written = new Set(diff.written.map(({ wish }) => `${wish.vmId} ${wish.key}`));
  const before = [...diff.removed, ...stored.filter((wish) => written.has(`${wish.vmId} ${wish.key}`))];
  const asked = [...before, ...diff.written.map(({ wish }) => wish)].filter((wish) => wish.kind === 'address' && wish.origin === 'customer');
  return new Set(asked.map((wish) => wish.key));
}

/**
 * Names that a VM no longer wants and that are not settled without it, with those it had before. Ids are recycled, also
 * between tenants: what it had under another tenant goes all the same, and is not told to this one.
 */
async function formerNames(tx: Tx, diff: WishDiff, planned: Planned, { locked, tenants }: { readonly locked: ReadonlyMap<string, VmRow>; readonly tenants: ReadonlyMap<string, string | null> }): Promise<ReadonlyMap<string, readonly Former[]>> {
  const isOfTenant = (vmId: string, tenant: string | null): boolean => tenants.get(vmId) === tenant;
  const before = [...locked.values()].filter((row) => isOfTenant(row.vm_id, row.tenant)).flatMap((row) => row.former.map((former) => ({ vmId: row.vm_id, former })));
  const open = new Set((await stillFormer(tx, before.map((one) => one.former))).map(formerKey));
  const lists = new Map<string, Map<string, Former>>();
  const add = (vmId: string, former: Former) => {
    const list = lists.get(vmId) ?? new Map<string, Former>();
    list.set(`${former.zoneId} ${former.ownerName}`, former);
    lists.set(vmId, list);
  };
  for (const { vmId, former } of before) if (open.has(formerKey(former))) add(vmId, former);
  for (const wish of diff.removed.filter(({ vmId, tenant }) => isOfTenant(vmId, tenant))) for (const row of planned.unsettled.get(wish.key) ?? []) add(wish.vmId, row);
  return new Map([...lists].map(([vmId, list]) => [vmId, [...list.values()]]));
}

function formerKey(former: Former): string {
  return `${former.zoneId} ${former.ownerName} ${former.generation}`;
}
