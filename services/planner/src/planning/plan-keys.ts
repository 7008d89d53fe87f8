import { wishKeysOf, type Reason, type Wish } from '@vmdns/domain';
import type { Tx } from '@vmdns/store';
import { joinHold, leaveHold, shareHolds } from '../holds/hold.repository.js';
import type { Issue } from '../reconcile/commands.js';
import { readDecidingWishes } from '../wishes/wish.repository.js';
import type { ZonePicture } from '../zones/zone-sets.js';
import { decideKey, outgoingRows, type RowPlan } from './decide-key.js';
import { keyHomes, placesOf, type Key, type KeyHomes } from './key-homes.js';
import { insertPlaces, lockNamesOfKeys, placeKey, writeNames, type NameChange, type NamePlace, type NameRow } from './name.repository.js';

export interface PlanAsk {
  readonly picture: ZonePicture;
  readonly keys: readonly Key[];
  readonly timeline: number;
  /** For a name that changes, unless it is more urgent by itself. */
  readonly priority: 1 | 2;
  /** Keys whose change a customer asked for. */
  readonly urgentKeys?: ReadonlySet<string>;
  readonly firstMs: number;
  /** Writes the wishes of who plans; called when every name they decide is locked. */
  readonly writeWishes?: () => Promise<void>;
}

export interface Planned {
  /** To be said after the commit. */
  readonly issues: readonly Issue[];
  /** VMs whose names changed. */
  readonly vms: ReadonlySet<string>;
  /** The rows of each key that are not settled after this. */
  readonly unsettled: ReadonlyMap<string, readonly { readonly zoneId: string; readonly ownerName: string; readonly generation: number }[]>;
}

/**
 * Decides some keys within a transaction that holds the zone set's shared lock (and its VM rows): places (old and new)
 * inserted if absent and locked in order; then wishes read, decided, written (PROTOCOL §7). Cost: the keys given.
 */
export async function planKeys(tx: Tx, ask: PlanAsk): Promise<Planned> {
  const { picture } = ask;
  const homes = ask.keys.map((key) => keyHomes(picture, key));
  const rows = await lockPlaces(tx, homes);
  await ask.writeWishes?.();
  const wishes = await readDecidingWishes(tx, wishKeys(picture, ask.keys, rows));
  const byKey = groupRows(homes, rows);
  const holds = await shareHolds(tx, homes.flatMap((home) => outgoingRows(picture, home, byKey.get(home.key.key) ?? [])
    .filter((row) => picture.zones.get(row.zone_id)?.state === 'active')));
  const wishesOf = groupWishes(wishes);
  const plans = homes.flatMap((home) => {
    const rowsOfKey = byKey.get(home.key.key) ?? [];
    const keys = new Set([home.key.key, ...rowsOfKey.flatMap((row) => keysOfRow(picture, row))]);
    return decideKey({ picture, homes: home, rows: rowsOfKey, wishes: [...keys].flatMap((key) => wishesOf.get(key) ?? []), holds });
  });
  return store(tx, ask, plans);
}

async function lockPlaces(tx: Tx, homes: readonly KeyHomes[]): Promise<readonly NameRow[]> {
  const keys = homes.map((home) => home.key.key);
  const wanted = unique(homes.flatMap(placesOf));
  for (let tries = 0; tries < 5; tries += 1) {
    await insertPlaces(tx, wanted);
    const rows = await lockNamesOfKeys(tx, keys, wanted);
    const locked = new Set(rows.map((row) => placeKey(row.zone_id, row.owner_name)));
    // A row that housekeeping dropped while we waited for its lock is inserted again.
    if (wanted.every((place) => locked.has(placeKey(place.zoneId, place.ownerName)))) return rows;
  }
  throw new Error('locking names: rows vanished five times in a row');
}

function unique(places: readonly NamePlace[]): NamePlace[] {
  return [...new Map(places.map((place) => [placeKey(place.zoneId, place.ownerName), place])).values()];
}

function keysOfRow(picture: ZonePicture, row: NameRow): readonly string[] {
  const zone = picture.zones.get(row.zone_id);
  return zone === undefined ? [row.rkey] : [row.rkey, ...wishKeysOf(zone.view, row.owner_name)];
}

function wishKeys(picture: ZonePicture, keys: readonly Key[], rows: readonly NameRow[]): string[] {
  return [...new Set([...keys.map((key) => key.key), ...rows.flatMap((row) => keysOfRow(picture, row))])];
}

/** A row belongs to the key that it was made for, and to a key that is at home there. Each row is decided once. */
function groupRows(homes: readonly KeyHomes[], rows: readonly NameRow[]): ReadonlyMap<string, NameRow[]> {
  const groups = new Map<string, NameRow[]>(homes.map((home) => [home.key.key, []]));
  const guests = new Map(homes.flatMap((home) => placesOf(home).map((place) => [placeKey(place.zoneId, place.ownerName), home.key.key] as const)));
  for (const row of rows) {
    const key = groups.has(row.rkey) ? row.rkey : guests.get(placeKey(row.zone_id, row.owner_name));
    if (key !== undefined) groups.get(key)?.push(row);
  }
  return groups;
}

function groupWishes(wishes: readonly Wish[]): ReadonlyMap<string, Wish[]> {
  const groups = new Map<string, Wish[]>();
  for (const wish of wishes) {
    const group = groups.get(wish.key);
    if (group === undefined) groups.set(wish.key, [wish]);
    else group.push(wish);
  }
  return groups;
}

