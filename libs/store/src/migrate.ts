import pg from 'pg';
import { DataSource, type Logger } from 'typeorm';
import { CONNECT_MS, sessionOptions } from './pool.js';
import type { MigrationClass, StoreOptions } from './store.js';

/** The first half of our advisory locks' keys: "vmdns", spelt on a phone. */
const LOCK_SPACE = 86_367;
const LOOK_AGAIN_MS = 100;

const nothing = (): void => undefined;
/** TypeORM writes to the console even with logging off; what goes wrong is thrown, and logged by who catches it. */
export const silent: Logger = { logQuery: nothing, logQueryError: nothing, logQuerySlow: nothing, logSchemaBuild: nothing, logMigration: nothing, log: nothing };

/** Makes the schema and runs its migrations; of several replicas one does it, the others wait. May run twice. */
export async function migrate(options: StoreOptions, migrations: readonly MigrationClass[], isClosed: () => boolean): Promise<void> {
  const client = new pg.Client({ connectionString: options.url, connectionTimeoutMillis: CONNECT_MS, application_name: `${options.applicationName} migration` });
  client.on('error', () => undefined);
  await client.connect();
  try {
    if (!await lock(client, options.schema, isClosed)) return;
    const found = await client.query('select 1 from pg_namespace where nspname = $1', [options.schema]);
    // Not "if not exists": that asks for the right to create schemas even where there is nothing to create.
    if (found.rows.length === 0) await client.query(`create schema ${options.schema}`);
    await runMigrations(options, migrations);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** The lock lives as long as the client's session; so a replica that dies lets go of it. */
async function lock(client: pg.Client, schema: string, isClosed: () => boolean): Promise<boolean> {
  while (!isClosed()) {
    const { rows } = await client.query<{ got: boolean }>('select pg_try_advisory_lock($1, hashtext($2)) as got', [LOCK_SPACE, schema]);
    if (rows[0]?.got === true) return true;
    await new Promise((resolve) => { setTimeout(resolve, LOOK_AGAIN_MS); });
  }
  return false;
}

/** A connection of its own: a migration may take longer than any statement in service. */
async function runMigrations(options: StoreOptions, migrations: readonly MigrationClass[]): Promise<void> {
  if (migrations.length === 0) return;
  const source = new DataSource({
    type: 'postgres', url: options.url, schema: options.schema, applicationName: `${options.applicationName} migration`, poolSize: 1, connectTimeoutMS: CONNECT_MS,
    migrations: [...migrations], migrationsTableName: 'migration', migrationsTransactionMode: 'each', logger: silent,
    extra: sessionOptions(options.schema), poolErrorHandler: () => undefined,
  });
  await source.initialize();
  try {
    await source.runMigrations();
  } finally {
    await source.destroy();
  }
}
