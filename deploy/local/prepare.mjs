import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Plain JavaScript on Node's own modules only: it runs before anything is installed or built. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

const OLDEST_NODE = [20, 19];

/** Installs what is missing or stale, and builds. Throws a message for a person. */
export async function prepare(say = (line) => console.log(line)) {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])) {
    throw new Error(`vmdns needs Node ${OLDEST_NODE.join('.')} or newer; this is ${process.versions.node}`);
  }
  // For whoever has just done both, such as the tests.
  if (process.env.VMDNS_PREPARED === '1') return;
  await install(say);
  await build(say);
}

export async function install(say = (line) => console.log(line)) {
  const why = whyInstall();
  if (why === undefined) return;
  say(`${why}: npm ci (a minute or two)`);
  const npm = process.env.npm_execpath;
  const isScript = npm !== undefined && /\.[cm]?js$/.test(npm);
  await run(isScript ? process.execPath : 'npm', [...(isScript ? [npm] : []), 'ci', '--no-audit', '--no-fund'], {}, say);
}

/** One compiler for all rooms, where Nx would start one for each; then the pages of the console, which Nx keeps while nothing changed. */
export async function build(say = (line) => console.log(line)) {
  await run(process.execPath, [join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'), '-b'], {}, say);
  await run(process.execPath, [join(ROOT, 'node_modules', 'nx', 'dist', 'bin', 'nx.js'), 'run', '@vmdns/console:build', '--output-style=static'], { NX_DAEMON: 'false', NX_TUI: 'false' }, say);
}

/** Why the installed packages are not those of the lock file; undefined when they are. */
function whyInstall() {
  const installed = join(ROOT, 'node_modules', '.package-lock.json');
  if (!existsSync(installed)) return 'the npm packages are not installed';
  const wanted = readPackages(join(ROOT, 'package-lock.json'));
  const present = readPackages(installed);
  for (const [path, one] of Object.entries(wanted)) {
    if (one.link && !existsSync(join(ROOT, path))) return `${path.slice('node_modules/'.length)} is new and not linked yet`;
    if (!path.startsWith('node_modules/') || one.link || one.optional || one.peer && one.optional) continue;
    if (present[path]?.version !== one.version) return `${path.slice('node_modules/'.length)} is not installed as the lock file says`;
  }
  return undefined;
}

function readPackages(file) {
  return JSON.parse(readFileSync(file, 'utf8')).packages ?? {};
}

const running = new Set();

/** While this runs, a signal ends what we started, and then us. Gives a function that ends that. */
export function endChildrenOnSignal() {
  const handlers = ['SIGINT', 'SIGTERM', 'SIGHUP'].map((signal) => {
    const end = () => {
      for (const child of running) killGroup(child);
      process.exit(130);
    };
    process.on(signal, end);
    return [signal, end];
  });
  return () => handlers.forEach(([signal, end]) => process.off(signal, end));
}

function killGroup(child) {
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // Gone already.
  }
}

/** Runs to the end, in a process group of its own; its output is shown only when it fails. */
export function run(command, args, env = {}, say = (line) => console.log(line), limitMs = 900_000) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: ROOT, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    running.add(child);
    const output = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => output.push(part));
    const timer = setTimeout(() => killGroup(child), limitMs);
    child.once('error', (error) => { clearTimeout(timer); running.delete(child); reject(error); });
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      running.delete(child);
      const text = Buffer.concat(output).toString('utf8');
      if (code === 0) return resolve(text);
      say(text.trimEnd());
      reject(new Error(`${[command, ...args].slice(-4).join(' ')} failed (${signal ?? `exit code ${code}`})`));
    });
  });
}
