import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { build, install, ROOT } from '../deploy/local/prepare.mjs';
import { sweep } from './support/sweep.mjs';

/*
 * `npm test`: set-up, lint, types, every spec; the last line is the sum. `npm test -- --fast` leaves out the build, every
 * spec that needs a real server, and the lint rules that need types. `npm test -- planner` runs the specs whose path says
 * so, alone.
 * Plain JavaScript on Node's own modules: it runs before anything is installed.
 */

const MINUTE_MS = 60_000;
/** More specs than this do not fail for the company they run in. */
const MOST_AGAIN = 2;
const fast = process.argv.includes('--fast');
const patterns = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const inCi = !['', '0', 'false'].includes(process.env.CI ?? '');
const limitMs = Number(process.env.VMDNS_TEST_LIMIT_MINUTES ?? (fast ? 10 : 60)) * MINUTE_MS;
const runId = `run-${process.pid}-${Date.now().toString(36)}`;
const startedAt = Date.now();
const totals = { passed: 0, failed: 0, skipped: 0 };
const running = new Set();
let interrupted = false;

const NX = [join(ROOT, 'node_modules/nx/dist/bin/nx.js')];
const TSC = [join(ROOT, 'node_modules/typescript/bin/tsc')];
const NX_ENV = { NX_DAEMON: 'false', NX_TUI: 'false', ...(fast ? { VMDNS_LINT: 'fast' } : {}) };

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => { interrupted = true; endAll(); });
process.on('exit', endAll);

/** Ends what we started, and what that started. */
function endAll() {
  for (const child of running) {
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // Gone already.
    }
  }
  sweep(runId);
}

/** Runs a Node program in a process group of its own; gives its exit code (124 when time is over) and its output. */
function node(args, { env = {}, show = false } = {}) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, {
      cwd: ROOT, detached: true, env: { ...process.env, VMDNS_RUN_PARENT: runId, ...env },
      stdio: show ? ['ignore', 'inherit', 'inherit'] : ['ignore', 'pipe', 'pipe'],
    });
    running.add(child);
    const output = [];
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (part) => output.push(part));
    let code;
    const end = (ended) => {
      clearTimeout(timer);
      running.delete(child);
      resolve({ code: code ?? ended ?? 1, output: Buffer.concat(output).toString('utf8') });
    };
    const timer = setTimeout(() => {
      code = 124;
      console.error(`stopped: the limit of ${Math.round(limitMs / MINUTE_MS)} minutes (VMDNS_TEST_LIMIT_MINUTES) is over`);
      endAll();
    }, Math.max(1_000, limitMs - (Date.now() - startedAt)));
    child.once('error', () => end(1));
    child.once('exit', (ended) => setImmediate(end, ended));
  });
}

/** A step that counts as one test. */
async function step(name, work) {
  if (interrupted) return false;
  const from = Date.now();
  const problem = await work().catch((error) => (error instanceof Error ? error.message : String(error)));
  const isFine = problem === undefined;
  totals[isFine ? 'passed' : 'failed'] += 1;
  console.log(`${isFine ? '✓' : '✗'} ${name} (${((Date.now() - from) / 1000).toFixed(1)} s)`);
  if (!isFine) console.log(problem.trimEnd());
  return isFine;
}

async function mustEndWell(args, options) {
  const { code, output } = await node(args, options);
  return code === 0 ? undefined : output || `exit code ${code}`;
}

/** PostgreSQL comes with npm; these two may have to be downloaded, which no test should wait for. */
async function findBinaries() {
  const problem = await mustEndWell([...TSC, '-b', 'deploy/local']);
  if (problem !== undefined) return problem;
  const local = await import(join(ROOT, 'deploy/local/dist/index.js'));
  const finder = { toolsFolder: process.env.VMDNS_TOOLS ?? join(ROOT, '.vmdns', 'tools'), env: process.env, say: (line) => console.log(line) };
  await local.findNatsServer(finder);
  await local.findPowerdns(finder, ['lmdb', 'gsqlite3', 'gpgsql']);
  await local.findSqlite3(finder);
  await local.findChromium(finder);
  return undefined;
}

/**
 * One test a room. One process for all of them: a task for each reads what it imports again, which is twice the work.
 * The boundary rule needs Nx's project graph, so Nx lists the projects first; the canary finds out if it sleeps.
 */
async function lint() {
  if (interrupted) return;
  const from = Date.now();
  await node([...NX, 'show', 'projects'], { env: NX_ENV });
  const { output } = await node([join(ROOT, 'node_modules/eslint/bin/eslint.js'), 'libs', 'services', 'deploy', 'test', '--format', 'json'], { env: NX_ENV });
  const text = output.split('\n').find((line) => line.startsWith('[{'));
  const files = text === undefined ? [] : JSON.parse(text).map((file) => ({ ...file, path: relative(ROOT, file.filePath) }));
  const rooms = new Set(files.map(({ path }) => path.split('/').slice(0, 2).join('/')));
  const wrong = files.filter(({ errorCount }) => errorCount > 0);
  const failed = new Set(wrong.map(({ path }) => path.split('/').slice(0, 2).join('/')));
  totals.passed += rooms.size - failed.size;
  totals.failed += rooms.size === 0 ? 1 : failed.size;
  console.log(`${rooms.size > 0 && failed.size === 0 ? '✓' : '✗'} lint: ${rooms.size - failed.size} of ${rooms.size} rooms (${((Date.now() - from) / 1000).toFixed(1)} s)`);
  if (rooms.size === 0) console.log(output);
  for (const { path, messages } of wrong) for (const { line, column, message, ruleId } of messages) console.log(`${path}:${line}:${column} ${message} (${ruleId})`);
}

