import type { HeldRrset, TurnKnowledge, TurnReport } from '@vmdns/provider-kit';
import { bigintArray, booleanArray, textArray, type Tx } from '@vmdns/store';
import type { Host } from '../host.js';
import { OTHER_IS_DUE } from './claims.js';
import { ON_NOTED } from '../results/unsaid.js';
import type { Claim } from './claim.js';
import type { Block, NameVerdict, TurnVerdict } from './judge.js';

/** What a turn leaves behind in the tables. */
export interface TurnEnd {
  readonly claim: Claim;
  readonly names: readonly NameVerdict[];
  /** Names of the writing calls that were sent. */
  readonly sent: ReadonlySet<string>;
  readonly verdict: TurnVerdict;
  /** So long after it a call of this turn can take effect no more. */
  readonly deadAfterMs: number;
  readonly knowledge: TurnKnowledge;
  readonly wholeReading: readonly HeldRrset[] | null;
  /** What people are told of when it is committed. */
  readonly reports: readonly TurnReport[];
  /** Name → foreign types that it was found to have, where the table says otherwise. */
  readonly foreign: ReadonlyMap<string, readonly string[]>;
  /** ms until the zone's own hygiene; `done`: it was just that. */
  readonly tidy: { readonly afterMs: number } | 'done' | null;
}

/** What became of one row: the verdict's place in the turn, the row's turn, and when it is tried next (ms since 1970). */
export type CommittedName = readonly [at: number, turn: number, nextTryMs: number | null];

export interface CommittedLane {
  readonly due: boolean | null;
  /** Until the lane is due next. */
  readonly wait_ms: number | null;
  /** Another lane of the same budget waits. */
  readonly other: boolean;
  /** Beside the one that this turn gave back. */
  readonly has_free_slot: boolean;
}

const FENCE = `
with mine as (select target, observe from lane where target = $1 and owner = $2 and epoch = $3 for update),
noted as (insert into unsaid (target, instance, since, mark) select target, $2, clock_timestamp(), $4::bigint from mine where $4::bigint is not null ${ON_NOTED})
select clock_timestamp() as at, observe from mine`;

/** What a turn finds when it comes to be stored: the time of its outcomes, and whether the zone is only looked at by now. */
export interface Fenced { readonly at: Date; readonly observe: boolean }

/** Locks the lane, if it is still this claim's; `mark`: its outcomes are noted as unsaid. */
export async function fence(tx: Tx, host: Host, claim: Claim, mark: number | null): Promise<Fenced | null> {
  const rows = await tx.query<Fenced>(FENCE, [claim.target, host.instance, claim.epoch, mark]);
  return rows[0] ?? null;
}

const SAME = '(n.timeline = u.timeline and n.generation = u.generation)';
const DOUBT_UNTIL = `case when u.doubt_kind = 'none' then null when u.doubt_kind in ('keep', 'unread') then n.doubt_until else $16::timestamptz + $15::int * interval '1 ms' end`;
/** A name that changed again while it was worked on rests first. */
const RESTED = `$16::timestamptz + $17::int * interval '1 ms'`;
const NEXT_TRY = `case u.look when 'settled' then null when 'when-dead' then ${DOUBT_UNTIL} else $16::timestamptz + u.look_ms * interval '1 ms' end`;

/**
 * A column in which all names have the usual value is sent empty, and what became of the rows comes as one value.
 * One probe of the key for each name, whatever the statistics say; the lane's lock keeps the rows where they are.
 * Rows that were replaced meanwhile keep their new wish and stay due, after a pause; what was put is ours all the same,
 * unless it was released meanwhile.
 */
