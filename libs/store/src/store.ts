import { setTimeout as setTimeoutPromise } from 'node:timers/promises';
import type pg from 'pg';
import { DataSource, type MigrationInterface } from 'typeorm';
import { doesAnswer } from './does-answer.js';
import { History } from './history.js';
import { migrate, silent } from './migrate.js';
import { AS_POSTGRES_LIKES, poolOf, poolOptions } from './pool.js';
import { Session } from './session.js';
import { isRetryable, isStalePlan, storeError, TransientStoreError } from './store-errors.js';

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
  /** Whether every statement but those of `survey` finds its rows by an index, one by one: then no plan may do otherwise. */
  readonly asksByKey?: boolean;
  readonly log?: StoreLog;
}

/** What can run a statement: the store itself, or a transaction. */
export interface Tx {
  /** Rows of one statement; several asked without waiting travel together and run in that order. int8 comes as number, timestamptz as Date, jsonb parsed. */
  query<T extends object>(sql: string, parameters?: readonly unknown[]): Promise<readonly T[]>;
}

/** A class whose name ends in a JavaScript timestamp, e.g. `CreateVm1764000000000`. */
export type MigrationClass = new () => MigrationInterface;

const TRANSACTION_TRIES = 3;
/** Each time a connection that knew the old columns is thrown away; there are not more of them. */
const STALE_MAX = 50;
const RETRY_MS = 250;
const RETRY_MOST_MS = 2000;
const SCHEMA = /^[a-z][a-z0-9_]{0,62}$/;

/** One service's schema in Postgres. */
export class Store implements Tx {
  private readonly source: DataSource;
  private readonly migrated: Promise<void>;
  private pool: pg.Pool | undefined;
  private asking: Promise<boolean> | undefined;
  private readonly closing = new AbortController();
  private readonly history = new History();

  private constructor(private readonly options: StoreOptions, private readonly migrations: readonly MigrationClass[]) {
    if (!SCHEMA.test(options.schema)) throw new Error(`opening the store: "${options.schema}" is no schema name`);
    this.source = new DataSource({
      type: 'postgres', url: options.url, schema: options.schema, applicationName: options.applicationName, poolSize: options.poolMax ?? 10,
      logger: silent, extra: { ...poolOptions(options.schema, options.asksByKey ?? false), verify: this.history.verify },
      poolErrorHandler: (error: unknown) => this.options.log?.warn({ err: error }, 'an idle Postgres connection was lost'),
    });
    this.migrated = this.prepare();
    this.migrated.catch(() => undefined);
  }

  /** Gives the store at once, also while Postgres is away; connects and migrates (under a lock) behind your back. */
  static open(options: StoreOptions, migrations: readonly MigrationClass[]): Promise<Store> {
    return Promise.resolve(new Store(options, migrations));
  }

  get schema(): string {
    return this.options.schema;
  }

  /** Whether Postgres was reached and every migration has run. Never goes back to false. */
  get isMigrated(): boolean {
    return this.pool !== undefined;
  }

