import { bigintArray, booleanArray, textArray, timestampArray, type Tx } from '@vmdns/store';
import type { Gate } from '../lanes/gate.js';
import { OUTCOME_COLUMNS, type OutcomeRow } from '../results/outcome.js';
import type { Incoming } from './incoming.js';

/** An incoming name at its target, and what it is told at once because its lane cannot be worked on. */
export interface Addressed {
  readonly target: string;
  readonly incoming: Incoming;
  readonly gate: Gate | null;
}

/** What was stored at one target. */
export interface StoredNames {
  readonly target: string;
  readonly stored: number;
  /** Of these, names that change so often that they are not due at once. */
  readonly paced: number;
  /** When those are, in ms. */
  readonly waits: readonly number[];
  /** Names that are due at once: not those that are paced, nor those that never are. */
  readonly due: number;
  /** Which; null: all that were given. */
  readonly names: readonly string[] | null;
}

/** When a name is due that was written at `pacedFrom`, or whose companions were: at once, unless that is less than a rest ago. */
const dueAfter = (pacedFrom: string): string => `case when ${pacedFrom} > clock_timestamp() - $17::int * interval '1 ms' then ${pacedFrom} + $17::int * interval '1 ms' else clock_timestamp() end`;

/**
 * A higher pair replaces, and wakes its lane; all else is left alone, so that a repeat changes no row (L12). An entry
 * that has lost a name to another entry of the same target cannot remove it any more.
 * What flaps is paced here: a name written less than a rest ago waits for the rest of it, and so do the names of its VM
 * that come with it (the reverse name of the next address). One that waits for its lane anyway is not made to wait more.
 */
const STORE = `
with incoming as (
  select * from unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::text[], $10::bigint[], $11::text[], $12::text[], $13::timestamptz[], $14::boolean[], $15::text[], $16::bigint[])
    as i (target, owner_name, zone_id, timeline, generation, digest, wanted, puts, vms, priority, state, reason, next_try_at, released, take_over, companions)
), pace as materialized (
  select i.companions, max(case when n.attempts = 0 and n.due_at <= clock_timestamp() then clock_timestamp() else n.paced_from end) as paced_from
  from incoming i cross join lateral (select k.attempts, k.due_at, k.paced_from from name k where k.target = i.target and k.owner_name = i.owner_name limit 1) n
  where i.companions is not null group by i.companions
), taken as (
  insert into name as n (target, owner_name, zone_id, timeline, generation, digest, wanted, puts, vms, priority, state, reason, next_try_at, released, take_over, turn, outcome_at, due_at, paced_from)
  select i.target, i.owner_name, i.zone_id, i.timeline, i.generation, i.digest, i.wanted, i.puts, i.vms, i.priority, i.state, i.reason, i.next_try_at, i.released, i.take_over,
    case when i.state = 'pending' then 0 else 1 end, case when i.state = 'pending' then null else clock_timestamp() end, case when not i.released then ${dueAfter('p.paced_from')} end, p.paced_from
  from incoming i left join pace p on p.companions = i.companions order by i.target collate "C", i.owner_name collate "C"
  on conflict (target, owner_name) do update set
    zone_id = excluded.zone_id, timeline = excluded.timeline, generation = excluded.generation, digest = excluded.digest,
    wanted = excluded.wanted, puts = excluded.puts, vms = excluded.vms, priority = excluded.priority,
    state = excluded.state, reason = excluded.reason, provider_text = null, wrote = false, attempts = 0,
    turn = n.turn + excluded.turn, outcome_at = excluded.outcome_at, next_try_at = excluded.next_try_at, paced_from = greatest(n.paced_from, excluded.paced_from),
    due_at = case when excluded.released then null when n.attempts = 0 and n.due_at <= clock_timestamp() then n.due_at else ${dueAfter('greatest(n.paced_from, excluded.paced_from)')} end,
    released = excluded.released, owned = case when excluded.released then '{}' else n.owned end, take_over = coalesce(excluded.take_over, n.take_over), must_read = n.must_read or excluded.take_over is not null
  where (excluded.timeline, excluded.generation) > (n.timeline, n.generation)
    and not (excluded.wanted = '[]' and n.wanted <> '[]' and n.zone_id <> excluded.zone_id
      and exists (select 1 from zone z where z.zone_id = n.zone_id and z.state <> 'removed'))
  returning n.target, n.owner_name, n.priority, n.released, n.due_at
), woken as (
  update lane l set due_at = least(l.due_at, t.due_at), due_priority = case when l.due_at is null then t.priority else least(l.due_priority, t.priority) end
  from (select target, min(due_at) as due_at, min(priority) as priority from taken where not released group by target) t
  where l.target = t.target and (l.due_at is null or l.due_at > t.due_at or l.due_priority > t.priority)
)
select target, count(*)::int as stored, count(*) filter (where wait_ms > 0)::int as paced, count(*) filter (where wait_ms <= 0 or wait_ms is null)::int as due,
  coalesce(json_agg(distinct ceil(wait_ms)) filter (where wait_ms > 0), '[]') as waits,
  case when $18::bool or (select count(*) from taken) < (select count(*) from incoming) then json_agg(owner_name) end as names
from (select t.*, (extract(epoch from t.due_at - clock_timestamp()) * 1000)::float8 as wait_ms from taken t) t group by target`;

