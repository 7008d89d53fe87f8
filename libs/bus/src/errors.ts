import { types } from 'node:util';
import type { Problem } from '@vmdns/contracts';

/** The world is not ready (NATS or Postgres away, a lock not given): the same call may succeed later. Never dead-lettered. */
export class TransientError extends Error {
  readonly isTransient = true;
  override readonly name = 'TransientError';
}

/** This message can never be taken, whoever tries: it is dead-lettered with this text as the reason. No secrets in it. */
export class BadMessage extends Error {
  override readonly name = 'BadMessage';
}

/** An expected refusal of a request: thrown by a handler, answered as `{ok: false, problem}`. */
export class RpcProblem extends Error {
  override readonly name = 'RpcProblem';
  readonly problem: Problem;

  constructor(problem: Omit<Problem, 'type'> & { readonly type?: string }) {
    super(problem.detail ?? problem.title);
    this.problem = { type: 'about:blank', ...problem };
  }
}

/** `rejected`: the server will never take this message (too large, a subject without a stream of ours). */
export type BusErrorKind = 'unavailable' | 'timeout' | 'closed' | 'rejected';

/** What the bus itself throws; transient unless rejected. */
export class BusError extends Error {
  override readonly name = 'BusError';
  readonly isTransient: boolean;

  constructor(readonly kind: BusErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.isTransient = kind !== 'rejected';
  }
}

/** Any error that says of itself that a later try may succeed; so store and bus need not know each other. */
export function isTransient(error: unknown): boolean {
  return types.isNativeError(error) && 'isTransient' in error && error.isTransient === true;
}

/** The message of an error and of its causes, for a log line or a dead letter; no stack. */
export function reasonOf(error: unknown): string {
  if (!types.isNativeError(error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${reasonOf(error.cause)}`;
}
