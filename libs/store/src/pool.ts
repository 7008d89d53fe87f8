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
export function poolOptions(schema: string, asksByKey: boolean) {
  return {
    ...sessionOptions(schema),
    options: [sessionOptions(schema).options, ...(asksByKey ? [...BY_KEY.map((name) => `-c ${name}=off`), '-c plan_cache_mode=force_generic_plan'] : [])].join(' '),
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
 * A plan is kept for as long as its connection. One made while a table was empty would read the whole of it for ever,
 * so a service whose statements all ask by key rules that out (L6); `survey` is for its few others. There is one such
 * plan then, so it is made once: for a statement of few rows planning costs as much as running.
 */
const BY_KEY = ['enable_seqscan', 'enable_hashjoin', 'enable_mergejoin'];

/** For one statement that looks at a whole table. */
export const AS_POSTGRES_LIKES = [...BY_KEY.map((name) => `set local ${name} = on`), 'set local plan_cache_mode = auto'].join('; ');

/** The pool inside TypeORM's data source: hot paths use it straight, so that there is one pool. */
export function poolOf(source: DataSource): pg.Pool {
  const driver: { readonly master?: unknown } = source.driver as object;
  if (!(driver.master instanceof pg.Pool)) throw new Error('the data source has no pool: it is not connected');
  return driver.master;
}