/** Whether a spec, or a helper that it imports from its own room, starts real servers. */
function needsServers(file, seen = new Set()) {
  if (seen.has(file) || !existsSync(file)) return false;
  seen.add(file);
  const text = readFileSync(file, 'utf8');
  if (/@vmdns\/(test\/support|local)'|private-apt\.js'/.test(text)) return true;
  return [...text.matchAll(/from '(\.[^']+)\.js'/g)].some(([, path]) => needsServers(`${join(dirname(file), path)}.ts`, seen));
}

function fastSpecs() {
  const specs = ['libs', 'services', 'deploy'].flatMap((folder) => readdirSync(join(ROOT, folder), { recursive: true })
    .filter((path) => path.endsWith('.spec.ts') && !/(^|\/)(node_modules|dist)\//.test(path)).map((path) => join(ROOT, folder, path)));
  return [...specs.filter((file) => !needsServers(file)), join(ROOT, 'test/support/canary.spec.ts')];
}

/** Runs specs; undefined where they did not run to their end. */
async function jest(workers, chosen) {
  const folder = mkdtempSync(join(tmpdir(), 'vmdns-results-'));
  const file = join(folder, 'results.json');
  const { code } = await node([
    join(ROOT, 'node_modules/jest/bin/jest.js'), '--config', join(ROOT, 'jest.config.mjs'),
    '--reporters', 'default', '--reporters', join(ROOT, 'test/support/stuck-reporter.mjs'), '--json', '--outputFile', file, '--maxWorkers', String(workers), '--ci', ...chosen,
  ], { show: true, env: inCi ? { VMDNS_PATIENCE: process.env.VMDNS_PATIENCE ?? '2' } : {} });
  try {
    return { code, ...JSON.parse(readFileSync(file, 'utf8')) };
  } catch {
    return undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * One worker more than cores: what starts real servers mostly waits. Where one or two specs failed, those run once more
 * and alone, in CI only: what a crowded machine broke is told apart from what is broken, and is named either way.
 */
async function specs() {
  const chosen = patterns.length > 0 ? ['--testPathPatterns', ...patterns] : fast ? ['--runTestsByPath', ...fastSpecs()] : [];
  const first = await jest(Math.min(4, cpus().length + 1), chosen);
  if (first === undefined) {
    console.log('✗ the specs did not run to their end');
    totals.failed += 1;
    return;
  }
  const failed = first.testResults.filter(({ status }) => status === 'failed');
  const again = inCi && !interrupted && failed.length > 0 && failed.length <= MOST_AGAIN ? await jest(1, ['--runTestsByPath', ...failed.map(({ name }) => name)]) : undefined;
  const files = [...new Map([...first.testResults, ...(again?.testResults ?? [])].map((file) => [file.name, file])).values()];
  const tests = files.flatMap(({ assertionResults }) => assertionResults);
  const brokenFiles = files.filter(({ status, assertionResults }) => status === 'failed' && assertionResults.every((test) => test.status !== 'failed')).length;
  const count = (...statuses) => tests.filter(({ status }) => statuses.includes(status)).length;
  totals.passed += count('passed');
  totals.failed += count('failed') + brokenFiles;
  totals.skipped += count('pending', 'todo', 'skipped', 'disabled');
  if ((again ?? first).code !== 0 && count('failed') + brokenFiles === 0) totals.failed += 1;
  tellContract(tests);
  for (const { name, assertionResults } of again === undefined ? [] : failed) {
    const titles = assertionResults.filter(({ status }) => status === 'failed').map(({ fullName }) => fullName);
    console.log(`✗ failed beside others, and was run again alone: ${relative(ROOT, name)}: ${titles.join('; ') || 'the file itself'}`);
  }
}

/** The clauses of the contract of a provider by name, and who passed each: what jest shows of many files are their names only. */
function tellContract(tests) {
  const PREFIX = 'The contract of a provider: ';
  const clauses = new Map();
  for (const { ancestorTitles: [suite = ''], title, status } of tests) {
    if (!suite.startsWith(PREFIX)) continue;
    const { passed, failed } = clauses.get(title) ?? { passed: [], failed: [] };
    (status === 'passed' ? passed : failed).push(suite.slice(PREFIX.length));
    clauses.set(title, { passed, failed });
  }
  if (clauses.size === 0) return;
  console.log(`\nthe contract of a provider, for ${[...new Set([...clauses.values()].flatMap(({ passed, failed }) => [...passed, ...failed]))].sort().join('; ')}`);
  for (const [title, { passed, failed }] of clauses) console.log(`${failed.length === 0 ? '✓' : '✗'} ${title}: ${passed.length} passed${failed.length === 0 ? '' : `, not by ${failed.join('; ')}`}`);
}

async function buildAndFind() {
  if (!(await step('build', async () => { await build(); }))) return false;
  await step('servers', findBinaries);
  return true;
}

/** The build is one process for most of its time, so what does not ask for it goes on beside it. */
async function everything() {
  if (!(await step('install', async () => { await install(); }))) return;
  if (patterns.length === 0) {
    const [isBuilt] = await Promise.all([
      fast || buildAndFind(),
      lint(),
      step('types', () => mustEndWell([...TSC, '-p', 'tsconfig.spec.json', '--pretty', 'false'])),
      // Else they are checked by their build.
      fast && step('types of the pages', () => mustEndWell([...TSC, '-p', 'services/console', '--pretty', 'false'])),
    ]);
    if (!isBuilt) return;
  }
  if (!interrupted) await specs();
}

await everything();
if (interrupted) totals.failed += 1;
endAll();
console.log(`\n${fast ? 'fast: ' : ''}${((Date.now() - startedAt) / 1000).toFixed(0)} s`);
console.log(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
process.exit(totals.failed > 0 || (inCi && totals.skipped > 0) ? 1 : 0);
