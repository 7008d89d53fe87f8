import { createHash } from 'node:crypto';
import { access, chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { streams } from '@vmdns/contracts';
import { z } from 'zod';
import { CommandError, EXIT, usage } from '../exit.js';
import { runOnDatabase } from '../recovery/programs.js';
import { PSQL, replaceSchemas } from '../recovery/schemas.js';
import { restoreSql, TIMELINE_SQL } from '../recovery/restore-sql.js';
import { dropStreams } from '../recovery/streams.js';
import { many, type Commands, type Session } from '../session.js';

interface BackupOptions { readonly database?: string; readonly key?: readonly string[]; readonly keysTo?: string }
interface RestoreOptions { readonly database?: string; readonly nats?: string; readonly keysFrom?: string; readonly keysTo?: string; readonly servicesAreStopped?: true }

const DUMP = 'database.dump';
const MANIFEST = 'backup.json';
const Manifest = z.object({ at: z.string(), timeline: z.number(), sha256: z.string() });
const Local = z.object({ nats: z.object({ url: z.string() }), postgres: z.object({ url: z.string() }) }).partial();

/** `vmdns backup` and `vmdns restore`: for who runs vmdns; they ask PostgreSQL, not the gateway. */
export function recoveryCommands(program: Command, commands: Commands): void {
  commands.add<BackupOptions>(program, 'backup <folder>', 'what must be kept: the database by pg_dump, and the keys of the adapters', (command) => command
    .option('--database <url>', 'as a role that may read all schemas (VMDNS_DATABASE_URL; of a local stack: its own)')
    .option('--key <file>', 'a KEY_FILE of an adapter; more than one may be given (of a local stack: all)', many)
    .option('--keys-to <folder>', 'where the keys go: apart from the database (default: <folder>-keys)'), backup);
  commands.add<RestoreOptions>(program, 'restore [folder]', 'read a backup back; without a folder: prepare a database that was restored by other means', (command) => command
    .option('--database <url>', 'as a superuser, or the owner of all schemas (VMDNS_DATABASE_URL; of a local stack: its own)')
    .option('--nats <url>', 'nats://user:password@host:port as the operator, or none where its data folder was removed (VMDNS_NATS_URL)')
    .option('--keys-from <folder>', 'keys that a backup kept').option('--keys-to <folder>', 'where they go')
    .option('--services-are-stopped', 'every service of vmdns is stopped'), restore);
}

async function backup(session: Session, options: BackupOptions, said = ''): Promise<void> {
  const { shell } = session;
  const folder = resolve(shell.folder, said);
  const database = await databaseOf(session, options.database);
  const keys = options.key?.map((key) => resolve(shell.folder, key)) ?? await localKeys(session);
  const keysTo = options.keysTo === undefined ? `${folder}-keys` : resolve(shell.folder, options.keysTo);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, DUMP);
  // The manifest comes last: without it the dump was given up half way.
  if (await exists(join(folder, MANIFEST))) throw usage(`there is a backup in ${folder} already`);
  // Made first, so that nobody else ever sees into it.
  await writeFile(file, '', { mode: 0o600 });
  await runOnDatabase(shell, 'pg_dump', ['--no-password', '--format=custom', `--file=${file}`], database);
  const timeline = Number((await runOnDatabase(shell, 'psql', PSQL, database, `${TIMELINE_SQL};`)).trim());
  const manifest = { at: shell.now().toISOString(), timeline, sha256: createHash('sha256').update(await readFile(file)).digest('hex') };
  await writeFile(join(folder, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`, { mode: 0o600 });
  for (const key of keys) await keepPrivately(key, join(keysTo, keys.length === 1 ? basename(key) : `${basename(dirname(key))}-${basename(key)}`));
  session.tell({ ...manifest, database: file, keys: keys.length, keysTo }, [
    `The database is in ${file}.`,
    keys.length === 0 ? 'No key file was given: without the keys every secret of a connection must be put in again.' : `${keys.length} key files are in ${keysTo}; keep them apart from the database: together they give every credential.`,
    'NATS and the zones need no backup from here: its streams fill again by themselves, zones belong to their servers.',
  ]);
}

async function restore(session: Session, options: RestoreOptions, said?: string): Promise<void> {
  const { shell } = session;
  if (options.servicesAreStopped !== true) throw usage('stop every service of vmdns first, then say --services-are-stopped');
  const database = await databaseOf(session, options.database);
  const nats = options.nats ?? shell.environment['VMDNS_NATS_URL'] ?? (await localOf(session)).nats?.url;
  if (nats === undefined) throw usage('--nats is missing', 'what its streams hold is newer than the backup and must go');
  const before = Number((await runOnDatabase(shell, 'psql', PSQL, database, `${TIMELINE_SQL};`).catch(() => '0')).trim());
  if (said !== undefined) await readBack(session, resolve(shell.folder, said), database);
  if (options.keysFrom !== undefined) await keysBack(resolve(shell.folder, options.keysFrom), resolve(shell.folder, options.keysTo ?? ''), options.keysTo);
  if (nats !== 'none') await dropStreams(nats, Object.values(streams).map((stream) => stream.name));
  await runOnDatabase(shell, 'psql', PSQL, database, restoreSql(Number.isFinite(before) ? before : 0));
  session.tell({ restored: said ?? null, zones: 'observe' }, [
    'The database is ready, and every zone is in mode observe: nothing is written until you say so.',
    '1. Start the services. Each zone is compared; what is there as wanted becomes ours without a write.',
    '2. Let every publisher send the full state of its VMs, and the deletions since the backup.',
    '3. Look: vmdns zone drift <zone>. "foreign" is what is at the provider and unknown here, "differs" what would be overwritten.',
    '4. vmdns zone set <zone> --mode write',
  ]);
}

async function readBack(session: Session, folder: string, database: string): Promise<void> {
  const file = join(folder, DUMP);
  const manifest = Manifest.safeParse(JSON.parse(await readFile(join(folder, MANIFEST), 'utf8').catch(() => '{}')));
  if (!manifest.success) throw usage(`${folder} is no backup of vmdns`);
  if (createHash('sha256').update(await readFile(file)).digest('hex') !== manifest.data.sha256) throw new CommandError(EXIT.failed, `${file} is not as it was written`);
  await replaceSchemas(session.shell, file, database);
}

async function keysBack(from: string, to: string, said: string | undefined): Promise<void> {
  if (said === undefined) throw usage('--keys-to is missing');
  for (const name of await readdir(from)) await keepPrivately(join(from, name), join(to, name));
}

/** Nobody else may read it, at any moment. */
async function keepPrivately(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true, mode: 0o700 });
  const content = await readFile(from);
  await writeFile(to, '', { mode: 0o600 });
  await chmod(to, 0o600);
  await writeFile(to, content);
}

async function databaseOf(session: Session, said: string | undefined): Promise<string> {
  const url = said ?? session.shell.environment['VMDNS_DATABASE_URL'] ?? (await localOf(session)).postgres?.url;
  if (url === undefined) throw usage('--database is missing', 'or set VMDNS_DATABASE_URL, or run in the folder of a local stack');
  return url;
}

const homeOf = ({ shell }: Session): string => resolve(shell.folder, shell.environment['VMDNS_HOME'] || '.vmdns');

async function localOf(session: Session): Promise<z.infer<typeof Local>> {
  const file = await readFile(join(homeOf(session), 'endpoints.json'), 'utf8').catch(() => undefined);
  return file === undefined ? {} : Local.parse(JSON.parse(file));
}

async function localKeys(session: Session): Promise<string[]> {
  const folder = join(homeOf(session), 'keys');
  const found = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return found.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name)).sort();
}

const exists = (file: string): Promise<boolean> => access(file).then(() => true, () => false);
