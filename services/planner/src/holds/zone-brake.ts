import { desiredDigest, holdsRemovals, type RemovalLimits } from '@vmdns/domain';
import type { RrsetBody } from '@vmdns/contracts';
import type { Tx } from '@vmdns/store';
import type { RowPlan } from '../planning/decide-key.js';
import { placeKey } from '../planning/name.repository.js';
import type { ZonePicture } from '../zones/zone-sets.js';
import { type HoldsAtHand, openRemovalHold, shareSourceHolds } from './hold.repository.js';

/** Whose facts remove names, as far as planning knows; a person's change of zones or settings has no source of its own. */
export interface RemovalCause {
  readonly picture: ZonePicture;
  /** Source by key; a key that is missing changes by zones or settings. */
  readonly sources?: ReadonlyMap<string, string> | undefined;
  /** Keys whose removal a person has approved at the source already. */
  readonly approvedKeys?: ReadonlySet<string> | undefined;
}

/** Who removes names when zones or settings change. */
export const BY_SETTINGS = '(zones and settings)';

interface Loss {
  readonly plan: RowPlan;
  readonly types: readonly RrsetBody[];
  readonly source: string;
}

/**
 * The brake on removals (L13, PROTOCOL §8). A removal is an (owner name, type) that ends empty in a zone that is
 * written; a replaced value, a recycled PTR, a re-homing and a purge are none. Once a zone's limit within its window
 * is passed, what the same source removes waits in one hold, in all zones, forward and reverse; adding and changing
 * goes on. Cost: the removals of this transaction, and a bounded count of each of their zones.
 */
export async function brakeRemovals(tx: Tx, cause: RemovalCause, plans: readonly RowPlan[], holds: HoldsAtHand): Promise<readonly RowPlan[]> {
  const losses = plans.flatMap((plan) => lossOf(cause, plan));
  if (losses.length === 0) return plans.map((plan) => backFromHold(plan, holds));
  const decided = new Map<RowPlan, RowPlan>();
  const fresh: Loss[] = [];
  for (const loss of losses) {
    const held = listed(loss, holds);
    if (held === 'fresh') fresh.push(loss);
    else decided.set(loss.plan, held);
  }
  for (const [plan, held] of await brakeFresh(tx, cause, fresh)) decided.set(plan, held);
  return plans.map((plan) => decided.get(plan) ?? backFromHold(plan, holds));
}

function lossOf(cause: RemovalCause, plan: RowPlan): Loss[] {
  const zone = cause.picture.zones.get(plan.row.zone_id);
  if (plan.role === 'outgoing' || zone === undefined || zone.state !== 'active' || zone.view.mode !== 'write' || plan.row.hands === 'released') return [];
  const types = plan.row.desired.filter((before) => !plan.rrsets.some((rrset) => rrset.type === before.type));
  // A pointer that takes a PTR's place, or the other way round, replaces it.
  if (types.length === 0 || (plan.role !== 'forward' && plan.rrsets.length > 0)) return [];
  return [{ plan, types, source: cause.sources?.get(plan.row.rkey) ?? BY_SETTINGS }];
}

/** What a row on some list does: it waits, it goes, it stays for good, or it is news. */
function listed(loss: Loss, holds: HoldsAtHand): RowPlan | 'fresh' {
  const { plan } = loss;
  const kept = keeping(loss);
  const isSame = kept.digest === plan.row.digest;
  if (plan.row.kept && isSame) return { ...kept, kept: true };
  const place = placeKey(plan.row.zone_id, plan.row.owner_name);
  switch (holds.stateOf.get(place)) {
    case 'approved': return plan;
    case 'rejected': return isSame ? { ...kept, kept: true } : 'fresh';
    case 'open': return isSame ? { ...kept, holdId: plan.row.hold_id } : { ...kept, holdId: plan.row.hold_id, joins: plan.row.hold_id };
    case undefined: return 'fresh';
  }
}

/** A removal that is wanted no more is off the list. */
function backFromHold(plan: RowPlan, holds: HoldsAtHand): RowPlan {
  if (plan.role === 'outgoing' || plan.row.hold_id === null || plan.leaves !== null) return plan;
  return holds.stateOf.get(placeKey(plan.row.zone_id, plan.row.owner_name)) === 'open' ? { ...plan, leaves: plan.row.hold_id } : plan;
}

/** The row as it would be if nothing were removed. */
function keeping({ plan, types }: Loss): RowPlan {
  const rrsets = [...plan.rrsets, ...types].sort((a, b) => (a.type < b.type ? -1 : 1));
  return { ...plan, rrsets, lost: types, digest: desiredDigest(rrsets), vms: [...new Set([...plan.vms, ...plan.row.vms])].slice(0, 8) };
}

