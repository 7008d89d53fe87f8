import type { MigrationInterface } from 'typeorm';

export interface StoreLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface StoreOptions {
  readonly url: string;
  /** The service's own schema; created when missing. */
  readonly schema: string;
  readonly applicationName: string;
  /** Connections at most; default 10. */
  readonly poolMax?: number;
  readonly log?: StoreLog;
}

/** What can run a statement: the store itself, or a transaction. */
export interface Tx {
  /** Rows of one statement. int8 comes as number, timestamptz as Date, jsonb parsed. */
  query<T extends object>(sql: string, parameters?: readonly unknown[]): Promise<readonly T[]>;
}

/** A class whose name ends in a JavaScript timestamp, e.g. `CreateVm1764000000000`. */
export type MigrationClass = new () => MigrationInterface;

const soon = (): never => { throw new Error('being built'); };

/** One service's schema in Postgres. */
export class Store implements Tx {
  /** Gives the store at once, also while Postgres is away; connects and migrates (under a lock) behind your back. */
  static open(_options: StoreOptions, _migrations: readonly MigrationClass[]): Promise<Store> { return soon(); }

  get schema(): string { return soon(); }

  /** Whether Postgres was reached and every migration has run. Never goes back to false. */
  get isMigrated(): boolean { return soon(); }

  /** Fulfilled when migrated; rejects with TransientStoreError after the limit, with another error when a migration is wrong. */
  whenMigrated(_timeoutMs: number): Promise<void> { return soon(); }

  /** One statement on its own, with search_path set to the schema. Throws TransientStoreError within about 700 ms when Postgres is away. */
  query<T extends object>(_sql: string, _parameters?: readonly unknown[]): Promise<readonly T[]> { return soon(); }

  /**
   * READ COMMITTED, lock_timeout 2 s. A deadlock, a serialization failure or a lock not given is tried again, at most
   * 3 times in all, so `work` may run more than once and must have no effect but through `tx`.
   */
  transaction<T>(_work: (tx: Tx) => Promise<T>): Promise<T> { return soon(); }

  /** Throws TransientStoreError unless Postgres answers within the limit. */
  ping(_timeoutMs: number): Promise<void> { return soon(); }

  close(): Promise<void> { return soon(); }
}
