import type { RrsetBody } from '@vmdns/contracts';
import { wishKeysOf, type Wish } from '@vmdns/domain';
import type { Tx } from '@vmdns/store';
import { joinHold, leaveHold, NO_HOLDS, shareHolds } from '../holds/hold.repository.js';
import { brakeRemovals, type RemovalCause } from '../holds/zone-brake.js';
import type { Issue } from '../reconcile/commands.js';
import { readDecidingWishes } from '../wishes/wish.repository.js';
import type { ZonePicture } from '../zones/zone-sets.js';
import { decideKey, outgoingRows, type RowPlan } from './decide-key.js';
import { keyHomes, placesOf, type Key, type KeyHomes } from './key-homes.js';
import { changeOf, issueOf, type ChangeAsk } from './name-change.js';
import { blankName, dropNames, findContested, insertNames, insertPlaces, lockNamesOfKeys, placeKey, writeNames, type NameChange, type NamePlace, type NameCore } from './name.repository.js';

export interface PlanAsk extends ChangeAsk, RemovalCause {
  readonly keys: readonly Key[];
  /** Keys that somebody wishes for the first time, with all wishes that were written for them: mostly nobody else does, and no row is there. */
  readonly newWishes?: ReadonlyMap<string, readonly Wish[]>;
  readonly firstMs: number;
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
 * Decides some keys within a transaction that holds the zone set's shared lock (and its VM rows), and that has written
 * the wishes of those VMs: places (old and new) inserted if absent and locked in order; then wishes read, decided,
 * written (PROTOCOL §7). Cost: the keys given.
 */
export async function planKeys(tx: Tx, ask: PlanAsk): Promise<Planned> {
  const homes = ask.keys.map((key) => keyHomes(ask.picture, key));
  const born = await bearNames(tx, ask, homes);
  if (born.rest.length === 0) return { issues: [...born.issues.values()], vms: born.vms, unsettled: new Map() };
  const planned = await planLocked(tx, ask, born.rest);
  const issues = new Map([...born.issues, ...planned.issues.map((issue) => [placeKey(issue.zoneId, issue.ownerName), issue] as const)]);
  return { issues: [...issues.values()], vms: new Set([...born.vms, ...planned.vms]), unsettled: planned.unsettled };
}

interface Born {
  /** By place. */
  readonly issues: ReadonlyMap<string, Issue>;
  readonly vms: ReadonlySet<string>;
  /** Homes of the keys that have to be decided under locks. */
  readonly rest: readonly KeyHomes[];
}

/**
 * A key that has no row anywhere, and that nobody else wishes, is decided first and inserted as decided: one row version
 * instead of two. The insert is the lock. Who plans the same key at the same time either inserted before us: then our
 * insert waits, finds his row and leaves the key to be decided under locks, with both wishes; or comes after us, and
 * does the same.
 */
async function bearNames(tx: Tx, ask: PlanAsk, homes: readonly KeyHomes[]): Promise<Born> {
  const candidates = homes.flatMap((home) => {
    const wishes = ask.newWishes?.get(home.key.key);
    return wishes === undefined || !isAlone(ask.picture, home) ? [] : [{ home, wishes }];
  });
  const contested = await findContested(tx, candidates.map(({ home }) => home.key.key), candidates.map(({ wishes }) => wishes.length));
  const rowsOf = new Map<KeyHomes, readonly NameCore[]>();
  const changeAt = new Map<string, NameChange>();
  const names: { row: NameCore; change: NameChange | undefined }[] = [];
  for (const { home, wishes } of candidates) {
    if (contested.has(home.key.key)) continue;
    const rows = placesOf(home).map(blankName);
    rowsOf.set(home, rows);
    for (const plan of decideKey({ picture: ask.picture, homes: home, rows, wishes, holds: NO_HOLDS })) {
      for (const change of changeOf(ask, plan)) changeAt.set(placeKey(change.zoneId, change.ownerName), change);
    }
    for (const row of rows) names.push({ row, change: changeAt.get(placeKey(row.zone_id, row.owner_name)) });
  }
  const inserted = await insertNames(tx, names, ask.firstMs);
  const issues = new Map<string, Issue>();
  const vms = new Set<string>();
  for (const [place, change] of changeAt) {
    if (!inserted.has(place)) continue;
    for (const issue of issueOf(ask.picture, change)) issues.set(place, issue);
    for (const vm of change.vms) vms.add(vm);
  }
  const isBorn = (home: KeyHomes) => rowsOf.get(home)?.every((row) => inserted.has(placeKey(row.zone_id, row.owner_name))) ?? false;
  return { issues, vms, rest: homes.filter((home) => !isBorn(home)) };
}

/** Whether only wishes with this key decide its places, and each place once: not so in a classless zone. */
function isAlone(picture: ZonePicture, homes: KeyHomes): boolean {
  const places = placesOf(homes);
  return places.every((place, at) => {
    const zone = picture.zones.get(place.zoneId);
    return zone !== undefined && !zone.isClassless && places.findIndex((other) => other.zoneId === place.zoneId && other.ownerName === place.ownerName) === at;
  });
}

async function planLocked(tx: Tx, ask: PlanAsk, homes: readonly KeyHomes[]): Promise<Planned> {
  const { picture } = ask;
  const rows = await lockPlaces(tx, homes);
  const wishesOf = groupWishes(await readDecidingWishes(tx, wishKeys(picture, homes.map((home) => home.key.key), rows)));
  const byKey = groupRows(homes, rows);
  const leaving = homes.flatMap((home) => outgoingRows(picture, home, byKey.get(home.key.key) ?? []).filter((row) => picture.zones.get(row.zone_id)?.state === 'active'));
  const holds = await shareHolds(tx, [...new Set([...leaving, ...rows.filter((row) => row.hold_id !== null)])]);
  const plans = homes.flatMap((home) => decideRows(picture, home, byKey.get(home.key.key) ?? [], wishesOf, holds));
  return store(tx, ask, await brakeRemovals(tx, ask, plans, holds));
}

function decideRows(picture: ZonePicture, homes: KeyHomes, rows: readonly NameCore[], wishesOf: ReadonlyMap<string, readonly Wish[]>, holds: typeof NO_HOLDS): RowPlan[] {
  const keys = new Set([homes.key.key, ...rows.flatMap((row) => keysOfRow(picture, row))]);
  return decideKey({ picture, homes, rows, wishes: [...keys].flatMap((key) => wishesOf.get(key) ?? []), holds });
}

async function lockPlaces(tx: Tx, homes: readonly KeyHomes[]): Promise<readonly NameCore[]> {
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

function keysOfRow(picture: ZonePicture, row: NameCore): readonly string[] {
  const zone = picture.zones.get(row.zone_id);
  return zone === undefined ? [row.rkey] : [row.rkey, ...wishKeysOf(zone.view, row.owner_name)];
}

function wishKeys(picture: ZonePicture, keys: readonly string[], rows: readonly NameCore[]): string[] {
  return [...new Set([...keys, ...rows.flatMap((row) => keysOfRow(picture, row))])];
}

/** A row belongs to the key that it was made for, and to a key that is at home there. Each row is decided once. */
function groupRows(homes: readonly KeyHomes[], rows: readonly NameCore[]): ReadonlyMap<string, NameCore[]> {
  const groups = new Map<string, NameCore[]>(homes.map((home) => [home.key.key, []]));
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
  await dropNames(tx, plans.filter((plan) => plan.abandoned).map((plan) => ({ zoneId: plan.row.zone_id, ownerName: plan.row.owner_name })));
  await leaveHold(tx, plans.flatMap((plan) => (plan.leaves === null ? [] : [{ holdId: plan.leaves, zoneId: plan.row.zone_id, ownerName: plan.row.owner_name }])));
  await joinHold(tx, plans.flatMap((plan) => {
    if (plan.joins === null) return [];
    const pair = generations.get(placeKey(plan.row.zone_id, plan.row.owner_name)) ?? plan.row;
    return [{ holdId: plan.joins, zoneId: plan.row.zone_id, ownerName: plan.row.owner_name, timeline: pair.timeline, generation: pair.generation, text: removalText(plan), removes: removesOf(plan) }];
  }));
  const vms = new Set<string>();
  const unsettled = new Map<string, { zoneId: string; ownerName: string; generation: number }[]>();
  for (const plan of plans) {
    const change = generations.get(placeKey(plan.row.zone_id, plan.row.owner_name));
    if (change !== undefined) for (const vm of [...plan.row.vms, ...change.vms]) vms.add(vm);
    // What waits for a person is not settled without its VM before the generation that removes it is.
    const generation = (change?.generation ?? plan.row.generation) + (plan.role !== 'outgoing' && (plan.holdId !== null || plan.kept) ? 1 : 0);
    if (plan.abandoned || plan.row.settled_generation >= generation) continue;
    const list = unsettled.get(plan.row.rkey) ?? [];
    unsettled.set(plan.row.rkey, [...list, { zoneId: plan.row.zone_id, ownerName: plan.row.owner_name, generation }]);
  }
  return { issues: changes.flatMap((change) => issueOf(ask.picture, change)), vms, unsettled };
}

/** What would go: all of a row that leaves its zone, else what nobody wishes any more. */
function removesOf(plan: RowPlan): readonly RrsetBody[] {
  return plan.lost ?? plan.row.desired;
}

function removalText(plan: RowPlan): string {
  const values = removesOf(plan).map((rrset) => `${rrset.type} ${rrset.values.join(', ')}`);
  return `remove ${plan.row.owner_name} ${values.join('; ')}`;
}
