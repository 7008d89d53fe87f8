import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { unpackDebianPackages, type UnpackedPackages } from './debian-packages.js';
import { hasApt } from './private-apt.js';

/** A program that can be started: where it is and what it needs around it. */
export interface Binary {
  readonly path: string;
  readonly env: Readonly<Record<string, string>>;
  readonly args: readonly string[];
  readonly origin: 'environment' | 'path' | 'packages';
}

export interface Finder {
  /** Where packages are unpacked: `VMDNS_TOOLS`, or `tools` in the home. */
  readonly toolsFolder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly say: (line: string) => void;
}

export type PowerdnsBackend = 'lmdb' | 'gsqlite3' | 'gpgsql';

/** Nothing found and nothing to be had: the message says what to type. */
export class BinaryMissing extends Error {
  override readonly name = 'BinaryMissing';
}

const NATS_OLDEST = [2, 9, 10] as const;

/** nats-server 2.9.10 or newer: `NATS_SERVER`, else PATH, else Debian's package. */
export async function findNatsServer(finder: Finder): Promise<Binary> {
  const named = finder.env['NATS_SERVER'];
  if (named !== undefined && named !== '') return { ...own(mustRun(named, 'NATS_SERVER')), origin: 'environment' };
  const found = onPath('nats-server', finder.env);
  if (found !== undefined && isNewEnough(found)) return { ...own(found), origin: 'path' };
  const packages = await unpacked(finder, 'nats-server', ['nats-server'], 'nats-server 2.9.10 or newer');
  return fromPackages(packages, 'usr/sbin/nats-server');
}

/** pdns_server with the backends wanted: `PDNS_SERVER` (and `PDNS_MODULE_DIR`), else PATH, else Debian's packages. */
export async function findPowerdns(finder: Finder, backends: readonly PowerdnsBackend[] = ['lmdb']): Promise<Binary> {
  const named = finder.env['PDNS_SERVER'];
  const modules = finder.env['PDNS_MODULE_DIR'];
  const moduleArgs = modules === undefined || modules === '' ? [] : [`--module-dir=${modules}`];
  if (named !== undefined && named !== '') return { ...own(mustRun(named, 'PDNS_SERVER')), args: moduleArgs, origin: 'environment' };
  const found = onPath('pdns_server', finder.env);
  if (found !== undefined && (moduleArgs.length > 0 || hasBackends(found, backends))) return { ...own(found), args: moduleArgs, origin: 'path' };
  // Always the three of them, so that the folder serves the local stack and the tests alike.
  const packages = await unpacked(finder, 'pdns-server', ['pdns-server', 'pdns-backend-lmdb', 'pdns-backend-sqlite3', 'pdns-backend-pgsql'], 'pdns_server (PowerDNS Authoritative Server)');
  const binary = fromPackages(packages, 'usr/sbin/pdns_server');
  return { ...binary, args: [`--module-dir=${moduleFolder(join(packages.root, 'usr/lib')) ?? join(packages.root, 'usr/lib')}`] };
}

/** The sqlite3 shell, with which a database for PowerDNS' sqlite backend is made: `SQLITE3`, else PATH, else Debian's package. */
export async function findSqlite3(finder: Finder): Promise<Binary> {
  const named = finder.env['SQLITE3'];
  if (named !== undefined && named !== '') return { ...own(mustRun(named, 'SQLITE3')), origin: 'environment' };
  const found = onPath('sqlite3', finder.env);
  if (found !== undefined) return { ...own(found), origin: 'path' };
  return fromPackages(await unpacked(finder, 'sqlite3', ['sqlite3'], 'sqlite3'), 'usr/bin/sqlite3');
}

/** Chromium for the tests of the pages: `CHROMIUM`, else PATH, else Debian's package with a font. */
export async function findChromium(finder: Finder): Promise<Binary> {
  const named = finder.env['CHROMIUM'];
  if (named !== undefined && named !== '') return { ...own(mustRun(named, 'CHROMIUM')), origin: 'environment' };
  const found = onPath('chromium', finder.env) ?? onPath('chromium-browser', finder.env);
  if (found !== undefined) return { ...own(found), origin: 'path' };
  const packages = await unpacked(finder, 'chromium', ['chromium', 'chromium-common', 'fonts-dejavu-core', 'fontconfig-config'], 'chromium');
  const binary = fromPackages(packages, 'usr/lib/chromium/chromium');
  return { ...binary, env: { ...binary.env, FONTCONFIG_SYSROOT: packages.root } };
}

