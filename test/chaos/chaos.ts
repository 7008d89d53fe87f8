import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setMaxListeners } from 'node:events';
import { findSecrets, textOfTables } from '@vmdns/test/support';
import { Dice } from './dice.js';
import { Faults } from './faults.js';
import { Gate } from './gate.js';
import { Growth } from './growth.js';
import { Judge, type Judgement } from './judge.js';
import { Operators } from './operators.js';
import { Others } from './others.js';
import { LATE_MS, Publishers } from './publishers.js';
import { Braked, Lister } from './sources.js';
import { Trouble } from './trouble.js';
import { REPLICAS, World, type Replicas } from './world.js';

export interface ChaosOptions {
  readonly seed: string;
  readonly seconds: number;
  readonly vms?: number;
  /** How many faults there are at one time. */
  readonly lanes?: number;
  readonly replicas?: Replicas;
  /** Half-way PostgreSQL fails over to a standby that lacks its last seconds. */
  readonly failsOver?: boolean;
  /** On a machine that is busy with others, too: nothing is asked that time alone could break. */
  readonly isLoaded?: boolean;
  say?(line: string): void;
}

export interface ChaosReport extends Judgement {
  readonly seed: string;
  readonly seconds: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly factsAccepted: number;
  /** Of these PostgreSQL forgot so many. */
  readonly factsLost: number;
  readonly writesSeen: number;
  readonly foreignWritten: number;
  /** By operators. */
  readonly changes: number;
  readonly answers: Readonly<Record<string, number>>;
  /** What was wrong on the way. */
  readonly onTheWay: readonly string[];
  /** Secrets in what came out: logs, metrics, tables, streams, answers (L10). */
  readonly secrets: readonly string[];
  /** What was kept and used meanwhile. */
  readonly growth: readonly string[];
}

const SLOW_MS = 60_000;
/** Sooner nothing can be told of growth. */
const LONG_S = 300;

/** What must be empty for the run to be good. */
export const FAULTLESS = ['lost', 'wrong', 'extra', 'foreignTouched', 'wrongAnswers', 'unexplained', 'pending', 'writesWithoutReason', 'overlaps', 'onTheWay', 'secrets'] as const satisfies readonly (keyof ChaosReport)[];

/** Random lives under random trouble, and then the judgement. */
export async function chaos(options: ChaosOptions): Promise<ChaosReport> {
  const { seed, seconds, vms = 40, lanes = 3, replicas = REPLICAS, failsOver = false, isLoaded = false, say = () => undefined } = options;
  const dice = new Dice(seed);
  const world = await World.start(replicas, failsOver);
  try {
    const trouble = new Trouble(world, dice.of('trouble'));
    const gate = new Gate();
    const lateMs = isLoaded ? 3_600_000 : LATE_MS;
    const publishers = new Publishers(world, dice.of('publishers'), trouble, lateMs);
    const others = new Others(world, dice.of('others'), trouble);
    const operators = new Operators(world, dice.of('operator'), trouble, lateMs, gate);
    const sources = isLoaded ? [] : [new Lister(world, dice.of('lister'), trouble), new Braked(world, dice.of('braked'), trouble)];
    const faults = new Faults(world, dice.of('faults'), trouble, gate);
    const growth = new Growth(world, trouble);
    await others.before();
    say(`seed ${seed}: ${vms} VMs, ${lanes} faults at a time, for ${seconds} s`);
    const end = new AbortController();
    setMaxListeners(0, end.signal);
    const timer = setTimeout(() => end.abort(), seconds * 1_000);
    const failed = (what: string) => (error: unknown) => { say(`${what}: ${String(error)}`); trouble.wrong(`${what}: ${error instanceof Error ? error.stack ?? error.message : String(error)}`); };
    await Promise.all([
      ...Array.from({ length: vms }, (_, at) => publishers.live(at + 1, end.signal).catch(failed(`VM ${at + 1}`))),
      ...Array.from({ length: lanes }, (_, lane) => faults.rage(lane, end.signal).catch(failed(`faults ${lane}`))),
      operators.operate(end.signal).catch(failed('operators')), others.write(end.signal).catch(failed('others')),
      ...sources.map((source) => source.live(end.signal, gate).catch(failed(source.constructor.name))),
      failsOver ? faults.failOver(seconds * 500, end.signal).catch(failed('failing over')) : undefined,
      growth.watch(end.signal).catch(failed('growth')),
    ]);
    clearTimeout(timer);
    await operators.tidy();
    say('all faults are over');
    const judgement = await new Judge(world, faults, operators, isLoaded).judge();
    await growth.look();
    const report: ChaosReport = {
      seed, seconds, faults: Object.fromEntries([...faults.counts].sort()), factsAccepted: world.facts, factsLost: world.factsLost, foreignWritten: others.written, changes: operators.changes,
      writesSeen: world.sites.reduce((sum, { proxy, isChange }) => sum + proxy.calls.filter(isChange).length, 0), answers: Object.fromEntries([...trouble.answers].sort()), onTheWay: trouble.wrongs, secrets: await secretsOf(world), growth: growth.text(), ...judgement,
    };
    if (!isGood(report) || report.convergedMs > SLOW_MS) say(`logs: ${keepLogs(world, seed)}`);
    return report;
  } catch (error) {
    say(`logs: ${keepLogs(world, seed)}`);
    throw error;
  } finally {
    await world.stop();
  }
}

