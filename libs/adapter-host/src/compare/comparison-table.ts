import type { DriftCounts, DriftEntry, DriftKind, Reason } from '@vmdns/contracts';
import type { Tx } from '@vmdns/store';
import { wantedOf } from '../results/outcome.js';
import type { LedgerName } from './compare-zone.js';

/** A zone is first compared so long after it came, so that its names are there; spread, since many may come at once. */
const FIRST_SECONDS = 20;
const FIRST_SPREAD_SECONDS = 60;
/** A reading that takes longer was lost. */
export const COMPARISON_LIFE_SECONDS = 360;

/** To the millisecond: what comes back from us must be equal to what is stored. */
const NOW = `date_trunc('milliseconds', clock_timestamp())`;

/** A comparison in this process' hands. */
export interface DueComparison {
  readonly target: string;
  readonly began_at: Date;
  readonly trusts_listing: boolean;
  readonly suspect_at: Date | null;
  /** The doubtful listing was first seen some minutes ago. */
  readonly is_seen_again: boolean | null;
  readonly observe: boolean;
  readonly zone_id: string;
  readonly apex: string;
  readonly zone_settings: Readonly<Record<string, unknown>>;
  readonly connection_id: string;
  readonly connection_revision: number;
  readonly connection_settings: Readonly<Record<string, unknown>>;
  readonly sealed: Readonly<Record<string, string>>;
  readonly compare_every_seconds: number;
  readonly failures: number;
}

/** What a person asked for stays due; a shorter pace counts from the last try; a pace of 0 leaves nothing to come. */
const PACE = `
update comparison c set next_at = p.next_at
from (
  select o.target, case when o.asked_at > coalesce(o.tried_at, '-infinity') then o.next_at
      when z.compare_every_seconds = 0 then null
      else least(o.next_at, coalesce(o.tried_at, clock_timestamp()) + z.compare_every_seconds * 1.1 * interval '1 second') end as next_at
  from comparison o join lane l on l.target = o.target join zone z on z.zone_id = l.zone_id where o.target = any($1) and (o.until is null or o.until <= clock_timestamp())
) p where c.target = p.target and c.next_at is distinct from p.next_at and (p.next_at is null or c.next_at is null or c.next_at > p.next_at)`;

/** Makes and drops rows with their lanes; a zone's own pace is kept. */
export async function followLanes(tx: Tx, targets: readonly string[]): Promise<void> {
  if (targets.length === 0) return;
  await tx.query(
    `insert into comparison as c (target, next_at)
     select l.target, case when z.compare_every_seconds > 0 then clock_timestamp() + ($2::int + random() * $3::int) * interval '1 second' end
     from lane l join zone z on z.zone_id = l.zone_id where l.target = any($1) and not l.removed and l.target not like '?%' order by l.target
     on conflict (target) do nothing`,
    [targets, FIRST_SECONDS, FIRST_SPREAD_SECONDS]);
  await tx.query(PACE, [targets]);
  await tx.query('delete from comparison c using lane l where l.target = c.target and l.target = any($1) and l.removed', [targets]);
}

/**
 * The comparison that is most due: asked for before by time. One at a time for each budget, and none where it is
 * blocked: a whole reading is the dearest call there is.
 */
const CLAIM = `
with due as (
  select c.target from comparison c join lane l on l.target = c.target
    left join connection k on k.connection_id = l.connection_id left join limiter m on m.key = l.limiter_key
  where c.next_at <= clock_timestamp() and (c.until is null or c.until <= clock_timestamp())
    and not l.removed and l.held is null and l.limiter_key is not null
    and coalesce(k.blocked_until, '-infinity') <= clock_timestamp() and coalesce(m.blocked_until, '-infinity') <= clock_timestamp()
    and not exists (select 1 from comparison o join lane ol on ol.target = o.target where ol.limiter_key = l.limiter_key and o.until > clock_timestamp())
  order by c.asked_at > coalesce(c.tried_at, '-infinity') desc nulls last, c.next_at limit 1 for update of c skip locked
), taken as (
  update comparison c set owner = $1, until = clock_timestamp() + ${COMPARISON_LIFE_SECONDS} * interval '1 second', tried_at = ${NOW}
  from due where c.target = due.target returning c.*
)
select t.target, t.tried_at as began_at, t.trusts_listing, t.suspect_at, t.suspect_at <= clock_timestamp() - interval '5 minutes' as is_seen_again, t.failures,
  l.observe, z.zone_id, z.apex, z.settings as zone_settings, z.compare_every_seconds,
  k.connection_id, k.revision as connection_revision, k.settings as connection_settings, k.sealed
from taken t join lane l on l.target = t.target join zone z on z.zone_id = l.zone_id join connection k on k.connection_id = l.connection_id`;

