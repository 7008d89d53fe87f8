import type { Bus } from '@vmdns/bus';
import { adapterService, type AdapterStanding } from '@vmdns/contracts';
import type { Store } from '@vmdns/store';
import type { Host } from './host.js';
import { TOLD_SHARE } from './lanes/budget.js';
import { reasonOf } from './results/outcome.js';

interface StandingRow {
  readonly connection_id: string;
  readonly slots: number;
  readonly free: number;
  readonly rate: number | null;
  readonly burst: number | null;
  readonly calls_left: number | null;
  readonly blocked_until: Date | null;
  readonly failed_by: string | null;
  readonly failed_at: Date | null;
}

/** By the connections, each with the first of its zones. Slot 0 is for what is urgent where calls are counted, and no call more that the provider bears. */
const STANDING = `
select k.connection_id, s.slots, s.free, m.burst, r.rate,
  floor(least(m.burst, coalesce(m.tokens, m.burst) + extract(epoch from clock_timestamp() - coalesce(m.tokens_at, clock_timestamp())) * r.rate,
    case when m.left_until > clock_timestamp() then m.left_calls end))::float8 as calls_left,
  case when greatest(k.blocked_until, m.blocked_until) > clock_timestamp() then greatest(k.blocked_until, m.blocked_until) end as blocked_until,
  case when m.failed_at > coalesce(k.failed_at, '-infinity') then m.failed_by else k.failed_by end as failed_by, greatest(k.failed_at, m.failed_at) as failed_at
from connection k
  join lateral (select l.limiter_key from zone z join lane l on l.target = z.target where z.connection_id = k.connection_id and l.limiter_key is not null and not l.removed limit 1) l on true
  join limiter m on m.key = l.limiter_key,
  lateral (select case when m.per_second is not null then least(m.per_second, ${TOLD_SHARE} * m.told_per_second) end as rate) r,
  lateral (select count(*)::int as slots, (count(*) filter (where until is null or until <= clock_timestamp()))::int as free from slot where limiter_key = m.key and n > 0) s
where not k.removed order by k.connection_id limit 1000`;

/** How an adapter's connections are, and how far it is behind with what it is told: for people who look. */
export class Standings {
  constructor(private readonly host: Host, private readonly store: Store, private readonly bus: Pick<Bus, 'backlog'>) {}

  async read(): Promise<AdapterStanding> {
    const [rows, commands] = await Promise.all([this.store.query<StandingRow>(STANDING), this.bus.backlog('COMMAND', adapterService(this.host.provider))]);
    return { lag: commands === undefined ? {} : { commands }, connections: rows.map((row) => ({ connectionId: row.connection_id, budget: budgetOf(row), ...errorOf(row) })) };
  }
}

function budgetOf(row: StandingRow): AdapterStanding['connections'][number]['budget'] {
  return {
    free: row.free, inFlightMax: row.slots,
    ...(row.rate === null || row.burst === null || row.calls_left === null ? {} : { calls: { left: Math.max(0, row.calls_left), most: row.burst, perSecond: row.rate } }),
    ...(row.blocked_until === null ? {} : { blockedUntil: row.blocked_until.toISOString() }),
  };
}

const errorOf = (row: StandingRow) => row.failed_by === null || row.failed_at === null ? {} : { lastError: { reason: reasonOf(row.failed_by), at: row.failed_at.toISOString() } };