  /** Fulfilled when migrated; rejects with TransientStoreError after the limit, with another error when a migration is wrong. */
  async whenMigrated(timeoutMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new TransientStoreError(`waiting for the schema ${this.schema}`)), timeoutMs);
    });
    await Promise.race([this.migrated, late]).finally(() => clearTimeout(timer));
  }

  /** One statement on its own, with search_path set to the schema. Throws TransientStoreError within about 700 ms when Postgres is away. */
  query<T extends object>(sql: string, parameters?: readonly unknown[]): Promise<readonly T[]> {
    return this.visit((tx) => tx.query<T>(sql, parameters));
  }

  /**
   * Statements on one connection, each a transaction of its own. `work` may run more than once, so that only its last
   * statement may change anything. What PostgreSQL may have lost is known before `work` begins (see `onNewHistory`).
   */
  async visit<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    for (let stale = 0; ; stale += 1) {
      try {
        return await this.withSession(`asking ${this.schema}`, work);
      } catch (error) {
        if (!isStalePlan(error) || stale >= STALE_MAX) throw error;
      }
    }
  }

  /** One statement that looks at much: planned for itself, by whatever way is best now. */
  async survey<T extends object>(sql: string, parameters?: readonly unknown[]): Promise<readonly T[]> {
    return this.withSession(`surveying ${this.schema}`, (session) => session.transaction(async () => {
      const [, rows] = await Promise.all([session.query(AS_POSTGRES_LIKES), session.queryOnce<T>(sql, parameters)]);
      return rows;
    }));
  }

  /**
   * READ COMMITTED, lock_timeout 2 s. A deadlock, a serialization failure or a lock not given is tried again, at most
   * 3 times in all, so `work` may run more than once and must have no effect but through `tx`.
   */
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.tryToChange((session) => session.transaction(work));
  }

  /**
   * The same in one round trip, for statements that are known beforehand: `work` asks all of them before it waits for the
   * first, and whatever it throws when they were asked, they are committed. What they shall not do, they check themselves.
   */
  atOnce<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.tryToChange((session) => session.atOnce(work));
  }

  private async tryToChange<T>(change: (session: Session) => Promise<T>): Promise<T> {
    let stale = 0;
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.withSession(`changing ${this.schema}`, change);
      } catch (error) {
        const origin = error instanceof TransientStoreError ? error.cause : error;
        if (isStalePlan(origin) && stale < STALE_MAX) {
          stale += 1;
          tries -= 1;
          continue;
        }
        if (tries >= TRANSACTION_TRIES || !isRetryable(origin)) throw error;
        await pause(tries * 20 + Math.random() * 50);
      }
    }
  }

  /** Throws TransientStoreError unless Postgres answers within the limit. */
  async ping(timeoutMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new TransientStoreError(`pinging Postgres for ${this.schema}`)), timeoutMs);
    });
    await Promise.race([this.query('select 1'), late]).finally(() => clearTimeout(timer));
  }

  /** Whether Postgres answers just now, by a connection of its own: a busy pool is no silence. All who ask at once share one. Never throws. */
  answers(): Promise<boolean> {
    this.asking ??= doesAnswer(this.options).finally(() => { this.asking = undefined; });
    return this.asking;
  }

  /** Called when a connection meets another history than the ones before it: a failover, a restore. Before anybody uses that connection. */
  onNewHistory(listener: () => void): () => void {
    return this.history.onNew(listener);
  }

  /** Waits for running statements. May run twice. */
  async close(): Promise<void> {
    if (this.closing.signal.aborted) return;
    this.closing.abort();
    await this.migrated.catch(() => undefined);
    if (this.source.isInitialized) await this.source.destroy();
  }

  private async withSession<T>(attempt: string, work: (session: Session) => Promise<T>): Promise<T> {
    if (this.pool === undefined || this.closing.signal.aborted) throw new TransientStoreError(`${attempt}: the store is not ready`);
    const client = await this.pool.connect().catch((error: unknown) => { throw storeError(error, attempt); });
    const session = new Session(client, attempt);
    // The pool listens only to idle clients: a server that dies under a query would otherwise end the process. The query itself rejects.
    client.on('error', ignore);
    try {
      return await work(session);
    } finally {
      client.removeListener('error', ignore);
      client.release(session.isBroken);
    }
  }

  private async prepare(): Promise<void> {
    for (let tries = 0; !this.closing.signal.aborted; tries += 1) {
      try {
        await migrate(this.options, this.migrations, () => this.closing.signal.aborted);
        await this.source.initialize();
        this.pool = poolOf(this.source);
        this.options.log?.info({ schema: this.schema, migrations: this.migrations.length }, 'schema ready');
        return;
      } catch (error) {
        const known = storeError(error, `preparing the schema ${this.schema}`);
        if (!(known instanceof TransientStoreError)) {
          this.options.log?.error({ err: known, schema: this.schema }, 'the schema cannot be prepared');
          throw known;
        }
        if (tries % 20 === 0) this.options.log?.warn({ err: known, schema: this.schema }, 'Postgres is away');
        await pause(Math.min(RETRY_MOST_MS, RETRY_MS * 2 ** Math.min(tries, 5)), this.closing.signal);
      }
    }
    throw new TransientStoreError(`preparing the schema ${this.schema}: the store was closed`);
  }
}

/** Ends early, without complaint, when the signal is raised. */
async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  await setTimeoutPromise(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
}

const ignore = (): void => undefined;
