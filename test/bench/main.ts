import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runFolder, ROOT } from '../support/index.js';
import { load } from './measure/machine.js';
import { bestCanaryMs, meetCanary } from './measure/sandwich.js';
import { isMissed, machineText, tableOf, type Figure } from './report.js';
import type { BenchOptions, Scenario } from './scenario.js';
import { b1 } from './scenarios/b1-adapter.js';
import { b2 } from './scenarios/b2-path.js';
import { b3 } from './scenarios/b3-latency.js';
import { b3Hops } from './scenarios/b3-hops.js';
import { b4 } from './scenarios/b4-growth.js';
import { b7 } from './scenarios/b7-flapping.js';
import { b8 } from './scenarios/b8-budget.js';
import { b9 } from './scenarios/b9-backends.js';
import { b10 } from './scenarios/b10-no-gap.js';
import { b12 } from './scenarios/b12-planner.js';
import { b13 } from './scenarios/b13-memory.js';
import { d1 } from './scenarios/d1-dead-provider.js';
import { idle } from './scenarios/idle.js';
import { waiting } from './scenarios/waiting-names.js';

const MEASURED: readonly Scenario[] = [b1, b2, b3, b4, b7, b8, b9, b10, b12, b13, d1];
/** Hops are no measurement, and the others are about a million VMs and about one large zone: only when asked for. */
const SCENARIOS: readonly Scenario[] = [...MEASURED, b3Hops, idle, waiting];
/** What every change should see; the others take minutes. */
const QUICK = ['B1', 'B3', 'B4', 'B12'];
const USAGE = `npm run bench -- [--quick] [--sandwiches N] [--vms N] [--dead-minutes N] [--json FILE] [--profile FOLDER] [scenario …]\n${SCENARIOS.map(({ id, what }) => `  ${id.padEnd(4)} ${what}`).join('\n')}`;

interface Wish { readonly ids: readonly string[]; readonly json: string; readonly options: BenchOptions }

function wishOf(args: readonly string[]): Wish {
  const { values, positionals } = parseArgs({
    args: [...args], allowPositionals: true,
    options: { quick: { type: 'boolean' }, sandwiches: { type: 'string' }, vms: { type: 'string', multiple: true }, 'dead-minutes': { type: 'string' }, json: { type: 'string' }, profile: { type: 'string' } },
  });
  const isQuick = values.quick === true;
  const number = (text: string | undefined, preset: number): number => {
    const given = text === undefined ? preset : Number(text);
    if (!(given >= 0)) throw new Error(`${text ?? ''} is not a number`);
    return given;
  };
  const ids = positionals.map((id) => id.toUpperCase());
  const unknown = ids.filter((id) => !SCENARIOS.some((scenario) => scenario.id === id));
  if (unknown.length > 0) throw new Error(`there is no scenario ${unknown.join(', ')}`);
  if (values.profile !== undefined) mkdirSync(values.profile, { recursive: true });
  return {
    ids: ids.length > 0 ? ids : isQuick ? QUICK : MEASURED.map(({ id }) => id),
    json: values.json ?? join(ROOT, '.vmdns/bench', `${new Date().toISOString().replaceAll(':', '')}.json`),
    options: { isQuick, sandwiches: number(values.sandwiches, isQuick ? 1 : 5), vms: values.vms?.map((text) => number(text, 0)), deadMinutes: number(values['dead-minutes'], 0), profile: values.profile, say: (line) => console.log(line) },
  };
}

async function run({ ids, json, options }: Wish): Promise<boolean> {
  const startedAt = new Date();
  const figures: Figure[] = [];
  const scenarios: Record<string, unknown> = {};
  const loadBefore = load();
  meetCanary();
  const leftOut = MEASURED.filter(({ id }) => !ids.includes(id)).map(({ id }) => id);
  if (options.isQuick) console.log(`quick: ${ids.join(', ')} at one size and one sandwich each; left out, because they take minutes: ${leftOut.join(', ')}\n`);
  for (const scenario of SCENARIOS.filter(({ id }) => ids.includes(id))) {
    const from = performance.now();
    console.log(`${scenario.id}: ${scenario.what}`);
    const result = await scenario.run(options);
    const seconds = Math.round((performance.now() - from) / 1000);
    figures.push(...result.figures);
    scenarios[scenario.id] = { seconds, ...result };
    console.log(`${tableOf(result.figures)}\n(${seconds} s)\n`);
  }
  const machine = { machine: machineText(), loadBefore, loadAfter: load(), bestCanaryMs: bestCanaryMs() };
  mkdirSync(join(json, '..'), { recursive: true });
  writeFileSync(json, JSON.stringify({ startedAt, ...machine, options: { ...options, say: undefined }, figures, scenarios }, undefined, 1));
  console.log(`${tableOf(figures)}\n\n${machine.machine}; load ${loadBefore.toFixed(2)} before, ${machine.loadAfter.toFixed(2)} after; canary at best ${machine.bestCanaryMs.toFixed(0)} ms\n${json}`);
  return !figures.some(isMissed);
}

/** The wish, or undefined after a word about what is wrong with it and what there is. */
function readWish(): Wish | undefined {
  try {
    return wishOf(process.argv.slice(2));
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
    return undefined;
  }
}

async function main(): Promise<void> {
  const wish = readWish();
  if (wish === undefined) {
    process.exitCode = 2;
    return;
  }
  const folder = runFolder();
  try {
    process.exitCode = await run(wish) ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.stack ?? error.message : error);
  process.exitCode = 2;
});
