import type { Reason } from '@vmdns/contracts';
import { reasonOf } from '../results/outcome.js';

/** What may keep a lane from being claimed, as read with GATE_COLUMNS. A `…_by` is a Reason as JSON, null when it does not hold now. */
export interface GateRow {
  readonly paused: boolean;
  readonly held: string | null;
  readonly held_by: string | null;
  readonly connection_by: string | null;
  readonly limiter_by: string | null;
  /** Why bulk waits, and only that. */
  readonly bulk_by: string | null;
  readonly lane_by: string | null;
  readonly gate_until: Date | null;
  readonly failures: number;
  /** The first failure in a row is some seconds ago. */
  readonly is_lasting: boolean | null;
}

/** What the names of a lane are told that cannot be worked on: an outcome without a call. */
export interface Gate {
  readonly state: 'waiting' | 'failed' | 'refused';
  readonly reason: Reason;
  readonly nextTryAt: Date | null;
}

/** For a query over `lane l left join connection k … left join limiter m …`. */
export const GATE_COLUMNS = `
  l.paused, l.held, l.held_by,
  case when k.blocked_until > clock_timestamp() then k.blocked_by end as connection_by,
  case when m.blocked_until > clock_timestamp() then m.blocked_by end as limiter_by,
  case when m.bulk_until > clock_timestamp() then m.bulk_by end as bulk_by,
  case when l.blocked_until > clock_timestamp() then l.blocked_by end as lane_by,
  greatest(k.blocked_until, m.blocked_until, l.blocked_until, m.bulk_until) as gate_until,
  greatest(k.failures, m.failures, l.failures) as failures,
  least(m.failing_since, l.failing_since) <= clock_timestamp() - interval '5 seconds' as is_lasting`;
export const GATE_JOINS = `left join connection k on k.connection_id = l.connection_id left join limiter m on m.key = l.limiter_key`;

/** A server that stumbles is no news; one that fell so often in a row, or twice over some seconds, is. */
const FAILURES_BEFORE_WORD = 3;

const PAUSED: Reason = { code: 'paused', text: 'writing is paused for this zone', hint: 'end the pause to let it go on' };

/**
 * Why names of this lane wait, or null: they are worked on, or it is too early to say.
 *
 * | lane                                  | answer                 |
 * | paused                                | waiting: paused        |
 * | zone unknown as yet                   | none, it stays pending |
 * | another target, connection unusable   | as `held_by` says      |
 * | throttled                             | waiting, at once       |
 * | credentials, zone missing             | failed, at once        |
 * | unreachable                           | failed, from the third failure in a row, or when it lasts |
 */
export function gateOf(row: GateRow, isUrgent = false): Gate | null {
  if (row.paused) return { state: 'waiting', reason: PAUSED, nextTryAt: null };
  if (row.held === 'unknown') return null;
  if (row.held !== null && row.held_by !== null) {
    return { state: row.held === 'target-changed' ? 'waiting' : 'failed', reason: reasonOf(row.held_by), nextTryAt: null };
  }
  const by = row.connection_by ?? row.limiter_by ?? row.lane_by ?? (isUrgent ? null : row.bulk_by);
  if (by === null) return null;
  const reason = reasonOf(by);
  if (reason.code === 'provider-unreachable' && row.failures < FAILURES_BEFORE_WORD && row.is_lasting !== true) return null;
  return { state: reason.code === 'throttled' ? 'waiting' : 'failed', reason, nextTryAt: row.gate_until };
}
