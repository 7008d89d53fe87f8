import { BenchStack, profiled } from '../bench-stack.js';
import { DnsEye } from '../dns-eye.js';
import { mean, median, quantile, short, total } from '../measure/numbers.js';
import { sandwiches, type Sandwich } from '../measure/sandwich.js';
import { Tap, type Flow } from '../measure/tap.js';
import { allRecordsOf, apexesOf, vmsOf } from '../payload.js';
import { Publisher } from '../publisher.js';
import { RawBatches } from '../reference.js';
import { atMost, unless, type Figure } from '../report.js';
import type { BenchOptions, Scenario, ScenarioResult } from '../scenario.js';
import { untilAnswered } from '../watch.js';
import { loadR2, ourSamples, r2Samples, type Latencies } from './b3-latency.js';

const EMPTY = 0;
const FULL = 2;
const WARM = 40;
/** Where strangers' VMs begin: no sample comes so far. */
const STRANGERS = 1_000_000;

interface Part { readonly latencies: Latencies; readonly flow: Flow; readonly cpuUs: number }

/** B4 and B4': one VM's event in zones that hold much, against the same in empty ones. */
export const b4: Scenario = {
  id: 'B4', what: 'growth: B3 with 10k, 100k and 300k records in the zone against an empty one; B4\': PowerDNS that rectifies, 10k, against R2',
  run: async (options) => {
    const sizes = (options.vms ?? (options.isQuick ? [50_000] : [5_000, 50_000, 150_000])).map((vms) => vms * 2);
    const results: ScenarioResult[] = [];
    for (const records of sizes) results.push(await growth(options, records));
    if (!options.isQuick && options.vms === undefined) results.push(await rectifying(options, 10_000));
    return { figures: results.flatMap((result) => result.figures), details: results.map((result) => result.details) };
  },
};

async function growth(options: BenchOptions, records: number): Promise<ScenarioResult> {
  const each = options.isQuick ? 100 : 150;
  const found = await sandwiches<Part, Part>({
    name: `B4 ${records}`, wanted: options.sandwiches, isLatency: true, say: options.say, of: ({ latencies }) => median(latencies.ms), fresh: () => fresh(options, records, each),
  });
  return { figures: unless(found.isNoisy, figuresOf(found.kept, `${records / 1000}k`)), details: found };
}

function figuresOf(kept: readonly Sandwich<Part, Part>[], label: string): readonly Figure[] {
  const ratiosOf = (of: (part: Part) => number): readonly number[] => kept.map(({ before, ours, after }) => of(ours) / mean([of(before), of(after)]));
  const p50 = (part: Part): number => median(part.latencies.ms);
  const range = (values: readonly number[]): readonly [number, number] => [Math.min(...values), Math.max(...values)];
  const [slower, dearer] = [ratiosOf(p50), ratiosOf((part) => part.cpuUs)];
  const bytes = kept.map(({ ours }) => ours.flow.bytesRead / ours.latencies.ms.length);
  const mine = kept.flatMap(({ ours }) => ours.latencies.ms);
  const empty = kept.flatMap(({ before, after }) => [...before.latencies.ms, ...after.latencies.ms]);
  const calls = median(kept.map(({ ours }) => ours.flow.calls / ours.latencies.ms.length));
  const stale = total(kept.map(({ ours }) => ours.latencies.stale));
  return [
    { scenario: 'B4', what: `p50, ${label} records in the zone / none`, value: median(slower), range: range(slower), gate: atMost(1.3), goal: atMost(1.1), note: `${short(median(mine))} ms, empty ${short(median(empty))} ms; p99 ${short(quantile(mine, 0.99))}, empty ${short(quantile(empty, 0.99))} ms; stale ${stale}` },
    { scenario: 'B4', what: `read from the provider per change, ${label}`, value: median(bytes), unit: 'bytes', range: range(bytes), gate: atMost(8_192), note: `${short(calls)} calls per change` },
    { scenario: 'B4', what: `CPU per change, ${label} / none`, value: median(dearer), range: range(dearer), gate: atMost(1.3), goal: atMost(1.1), note: `services and PostgreSQL, ${short(median(kept.map(({ ours }) => ours.cpuUs / 1000)))} ms with what they do idle between` },
  ];
}

