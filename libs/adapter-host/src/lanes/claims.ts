import type { Timeline, Tx } from '@vmdns/store';
import { performance } from 'node:perf_hooks';
import type { Host } from '../host.js';
import { textsOf, wantedOf } from '../results/outcome.js';
import type { Claim, DueRow } from './claim.js';
import { takeIntoDoubt } from './doubt.js';

/** A lane that could be worked on now, all but its slot. */
const claimable = (lane: string): string => `
  ${lane}.due_at <= clock_timestamp() and not ${lane}.paused and not ${lane}.removed and ${lane}.held is null
  and (${lane}.until is null or ${lane}.until <= clock_timestamp())
  and (${lane}.blocked_until is null or ${lane}.blocked_until <= clock_timestamp())
  and not exists (select 1 from connection k where k.connection_id = ${lane}.connection_id and k.blocked_until > clock_timestamp())`;

/**
 * Highest priority first, then oldest due, as many lanes as there are free slots; a server that failed gets one lane,
 * with few names, to show that it is back. Where calls are counted, slot 0 is for what is urgent, which goes without what
 * is bulk in its lane. Locks nothing that another holds, so claims never wait for each other. What waits only because
 * it changes so often (it was not tried since) goes with a call that is made anyway.
 */
const CANDIDATES = `
with free as materialized (
  select s.limiter_key, s.n, m.failures, m.per_second is not null as is_paced, coalesce(m.bulk_until > clock_timestamp(), false) as stops_bulk from slot s join limiter m on m.key = s.limiter_key
  where s.limiter_key = any($1) and (s.until is null or s.until <= clock_timestamp())
    and (m.blocked_until is null or m.blocked_until <= clock_timestamp()) and (m.failures = 0 or s.n = 1)
  order by s.limiter_key, s.n = 0, s.n limit $2::int for update of s skip locked
), room as (
  select limiter_key, count(*) as slots, array_agg(n order by n = 0, n) as numbers, max(failures) as failures, bool_or(is_paced) as is_paced, bool_or(stops_bulk) as stops_bulk from free group by limiter_key
), candidate as materialized (
  select c.*, r.numbers[row_number() over (partition by c.limiter_key order by c.due_priority, c.due_at)] as slot
  from room r cross join lateral (
    select l.target, l.limiter_key, l.due_priority, l.due_at, r.is_paced and l.due_priority < 2 as only_urgent, case when r.failures > 0 or l.failures > 0 then least($3::int, $4::int) else $4::int end as names_max
    from lane l
    where l.limiter_key = r.limiter_key and ${claimable('l')}
      and (l.due_priority < 2 or not r.stops_bulk) and not ($5::bool and l.writing is not null and l.dead_at > clock_timestamp())
    order by l.due_priority, l.due_at limit r.slots for update of l skip locked) c
)
select c.target as lane, c.slot, n.*, n.doubt_until > clock_timestamp() as still_in_doubt, f.types as foreign_types
from candidate c
left join lateral (
  select n.owner_name, n.zone_id, n.timeline, n.generation, n.digest, n.wanted, n.puts, n.vms, n.priority, n.owned, n.doubt, n.doubt_until, n.must_read, n.take_over, n.state, n.reason, n.attempts
  from name n where n.target = c.target and n.due_at <= clock_timestamp() + $6::int * interval '1 ms' and (n.attempts = 0 or n.due_at <= clock_timestamp()) and (n.priority < 2 or not c.only_urgent) order by n.priority, n.due_at limit c.names_max) n on true
left join held_foreign f on f.target = c.target and f.owner_name = n.owner_name
where c.slot > 0 or c.due_priority < 2`;

const LEASE = `
with leased as (
  update lane l set owner = $1, until = t.at + $2::int * interval '1 ms', dead_at = t.at + $3::int * interval '1 ms',
    epoch = l.epoch + 1, writing = case when l.observe then null else w.writing end
  from unnest($4::text[], $5::text[], $6::int[]) as w (target, writing, slot)
    join lane o on o.target = w.target join zone z on z.zone_id = o.zone_id join connection k on k.connection_id = o.connection_id join limiter m on m.key = o.limiter_key,
    (select clock_timestamp() as at) t
  where l.target = w.target
  returning l.target, l.epoch, l.until, l.observe, l.failures, l.failing_since, l.token, l.zone_size, (extract(epoch from t.at - l.read_whole_at) * 1000)::float8 as read_whole_ms_ago, l.adopt_until > t.at as adopts, l.tidy_at <= t.at as tidy_due,
    o.writing as lost_writing, o.dead_at as lost_dead_at, z.zone_id, z.apex, z.revision, z.settings,
    k.connection_id, k.revision as connection_revision, k.settings as connection_settings, k.sealed, k.failures as connection_failures,
    m.key as limiter_key, m.failures as limiter_failures, m.failing_since as limiter_since, w.slot
), taken as (
  update slot s set target = l.target, epoch = l.epoch, until = l.until from leased l where s.limiter_key = l.limiter_key and s.n = l.slot
)
select * from leased`;

/** A failing server is asked with so few names. */
const PROBE_NAMES = 100;

interface CandidateRow {
  readonly lane: string;
  readonly slot: number;
  readonly owner_name: string | null;
  readonly zone_id: string;
  readonly timeline: number;
  readonly generation: number;
  readonly digest: string;
  readonly wanted: string;
  readonly puts: string;
  readonly vms: string;
  readonly priority: Claim['names'][number]['priority'];
  readonly owned: Readonly<Record<string, string>>;
  readonly doubt: string | null;
  readonly doubt_until: Date | null;
  readonly must_read: boolean;
  readonly take_over: DueRow['takeOver'];
  readonly state: string;
  readonly reason: string | null;
  readonly attempts: number;
  readonly still_in_doubt: boolean | null;
  readonly foreign_types: string | null;
}

