import { join } from 'node:path';
import { pause, type PowerdnsServer } from '@vmdns/local';
import { BenchStack, profiled } from '../bench-stack.js';
import { DnsEye } from '../dns-eye.js';
import { mean, median, quantile, short } from '../measure/numbers.js';
import { sandwiches } from '../measure/sandwich.js';
import { patchesOf, recordsOf, vmOf, type WantedRecord } from '../payload.js';
import { Publisher } from '../publisher.js';
import { REFERENCES } from '../reference.js';
import { atLeast, atMost, unless, type Figure } from '../report.js';
import type { BenchOptions, Scenario } from '../scenario.js';

const WARM = 60;
/** A sample that the server answers from a frozen cache (4.7.3, PERFORMANCE §0.8) is counted and not waited for. */
const STALE_MS = 2_000;

export interface Latencies { readonly ms: readonly number[]; readonly stale: number; readonly lost: number }

/** PERFORMANCE §5, one change at 10,000 records, P-off: not measured here. */
const RECORDED = { octodnsMs: 2_410, designateMs: 709 } as const;

/** B3 and B3': one VM's event on an idle system until its four records answer. */
export const b3: Scenario = {
  id: 'B3', what: 'one VM event, idle, publish → all 4 records answer, against R2',
  run: async (options) => {
    const each = options.isQuick ? 150 : Math.ceil(1_000 / options.sandwiches);
    const found = await sandwiches<Latencies, Latencies>({
      name: 'B3', wanted: options.sandwiches, isLatency: true, say: options.say, of: (reference) => median(reference.ms), fresh: () => fresh(options, each),
    });
    const figures = [...ratios(found.kept.map(({ before, ours, after }) => ({ ours, references: [before, after] as const }))), ...peers(found.kept.flatMap(({ ours }) => ours.ms))];
    return { figures: unless(found.isNoisy, figures), details: found };
  },
};

function ratios(all: readonly { readonly ours: Latencies; readonly references: readonly [Latencies, Latencies] }[]): readonly Figure[] {
  const p = (share: number) => all.map(({ ours, references: [a, b] }) => quantile(ours.ms, share) / mean([quantile(a.ms, share), quantile(b.ms, share)]));
  const mine = all.flatMap(({ ours }) => ours.ms);
  const theirs = all.flatMap(({ references: [a, b] }) => [...a.ms, ...b.ms]);
  const stale = { ours: all.reduce((sum, { ours }) => sum + ours.stale, 0), r2: all.reduce((sum, { references: [a, b] }) => sum + a.stale + b.stale, 0) };
  const [p50, p99] = [p(0.5), p(0.99)];
  const range = (values: readonly number[]): readonly [number, number] => [Math.min(...values), Math.max(...values)];
  return [
    { scenario: 'B3', what: 'p50, ours / R2', value: median(p50), range: range(p50), gate: atMost(3), goal: atMost(2.3), note: `ours ${short(quantile(mine, 0.5))} ms, R2 ${short(quantile(theirs, 0.5))} ms, ${mine.length} samples` },
    { scenario: 'B3', what: 'p99, ours / R2', value: median(p99), range: range(p99), gate: atMost(3), note: `R2 ${short(quantile(theirs, 0.99))} ms; stale: ours ${stale.ours}, R2 ${stale.r2}` },
    { scenario: 'B3', what: 'p99', value: quantile(mine, 0.99), unit: 'ms', goal: atMost(25) },
  ];
}

function peers(mine: readonly number[]): readonly Figure[] {
  const p50 = quantile(mine, 0.5);
  return [
    { scenario: 'B3\'', what: 'octoDNS (recorded) / ours, one change', value: RECORDED.octodnsMs / p50, gate: atLeast(100), goal: atLeast(250), note: '2,410 ms at 10k, P-off, PERFORMANCE §5' },
    { scenario: 'B3\'', what: 'Designate (recorded) / ours, one change', value: RECORDED.designateMs / p50, gate: atLeast(30), goal: atLeast(70), note: '709 ms, PERFORMANCE §5' },
  ];
}

