import type { Gate } from '../lanes/gate.js';
import { comparePairs, type Incoming } from './incoming.js';

/** What the table knows of a name that an incoming one did not replace. */
export interface KnownName {
  readonly timeline: number;
  readonly generation: number;
  readonly digest: string;
  readonly state: string;
}

export type Repeat =
  /** The stored outcome, same turn. */
  | 'say-again'
  /** The adapter knows a higher pair, or another digest at this one. */
  | 'behind'
  /** Its outcome is on the way. */
  | 'wait'
  /** It was never told why it waits: now. */
  | 'answer'
  /** An entry that gave the name up to another entry of the same target: nothing is left for it to remove. */
  | 'moved';

/**
 * A command that replaced nothing (PROTOCOL §3).
 *
 * | pair   | digest | known state     | answer              |
 * | higher | any    | another entry's | moved               |
 * | equal  | equal  | has an outcome  | say-again           |
 * | equal  | equal  | pending         | wait; gated: answer |
 * | equal  | other  | any             | behind              |
 * | lower  | any    | any             | behind              |
 */
export function decideRepeat(known: KnownName, incoming: Incoming, gate: Gate | null): Repeat {
  const order = comparePairs(incoming, known);
  if (order > 0) return 'moved';
  if (order < 0 || incoming.digest !== known.digest) return 'behind';
  if (known.state !== 'pending') return 'say-again';
  return gate === null ? 'wait' : 'answer';
}
