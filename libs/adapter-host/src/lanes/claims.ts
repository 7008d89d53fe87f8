import type { Timeline, Tx } from '@vmdns/store';
import { performance } from 'node:perf_hooks';
import type { Host } from '../host.js';
import type { Claim, DueRow } from './claim.js';
import { takeIntoDoubt } from './doubt.js';
import { dueRowsOf } from './due-rows.js';

/** A lane that could be worked on now, all but its slot. */
const claimable = (lane: string): string => `
  ${lane}.due_at <= clock_timestamp() and not ${lane}.paused and not ${lane}.removed and ${lane}.held is null
  and (${lane}.until is null or ${lane}.until <= clock_timestamp())
  and (${lane}.blocked_until is null or ${lane}.blocked_until <= clock_timestamp())
  and not exists (select 1 from connection k where k.connection_id = ${lane}.connection_id and k.blocked_until > clock_timestamp())`;

/**
 * One name, its columns parted by tabs and names by newlines: text that is JSON has neither in it. One value for each lane
 * rather than 18 for each name, for receiving them was a third of what a name costs.
 */
const NAME_LINE = `concat_ws(e'\\t', to_json(n.owner_name), to_json(n.zone_id), to_json(n.digest), n.timeline, n.generation, n.wanted, n.puts, n.vms, n.priority, n.attempts, n.state, n.owned,
  coalesce(n.doubt, ''), coalesce(n.doubt_until > clock_timestamp(), false), n.must_read, coalesce(n.take_over, ''), coalesce(n.reason, ''), coalesce(f.types, ''))`;

/**
 * Highest priority first, then oldest due, as many lanes as there are free slots; a server that failed gets one lane,
 * with few names, to show that it is back. Where calls are counted, slot 0 is for what is urgent, which goes without what
 * is bulk in its lane. Locks nothing that another holds, so claims never wait for each other. What waits only because
 * it changes so often (it was not tried since) goes with a call that is made anyway.
 * The lease and the intent (name → the digests that may be put there) are stored by the same statement; what the last
 * holder was about to write comes from the row as it was locked, not from the statement's snapshot.
 */
const CLAIM = `
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
    select l.target, l.limiter_key, l.due_priority, l.due_at, l.writing as lost_writing, l.dead_at as lost_dead_at,
      r.is_paced and l.due_priority < 2 as only_urgent, case when r.failures > 0 or l.failures > 0 then least($3::int, $4::int) else $4::int end as names_max
    from lane l
    where l.limiter_key = r.limiter_key and ${claimable('l')}
      and (l.due_priority < 2 or not r.stops_bulk) and not ($5::bool and l.writing is not null and l.dead_at > clock_timestamp())
    order by l.due_priority, l.due_at limit r.slots for update of l skip locked) c
), due as materialized (
  select c.*, n.names, '{' || n.intents || '}' as writing
  from candidate c cross join lateral (
    select string_agg(o.line, e'\\n') as names, string_agg(o.intent, ',') as intents from (
      select ${NAME_LINE} as line, to_json(n.owner_name)::text || ':' || n.puts as intent
      from name n left join held_foreign f on f.target = c.target and f.owner_name = n.owner_name
      where n.target = c.target and n.due_at <= clock_timestamp() + $6::int * interval '1 ms' and (n.attempts = 0 or n.due_at <= clock_timestamp()) and (n.priority < 2 or not c.only_urgent)
      order by n.priority, n.due_at limit c.names_max) o) n
  where c.slot > 0 or c.due_priority < 2
), leased as (
  update lane l set owner = $7, until = t.at + $8::int * interval '1 ms', dead_at = t.at + $9::int * interval '1 ms',
    epoch = l.epoch + 1, writing = case when l.observe then null else d.writing end
  from due d, zone z, connection k, limiter m, (select clock_timestamp() as at) t
  where l.target = d.target and z.zone_id = l.zone_id and k.connection_id = l.connection_id and m.key = l.limiter_key
  returning l.target, l.epoch, l.until, l.observe, l.failures, l.failing_since, l.token, l.zone_size, (extract(epoch from t.at - l.read_whole_at) * 1000)::float8 as read_whole_ms_ago, l.adopt_until > t.at as adopts, l.tidy_at <= t.at as tidy_due,
    d.lost_writing, d.lost_dead_at, d.names, z.zone_id, z.apex, z.revision, z.settings,
    k.connection_id, k.revision as connection_revision, k.settings as connection_settings, k.sealed, k.failures as connection_failures,
    m.key as limiter_key, m.failures as limiter_failures, m.failing_since as limiter_since, d.slot
), taken as (
  update slot s set target = l.target, epoch = l.epoch, until = l.until from leased l where s.limiter_key = l.limiter_key and s.n = l.slot
)
select * from leased`;

/** A failing server is asked with so few names. */
const PROBE_NAMES = 100;

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
  readonly names: string | null;
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

  /** At most `max` lanes of these budgets; fewer when another claim is just looking at the slots. One statement, and travels with others. */
  async take(tx: Tx, keys: readonly string[], max: number): Promise<readonly Claim[]> {
    // Asked within the transaction: its connection may be the first that meets another history.
    if (keys.length === 0 || max <= 0 || !this.timeline.isTold) return [];
    const leasedAt = performance.now();
    const leases = await tx.query<LeaseRow>(CLAIM, [
      keys, max, PROBE_NAMES, this.host.limits.namesPerTurn, this.host.definition.capabilities.overlap === 'harmful', this.host.timing.restMs,
      this.host.instance, this.host.timing.leaseMs, this.host.deadAfterMs,
    ]);
    const claims: Claim[] = [];
    for (const lease of leases) {
      const names = lease.names === null ? [] : dueRowsOf(lease.names, lease.adopts === true);
      const lost = lease.lost_writing === null || lease.lost_dead_at === null ? null : { writing: lease.lost_writing, deadAt: lease.lost_dead_at };
      claims.push(claimOf(lease, lost === null ? names : await takeIntoDoubt(tx, lease.target, names, lost), leasedAt));
    }
    return claims;
  }
}

/** Whether another lane of the same budget waits; for a statement over `lane l`. */
export const OTHER_IS_DUE = `exists (select 1 from lane x where x.limiter_key = l.limiter_key and x.target <> l.target and ${claimable('x')})`;

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
    isTidyDue: lease.tidy_due === true,
    names,
    leasedAt,
  };
}
