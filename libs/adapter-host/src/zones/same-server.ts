import type { Tx } from '@vmdns/store';
import { takeIntoDoubt } from '../lanes/doubt.js';
import type { Move } from './moves.js';

interface LaneRow {
  readonly target: string;
  readonly is_busy: boolean;
  readonly writing: string | null;
  readonly dead_at: Date | null;
}

/**
 * Of zones whose server has a new address, those that may go there now: nobody is writing them. What a lost writer may
 * have put is noted with the names first. The lanes must be locked; the others wait for the next look.
 */
export async function findCarried(tx: Tx, moves: readonly Move[]): Promise<readonly Move[]> {
  if (moves.length === 0) return [];
  const lanes = await tx.query<LaneRow>(
    'select target, owner is not null and until > clock_timestamp() as is_busy, writing, dead_at from lane where target = any($1)', [[...new Set(moves.map((move) => move.zone.target))]]);
  const busy = new Set<string>();
  for (const { target, is_busy: isBusy, writing, dead_at: deadAt } of lanes) {
    if (isBusy) busy.add(target);
    else if (writing !== null && deadAt !== null) await takeIntoDoubt(tx, target, [], { writing, deadAt });
  }
  return moves.filter((move) => !busy.has(move.zone.target));
}

const COLUMNS = `owner_name, zone_id, timeline, generation, digest, wanted, puts, vms, priority, owned, doubt, doubt_until, must_read, released, take_over, state, reason, provider_text,
  wrote, turn, attempts, outcome_at, next_try_at, due_at`;

/** Rows of an entry that leads elsewhere stay; rows of entries that are no more go along: what they remember is of this server. */
const CARRY = `
with move as (select * from unnest($1::text[], $2::text[], $3::text[]) as m (zone_id, source, target)),
gone as (
  delete from name n using move m where n.target = m.source
    and (n.zone_id = m.zone_id or not exists (select 1 from zone z where z.zone_id = n.zone_id and z.target = m.source))
  returning m.target as new_target, n.*
)
insert into name (target, ${COLUMNS}) select new_target, ${COLUMNS} from gone order by new_target, owner_name
on conflict (target, owner_name) do update set owned = excluded.owned || name.owned, must_read = true`;

const WAKE = `
update lane l set token = null, due_at = least(l.due_at, d.due_at), due_priority = least(l.due_priority, d.priority)
from (select target, min(due_at) as due_at, min(priority) as priority from name where target = any($1) and due_at is not null group by target) d
where l.target = d.target`;

/** Brings everything known of these zones to their new targets: wishes, what is ours, what is in doubt, what is unsaid. After the lanes are made. */
export async function carryNames(tx: Tx, moves: readonly Move[]): Promise<void> {
  if (moves.length === 0) return;
  const [sources, targets] = [moves.map((move) => move.zone.target), moves.map((move) => move.to)];
  await tx.query(CARRY, [moves.map((move) => move.zone.zone_id), sources, targets]);
  await tx.query('delete from held_foreign where target = any($1)', [sources]);
  await tx.query('update lane set token = null where target = any($1)', [targets]);
  await tx.query(WAKE, [targets]);
  await tx.query(
    `with gone as (delete from unsaid u using unnest($1::text[], $2::text[]) as m (source, target) where u.target = m.source returning m.target as new_target, u.*)
     insert into unsaid (target, instance, since, mark) select new_target, instance, since, mark from gone on conflict (target, instance) do update set since = least(unsaid.since, excluded.since)`,
    [sources, targets]);
  await tx.query('delete from lane l where l.target = any($1) and not exists (select 1 from name n where n.target = l.target) and not exists (select 1 from zone z where z.target = l.target)', [sources]);
}

/** It was said once and is carried out for every zone of these connections: another address is another question. */
export async function forgetSameServer(tx: Tx, connectionIds: readonly string[]): Promise<void> {
  if (connectionIds.length > 0) await tx.query('update connection set same_server = false where connection_id = any($1) and same_server', [connectionIds]);
}
