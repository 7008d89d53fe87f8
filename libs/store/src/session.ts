import type pg from 'pg';
import type { Tx } from './store.js';
import { isBroken, storeError } from './store-errors.js';

/** One borrowed connection. Errors of Postgres get their class here, so that a caller's own errors pass untouched. */
export class Session implements Tx {
  /** Whether the connection must be thrown away rather than given back. */
  isBroken = false;

  constructor(private readonly client: pg.PoolClient, private readonly attempt: string) {}

  async query<T extends object>(sql: string, parameters: readonly unknown[] = []): Promise<readonly T[]> {
    try {
      const result = await this.client.query<T>(sql, [...parameters]);
      return result.rows;
    } catch (error) {
      this.isBroken ||= isBroken(error);
      throw storeError(error, this.attempt);
    }
  }

  async transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    await this.query('begin');
    try {
      const result = await work(this);
      await this.query('commit');
      return result;
    } catch (error) {
      // On a broken connection the server rolls back by itself.
      if (!this.isBroken) await this.query('rollback').catch(() => { this.isBroken = true; });
      throw error;
    }
  }
}
