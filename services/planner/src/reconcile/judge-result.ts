import type { NameResult, Reason } from '@vmdns/contracts';

/** What of a name's row a result is judged by. */
export interface JudgedRow {
  readonly timeline: number;
  readonly generation: number;
  readonly settledGeneration: number;
  readonly digest: string;
  readonly turn: number;
  /** The command was said more than once. */
  readonly isIssuedAgain: boolean;
}

export type Verdict =
  /** Lower, known, or about something that is no more. */
  | { readonly kind: 'ignore' }
  /** The outcome of this very generation. `final`: the name is settled by it. */
  | { readonly kind: 'take'; readonly final: boolean; readonly state: string; readonly reason: Reason | null }
  /** The adapter knows a higher pair, or our pair with other contents: ours becomes that + 1, issued at once, or later where haste would be a loop. */
  | { readonly kind: 'overtake'; readonly timeline: number; readonly generation: number; readonly later: boolean };

/** (timeline, generation) compare as a pair. */
export function comparePair(a: { readonly timeline: number; readonly generation: number }, b: { readonly timeline: number; readonly generation: number }): number {
  return a.timeline - b.timeline || a.generation - b.generation;
}

const FINAL: ReadonlySet<string> = new Set(['applied', 'refused', 'observed', 'outside']);

/** Whether a name is settled by an outcome of this state. */
export const isFinal = (state: string): boolean => FINAL.has(state);

/** Whether an equal pair with a higher turn takes this state whatever the zone's mode is: then its row alone can tell. */
export const isPlain = (state: string): boolean => state !== 'behind' && state !== 'observed';

/**
 * PROTOCOL §3, the planner's side:
 *
 * | the result's pair | digest | turn | verdict |
 * | --- | --- | --- | --- |
 * | lower | | | ignore |
 * | equal | other | | overtake |
 * | equal | same, `behind` | | ignore: a late lower command was answered, we agree on this one |
 * | equal | same | not higher | ignore |
 * | equal | same | higher | take |
 * | higher | | | overtake |
 *
 * `observed` in a zone that is written by now was said before the adapter learnt of it: it goes on by itself when it does.
 * Said again to a command that was issued again, it is overtaken, without haste.
 */
export function judgeResult(row: JudgedRow, result: NameResult, mode: 'write' | 'observe'): Verdict {
  const order = comparePair(result, row);
  if (order < 0) return { kind: 'ignore' };
  if (order > 0 || result.digest !== row.digest) {
    return { kind: 'overtake', timeline: Math.max(result.timeline, row.timeline), generation: Math.max(result.generation, row.generation) + 1, later: false };
  }
  if (result.state === 'behind' || result.turn <= row.turn) return { kind: 'ignore' };
  if (result.state === 'observed' && mode === 'write') {
    return row.isIssuedAgain ? { kind: 'overtake', timeline: row.timeline, generation: row.generation + 1, later: true } : { kind: 'ignore' };
  }
  return { kind: 'take', final: isFinal(result.state), state: result.state, reason: result.reason ?? null };
}

/** Of several results of one name in one batch the one that counts: the highest (timeline, generation), then the latest turn. */
export function newestResult(a: NameResult, b: NameResult): NameResult {
  const order = comparePair(a, b) || Number(b.state === 'behind') - Number(a.state === 'behind') || a.turn - b.turn;
  return order >= 0 ? a : b;
}
