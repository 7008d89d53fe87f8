import pg from 'pg';
import type { DataSource } from 'typeorm';

const { builtins, getTypeParser } = pg.types;
const INT8_ARRAY = 1016;

type Parser = (text: string) => unknown;

/** int8 as number: every count of ours is below 2^53. All else as the driver does it. */
export const types = {
  getTypeParser(oid: number): Parser {
    const parse = getTypeParser(oid, 'text') as Parser;
    if (oid === builtins.INT8) return Number;
    if (oid === INT8_ARRAY) return (text) => numbers(parse(text));
    return parse;
  },
};

function numbers(list: unknown): unknown {
  return Array.isArray(list) ? list.map((item: unknown) => (item === null ? null : Number(item))) : list;
}

/** How long a connect, or the wait for a free connection, may take: a dead Postgres is an answer, not a hang. */
export const CONNECT_MS = 700;
/** Of one statement; the server ends it first, the client gives a silent server up a little later. */
export const STATEMENT_MS = 8000;
const SILENCE_MS = 9000;
const IDLE_IN_TRANSACTION_MS = 15_000;

const LOCK_MS = 2000;

/** Options of the pool for one schema. */
export function poolOptions(schema: string) {
  return {
    ...sessionOptions(schema),
    options: `${sessionOptions(schema).options} ${BY_KEY}`,
    // Statements asked together are sent together.
    pipeline: true,
    connectionTimeoutMillis: CONNECT_MS,
    idleTimeoutMillis: 60_000,
    statement_timeout: STATEMENT_MS,
    lock_timeout: LOCK_MS,
    query_timeout: SILENCE_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
  };
}

/** What every session of ours has, also the one that migrates (which has no limits). */
export function sessionOptions(schema: string) {
  return { types, keepAlive: true, keepAliveInitialDelayMillis: 5000, options: `-c search_path=${schema} -c jit=off` };
}

/**
 * Our statements ask by key. A plan is kept for as long as its connection, and one made while a table was empty would
 * otherwise read the whole of it for ever (L6).
 */
const BY_KEY = '-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off';

/** The pool inside TypeORM's data source: hot paths use it straight, so that there is one pool. */
export function poolOf(source: DataSource): pg.Pool {
  const driver: { readonly master?: unknown } = source.driver as object;
  if (!(driver.master instanceof pg.Pool)) throw new Error('the data source has no pool: it is not connected');
  return driver.master;
}