const NAMES = `
with changed as (
update name n set owned = case when n.released then '{}' else u.owned::jsonb end, must_read = false, take_over = case when u.state = 'failed' then n.take_over end, turn = n.turn + u.said,
  doubt = case u.doubt_kind when 'none' then null when 'keep' then n.doubt else u.doubt end,
  doubt_until = ${DOUBT_UNTIL},
  state = case when ${SAME} then u.state else n.state end,
  reason = case when ${SAME} then u.reason else n.reason end,
  provider_text = case when ${SAME} then u.provider_text else n.provider_text end,
  wrote = case when ${SAME} then u.wrote else n.wrote end,
  attempts = case when ${SAME} then n.attempts + 1 else n.attempts end,
  outcome_at = case when ${SAME} and u.said = 1 then $16::timestamptz else n.outcome_at end,
  next_try_at = case when ${SAME} then ${NEXT_TRY} else n.next_try_at end,
  paced_from = case when u.wrote or not ${SAME} then $16::timestamptz else n.paced_from end,
  due_at = case when not ${SAME} and n.due_at < ${RESTED} then ${RESTED} when not ${SAME} or u.look = 'stays' then n.due_at else ${NEXT_TRY} end
from (
    select v.owner_name, v.timeline, v.generation, v.owned, coalesce(v.state, 'applied') as state, v.reason, v.provider_text, coalesce(v.wrote, true) as wrote,
      coalesce(v.doubt_kind, 'none') as doubt_kind, v.doubt, coalesce(v.look, 'settled') as look, coalesce(v.look_ms, 0) as look_ms, coalesce(v.said, 1) as said, v.at
    from unnest($2::text[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::text[], $9::boolean[], $10::text[], $11::text[], $12::text[], $13::bigint[], $14::bigint[])
      with ordinality as v (owner_name, timeline, generation, owned, state, reason, provider_text, wrote, doubt_kind, doubt, look, look_ms, said, at)) u
  cross join lateral (select k.ctid from name k where k.target = $1 and k.owner_name = u.owner_name limit 1) k
where n.ctid = k.ctid
returning u.at, n.turn, case when ${SAME} then n.next_try_at end as next_try_at
)
select '[' || string_agg('[' || at - 1 || ',' || turn || ',' || coalesce(floor(extract(epoch from next_try_at) * 1000)::text, 'null') || ']', ',') || ']' as committed from changed`;

/** What lost calls may have put; what was not sent is none of it. */
function digestsInDoubt({ row, doubt }: NameVerdict, sent: ReadonlySet<string>): readonly string[] {
  return [...new Set([...row.writing, ...(doubt === 'new' || sent.has(row.name) ? row.digests : [])])];
}

export async function commitNames(tx: Tx, { claim, names, sent, deadAfterMs }: TurnEnd, at: Date, restMs: number): Promise<readonly CommittedName[]> {
  /** `usual`: what the statement takes where a column is empty. */
  const column = <T>(usual: T, of: (name: NameVerdict) => T): readonly T[] => {
    const values = names.map(of);
    return values.every((value) => value === usual) ? [] : values;
  };
  const texts = (usual: string | null, of: (name: NameVerdict) => string | null): Buffer => textArray(column(usual, of));
  const numbers = (usual: number | null, of: (name: NameVerdict) => number): Buffer => bigintArray(column<number | null>(usual, of));
  const [row] = await tx.query<{ committed: string | null }>(NAMES, [
    claim.target, texts(null, (n) => n.row.name), numbers(null, (n) => n.row.timeline), numbers(null, (n) => n.row.generation), texts(null, (n) => JSON.stringify(n.owned)),
    texts('applied', (n) => n.state), texts(null, (n) => (n.reason === null ? null : JSON.stringify(n.reason))), texts(null, (n) => n.providerText), booleanArray(column(true, (n) => n.wrote)),
    texts('none', (n) => n.doubt), texts(null, (n) => (n.doubt === 'new' || n.doubt === 'unread' ? JSON.stringify(digestsInDoubt(n, sent)) : null)), texts('settled', (n) => n.next.kind),
    numbers(0, (n) => (n.next.kind === 'after' || n.next.kind === 'stays' ? n.next.ms : 0)), numbers(1, (n) => (n.isQuiet ? 0 : 1)), deadAfterMs, at, restMs,
  ]);
  return row === undefined || row.committed === null ? [] : (JSON.parse(row.committed) as CommittedName[]);
}

