import { spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { freePort, PostgresServer, until } from '@vmdns/local';
import pg from 'pg';
import { childEnv, newFolder, runFolder } from './run-folder.js';
import { TcpProxy } from './tcp-proxy.js';

/** A PostgreSQL of the caller's own, for tests that stop or kill it. */
export async function startPostgres(): Promise<PostgresServer> {
  return PostgresServer.start({ folder: newFolder('postgres'), password: 'vmdns', settings: SETTINGS, env: childEnv() });
}

/** A PostgreSQL and a standby that follows it, as much as the way between them lets through. */
export interface PostgresPair { readonly primary: PostgresServer; readonly standby: PostgresServer; readonly between: TcpProxy }

/** Made by copying a stopped cluster: the embedded binaries have no pg_basebackup. */
export async function startPostgresPair(): Promise<PostgresPair> {
  const primary = await startPostgres();
  await primary.stop();
  const folder = newFolder('standby');
  const data = join(folder, 'data');
  const copied = spawnSync('cp', ['-a', join(primary.options.folder, 'data'), data], { encoding: 'utf8', timeout: 60_000 });
  if (copied.status !== 0) throw new Error(`copying the cluster failed: ${copied.stderr}`);
  const { uid, gid } = statSync(join(data, 'PG_VERSION'));
  writeFileSync(join(data, 'standby.signal'), '');
  if (process.getuid?.() === 0) chownSync(join(data, 'standby.signal'), uid, gid);
  await primary.restart();
  const between = await TcpProxy.before({ host: '127.0.0.1', port: primary.port });
  const standby = await PostgresServer.start({
    folder, password: 'vmdns', env: childEnv(),
    settings: { ...SETTINGS, primary_conninfo: `host=127.0.0.1 port=${between.port} user=postgres password=vmdns sslmode=disable`, wal_retrieve_retry_interval: '100ms' },
  });
  return { primary, standby, between };
}

/**
 * Fast rather than safe from a power cut; a killed server still loses nothing. Passwords that are dear to guess are dear
 * to check, and a run makes thousands of connections.
 */
const SETTINGS = { scram_iterations: '1', fsync: 'off', shared_buffers: '64MB', max_connections: '400' };

/** The superuser's URL of the PostgreSQL that all tests of this run share; started by the first that asks. */
export async function sharedPostgres(): Promise<string> {
  const given = process.env['VMDNS_TEST_POSTGRES'];
  if (given !== undefined && given !== '') return given;
  const note = join(runFolder(), 'postgres.url');
  const lock = join(runFolder(), 'postgres.lock');
  const url = await until(async () => {
    if (existsSync(note)) return readFileSync(note, 'utf8');
    if (!takes(lock)) return undefined;
    try {
      const folder = join(runFolder(), 'postgres');
      rmSync(folder, { recursive: true, force: true });
      const server = await PostgresServer.start({ folder, port: await freePort(), password: 'vmdns', settings: SETTINGS, env: childEnv() });
      // The cluster was made with the usual iterations.
      await asSuperuser(server.url(), (client) => client.query(`alter role postgres password 'vmdns'`));
      writeFileSync(`${note}.new`, server.url());
      renameSync(`${note}.new`, note);
      return server.url();
    } finally {
      rmSync(lock, { recursive: true, force: true });
    }
  }, { withinMs: 90_000, everyMs: 100, what: 'the PostgreSQL of this test run' });
  process.env['VMDNS_TEST_POSTGRES'] = url;
  return url;
}

function takes(lock: string): boolean {
  try {
    mkdirSync(lock);
    return true;
  } catch {
    return false;
  }
}

/** One empty database, with a role for each service that asks. */
export class TestDatabase {
  private readonly roles = new Map<string, Promise<void>>();

  constructor(private readonly server: string, readonly name: string) {}

  /** As superuser, to look into any schema. */
  get url(): string {
    return withUser(this.server, this.name);
  }

  get host(): string {
    return new URL(this.server).hostname;
  }

  get port(): number {
    return Number(new URL(this.server).port);
  }

  /** As the service that owns the schema: role `vmdns_<schema>`, which may make its schema and nothing else. */
  async urlFor(schema: string): Promise<string> {
    const role = `vmdns_${schema}`;
    const made = this.roles.get(schema) ?? asSuperuser(this.url, async (client) => {
      // Two grants at once on one database are refused by the server.
      await client.query('select pg_advisory_lock(7051)');
      const known = await client.query('select 1 from pg_roles where rolname = $1', [role]);
      // Roles belong to the whole server: another test's database may make it at the same moment.
      if (known.rowCount === 0) await client.query(`create role "${role}" login password 'vmdns'`).catch(unlessMade);
      await client.query(`grant connect, create, temporary on database "${this.name}" to "${role}"`);
    });
    this.roles.set(schema, made);
    await made;
    return withUser(this.server, this.name, role);
  }

  /** Asks as superuser; for looking, not for the code under test. */
  async query<T>(sql: string, parameters: readonly unknown[] = []): Promise<readonly T[]> {
    return asSuperuser(this.url, async (client) => (await client.query(sql, [...parameters])).rows as T[]);
  }

  /** Cuts every connection to it, as a failing server would. */
  async cutConnections(): Promise<void> {
    await asSuperuser(this.server, (client) => client.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [this.name]));
  }

  async drop(): Promise<void> {
    await asSuperuser(this.server, (client) => client.query(`drop database if exists "${this.name}" with (force)`));
  }
}

/** A new database on the given server (its superuser's URL), or on the one this run shares. */
export async function freshDatabase(server?: string): Promise<TestDatabase> {
  const on = server ?? await sharedPostgres();
  const name = `t_${randomBytes(6).toString('hex')}`;
  await asSuperuser(on, (client) => client.query(`create database "${name}"`));
  return new TestDatabase(on, name);
}

async function asSuperuser<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

function withUser(server: string, database: string, user?: string): string {
  const url = new URL(server);
  url.pathname = `/${database}`;
  if (user !== undefined) {
    url.username = user;
    url.password = 'vmdns';
  }
  return url.href;
}

/** duplicate_object, or the unique index behind it where two make it at once. */
function unlessMade(error: unknown): void {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  if (code !== '42710' && code !== '23505') throw error;
}
