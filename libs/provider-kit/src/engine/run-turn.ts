import type { Turn, TurnHooks, TurnOutcome } from './turn.js';

/**
 * One turn on one zone: reads as little as it can, writes what differs, and says what became of each name. Never
 * throws for what a provider does; the host commits the outcome.
 */
export async function runTurn(turn: Turn, signal: AbortSignal, hooks: TurnHooks = {}): Promise<TurnOutcome> {
  void turn; void signal; void hooks;
  throw new Error('not built yet');
}
