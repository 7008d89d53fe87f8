/** How a wait grows: doubled from `baseMs` with each failure in a row, at most `capMs`, give or take a quarter. */
export interface Backoff {
  readonly baseMs: number;
  readonly capMs: number;
}

export const BACKOFF = {
  /** A name that failed while its turn went well. */
  name: { baseMs: 1000, capMs: 300_000 },
  /** A name that is written and does not answer yet. */
  confirm: { baseMs: 2000, capMs: 60_000 },
  /** A zone whose turns fail. */
  lane: { baseMs: 500, capMs: 60_000 },
  /** A server that does not answer: the circuit, closed by one turn that does. */
  limiter: { baseMs: 250, capMs: 30_000 },
  /** Somebody must mend it; the fact's change ends the wait at once. */
  credentials: { baseMs: 60_000, capMs: 600_000 },
  missingZone: { baseMs: 15_000, capMs: 600_000 },
} as const satisfies Readonly<Record<string, Backoff>>;

/** The wait after so many failures in a row (1: the first). `dice` is in [0, 1). */
export function backoffMs(backoff: Backoff, failures: number, dice: number): number {
  const plain = Math.min(backoff.capMs, backoff.baseMs * 2 ** Math.min(Math.max(failures, 1) - 1, 30));
  return Math.round(plain * (0.75 + dice / 2));
}