/** Stores what replaces; gives those names, one by one only where it is not all of them, or where somebody must know. The lanes must be locked. */
export function storeNames(tx: Tx, names: readonly Addressed[], restMs = 0): Promise<readonly StoredNames[]> {
  const texts = (of: (name: Addressed) => string | null): Buffer => textArray(names.map(of));
  const numbers = (of: (name: Addressed) => number | null): Buffer => bigintArray(names.map(of));
  const companions = companionsOf(names);
  return tx.query<StoredNames>(STORE, [
    texts((n) => n.target), texts((n) => n.incoming.ownerName), texts((n) => n.incoming.zoneId), numbers((n) => n.incoming.timeline),
    numbers((n) => n.incoming.generation), texts((n) => n.incoming.digest), texts((n) => n.incoming.wanted), texts((n) => n.incoming.puts),
    texts((n) => n.incoming.vms), numbers((n) => n.incoming.priority), texts((n) => n.gate?.state ?? 'pending'),
    texts((n) => (n.gate === null ? null : JSON.stringify(n.gate.reason))), timestampArray(names.map((n) => n.gate?.nextTryAt?.getTime() ?? null)),
    booleanArray(names.map((n) => n.incoming.released)), texts((n) => (n.incoming.adopt ? 'any' : null)), numbers((n) => companions.get(n) ?? null), restMs, names.some((n) => n.gate !== null),
  ]);
}

/** Names of the same VMs that came together; a name that came alone is in no company. */
function companionsOf(names: readonly Addressed[]): ReadonlyMap<Addressed, number> {
  const byVms = new Map<string, Addressed[]>();
  for (const name of names) {
    if (name.incoming.vms === '[]') continue;
    const key = `${name.target} ${name.incoming.vms}`;
    const others = byVms.get(key);
    if (others === undefined) byVms.set(key, [name]);
    else others.push(name);
  }
  return new Map([...byVms.values()].flatMap((company, at) => (company.length === 1 ? [] : company.map((name) => [name, at] as const))));
}

/** Rows by target and name. */
export function findNames(tx: Tx, names: readonly Addressed[]): Promise<readonly (OutcomeRow & { readonly target: string; readonly now: Date })[]> {
  return tx.query(
    `select n.target, clock_timestamp() as now, ${OUTCOME_COLUMNS}
     from unnest($1::text[], $2::text[]) as k (target, owner_name) join name n on n.target = k.target and n.owner_name = k.owner_name`,
    [names.map((n) => n.target), names.map((n) => n.incoming.ownerName)],
  );
}

/** Tells names that were never told anything why they wait; they stay due. The lanes must be locked. */
export function answerPending(tx: Tx, names: readonly { readonly target: string; readonly ownerName: string; readonly gate: Gate }[]): Promise<readonly (OutcomeRow & { readonly target: string })[]> {
  return tx.query(
    `update name n set state = u.state, reason = u.reason, next_try_at = u.next_try_at, turn = n.turn + 1, outcome_at = t.at
     from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[]) as u (target, owner_name, state, reason, next_try_at), (select clock_timestamp() as at) t
     where n.target = u.target and n.owner_name = u.owner_name and n.state = 'pending'
     returning n.target, ${OUTCOME_COLUMNS}`,
    [names.map((n) => n.target), names.map((n) => n.ownerName), names.map((n) => n.gate.state), names.map((n) => JSON.stringify(n.gate.reason)), names.map((n) => n.gate.nextTryAt)],
  );
}
