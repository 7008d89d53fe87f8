import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { hasApt, PrivateApt } from './private-apt.js';
import { notePid, runningPid } from './processes.js';
import { until } from './wait.js';

const run = promisify(execFile);

/** Packages unpacked into a folder of their own, with every library that this machine lacks. */
export interface UnpackedPackages {
  readonly root: string;
  /** For LD_LIBRARY_PATH. */
  readonly libraryPath: string;
}

/** Rounds of "download what the last round's packages lack": PostgreSQL's client library needs three. */
const MAX_ROUNDS = 8;

/**
 * Downloads Debian packages and their missing libraries and unpacks them below `folder`, once: nothing is installed
 * into the system, no service starts, no root is needed. Remove the folder to get newer ones.
 */
export async function unpackDebianPackages(name: string, packages: readonly string[], folder: string, say: (line: string) => void): Promise<UnpackedPackages> {
  if (!hasApt()) throw new Error('this system has no apt');
  const home = join(folder, `${systemName()}-${name}`);
  if (!isReady(home)) {
    mkdirSync(folder, { recursive: true });
    await alone(`${home}.lock`, async () => {
      if (isReady(home)) return;
      say(`downloading ${packages.join(', ')} with apt into ${home} (nothing is installed into the system)`);
      const stage = `${home}.new`;
      const apt = `${home}.apt`;
      for (const old of [stage, home, apt]) rmSync(old, { recursive: true, force: true });
      await fill(stage, packages, await PrivateApt.open(apt));
      rmSync(apt, { recursive: true, force: true });
      writeFileSync(join(stage, 'ready'), `${packages.join('\n')}\n`);
      renameSync(stage, home);
    });
  }
  const root = join(home, 'root');
  return { root, libraryPath: libraryFolders(root).join(':') };
}

function isReady(home: string): boolean {
  return existsSync(join(home, 'ready'));
}

/** Unpacked packages fit one release of one distribution on one processor. */
function systemName(): string {
  const release = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
  const value = (key: string): string => new RegExp(`^${key}="?([^"\\n]*)"?$`, 'm').exec(release)?.[1] ?? 'unknown';
  const version = value('VERSION_CODENAME') === 'unknown' ? value('VERSION_ID') : value('VERSION_CODENAME');
  return `${value('ID')}-${version}-${process.arch}`.replace(/[^A-Za-z0-9.-]/g, '_');
}

async function fill(stage: string, packages: readonly string[], apt: PrivateApt): Promise<void> {
  const debs = join(stage, 'debs');
  const root = join(stage, 'root');
  for (const part of [debs, root]) mkdirSync(part, { recursive: true });
  const asked = new Set<string>();
  const unpacked = new Set<string>();
  let next = [...packages];
  for (let round = 0; round < MAX_ROUNDS && next.length > 0; round += 1) {
    next.forEach((name) => asked.add(name));
    await apt.download(next, debs);
    const fresh = readdirSync(debs).filter((file) => file.endsWith('.deb') && !unpacked.has(file));
    for (const file of fresh) {
      await apt.unpack(join(debs, file), root);
      unpacked.add(file);
    }
    if ((await missingSharedObjects(root)).length === 0) break;
    const lacking = await Promise.all(fresh.map((file) => apt.missingLibraries(join(debs, file))));
    next = [...new Set(lacking.flat())].filter((name) => !asked.has(name));
  }
  const missing = await missingSharedObjects(root);
  if (missing.length > 0) throw new Error(`the packages ${[...asked].join(', ')} lack the libraries ${missing.join(', ')}`);
  rmSync(debs, { recursive: true, force: true });
}

/** What the loader cannot find for any program or library below the root. */
async function missingSharedObjects(root: string): Promise<readonly string[]> {
  const missing = new Set<string>();
  const libraryPath = libraryFolders(root).join(':');
  for (const file of filesBelow(root).filter((path) => /\.so(\.[0-9.]+)?$/.test(path) || isProgram(path))) {
    const { stdout } = await run('ldd', [file], { env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C', LD_LIBRARY_PATH: libraryPath } })
      .catch(() => ({ stdout: '' })); // A static program or a script: needs nothing.
    for (const found of stdout.matchAll(/^\s*(\S+) => not found/gm)) missing.add(found[1] ?? '');
  }
  return [...missing];
}

function isProgram(path: string): boolean {
  return (statSync(path).mode & 0o111) !== 0;
}

function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
}

function libraryFolders(root: string): readonly string[] {
  const folders = filesBelow(root).filter((path) => /\/lib[^/]*\.so(\.[0-9.]+)?$/.test(path)).map((path) => path.slice(0, path.lastIndexOf('/')));
  return [...new Set(folders)].filter((folder) => !folder.endsWith('/pdns'));
}

/** One at a time, also between processes; the lock of one that died is taken over. */
async function alone(lock: string, work: () => Promise<void>): Promise<void> {
  const note = join(lock, 'pid');
  const take = (): boolean => {
    try {
      mkdirSync(lock);
      notePid(note, process.pid);
      return true;
    } catch {
      if (existsSync(note) && runningPid(note) === undefined) rmSync(lock, { recursive: true, force: true });
      return false;
    }
  };
  await until(take, { withinMs: 600_000, everyMs: 250, what: `another process to finish in ${lock}` });
  try {
    await work();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}