export async function claimComparison(tx: Tx, owner: string): Promise<DueComparison | undefined> {
  return (await tx.query<DueComparison>(CLAIM, [owner]))[0];
}

interface LedgerRow { readonly owner_name: string; readonly wanted: string; readonly owned: Readonly<Record<string, string>>; readonly is_moving: boolean; readonly is_alive: boolean }

/** Names whose outcome is younger than the reading, or that are due, may have been changed while it ran. */
const LEDGER = `
select n.owner_name, n.wanted, n.owned, not n.released and exists (select 1 from zone z where z.zone_id = n.zone_id and z.state <> 'removed') as is_alive,
  n.doubt is not null or n.outcome_at is null or n.outcome_at >= $3 or n.due_at <= clock_timestamp() as is_moving
from name n where n.target = $1 and n.owner_name > $2 order by n.owner_name limit $4`;

export async function readLedger(tx: Tx, target: string, after: string, beganAt: Date, limit: number): Promise<readonly LedgerName[]> {
  const rows = await tx.query<LedgerRow>(LEDGER, [target, after, beganAt, limit]);
  return rows.map((row) => ({ ownerName: row.owner_name, wanted: row.is_alive ? wantedOf(row.wanted) : [], owned: row.owned, isMoving: row.is_moving && row.is_alive }));
}

/** Names are read and put right by a turn of their own, behind everything urgent. */
const REPAIR = `
with mended as (
  update name n set must_read = true, due_at = clock_timestamp(), priority = 2
  from unnest($2::text[]) as b (owner_name) where n.target = $1 and n.owner_name = b.owner_name and not n.released and n.outcome_at < $3 and (n.due_at is null or n.due_at > clock_timestamp())
  returning 1
)
update lane l set due_at = least(l.due_at, clock_timestamp()), due_priority = case when l.due_at is null then 2 else l.due_priority end
where l.target = $1 and exists (select 1 from mended) returning (select count(*) from mended) as mended`;

export async function repairNames(tx: Tx, due: DueComparison, names: readonly string[]): Promise<number> {
  if (names.length === 0) return 0;
  await tx.query('select 1 from lane where target = $1 for update', [due.target]);
  const [row] = await tx.query<{ mended: number }>(REPAIR, [due.target, names, due.began_at]);
  return row?.mended ?? 0;
}

/** After `everySeconds`, give or take a tenth, so that many zones do not come together again; 0: when asked. */
const NEXT = `case when c.asked_at > c.tried_at then clock_timestamp() when $2::int > 0 then clock_timestamp() + $2::int * (0.9 + random() / 5) * interval '1 second' end`;

export async function storeComparison(tx: Tx, due: DueComparison, owner: string, end: { readonly counts: DriftCounts; readonly entries: readonly DriftEntry[]; readonly tookMs: number; readonly fault: Reason | null; readonly isSuspect: boolean; readonly againSeconds: number | null }): Promise<boolean> {
  const kept = await tx.query(
    `update comparison c set owner = null, until = null, failures = 0, trusts_listing = false, began_at = c.tried_at, took_ms = $3, counts = $4, fault = $5,
       suspect_at = case when $6::bool then coalesce(c.suspect_at, clock_timestamp()) end,
       next_at = case when $7::int is null then ${NEXT} else clock_timestamp() + $7::int * interval '1 second' end
     where c.target = $1 and c.owner = $8 and c.tried_at = $9 returning 1`,
    [due.target, due.compare_every_seconds, Math.round(end.tookMs), JSON.stringify(end.counts), end.fault === null ? null : JSON.stringify(end.fault), end.isSuspect, end.againSeconds, owner, due.began_at]);
  if (kept.length === 0) return false;
  await tx.query('delete from comparison_entry where target = $1', [due.target]);
  const pick = <T>(of: (entry: DriftEntry) => T): T[] => end.entries.map(of);
  await tx.query(
    `insert into comparison_entry (target, kind, owner_name, type, ours, wanted, held)
     select $1, * from unnest($2::text[], $3::text[], $4::text[], $5::bool[], $6::text[], $7::text[]) on conflict do nothing`,
    [due.target, pick((e) => e.kind), pick((e) => e.name), pick((e) => e.type), pick((e) => e.ours), pick((e) => (e.wanted === undefined ? null : JSON.stringify(e.wanted))), pick((e) => (e.held === undefined ? null : JSON.stringify(e.held)))]);
  return true;
}