interface LeaseRow {
  readonly target: string;
  readonly epoch: number;
  readonly observe: boolean;
  readonly failures: number;
  readonly failing_since: Date | null;
  readonly token: string | null;
  readonly zone_size: number | null;
  readonly read_whole_ms_ago: number | null;
  readonly adopts: boolean | null;
  readonly tidy_due: boolean | null;
  readonly lost_writing: string | null;
  readonly lost_dead_at: Date | null;
  readonly zone_id: string;
  readonly apex: string;
  readonly revision: number;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly connection_id: string;
  readonly connection_revision: number;
  readonly connection_settings: Readonly<Record<string, unknown>>;
  readonly sealed: Readonly<Record<string, string>>;
  readonly connection_failures: number;
  readonly limiter_key: string;
  readonly slot: number;
  readonly limiter_failures: number;
  readonly limiter_since: Date | null;
}

/** Takes lanes. A claim takes lane, slot and the intent to write in the caller's transaction. */
export class Claims {
  constructor(private readonly host: Host, private readonly timeline: Pick<Timeline, 'isTold'>) {}

  /** So long after a write the next one of the same name waits. */
  get restMs(): number {
    return this.host.timing.restMs;
  }

  /** The budgets that have a lane to work on. */
  async dueKeys(db: Tx): Promise<readonly string[]> {
    const rows = await db.query<{ limiter_key: string }>(`select distinct l.limiter_key from lane l where l.limiter_key is not null and ${claimable('l')}`);
    return rows.map((row) => row.limiter_key);
  }

  /** At most `max` lanes of these budgets; fewer when another claim is just looking at the slots. */
  async take(tx: Tx, keys: readonly string[], max: number): Promise<readonly Claim[]> {
    // Asked within the transaction: its connection may be the first that meets another history.
    if (keys.length === 0 || max <= 0 || !this.timeline.isTold) return [];
    const rows = await tx.query<CandidateRow>(CANDIDATES, [keys, max, PROBE_NAMES, this.host.limits.namesPerTurn, this.host.definition.capabilities.overlap === 'harmful', this.host.timing.restMs]);
    if (rows.length === 0) return [];
    const due = dueByLane(rows);
    const leasedAt = performance.now();
    const leases = await tx.query<LeaseRow>(LEASE, [
      this.host.instance, this.host.timing.leaseMs, this.host.deadAfterMs, [...due.keys()], [...due.values()].map(({ names }) => writingOf(names)), [...due.values()].map(({ slot }) => slot),
    ]);
    const claims: Claim[] = [];
    for (const lease of leases) {
      const names = due.get(lease.target)?.names ?? [];
      const lost = lease.lost_writing === null || lease.lost_dead_at === null ? null : { writing: lease.lost_writing, deadAt: lease.lost_dead_at };
      claims.push(claimOf(lease, lost === null ? names : await takeIntoDoubt(tx, lease.target, names, lost), leasedAt));
    }
    return claims;
  }
}

/** Whether another lane of the same budget waits; for a statement over `lane l`. */
export const OTHER_IS_DUE = `exists (select 1 from lane x where x.limiter_key = l.limiter_key and x.target <> l.target and ${claimable('x')})`;

function dueByLane(rows: readonly CandidateRow[]): ReadonlyMap<string, { readonly slot: number; readonly names: DueRow[] }> {
  const due = new Map<string, { readonly slot: number; readonly names: DueRow[] }>();
  for (const row of rows) {
    const lane = due.get(row.lane) ?? { slot: row.slot, names: [] };
    due.set(row.lane, lane);
    if (row.owner_name !== null) lane.names.push(dueOf(row, row.owner_name));
  }
  return due;
}

function dueOf(row: CandidateRow, ownerName: string): DueRow {
  return {
    ownerName, zoneId: row.zone_id, timeline: row.timeline, generation: row.generation, digest: row.digest,
    wanted: wantedOf(row.wanted), puts: row.puts, vms: textsOf(row.vms), priority: row.priority,
    owned: row.owned, doubt: row.doubt === null ? [] : textsOf(row.doubt), stillInDoubt: row.still_in_doubt === true,
    mustRead: row.must_read || row.doubt !== null, takeOver: row.take_over, state: row.state, reasonCode: row.reason === null ? null : (JSON.parse(row.reason) as { code: string }).code,
    attempts: row.attempts, foreign: row.foreign_types === null ? [] : textsOf(row.foreign_types),
  };
}

/** The intent: name → the digests that may be put there. JSON by hand, as an owner name in canonical form needs few escapes and there are thousands. */
function writingOf(names: readonly DueRow[]): string | null {
  return names.length === 0 ? null : `{${names.map((name) => `${JSON.stringify(name.ownerName)}:${name.puts}`).join()}}`;
}

function claimOf(lease: LeaseRow, names: readonly DueRow[], leasedAt: number): Claim {
  return {
    target: lease.target,
    epoch: lease.epoch,
    zone: { zoneId: lease.zone_id, apex: lease.apex, revision: lease.revision, settings: lease.settings },
    connection: { connectionId: lease.connection_id, revision: lease.connection_revision, settings: lease.connection_settings, sealed: lease.sealed, failures: lease.connection_failures },
    limiter: { key: lease.limiter_key, slot: lease.slot, failures: lease.limiter_failures, failingSince: lease.limiter_since },
    observe: lease.observe,
    failures: lease.failures,
    failingSince: lease.failing_since,
    knowledge: { token: lease.token, zoneSize: lease.zone_size, readWholeMsAgo: lease.read_whole_ms_ago },
    takeOverEquals: lease.adopts === true,
    isTidyDue: lease.tidy_due === true,
    names,
    leasedAt,
  };
}
