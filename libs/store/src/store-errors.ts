import { types } from 'node:util';

const { isNativeError } = types;

/** Postgres is away, going down, overloaded or refused a lock in time: the same call may succeed later. */
export class TransientStoreError extends Error {
  readonly isTransient = true;
  override readonly name = 'TransientStoreError';
}

/** SQLSTATE classes and codes that blame the moment, not the statement (PostgreSQL, appendix A). */
const TRANSIENT_CLASSES: ReadonlySet<string> = new Set(['08', '53', '57', '58']);
const TRANSIENT_CODES: ReadonlySet<string> = new Set([
  '40001', '40P01', '55P03',
  '25006', // read-only: a standby answered, the failover is not over
  '25P03', // idle in transaction too long
  '3D000', // the database is not there (yet)
]);
/** Tried again within the same call. */
const RETRYABLE: ReadonlySet<string> = new Set(['40001', '40P01', '55P03']);
/** Codes of sockets and name lookups. */
const SOCKET = /^(ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|ENOENT)/;
/** What the driver says without a code. */
const DRIVER = /timeout|terminated|Connection ended|not queryable|closed|Cannot use a pool/i;

export function sqlStateOf(error: unknown): string | undefined {
  // Not instanceof: sockets' errors may be of another realm (a test runner's sandbox).
  if (!isNativeError(error) || !('code' in error) || typeof error.code !== 'string') return undefined;
  return error.code;
}

export function isRetryable(error: unknown): boolean {
  return RETRYABLE.has(sqlStateOf(error) ?? '');
}

/** Somebody else's row has this key already. */
export function isTaken(error: unknown): boolean {
  return sqlStateOf(error) === '23505';
}

/** A prepared statement from before a migration: what it gives has other columns now. Another connection prepares it anew. */
export function isStalePlan(error: unknown): boolean {
  return sqlStateOf(error) === '0A000' && isNativeError(error) && error.message.startsWith('cached plan');
}

/** Not an error of its own: an earlier statement of the same transaction failed. */
export function isAftermath(error: unknown): boolean {
  return sqlStateOf(error) === '25P02';
}

/** Whether the connection can no longer be trusted: anything but an answer of the server to this statement. */
export function isBroken(error: unknown): boolean {
  const state = sqlStateOf(error);
  if (state === undefined || SOCKET.test(state) || isStalePlan(error)) return true;
  return state.startsWith('08') || state.startsWith('57P') || state === '25P03';
}

/** The same error, or a TransientStoreError around it when it blames the moment. */
export function storeError(error: unknown, attempt: string): unknown {
  if (!isNativeError(error) || error instanceof TransientStoreError) return error;
  const state = sqlStateOf(error);
  const isTransient = state === undefined
    ? DRIVER.test(error.message)
    : SOCKET.test(state) || TRANSIENT_CODES.has(state) || TRANSIENT_CLASSES.has(state.slice(0, 2));
  return isTransient ? new TransientStoreError(attempt, { cause: error }) : error;
}