/** Writes the rows that differ, and only those (L12). */
async function store(tx: Tx, ask: PlanAsk, plans: readonly RowPlan[]): Promise<Planned> {
  const changes = plans.filter((plan) => !plan.abandoned).flatMap((plan) => changeOf(ask, plan));
  const generations = new Map(changes.map((change) => [placeKey(change.zoneId, change.ownerName), change]));
  await writeNames(tx, changes, ask.firstMs);
  await dropNames(tx, plans.filter((plan) => plan.abandoned));
  await leaveHold(tx, plans.flatMap((plan) => (plan.leaves === null ? [] : [{ holdId: plan.leaves, zoneId: plan.row.zone_id, ownerName: plan.row.owner_name }])));
  await joinHold(tx, plans.flatMap((plan) => {
    if (plan.joins === null) return [];
    const pair = generations.get(placeKey(plan.row.zone_id, plan.row.owner_name)) ?? plan.row;
    return [{ holdId: plan.joins, zoneId: plan.row.zone_id, ownerName: plan.row.owner_name, timeline: pair.timeline, generation: pair.generation, text: removalText(plan) }];
  }));
  const vms = new Set<string>();
  const unsettled = new Map<string, { zoneId: string; ownerName: string; generation: number }[]>();
  for (const plan of plans) {
    const change = generations.get(placeKey(plan.row.zone_id, plan.row.owner_name));
    if (change !== undefined) for (const vm of [...plan.row.vms, ...change.vms]) vms.add(vm);
    const generation = change?.generation ?? plan.row.generation;
    if (plan.abandoned || plan.row.settled_generation >= generation) continue;
    const list = unsettled.get(plan.row.rkey) ?? [];
    unsettled.set(plan.row.rkey, [...list, { zoneId: plan.row.zone_id, ownerName: plan.row.owner_name, generation }]);
  }
  return { issues: changes.flatMap((change) => issueOf(ask.picture, change)), vms, unsettled };
}

function removalText(plan: RowPlan): string {
  const values = plan.row.desired.map((rrset) => `${rrset.type} ${rrset.values.join(', ')}`);
  return `remove ${plan.row.owner_name} ${values.join('; ')}`;
}

async function dropNames(tx: Tx, plans: readonly RowPlan[]): Promise<void> {
  if (plans.length === 0) return;
  await tx.query('delete from name where (zone_id, owner_name) in (select * from unnest($1::text[], $2::text[]))',
    [plans.map((plan) => plan.row.zone_id), plans.map((plan) => plan.row.owner_name)]);
}

/** The change of one row, or nothing. A new generation where its contents change, or where a plan that was only looked at is written now. */
function changeOf(ask: PlanAsk, plan: RowPlan): NameChange[] {
  const { row } = plan;
  const mode = ask.picture.zones.get(row.zone_id)?.view.mode;
  const wasLookedAt = row.state === 'observed' && mode === 'write' && row.settled_generation === row.generation;
  const isUnborn = row.generation === 0 && plan.rrsets.length === 0;
  const isNew = !isUnborn && (plan.digest !== row.digest || wasLookedAt);
  const vms = vmsOf(plan, isNew);
  const isSame = !isNew && sameVms(vms, row.vms) && sameReason(plan.reason, row.plan_reason)
    && plan.replaces === row.replaces && plan.kept === row.kept && plan.holdId === row.hold_id;
  if (isSame) return [];
  return [{
    zoneId: row.zone_id, ownerName: row.owner_name, desired: plan.rrsets, digest: isUnborn ? row.digest : plan.digest, planReason: plan.reason, vms,
    priority: isNew ? priorityOf(ask, plan) : row.priority, replaces: plan.replaces, holdId: plan.holdId, kept: plan.kept,
    timeline: isNew ? Math.max(ask.timeline, row.timeline) : row.timeline, generation: isNew ? row.generation + 1 : row.generation, isNew,
  }];
}

/** The VMs that the name is about, at most 8; a removal keeps those it is removed from. */
function vmsOf(plan: RowPlan, isNew: boolean): readonly string[] {
  if (plan.vms.length > 0) return plan.vms.slice(0, 8);
  if (!isNew) return plan.row.vms;
  return [...new Set([...(plan.holder === null ? [] : [plan.holder]), ...plan.row.vms])].slice(0, 8);
}

function sameReason(a: Reason | null, b: Reason | null): boolean {
  return a?.code === b?.code && a?.text === b?.text && a?.hint === b?.hint;
}

function sameVms(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((vm, at) => vm === b[at]);
}

/** 0: a PTR that another VM takes over, or that a customer asked for (PROTOCOL §5); what waits keeps its urgency. */
function priorityOf(ask: PlanAsk, plan: RowPlan): number {
  const { row } = plan;
  const isReverse = plan.role === 'reverse';
  const isRecycled = isReverse && row.desired.length > 0 && plan.holder !== null && row.vms.length > 0 && !row.vms.includes(plan.holder);
  const own = isRecycled || (isReverse && ask.urgentKeys?.has(row.rkey) === true) ? 0 : ask.priority;
  return row.settled_generation < row.generation ? Math.min(own, row.priority) : own;
}

function issueOf(picture: ZonePicture, change: NameChange): Issue[] {
  const zone = picture.zones.get(change.zoneId);
  if (!change.isNew || zone === undefined) return [];
  return [{
    zoneId: change.zoneId, apex: zone.view.apex, provider: zone.view.provider, connectionId: zone.view.connectionId, ownerName: change.ownerName,
    timeline: change.timeline, generation: change.generation, digest: change.digest, desired: change.desired, priority: change.priority, vms: change.vms,
  }];
}
