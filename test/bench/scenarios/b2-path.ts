import { BenchStack, profiled } from '../bench-stack.js';
import { DnsEye } from '../dns-eye.js';
import { memoryOf } from '../measure/machine.js';
import { median, short } from '../measure/numbers.js';
import { sandwiches } from '../measure/sandwich.js';
import { allRecordsOf, vmsOf } from '../payload.js';
import { Publisher } from '../publisher.js';
import { RawBatches } from '../reference.js';
import { atLeast, atMost, unless, type Figure } from '../report.js';
import type { BenchOptions, Scenario, ScenarioResult } from '../scenario.js';
import { untilAnswered } from '../watch.js';

/** Both sides do as much before the clock runs: V8 compiles for about so long, which no long-running service does. */
const WARM = { rounds: 3, vms: 2_500 } as const;

interface Reference { readonly rate: number; readonly cpuUs: number }
interface Ours {
  readonly rate: number;
  readonly cpuUs: number;
  readonly cpu: Readonly<Record<string, number>>;
  readonly publishedMs: number;
  readonly lost: number;
  /** The most that each service ever held, in MB. */
  readonly peaks: Readonly<Record<string, number>>;
}

/** PERFORMANCE §5, 10,000 records, P-off, another run on the same machine: not measured here. */
const RECORDED = { octodns: 4_400, designate: 25 } as const;

/** B2 and B2': the whole path, from the bus to the answer. */
export const b2: Scenario = {
  id: 'B2', what: 'vm.changed on the bus → every record answers, against R1; B2\' against recorded peers',
  run: async (options) => {
    const sizes = options.vms ?? (options.isQuick ? [2_500] : [2_500, 12_500]);
    const results: ScenarioResult[] = [];
    for (const vms of sizes) results.push(await measure(options, vms));
    return { figures: results.flatMap((result) => result.figures), details: results.map((result) => result.details) };
  },
};

async function measure(options: BenchOptions, vmCount: number): Promise<ScenarioResult> {
  const records = vmCount * 4;
  const found = await sandwiches<Reference, Ours>({
    name: `B2 ${records}`, wanted: options.sandwiches, isLatency: false, say: options.say, of: (reference) => reference.rate, fresh: () => fresh(options, vmCount),
  });
  const ratios = found.kept.map(({ before, ours, after }) => ours.rate / ((before.rate + after.rate) / 2));
  const cpu = found.kept.map(({ ours }) => ours.cpuUs);
  const rates = found.kept.map(({ ours }) => ours.rate);
  const rate = median(rates);
  const label = `${records / 1000}k`;
  const parts = Object.keys(found.kept[0]?.ours.cpu ?? {}).map((name) => `${name} ${short(median(found.kept.map(({ ours }) => ours.cpu[name] ?? 0)))}`).join(', ');
  const figures: Figure[] = [
    { scenario: 'B2', what: `rate, ours / R1, ${label} records`, value: median(ratios), range: [Math.min(...ratios), Math.max(...ratios)], gate: atLeast(0.2), goal: atLeast(0.3), note: `ours ${short(rate)}/s, R1 ${short(median(found.kept.flatMap(({ before, after }) => [before.rate, after.rate])))}/s` },
    { scenario: 'B2', what: `CPU per record, ${label}`, value: median(cpu), unit: 'µs', range: [Math.min(...cpu), Math.max(...cpu)], gate: atMost(120), goal: atMost(90), note: parts },
  ];
  if (records === 10_000) {
    figures.push(
      { scenario: 'B2\'', what: 'rate, ours / octoDNS (recorded)', value: rate / RECORDED.octodns, gate: atLeast(2), goal: atLeast(5), note: 'octoDNS 4,400/s, PERFORMANCE §5' },
      { scenario: 'B2\'', what: 'rate, ours / Designate (recorded)', value: rate / RECORDED.designate, gate: atLeast(200), goal: atLeast(1_000), note: 'Designate 25/s, PERFORMANCE §5' },
    );
  }
  return { figures: unless(found.isNoisy, figures), details: found };
}

async function fresh(options: BenchOptions, vmCount: number) {
  const stack = await BenchStack.start({ profile: options.profile });
  const eye = await DnsEye.open(stack.powerdns.dns);
  const raw = RawBatches.start(stack.powerdns, stack.folder);
  const close = async (): Promise<void> => { raw.close(); eye.close(); await stack.stop(); };
  try {
    await stack.ready();
    await stack.takeZones([0, 2]);
    await stack.makeZones([1, 3]);
    const publisher = new Publisher(await stack.natsConnection());
    for (let round = 0; round < WARM.rounds; round += 1) {
      const [warm, rawWarm] = [vmsOf(0, WARM.vms, round * WARM.vms), vmsOf(0, WARM.vms, (WARM.rounds + round) * WARM.vms)];
      await publisher.send(publisher.prepare(warm));
      await untilAnswered(eye, allRecordsOf(0, warm), performance.now());
      await raw.load(allRecordsOf(0, rawWarm));
      await raw.send();
      await stack.quiet();
    }
    return { reference: (part: 0 | 1) => reference(raw, eye, part === 0 ? 1 : 3, vmCount), ours: () => profiled(stack, () => ours(stack, eye, publisher, vmCount)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function reference(raw: RawBatches, eye: DnsEye, set: number, vmCount: number): Promise<Reference> {
  const records = allRecordsOf(set, vmsOf(set, vmCount));
  await raw.load(records);
  const { ms, cpuUs } = await raw.send();
  await untilAnswered(eye, records, performance.now());
  return { rate: records.length / (ms / 1000), cpuUs: cpuUs / records.length };
}

async function ours(stack: BenchStack, eye: DnsEye, publisher: Publisher, vmCount: number): Promise<Ours> {
  const vms = vmsOf(2, vmCount);
  const records = allRecordsOf(2, vms);
  const messages = publisher.prepare(vms);
  await stack.query('checkpoint');
  const before = stack.cpu();
  const from = performance.now();
  const publishing = publisher.send(messages).then(() => performance.now() - from);
  const { ms, lost } = await untilAnswered(eye, records, from, { everyMs: 5 });
  const publishedMs = await publishing;
  await stack.quiet();
  const after = stack.cpu();
  const cpu = Object.fromEntries(Object.entries(after).map(([name, us]) => [name, (us - (before[name] ?? 0)) / records.length]));
  const peaks = Object.fromEntries([...stack.services].map(([name, service]) => [name, memoryOf(service.process.pid).peak]));
  return { rate: records.length / (ms / 1000), cpuUs: Object.values(cpu).reduce((a, b) => a + b, 0), cpu, publishedMs, lost, peaks };
}