/** The lane and its slot are free again; the lane knows when it is due next. */
const LANE = `
with first as (
  select p.priority, (select n.due_at from name n where n.target = $1 and n.priority = p.priority and n.due_at is not null order by n.due_at limit 1) as due_at
  from (values (0), (1), (2)) as p (priority)
), tidy as (
  select case when $8::bool then null when $9::int is null then l.tidy_at
    else least(clock_timestamp() + $9::int * interval '1 ms', coalesce(l.tidy_since, clock_timestamp()) + 10 * $9::int * interval '1 ms') end as tidy_at
  from lane l where l.target = $1
), given as (
  update slot set target = null, epoch = null, until = null where limiter_key = $10 and n = $11::int and target = $1 and epoch = $7
), next as (
  select min(f.due_at) as due_at, coalesce(min(f.priority) filter (where f.due_at <= clock_timestamp()), (array_agg(f.priority order by f.due_at))[1]) as priority
  from (select * from first union all select 3, tidy_at from tidy) f where f.due_at is not null
)
update lane l set owner = null, until = null, writing = null, dead_at = null, token = $2, zone_size = $3, read_whole_at = case when $12::bool then clock_timestamp() else l.read_whole_at end,
  failures = case when $4::int is null then 0 else l.failures + 1 end,
  failing_since = case when $4::int is null then null else coalesce(l.failing_since, clock_timestamp()) end,
  blocked_until = clock_timestamp() + $4::int * interval '1 ms', blocked_by = $5,
  tidy_at = tidy.tidy_at, tidy_since = case when tidy.tidy_at is null then null else coalesce(l.tidy_since, clock_timestamp()) end,
  due_at = next.due_at, due_priority = coalesce(next.priority, 2)
from tidy, next where l.target = $1 and l.owner = $6 and l.epoch = $7
returning l.due_at <= clock_timestamp() and $4::int is null as due, (extract(epoch from l.due_at - clock_timestamp()) * 1000)::float8 as wait_ms, ${OTHER_IS_DUE} as other,
  exists (select 1 from slot s where s.limiter_key = $10 and (s.until is null or s.until <= clock_timestamp())) as has_free_slot`;

export async function commitLane(tx: Tx, host: Host, end: TurnEnd): Promise<CommittedLane> {
  const { claim, verdict, knowledge, tidy } = end;
  const [lane] = await tx.query<CommittedLane>(LANE, [
    claim.target, knowledge.token, knowledge.zoneSize, verdict.lane?.ms ?? null, verdict.lane === null ? null : JSON.stringify(verdict.lane.reason),
    host.instance, claim.epoch, tidy === 'done', tidy === 'done' || tidy === null ? null : tidy.afterMs, claim.limiter.key, claim.limiter.slot, end.wholeReading !== null,
  ]);
  return lane ?? { due: false, wait_ms: null, other: false, has_free_slot: false };
}

const BLOCK_CONNECTION = `
update connection set failures = failures + 1, blocked_until = clock_timestamp() + $2::int * interval '1 ms', blocked_by = $3, failed_by = $3, failed_at = clock_timestamp() where connection_id = $1`;
/** A throttled server is well: its circuit stays closed. */
const THROTTLE_LIMITER = `
update limiter set failures = 0, failing_since = null, blocked_until = greatest(blocked_until, clock_timestamp() + $2::int * interval '1 ms'), blocked_by = $3 where key = $1`;
/** What was in flight together when a server went away is one failure: whoever comes later with what it knew before counts no more. */
const BREAK_LIMITER = `
update limiter set failures = failures + 1, failing_since = coalesce(failing_since, clock_timestamp()),
  blocked_until = clock_timestamp() + $2::int * interval '1 ms', blocked_by = $3, failed_by = $3, failed_at = clock_timestamp() where key = $1 and failures = $4::int`;
/** Our own budget is short, and what is left of it is for what is urgent. */
const THROTTLE_BULK = `update limiter set bulk_until = clock_timestamp() + $2::int * interval '1 ms', bulk_by = $3 where key = $1`;
const FREE_CONNECTION = 'update connection set failures = 0, blocked_until = null, blocked_by = null where connection_id = $1';
const FREE_LIMITER = 'update limiter set failures = 0, failing_since = null, blocked_until = null, blocked_by = null where key = $1';

/** Blocks what shares the trouble, or frees it; in the order connection, limiter. */
export async function commitBlocks(tx: Tx, claim: Claim, verdict: TurnVerdict): Promise<void> {
  const values = (key: string, block: Block): unknown[] => [key, block.ms, JSON.stringify(block.reason)];
  if (verdict.connection !== null) await tx.query(BLOCK_CONNECTION, values(claim.connection.connectionId, verdict.connection));
  else if (claim.connection.failures > 0 && verdict.isAnswered) await tx.query(FREE_CONNECTION, [claim.connection.connectionId]);
  if (verdict.limiter?.isBulkOnly === true) await tx.query(THROTTLE_BULK, values(claim.limiter.key, verdict.limiter));
  else if (verdict.limiter !== null && verdict.isAnswered) await tx.query(THROTTLE_LIMITER, values(claim.limiter.key, verdict.limiter));
  else if (verdict.limiter !== null) await tx.query(BREAK_LIMITER, [...values(claim.limiter.key, verdict.limiter), claim.limiter.failures]);
  else if (claim.limiter.failures > 0 && verdict.isAnswered) await tx.query(FREE_LIMITER, [claim.limiter.key]);
}
