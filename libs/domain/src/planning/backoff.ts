export interface BackoffLimits { readonly baseMs: number; readonly maxMs: number }

/**
 * How long to wait before try `attempt` + 1: doubling from `baseMs` to `maxMs`, and of that between a half and the whole.
 * `dice` is a number in [0, 1): the caller throws it, so that this stays pure.
 */
export function backoffMs(attempt: number, dice: number, limits: BackoffLimits): number {
  const whole = Math.min(limits.maxMs, limits.baseMs * 2 ** Math.min(Math.max(0, attempt - 1), 40));
  return Math.round(whole / 2 + (whole / 2) * dice);
}