async function secretsOf(world: World): Promise<readonly string[]> {
  const { secrets } = world.stack;
  const found = await world.stack.findSecrets();
  return world.hasFailedOver ? [...found, ...findSecrets({ tables: await textOfTables(world.database, secrets) }, secrets)] : found;
}

/** The run's own folder goes with the run. */
function keepLogs(world: World, seed: string): string {
  const kept = join(tmpdir(), `vmdns-chaos-${seed.replaceAll(/[^A-Za-z0-9_-]/g, '_')}`);
  mkdirSync(kept, { recursive: true });
  for (const { process } of world.replicas) copyFileSync(process.options.logFile, join(kept, `${process.instance}.log`));
  const calls = world.sites.flatMap(({ proxy }, server) => proxy.calls.map(({ requestBody: _asked, responseBody: _answered, ...call }) => JSON.stringify({ server, ...call })));
  writeFileSync(join(kept, 'calls.ndjson'), `${calls.join('\n')}\n`);
  return kept;
}

export function isGood(report: ChaosReport): boolean {
  return FAULTLESS.every((key) => report[key].length === 0);
}

/** The report for a person: numbers first, then all that was wrong. */
export function textOfReport(report: ChaosReport): string {
  const injected = Object.values(report.faults).reduce((sum, count) => sum + count, 0);
  return [
    `seed ${report.seed}, ${report.seconds} s: ${injected} faults, ${report.factsAccepted} facts accepted${report.factsLost > 0 ? ` (${report.factsLost} of them in seconds that PostgreSQL forgot)` : ''}, ${report.foreignWritten} records written by others, ${report.changes} changes by operators, ${report.writesSeen} writes at the providers`,
    ...Object.entries(report.faults).map(([kind, count]) => `  ${String(count).padStart(4)} ${kind}`),
    `settled ${(report.convergedMs / 1_000).toFixed(1)} s after the last fault; ${report.rrsetsChecked} RRsets, ${report.answersChecked} DNS answers and ${report.statesChecked} states checked`,
    `answers of the API: ${Object.entries(report.answers).map(([status, count]) => `${status}: ${count}`).join(', ')}`,
    ...(report.convergedMs > SLOW_MS ? report.waitedFor.map((line) => `  waited after ${line}`) : []),
    ...(report.seconds < LONG_S ? [] : report.growth.map((line) => `  ${line}`)),
    ...FAULTLESS.map((key) => `${key} ${report[key].length}${report[key].slice(0, 12).map((line) => `\n    ${line}`).join('')}`),
  ].join('\n');
}