/** A try that gave nothing: the last numbers stay, and it is tried again after a while. */
export async function storeFault(tx: Tx, due: DueComparison, owner: string, fault: Reason, againSeconds: number): Promise<void> {
  await tx.query(
    `update comparison set owner = null, until = null, failures = failures + 1, fault = $3, next_at = clock_timestamp() + $4::int * interval '1 second'
     where target = $1 and owner = $2`, [due.target, owner, JSON.stringify(fault), againSeconds]);
}

export interface ComparisonRow {
  readonly target: string;
  readonly observe: boolean;
  readonly next_at: Date | null;
  readonly asked_at: Date | null;
  readonly tried_at: Date | null;
  readonly is_running: boolean | null;
  readonly is_due: boolean | null;
  readonly fault: string | null;
  readonly began_at: Date | null;
  readonly took_ms: number | null;
  readonly counts: string | null;
}

/** How the comparison of a zone entry's target stands. */
export async function findComparison(tx: Tx, zoneId: string): Promise<ComparisonRow | undefined> {
  return (await tx.query<ComparisonRow>(
    `select z.target, l.observe, c.next_at, c.asked_at, c.tried_at, c.until > clock_timestamp() as is_running, c.next_at <= clock_timestamp() as is_due, c.fault, c.began_at, c.took_ms, c.counts
     from zone z join lane l on l.target = z.target left join comparison c on c.target = z.target where z.zone_id = $1 and z.revision > 0 and z.state <> 'removed'`, [zoneId]))[0];
}

/** Due at once; gives the time of asking. */
export async function askForComparison(tx: Tx, target: string, trustsListing: boolean): Promise<Date> {
  const [row] = await tx.query<{ asked_at: Date }>(
    `insert into comparison as c (target, next_at, asked_at, trusts_listing) values ($1, ${NOW}, ${NOW}, $2)
     on conflict (target) do update set next_at = excluded.next_at, asked_at = excluded.asked_at, trusts_listing = c.trusts_listing or excluded.trusts_listing returning asked_at`,
    [target, trustsListing]);
  return row?.asked_at ?? new Date(0);
}

interface EntryRow { readonly kind: DriftKind; readonly owner_name: string; readonly type: string; readonly ours: boolean; readonly wanted: string | null; readonly held: string | null }

/** A page in the order kind, name, type. */
export async function listEntries(tx: Tx, target: string, kind: DriftKind | undefined, after: readonly string[], limit: number): Promise<readonly DriftEntry[]> {
  const [afterKind = '', afterName = '', afterType = ''] = after;
  const rows = await tx.query<EntryRow>(
    `select kind, owner_name, type, ours, wanted, held from comparison_entry where target = $1 and ($2::text is null or kind = $2) and (kind, owner_name, type) > ($3, $4, $5)
     order by kind, owner_name, type limit $6`, [target, kind ?? null, afterKind, afterName, afterType, limit]);
  return rows.map((row) => ({
    kind: row.kind, name: row.owner_name, type: row.type, ours: row.ours,
    ...(row.wanted === null ? {} : { wanted: JSON.parse(row.wanted) as NonNullable<DriftEntry['wanted']> }), ...(row.held === null ? {} : { held: JSON.parse(row.held) as NonNullable<DriftEntry['held']> }),
  }));
}
