import type { Store } from './store.js';

const soon = (): never => { throw new Error('being built'); };

/** The one number that rises when Postgres may have lost its last seconds (PROTOCOL §1); in `vmdns_shared.timeline`. */
export class Timeline {
  constructor(readonly store: Store) {}

  /** The number, at least 1. Also looks whether Postgres' own timeline changed, and raises it once for all services. */
  current(): Promise<number> { return soon(); }
  /** After a restore: one more. */
  raise(): Promise<number> { return soon(); }
  /** Called with the new number in every process that sees it rise. */
  onRaise(_listener: (timeline: number) => void): () => void { return soon(); }
  /** Looks every 5 s until stopped. */
  watch(): () => void { return soon(); }
}