async function brakeFresh(tx: Tx, cause: RemovalCause, fresh: readonly Loss[]): Promise<ReadonlyMap<RowPlan, RowPlan>> {
  const counted = fresh.filter((loss) => cause.approvedKeys?.has(loss.plan.row.rkey) !== true);
  const held = new Map<RowPlan, RowPlan>();
  if (counted.length === 0) return held;
  const openOfSource = await shareSourceHolds(tx, [...new Set(counted.map((loss) => loss.source))]);
  const byZone = new Map<string, Loss[]>();
  for (const loss of counted) {
    const hold = openOfSource.get(loss.source);
    if (hold !== undefined) held.set(loss.plan, { ...keeping(loss), holdId: hold, joins: hold });
    else byZone.set(loss.plan.row.zone_id, [...(byZone.get(loss.plan.row.zone_id) ?? []), loss]);
  }
  const windows = await readWindows(tx, cause.picture, [...byZone.keys()].sort());
  const tripped = new Map<string, string>();
  for (const [zoneId, losses] of byZone) {
    const text = await tripText(tx, cause.picture, { zoneId, losses, window: windows.get(zoneId) });
    if (text !== null) for (const loss of losses) tripped.set(loss.source, text);
  }
  const opened = new Map<string, string>();
  for (const [source, text] of [...tripped].sort()) opened.set(source, await openRemovalHold(tx, source, text));
  for (const loss of [...byZone.values()].flat()) {
    const hold = opened.get(loss.source);
    if (hold !== undefined) held.set(loss.plan, { ...keeping(loss), holdId: hold, joins: hold });
  }
  const passed = [...byZone].map(([zoneId, losses]) => ({ zoneId, count: countOf(losses.filter((loss) => !opened.has(loss.source))) })).filter(({ count }) => count > 0);
  if (passed.length > 0) await tx.query('insert into removal (zone_id, count) select * from unnest($1::text[], $2::int[])', [passed.map((one) => one.zoneId), passed.map((one) => one.count)]);
  return held;
}

interface Window { readonly removed: number; readonly off: boolean }

/** What was removed lately from these zones; others who remove there wait until this transaction has ended. */
async function readWindows(tx: Tx, picture: ZonePicture, zoneIds: readonly string[]): Promise<ReadonlyMap<string, Window>> {
  if (zoneIds.length === 0) return new Map();
  await tx.query(`select pg_advisory_xact_lock(hashtextextended('vmdns.planner.removals:' || z, 0)) from unnest($1::text[]) z`, [zoneIds]);
  const rows = await tx.query<Window & { zone_id: string }>(
    `select z.zone_id, (select coalesce(sum(r.count), 0)::bigint from removal r where r.zone_id = z.zone_id and r.at > clock_timestamp() - make_interval(secs => z.seconds)) as removed,
            coalesce((select (body->'brakeOff'->>'until')::timestamptz > clock_timestamp() from zone where id = z.zone_id), false) as off
       from unnest($1::text[], $2::int[]) as z(zone_id, seconds)`, [zoneIds, zoneIds.map((id) => picture.zones.get(id)?.limits.windowSeconds ?? 0)]);
  return new Map(rows.map((row) => [row.zone_id, row]));
}

const countOf = (losses: readonly Loss[]): number => losses.reduce((sum, loss) => sum + loss.types.length, 0);

/** Why these removals wait, or null: they are few enough. */
async function tripText(tx: Tx, picture: ZonePicture, { zoneId, losses, window }: { readonly zoneId: string; readonly losses: readonly Loss[]; readonly window: Window | undefined }): Promise<string | null> {
  const zone = picture.zones.get(zoneId);
  if (zone === undefined) return null;
  const { limits } = zone;
  if (window?.off === true) return null;
  const before = window?.removed ?? 0;
  const removed = before + countOf(losses);
  // No more names are counted than the share needs to let these pass: the cost follows the removals (L6).
  const isSmall = removed < limits.names && removed <= limits.count;
  const total = isSmall ? 0 : before + await countNames(tx, zoneId, limits, removed);
  if (isSmall || !holdsRemovals(removed, total, limits)) return null;
  return `${removed} removals in ${zone.view.apex} within ${limits.windowSeconds} seconds are more than its limit (${Math.round(limits.share * 100)} % of its names where that is at least ${limits.names}, or ${limits.count})`;
}

async function countNames(tx: Tx, zoneId: string, limits: RemovalLimits, removed: number): Promise<number> {
  const most = limits.share > 0 ? Math.ceil(removed / limits.share) + 1 : 1;
  const [row] = await tx.query<{ names: number }>(`select count(*)::bigint as names from (select from name where zone_id = $1 and desired <> '[]' order by owner_name limit $2) counted`, [zoneId, most]);
  return row?.names ?? 0;
}
