/** What becomes of one message. Only the bus acknowledges (STYLE: Nest). */
export type Outcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'retry'; readonly afterMs: number; readonly reason: string }
  | { readonly kind: 'drop'; readonly reason: string };

/** What a batch handler gives: one outcome per message in the same order, or nothing: all are done. */
export type Outcomes = readonly Outcome[] | void;

const DONE: Outcome = { kind: 'done' };

export const done = (): Outcome => DONE;
/** Comes again after this time; how often does not matter. */
export const retryAfter = (afterMs: number, reason: string): Outcome => ({ kind: 'retry', afterMs, reason });
/** Dead-lettered with this reason. */
export const drop = (reason: string): Outcome => ({ kind: 'drop', reason });
