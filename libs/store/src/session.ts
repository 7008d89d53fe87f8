import type pg from 'pg';
import type { Tx } from './store.js';
import { isAftermath, isBroken, storeError } from './store-errors.js';

/** More texts than this are not ours: something puts values into its SQL. */
const NAMED_MAX = 400;
const names = new Map<string, string>();

/**
 * A statement with parameters is prepared once per connection, under this name: planning a small one costs more than
 * running it. Undefined for all beyond the limit.
 */
function nameOf(sql: string): string | undefined {
  const known = names.get(sql);
  if (known !== undefined || names.size >= NAMED_MAX) return known;
  const name = `s${names.size + 1}`;
  names.set(sql, name);
  return name;
}

/**
 * One borrowed connection. Statements that are asked without waiting for each other travel together, and run in the
 * order asked. Errors of Postgres get their class here, so that a caller's own errors pass untouched.
 */
export class Session implements Tx {
  /** Whether the connection must be thrown away rather than given back. */
  isBroken = false;
  private isOver = false;
  /** What ended the transaction before its end. */
  private firstError: unknown;

  constructor(private readonly client: pg.PoolClient, private readonly attempt: string) {}

  async query<T extends object>(sql: string, parameters: readonly unknown[] = []): Promise<readonly T[]> {
    // Somebody who was not waited for: his statement would run after the rollback, on its own.
    if (this.isOver) throw new Error(`${this.attempt}: the transaction has ended`);
    return this.send<T>(sql, parameters, parameters.length === 0 ? undefined : nameOf(sql));
  }

  /** A statement that is not kept prepared. */
  async queryOnce<T extends object>(sql: string, parameters: readonly unknown[] = []): Promise<readonly T[]> {
    return this.send<T>(sql, parameters);
  }

  private async send<T extends object>(sql: string, parameters: readonly unknown[] = [], name?: string): Promise<readonly T[]> {
    try {
      const result = await this.client.query<T>({ text: sql, values: [...parameters], ...(name === undefined ? {} : { name }) });
      return result.rows;
    } catch (error) {
      this.isBroken ||= isBroken(error);
      // Who travelled behind the statement that failed may be heard before it; what is told is what failed, which may be worth a second try.
      if (isAftermath(error) && this.firstError !== undefined) throw this.firstError;
      const told = storeError(error, this.attempt);
      this.firstError ??= told;
      throw told;
    }
  }

  async transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    // Travels with the first statement. It can only fail with its connection, and then so does everything after it.
    const begun = this.send('begin');
    begun.catch(() => undefined);
    try {
      const result = await work(this);
      await begun;
      this.isOver = true;
      await this.send('commit');
      return result;
    } catch (error) {
      this.isOver = true;
      // On a broken connection the server rolls back by itself.
      if (!this.isBroken) await this.send('rollback').catch(() => { this.isBroken = true; });
      throw error;
    }
  }

  /** The same in one round trip: the commit travels with the statements, which are all asked before `work` first waits. */
  async atOnce<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    const begun = this.send('begin');
    const working = work(this);
    this.isOver = true;
    // Where a statement has failed, the server takes it for a rollback.
    const committed = this.send('commit');
    for (const one of [begun, working, committed]) one.catch(() => undefined);
    await Promise.allSettled([working, committed]);
    await begun;
    const result = await working;
    await committed;
    return result;
  }
}
