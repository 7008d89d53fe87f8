import { setTimeout as delay } from 'node:timers/promises';
import { ProviderError, type CallBudget, type RateNews } from '@vmdns/provider-kit';
import type { Store } from '@vmdns/store';

/** Priorities from here on are bulk: they wait for what is urgent where calls are counted (PROTOCOL §5). */
export const BULK = 2;

/**
 * Of what a provider tells of its rate. What may go at once comes on top: a declared rate leaves room for it, and where a
 * provider tells less than was declared, what it says is left stops us before its window is full.
 */
export const TOLD_SHARE = 0.99;

/** What a call is answered that asks for its place. */
interface Place {
  readonly isGranted: boolean;
  readonly waitMs: number;
  /** The provider has said "not before": nobody calls. */
  readonly blockedMs: number;
  /** An urgent change waits in the lane whose turn is bulk. */
  readonly isUrgentDue: boolean;
}

/**
 * One statement for each call. Tokens come at the declared rate, or most of what the provider tells where that is
 * less; bulk leaves a quarter of the burst, at most ten, to urgent changes, so that these never wait for it. What the
 * provider says is left counts as well, less our own calls since; a window that ends later than the known one is the next.
 */
const ASK = `
with told as (
  select clock_timestamp() as at, $4::float8 as per_second, $5::float8 as calls, clock_timestamp() + $6::float8 * interval '1 ms' as until
), was as (
  select m.key, t.at, m.burst, m.blocked_until, least(m.per_second, ${TOLD_SHARE} * coalesce(t.per_second, m.told_per_second)) as rate, m.tokens, m.tokens_at,
    w.is_next, case when w.is_next then t.calls else least(t.calls, m.left_calls) end as left_calls, case when w.is_next then t.until else m.left_until end as left_until,
    case when $2::bool then least(10, ceil(m.burst / 4.0)) else 0 end as reserve,
    $2::bool and $7::bool and exists (select 1 from name n where n.target = $3 and n.priority < 2 and n.due_at <= t.at) as urgent
  from limiter m, told t, lateral (select m.left_until is null or m.left_until <= t.at or coalesce(t.until > m.left_until + interval '2 seconds', false) as is_next) w
  where m.key = $1 and m.per_second is not null for update of m
), filled as (
  select *, least(burst, coalesce(tokens, burst) + extract(epoch from at - coalesce(tokens_at, at)) * rate) as level from was
), judged as (
  select *, greatest(case when level < 1 + reserve then (1 + reserve - level) / rate * 1000 else 0 end,
    case when left_calls < 1 + reserve then extract(epoch from left_until - at) * 1000 else 0 end) as wait_ms,
    greatest(extract(epoch from blocked_until - at) * 1000, 0) as blocked_ms from filled
), asked as (
  update limiter m set tokens = j.level - g.granted, tokens_at = j.at, told_per_second = coalesce($4, m.told_per_second), left_calls = j.left_calls - g.granted, left_until = j.left_until
  from judged j, lateral (select case when j.wait_ms > 0 or j.blocked_ms > 0 or j.urgent then 0 else 1 end as granted) g where m.key = j.key returning g.granted
)
select granted = 1 as "isGranted", j.wait_ms::float8 as "waitMs", coalesce(j.blocked_ms, 0)::float8 as "blockedMs", j.urgent as "isUrgentDue" from asked, judged j`;

/** A longer wait ends the turn: its names are told, and its place is another's. */
const LONG_MS = 5_000;
/** How often one that waits looks whether something urgent has come. */
const LOOK_MS = 200;
/** Many may wait for the same budget, each a little; together no longer than this. */
const PATIENCE_MS = 30_000;

interface BudgetTerms { readonly key: string; readonly target: string | null; readonly isBulk: boolean }

/** Budgets of calls, counted in Postgres for all zones and replicas (PROTOCOL §5). Limiters without a rate are never asked for. */
export class Budgets {
  private readonly news = new Map<string, { readonly news: RateNews; readonly at: number }>();

  constructor(private readonly store: Store) {}

  /** `target`: the lane; null where none is (a zone is tested). */
  of(key: string, target: string | null, isBulk: boolean): TurnBudget {
    return new TurnBudget(this, { key, target, isBulk });
  }

  /** Goes to Postgres with the next call. */
  heard(key: string, news: RateNews): void {
    this.news.set(key, { news, at: performance.now() });
  }

  async ask({ key, target, isBulk }: BudgetTerms, givesWay: boolean): Promise<Place> {
    const told = this.news.get(key);
    this.news.delete(key);
    const left = told?.news.left;
    const forMs = left === undefined || told === undefined ? 0 : left.forMs - (performance.now() - told.at);
    const isOver = forMs <= 0;
    const [place] = await this.store.query<Place>(ASK, [key, isBulk, target ?? '', told?.news.callsPerSecond ?? null, left === undefined || isOver ? null : left.calls, isOver ? null : forMs, givesWay]);
    // A limiter that nobody has stored yet counts nothing.
    return place ?? { isGranted: true, waitMs: 0, blockedMs: 0, isUrgentDue: false };
  }
}

/** The calls of one turn: each takes its place in the budget; a turn of bulk gives way to what is urgent in its own lane. */
export class TurnBudget implements CallBudget {
  private isPaid = false;

  constructor(private readonly budgets: Budgets, private readonly terms: BudgetTerms) {}

  /** Before a writing call, which is sent at once then: false, something urgent waits in this lane. */
  async reserve(signal: AbortSignal): Promise<boolean> {
    this.isPaid ||= await this.place(signal, this.terms.isBulk);
    return this.isPaid;
  }

  async take(signal: AbortSignal): Promise<void> {
    if (!this.isPaid) await this.place(signal, false);
    this.isPaid = false;
  }

  heard(news: RateNews): void {
    this.budgets.heard(this.terms.key, news);
  }

  private async place(signal: AbortSignal, givesWay: boolean): Promise<boolean> {
    const { isBulk } = this.terms;
    const since = performance.now();
    for (;;) {
      const { isGranted, waitMs, blockedMs, isUrgentDue } = await this.budgets.ask(this.terms, givesWay);
      if (isGranted || isUrgentDue) return isGranted;
      if (blockedMs > 0) throw new ProviderError('throttled', 'the provider asked to wait', { until: Date.now() + blockedMs });
      if (waitMs > LONG_MS || performance.now() - since > PATIENCE_MS) {
        throw new ProviderError('throttled', 'the calls that the provider allows are used up for now', { until: Date.now() + waitMs, ...(isBulk ? { isBulkOnly: true } : {}) });
      }
      // An abort ends the wait, and the call that follows.
      await delay(givesWay ? Math.min(LOOK_MS, waitMs) : waitMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) throw new ProviderError('retry', 'cancelled before it was sent');
    }
  }
}