async function fresh(options: BenchOptions, records: number, each: number) {
  let tap: Tap | undefined;
  const stack = await BenchStack.start({ profile: options.profile, api: async ({ api }) => { tap = await Tap.before(api); return tap.url; } });
  const eye = await DnsEye.open(stack.powerdns.dns);
  const raw = RawBatches.start(stack.powerdns, stack.folder);
  const close = async (): Promise<void> => { raw.close(); eye.close(); await stack.stop(); tap?.close(); };
  try {
    await stack.ready();
    await stack.takeZones([EMPTY, FULL]);
    if (tap === undefined) throw new Error('nobody asked where the API is');
    const flow = tap;
    const publisher = new Publisher(await stack.natsConnection());
    await fill(eye, raw, FULL, records);
    await compared(stack, FULL);
    for (const set of [EMPTY, FULL]) await ourSamples(stack, eye, publisher, set, 0, WARM);
    return {
      reference: (part: 0 | 1) => measured(stack, eye, publisher, flow, EMPTY, part === 0 ? 1_000 : 10_000, Math.ceil(each / 2)),
      ours: () => profiled(stack, () => measured(stack, eye, publisher, flow, FULL, 1_000, each)),
      troubles: () => flow.troubles,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** So many records in the forward zone and half of it in either reverse zone, behind our back: neighbours that are not ours. */
async function fill(eye: DnsEye, raw: RawBatches, set: number, records: number): Promise<void> {
  const strangers = allRecordsOf(set, vmsOf(set, records / 2, STRANGERS));
  await raw.load(strangers);
  await raw.send();
  await untilAnswered(eye, strangers.slice(-4), performance.now());
}

/** What was done behind its back makes the adapter read each zone once as a whole: before anything is measured. */
async function compared(stack: BenchStack, set: number): Promise<void> {
  for (const apex of apexesOf(set)) {
    const zone = (await stack.gateway.zones(apex)).items[0];
    if (zone === undefined) throw new Error(`vmdns has no zone ${apex}`);
    await stack.gateway.reconcile(zone.id);
  }
}

async function measured(stack: BenchStack, eye: DnsEye, publisher: Publisher, tap: Tap, set: number, first: number, count: number): Promise<Part> {
  tap.forget();
  const before = cpuOf(stack);
  const latencies = await ourSamples(stack, eye, publisher, set, first, count);
  await stack.quiet();
  return { latencies, flow: tap.flow, cpuUs: (cpuOf(stack) - before) / count };
}

/** NATS is left out: asking whether all is quiet costs it more than a change. */
const cpuOf = (stack: BenchStack): number => total(Object.entries(stack.cpu()).filter(([name]) => name !== 'nats').map(([, us]) => us));

/** The distribution's default: the server itself works through the whole zone at each PATCH, for R2 as for us. */
async function rectifying(options: BenchOptions, records: number): Promise<ScenarioResult> {
  const found = await sandwiches<Latencies, Latencies>({
    name: 'B4\'', wanted: options.sandwiches, isLatency: true, say: options.say, of: (reference) => median(reference.ms), fresh: () => freshRectifying(options, records),
  });
  const more = found.kept.map(({ before, ours, after }) => median(ours.ms) - mean([median(before.ms), median(after.ms)]));
  return {
    figures: unless(found.isNoisy, [{ scenario: 'B4\'', what: `p50, ours − R2, a PowerDNS that rectifies, ${records / 1000}k`, value: median(more), unit: 'ms', range: [Math.min(...more), Math.max(...more)], gate: atMost(15), goal: atMost(5), note: `ours ${short(median(found.kept.flatMap(({ ours }) => ours.ms)))} ms` }]),
    details: found,
  };
}

async function freshRectifying(options: BenchOptions, records: number) {
  const stack = await BenchStack.start({ profile: options.profile, powerdns: { rectify: true } });
  const eye = await DnsEye.open(stack.powerdns.dns);
  const raw = RawBatches.start(stack.powerdns, stack.folder);
  const close = async (): Promise<void> => { raw.close(); eye.close(); await stack.stop(); };
  try {
    await stack.ready();
    await stack.takeZones([EMPTY]);
    await stack.makeZones([1]);
    const publisher = new Publisher(await stack.natsConnection());
    const patchVm = await loadR2();
    for (const set of [EMPTY, 1]) await fill(eye, raw, set, records);
    await ourSamples(stack, eye, publisher, EMPTY, 0, WARM);
    await r2Samples(stack, eye, patchVm, 0, WARM);
    return {
      reference: (part: 0 | 1) => r2Samples(stack, eye, patchVm, part === 0 ? 1_000 : 10_000, 50),
      ours: () => profiled(stack, () => ourSamples(stack, eye, publisher, EMPTY, 1_000, 100)),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
