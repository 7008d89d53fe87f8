import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { CommandError, EXIT, usage } from '../exit.js';
import type { Shell } from '../shell.js';

/** Runs a program of PostgreSQL on a database; the password goes by the environment, where others cannot read it. Gives its output. */
export async function runOnDatabase(shell: Shell, program: string, args: readonly string[], database: string, input = ''): Promise<string> {
  const child = spawn(program, [...args], { env: { ...shell.environment, ...connectionOf(database) }, stdio: ['pipe', 'pipe', 'pipe'], signal: shell.signal });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  // A program that ends early closes its input; its exit code says what there is to say.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  try {
    const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
    if (code !== 0) throw new CommandError(EXIT.failed, `${program} failed`, [...err.trim().split('\n').slice(-5), ...mendOf(err)]);
    return out;
  } catch (cause) {
    if (cause instanceof CommandError) throw cause;
    throw new CommandError(EXIT.failed, `${program} cannot be run`, ['install the client programs of PostgreSQL, of the server\'s version or later, or do it by hand: deploy/docs/backup.md'], { cause });
  }
}

const BY_HAND = 'or use the programs of that version: in its container, or where the server is installed; deploy/docs/backup.md';

/** The programs refuse what is newer than themselves; they say so, but not what to do. */
function mendOf(err: string): readonly string[] {
  const server = /server version: (\d+)/.exec(err)?.[1];
  if (err.includes('server version mismatch')) {
    const version = server === undefined ? "the server's version" : `version ${server}`;
    return [`install the client programs of PostgreSQL, ${version} or later, and put them first on the PATH (Debian: postgresql-client${server === undefined ? '' : `-${server}`}, from apt.postgresql.org where Debian has an older one)`, BY_HAND];
  }
  if (/unsupported version \([\d.]+\) in file header/.test(err)) {
    return ['the dump was written by a newer pg_dump than this pg_restore: install the client programs of PostgreSQL of the version that wrote it, or later, and put them first on the PATH', BY_HAND];
  }
  return [];
}

function connectionOf(database: string): Readonly<Record<string, string>> {
  if (!URL.canParse(database) || !/^postgres(ql)?:/.test(database)) throw usage('the database must be given as postgres://user:password@host:port/name');
  const url = new URL(database);
  const decoded = (word: string) => decodeURIComponent(word);
  return {
    PGHOST: url.hostname, PGPORT: url.port === '' ? '5432' : url.port, PGDATABASE: decoded(url.pathname.slice(1)),
    ...(url.username === '' ? {} : { PGUSER: decoded(url.username) }), ...(url.password === '' ? {} : { PGPASSWORD: decoded(url.password) }),
    ...(url.searchParams.has('sslmode') ? { PGSSLMODE: url.searchParams.get('sslmode') ?? '' } : {}),
  };
}
