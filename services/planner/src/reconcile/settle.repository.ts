import type { Reason } from '@vmdns/contracts';
import type { Tx } from '@vmdns/store';
import type { ZoneRow } from '../zones/zone.row.js';

/** What a taken result leaves on its row. */
export interface Taken {
  readonly zoneId: string;
  readonly ownerName: string;
  readonly final: boolean;
  readonly state: string;
  readonly reason: Reason | null;
  readonly turn: number;
  readonly attempts: number;
  readonly nextTryAt: string | null;
}

/** A row whose generation must overtake what the adapter knows. */
export interface Overtaken {
  readonly zoneId: string;
  readonly ownerName: string;
  readonly timeline: number;
  readonly generation: number;
  readonly later: boolean;
}

/** Heard of: never issued again by time. Final: settled; a later turn that is not final unsettles it again. */
export async function writeTaken(tx: Tx, taken: readonly Taken[]): Promise<void> {
  if (taken.length === 0) return;
  await tx.query(
    `update name n set state = t.state, reason = t.reason, turn = t.turn, attempts = t.attempts, next_try_at = t.next_try_at, heard = true,
        issue_at = 'infinity', issue_attempts = 0, updated_at = now(),
        since = case when n.state = t.state and n.reason->>'code' is not distinct from t.reason->>'code' then n.since else now() end,
        hands = case when t.final and n.hands = 'adopting' then null else n.hands end,
        settled_generation = case when t.final then n.generation else least(n.settled_generation, n.generation - 1) end
       from jsonb_to_recordset($1::jsonb) as t(zone_id text, owner_name text, final boolean, state text, reason jsonb, turn bigint, attempts int, next_try_at timestamptz)
      where n.zone_id = t.zone_id and n.owner_name = t.owner_name`,
    [JSON.stringify(taken.map((t) => ({
      zone_id: t.zoneId, owner_name: t.ownerName, final: t.final, state: t.state, reason: t.reason, turn: t.turn, attempts: t.attempts, next_try_at: t.nextTryAt,
    })))]);
}

/** The pair rises; `later` keeps counting attempts, so that a disagreement that lasts is no loop without pause. */
export async function writeOvertaken(tx: Tx, overtaken: readonly Overtaken[], firstMs: number, maxMs: number): Promise<void> {
  if (overtaken.length === 0) return;
  await tx.query(
    `update name n set timeline = o.timeline, generation = o.generation, state = 'pending', reason = null, turn = -1, heard = false, attempts = 0, next_try_at = null,
        issue_at = clock_timestamp() + least($2 * case when o.later then power(2, least(n.issue_attempts, 20)) else 1 end, $3) * interval '1 millisecond',
        issue_attempts = case when o.later then n.issue_attempts + 1 else 0 end, since = now(), updated_at = now()
       from jsonb_to_recordset($1::jsonb) as o(zone_id text, owner_name text, timeline int, generation bigint, later boolean)
      where n.zone_id = o.zone_id and n.owner_name = o.owner_name`,
    [JSON.stringify(overtaken.map((o) => ({ zone_id: o.zoneId, owner_name: o.ownerName, timeline: o.timeline, generation: o.generation, later: o.later }))), firstMs, maxMs]);
}

/** Read after the names are locked: who writes a zone's mode plans its names again afterwards, and so meets our commit. */
export async function readZones(tx: Tx, zoneIds: readonly string[]): Promise<ReadonlyMap<string, ZoneRow>> {
  const rows = await tx.query<ZoneRow>('select * from zone where id = any($1::text[])', [zoneIds]);
  return new Map(rows.map((row) => [row.id, row]));
}
