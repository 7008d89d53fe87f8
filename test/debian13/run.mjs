import { execFile, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/*
 * Runs the specs of adapter-powerdns against Debian 13's PowerDNS. Its packages and all that they need, down to the C
 * library, are unpacked with apt's own tools into one folder; nothing is installed, no root is needed.
 */

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const HOME = join(process.env.VMDNS_TOOLS ?? join(ROOT, '.vmdns', 'tools'), `debian-13-${process.arch}`);
const TREE = join(HOME, 'root');
const PACKAGES = ['pdns-server', 'pdns-backend-lmdb', 'pdns-backend-sqlite3', 'pdns-backend-pgsql'];
const KEYRING = process.env.DEBIAN_KEYRING ?? '/usr/share/keyrings/debian-archive-keyring.gpg';
const SPECS = ['powerdns.contract.spec.ts', 'powerdns.sql-contract.spec.ts', 'powerdns.real.spec.ts', 'powerdns.disabled.spec.ts'].map((file) => `services/adapter-powerdns/src/${file}`);
const LIMIT_MS = 240_000;

/** It cannot be run here, which is no failure; the message is the one word that says why. */
class Skip extends Error {}

async function makeTree() {
  if (existsSync(join(HOME, 'ready'))) return;
  const folders = (process.env.PATH ?? '').split(delimiter);
  if (!['apt-get', 'apt-config', 'dpkg-deb'].every((tool) => folders.some((folder) => existsSync(join(folder, tool))))) throw new Skip('no-apt');
  if (!existsSync(KEYRING)) throw new Skip('no-keyring');
  const stage = `${HOME}.new`;
  rmSync(stage, { recursive: true, force: true });
  rmSync(HOME, { recursive: true, force: true });
  console.log(`downloading ${PACKAGES.join(', ')} of Debian 13 into ${HOME} (nothing is installed into the system)`);
  const debs = await download(stage);
  mkdirSync(join(stage, 'root'));
  for (const file of debs) await run('dpkg-deb', ['-x', file, join(stage, 'root')]);
  rmSync(join(stage, 'apt'), { recursive: true });
  writeFileSync(join(stage, 'ready'), `${debs.map((file) => file.split('/').pop()).join('\n')}\n`);
  renameSync(stage, HOME);
}

/** With nothing taken for installed, apt downloads every library too: those of the machine are of another age. */
async function download(stage) {
  const apt = join(stage, 'apt');
  for (const part of ['state/lists/partial', 'cache/archives/partial']) mkdirSync(join(apt, part), { recursive: true });
  const { stdout } = await run('apt-config', ['dump'], { env: { ...process.env, LC_ALL: 'C' } });
  const kept = stdout.split('\n').filter((line) => /^(Acquire::(?!IndexTargets)|APT::Architectures?[ :])/.test(line) && !line.endsWith(' "";'));
  const own = {
    'Dir::State': join(apt, 'state'), 'Dir::State::status': join(apt, 'status'), 'Dir::Cache': join(apt, 'cache'), 'Dir::Etc::parts': '/dev/null', 'Dir::Etc::main': '/dev/null',
    'Dir::Etc::sourcelist': join(apt, 'sources.list'), 'Dir::Etc::sourceparts': '/dev/null', 'APT::Sandbox::User': process.getuid?.() === 0 ? 'root' : '', 'Acquire::Languages': 'none', 'Acquire::Retries': '2',
  };
  writeFileSync(join(apt, 'status'), '');
  writeFileSync(join(apt, 'sources.list'), `deb [signed-by=${KEYRING}] http://deb.debian.org/debian trixie main\n`);
  writeFileSync(join(apt, 'apt.conf'), [...kept, ...Object.entries(own).map(([key, value]) => `${key} "${value}";`), ''].join('\n'));
  const env = { ...process.env, LC_ALL: 'C', APT_CONFIG: join(apt, 'apt.conf') };
  const words = async (...args) => run('apt-get', ['-q', '-y', ...args], { env, timeout: LIMIT_MS, maxBuffer: 16 * 1024 * 1024 });
  const failed = (word) => (error) => { console.log(String(error.stderr ?? error).split('\n').filter((line) => /^[EW]: /.test(line)).join('\n')); throw new Skip(word); };
  await words('update', '-o', 'APT::Update::Error-Mode=any').catch(failed('offline'));
  await words('install', '--download-only', '--no-install-recommends', '-o', 'Debug::NoLocking=true', ...PACKAGES).catch(failed('offline'));
  const archives = join(apt, 'cache', 'archives');
  return readdirSync(archives).filter((file) => file.endsWith('.deb')).map((file) => join(archives, file));
}

/** Started by the tree's own loader, so that the C library is the tree's too. */
async function wrapper() {
  const loader = filesBelow(TREE, /\/ld-linux-[^/]+\.so\.\d+$/)[0];
  const module = filesBelow(TREE, /\/pdns\/liblmdbbackend\.so$/)[0];
  const libc = filesBelow(TREE, /\/libc\.so\.6$/)[0];
  if (loader === undefined || module === undefined || libc === undefined) throw new Error(`the tree in ${TREE} is not whole: remove it and run again`);
  const file = join(HOME, 'pdns_server');
  writeFileSync(file, `#!/bin/sh\nexec '${loader}' --library-path '${dirname(libc)}' '${join(TREE, 'usr/sbin/pdns_server')}' "$@"\n`);
  chmodSync(file, 0o755);
  const asked = await run(file, ['--version']).then(({ stdout, stderr }) => stdout + stderr, () => { throw new Skip('loader'); });
  console.log(/PowerDNS Authoritative Server \S+/.exec(asked)?.[0] ?? 'an unknown PowerDNS');
  return { PDNS_SERVER: file, PDNS_MODULE_DIR: dirname(module) };
}

function filesBelow(folder, pattern) {
  return readdirSync(folder, { recursive: true }).map((path) => join(folder, path)).filter((path) => pattern.test(path));
}

async function specs(env) {
  const args = [join(ROOT, 'node_modules/jest/bin/jest.js'), '--config', join(ROOT, 'jest.config.mjs'), '--maxWorkers', '1', '--ci', '--testNamePattern', 'real', '--runTestsByPath', ...SPECS];
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: 'inherit', env: { ...process.env, ...env } });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  return new Promise((resolve) => { child.once('exit', (code) => resolve(code ?? 1)); });
}

try {
  await makeTree();
  process.exit(await specs(await wrapper()));
} catch (error) {
  if (!(error instanceof Skip)) throw error;
  console.log(`skipped: ${error.message}`);
}