async function fresh(options: BenchOptions, each: number) {
  const stack = await BenchStack.start({ profile: options.profile });
  const eye = await DnsEye.open(stack.powerdns.dns);
  const close = async (): Promise<void> => { eye.close(); await stack.stop(); };
  try {
    await stack.ready();
    await stack.takeZones([0]);
    await stack.makeZones([1]);
    const publisher = new Publisher(await stack.natsConnection());
    const patchVm = await loadR2();
    await ourSamples(stack, eye, publisher, 0, 0, WARM);
    await r2Samples(stack, eye, patchVm, 0, WARM);
    return {
      reference: (part: 0 | 1) => r2Samples(stack, eye, patchVm, part === 0 ? 1_000 : 100_000, Math.ceil(each / 2)),
      ours: () => profiled(stack, () => ourSamples(stack, eye, publisher, 0, 1_000, each)),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

export type PatchVm = (server: { readonly port: number; readonly apiKey: string }, patches: readonly object[]) => Promise<readonly number[]>;

/** R2 lives in a file without types, as it must know nothing of the project. */
export async function loadR2(): Promise<PatchVm> {
  const loaded = await import(join(REFERENCES, 'r2.mjs')) as { readonly patchVm: PatchVm };
  return loaded.patchVm;
}

/** One VM after the other through vmdns; each begins when the one before has gone its whole way. */
export async function ourSamples(stack: BenchStack, eye: DnsEye, publisher: Publisher, set: number, first: number, count: number): Promise<Latencies> {
  const samples: Sample[] = [];
  for (let at = 0; at < count; at += 1) {
    const vm = vmOf(set, first + at);
    const records = recordsOf(set, vm);
    const [message] = publisher.prepare([vm]);
    if (message === undefined) continue;
    await stack.quiet();
    samples.push(await sampleOf(eye, records, async () => publisher.send([message])));
  }
  return latenciesOf(samples, samples);
}

/** The same number of VMs by R2, in set 1. */
export async function r2Samples(stack: BenchStack, eye: DnsEye, patchVm: PatchVm, first: number, count: number): Promise<Latencies> {
  const server = { port: stack.powerdns.apiPort, apiKey: stack.powerdns.apiKey };
  const samples: Sample[] = [];
  for (let at = 0; at < count; at += 1) {
    const records = recordsOf(1, vmOf(1, first + at));
    const patches = patchesOf(records);
    const sample = await sampleOf(eye, records, async () => {
      const statuses = await patchVm(server, patches);
      if (statuses.some((status) => status !== 204)) throw new Error(`R2 was answered ${statuses.join(', ')}`);
    });
    if (sample.isStale) await flush(stack.powerdns, records);
    samples.push(sample);
    await pause(5);
  }
  return latenciesOf(samples, samples.filter((sample) => !sample.isStale));
}

interface Sample { readonly ms: number; readonly isStale: boolean; readonly lost: number }

/** Asks for all that is not right yet, every millisecond. */
export async function sampleOf(eye: DnsEye, records: readonly WantedRecord[], go: () => Promise<unknown>): Promise<Sample> {
  const from = performance.now();
  const going = go();
  let lost = 0;
  let endedAt = from;
  let open = [...records];
  while (open.length > 0) {
    const seen = await Promise.all(open.map(async (record) => ({ record, seen: await eye.look(record) })));
    lost += seen.filter((one) => one.seen === 'lost').length;
    open = seen.filter((one) => one.seen !== 'right').map((one) => one.record);
    endedAt = performance.now();
    if (endedAt - from > STALE_MS) break;
    if (open.length > 0) await pause(1);
  }
  await going;
  return { ms: endedAt - from, isStale: open.length > 0, lost };
}

async function flush(powerdns: PowerdnsServer, records: readonly WantedRecord[]): Promise<void> {
  for (const zone of new Set(records.map((record) => record.zone))) await powerdns.call('PUT', `/cache/flush?domain=${zone}`);
}

/** Stale samples count as what they are for us (the limit), and are left out for R2, whose p99 they would lift: the harder comparison. */
function latenciesOf(samples: readonly Sample[], counted: readonly Sample[]): Latencies {
  return { ms: counted.map((sample) => sample.ms), stale: samples.filter((sample) => sample.isStale).length, lost: samples.reduce((sum, sample) => sum + sample.lost, 0) };
}
