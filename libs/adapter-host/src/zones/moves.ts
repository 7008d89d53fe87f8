import type { Tx } from '@vmdns/store';
import type { Incoming } from '../commands/incoming.js';
import { storeNames } from '../commands/name-table.js';
import type { ZoneRow } from './resolve.js';

/** A zone entry that leads elsewhere from now on. */
export interface Move {
  readonly zone: ZoneRow;
  readonly to: string;
}

/**
 * Of zones that lead to another target, those that may simply go there: nothing of ours lies at the old one and nobody
 * is writing it. Ownership hangs on the target (PROTOCOL §4), so the others wait for a person. The lanes must be locked.
 */
export async function findMovable(tx: Tx, moves: readonly Move[]): Promise<readonly Move[]> {
  if (moves.length === 0) return [];
  const bound = await tx.query<{ target: string }>(
    `select t.target from unnest($1::text[]) t (target)
     where exists (select 1 from name n where n.target = t.target and (n.owned <> '{}' or n.doubt is not null))
        or exists (select 1 from lane l where l.target = t.target and (l.owner is not null or l.writing is not null))`,
    [[...new Set(moves.map((move) => move.zone.target))]],
  );
  const targets = new Set(bound.map((row) => row.target));
  return moves.filter((move) => !targets.has(move.zone.target));
}

/** Points the entries at their new targets; before the lanes are made. */
export async function moveZones(tx: Tx, moves: readonly Move[]): Promise<void> {
  if (moves.length === 0) return;
  await tx.query('update zone z set target = u.target from unnest($1::text[], $2::text[]) as u (zone_id, target) where z.zone_id = u.zone_id', [moves.map((m) => m.zone.zone_id), moves.map((m) => m.to)]);
}

interface MovedRow {
  readonly zone_id: string;
  readonly owner_name: string;
  readonly timeline: number;
  readonly generation: number;
  readonly digest: string;
  readonly wanted: string;
  readonly puts: string;
  readonly vms: string;
  readonly priority: number;
  readonly released: boolean;
}

/** Takes the entries' names along: as if their commands came now. Where the new target knows better, the planner is told when it asks again. */
export async function moveNames(tx: Tx, moves: readonly Move[]): Promise<void> {
  if (moves.length === 0) return;
  const targets = new Map(moves.map((move) => [move.zone.zone_id, move.to]));
  const rows = await tx.query<MovedRow>(
    `delete from name n using unnest($1::text[], $2::text[]) as m (zone_id, target) where n.target = m.target and n.zone_id = m.zone_id
     returning n.zone_id, n.owner_name, n.timeline, n.generation, n.digest, n.wanted, n.puts, n.vms, n.priority, n.released`,
    [moves.map((m) => m.zone.zone_id), moves.map((m) => m.zone.target)],
  );
  const names = rows.map((row) => ({ target: targets.get(row.zone_id) ?? '', incoming: incomingOf(row), gate: null }));
  if (names.length > 0) await storeNames(tx, names);
  await tx.query('delete from lane l where l.target = any($1) and not exists (select 1 from name n where n.target = l.target) and not exists (select 1 from zone z where z.target = l.target)', [moves.map((m) => m.zone.target)]);
}

const incomingOf = (row: MovedRow): Incoming => ({
  zoneId: row.zone_id, ownerName: row.owner_name, timeline: row.timeline, generation: row.generation, digest: row.digest,
  wanted: row.wanted, puts: row.puts, vms: row.vms, priority: row.priority, released: row.released, adopt: false,
});

/** A removal: what was not done for these entries will not be. Their records stay; the rows remember that they are ours. */
export async function dropUndone(tx: Tx, zones: readonly ZoneRow[]): Promise<void> {
  if (zones.length === 0) return;
  await tx.query(
    `update name n set due_at = null from unnest($1::text[], $2::text[]) as z (zone_id, target)
     where n.target = z.target and n.zone_id = z.zone_id and n.due_at is not null`,
    [zones.map((z) => z.zone_id), zones.map((z) => z.target)],
  );
}

/** Mode `write` releases what was only looked at. */
export async function releaseObserved(tx: Tx, targets: readonly string[]): Promise<void> {
  if (targets.length === 0) return;
  await tx.query(
    `with released as (update name set due_at = clock_timestamp(), state = 'pending', attempts = 0 where target = any($1) and state = 'observed' returning target, priority)
     update lane l set due_at = least(l.due_at, clock_timestamp()), due_priority = case when l.due_at is null then r.priority else least(l.due_priority, r.priority) end
     from (select target, min(priority) as priority from released group by target) r where l.target = r.target`,
    [targets],
  );
}