function own(path: string): Omit<Binary, 'origin'> {
  return { path, env: {}, args: [] };
}

function fromPackages(packages: UnpackedPackages, program: string): Binary {
  return { path: join(packages.root, program), env: { LD_LIBRARY_PATH: packages.libraryPath }, args: [], origin: 'packages' };
}

function mustRun(path: string, variable: string): string {
  if (!isProgram(path)) throw new BinaryMissing(`${variable} names ${path}, which is not a program that can be run`);
  return path;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** PATH, and the folders of system programs, which an ordinary user's PATH on Debian leaves out. */
function onPath(program: string, env: Finder['env']): string | undefined {
  const folders = [...(env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  return folders.filter((folder) => folder !== '').map((folder) => join(folder, program)).find(isProgram);
}

function isNewEnough(natsServer: string): boolean {
  const text = spawnSync(natsServer, ['--version'], { encoding: 'utf8', timeout: 10_000 }).stdout ?? '';
  const version = /v?(\d+)\.(\d+)\.(\d+)/.exec(text)?.slice(1).map(Number);
  if (version === undefined) return false;
  for (const [i, least] of NATS_OLDEST.entries()) {
    const part = version[i] ?? 0;
    if (part !== least) return part > least;
  }
  return true;
}

/** A backend is built in, or a module in one of the usual folders. */
function hasBackends(pdnsServer: string, backends: readonly PowerdnsBackend[]): boolean {
  const asked = spawnSync(pdnsServer, ['--version'], { encoding: 'utf8', timeout: 10_000 });
  const builtIn = /Built-in modules:(.*)/.exec(`${asked.stdout}${asked.stderr}`)?.[1]?.trim().split(/\s+/) ?? [];
  const folder = ['/usr/lib', '/usr/lib64', '/usr/local/lib', '/opt/homebrew/lib'].map(moduleFolder).find((found) => found !== undefined);
  const modules = folder === undefined ? [] : readdirSync(folder);
  return backends.every((backend) => builtIn.includes(backend) || modules.includes(`lib${backend}backend.so`));
}

/** `pdns` in the library folder, or one below it (Debian: usr/lib/x86_64-linux-gnu/pdns). */
function moduleFolder(libraries: string): string | undefined {
  if (!existsSync(libraries)) return undefined;
  const below = readdirSync(libraries, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map((entry) => join(libraries, entry.name, 'pdns'));
  return [join(libraries, 'pdns'), ...below].find((folder) => existsSync(folder));
}

async function unpacked(finder: Finder, name: string, packages: readonly string[], what: string): Promise<UnpackedPackages> {
  let why = 'this system has no apt to download it with';
  if (hasApt()) {
    try {
      return await unpackDebianPackages(name, packages, finder.toolsFolder, finder.say);
    } catch (error) {
      why = `downloading it failed: ${firstLineOf(error)}`;
    }
  }
  throw new BinaryMissing(`${what} was not found, and ${why}. Type: ${installCommand(name, packages)}   or: docker compose up`);
}

function firstLineOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return (text.split('\n').find((line) => /^E: /.test(line)) ?? text.split('\n')[0] ?? '').trim();
}

/** The one command for this system. */
function installCommand(name: string, packages: readonly string[]): string {
  if (process.platform === 'darwin') return `brew install ${name === 'pdns-server' ? 'pdns' : name}`;
  if (hasApt()) return `sudo apt-get update && sudo apt-get install --no-install-recommends ${packages.join(' ')}`;
  const is = (tool: string): boolean => onPath(tool, { PATH: process.env['PATH'] }) !== undefined;
  const names: Readonly<Record<string, string>> = { 'pdns-server': 'pdns pdns-backend-lmdb' };
  if (is('dnf')) return `sudo dnf install ${names[name] ?? name}`;
  if (is('apk')) return `apk add ${names[name] ?? name}`;
  if (is('pacman')) return `sudo pacman -S ${name === 'pdns-server' ? 'powerdns' : name}`;
  return `install ${name}, then set ${name === 'pdns-server' ? 'PDNS_SERVER' : name === 'sqlite3' ? 'SQLITE3' : 'NATS_SERVER'} to its path`;
}
