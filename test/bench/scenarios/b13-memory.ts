import { pause } from '@vmdns/local';
import { BenchStack, profiled } from '../bench-stack.js';
import { DnsEye } from '../dns-eye.js';
import { forgetPeak } from '../measure/machine.js';
import { short, total } from '../measure/numbers.js';
import { allRecordsOf, vmsOf, zonesOf } from '../payload.js';
import { Publisher } from '../publisher.js';
import { RawBatches } from '../reference.js';
import { atMost, type Figure, type Limit } from '../report.js';
import type { BenchOptions, Scenario } from '../scenario.js';
import { untilAnswered } from '../watch.js';

/** Longer than an idle connection to PostgreSQL is kept, and than the engine waits before it gives memory back. */
const SETTLING_MS = 75_000;
/** RSS of all Designate's processes, idle-ish, with its database and queue (PERFORMANCE §5): not measured here. */
const DESIGNATE_MB = 1_480;
const RECONCILED = 300_000;

type Megabytes = Readonly<Record<string, number>>;

interface Found { readonly idle: Megabytes; readonly path: Megabytes; readonly reconcile: Megabytes | undefined; readonly after: Megabytes }

/** B13: resident memory of each process of ours. Needs no reference and no quiet machine. */
export const b13: Scenario = {
  id: 'B13', what: 'memory by process: idle, during B2 of 50k records, during a comparison of a zone with 300k',
  run: async (options) => {
    const vms = options.vms?.[0] ?? 12_500;
    const found = await measure(options, vms);
    const sum = total(Object.values(found.idle));
    const figures: Figure[] = [
      mostOf('idle, each service', found.idle, atMost(130), atMost(110)),
      mostOf(`most during B2, ${(vms * 4) / 1000}k records, each service`, found.path, atMost(250), atMost(180)),
      ...(found.reconcile === undefined ? [] : [mostOf('most during a comparison, 300k records in the zone, each service', found.reconcile, atMost(400), atMost(250))]),
      { scenario: 'B13', what: 'idle, all of ours / Designate (recorded)', value: sum / DESIGNATE_MB, gate: atMost(0.5), goal: atMost(0.25), note: `${short(sum)} MB with NATS and PostgreSQL; Designate 1,480 MB, PERFORMANCE §5` },
    ];
    return { figures, details: found };
  },
};

/** The service that has most counts. */
function mostOf(what: string, all: Megabytes, gate: Limit, goal: Limit): Figure {
  const services = Object.entries(all).filter(([name]) => !['nats', 'postgres'].includes(name));
  return { scenario: 'B13', what, value: Math.max(...services.map(([, mb]) => mb)), unit: 'MB', gate, goal, note: Object.entries(all).map(([name, mb]) => `${name} ${short(mb)}`).join(', ') };
}

async function measure(options: BenchOptions, vmCount: number): Promise<Found> {
  const stack = await BenchStack.start({ profile: options.profile });
  const eye = await DnsEye.open(stack.powerdns.dns);
  const raw = RawBatches.start(stack.powerdns, stack.folder);
  try {
    await stack.ready();
    await stack.takeZones([0]);
    await stack.quiet();
    await pause(SETTLING_MS);
    const idle = now(stack);
    const path = await most(stack, () => profiled(stack, () => publish(stack, eye, vmCount)));
    const reconcile = options.isQuick ? undefined : await reconciled(stack, raw, vmCount);
    await pause(SETTLING_MS);
    return { idle, path, reconcile, after: now(stack) };
  } finally {
    raw.close();
    eye.close();
    await stack.stop();
  }
}

const now = (stack: BenchStack): Megabytes => Object.fromEntries(Object.entries(stack.memory()).map(([name, { rss }]) => [name, rss]));

/** The most that each process held while this ran. */
async function most(stack: BenchStack, work: () => Promise<unknown>): Promise<Megabytes> {
  for (const pid of stack.pids) forgetPeak(pid);
  await work();
  return Object.fromEntries(Object.entries(stack.memory()).map(([name, { peak }]) => [name, peak]));
}

async function publish(stack: BenchStack, eye: DnsEye, vmCount: number): Promise<void> {
  const publisher = new Publisher(await stack.natsConnection());
  const vms = vmsOf(0, vmCount);
  const from = performance.now();
  await publisher.send(publisher.prepare(vms));
  await untilAnswered(eye, allRecordsOf(0, vms), from, { withinMs: 300_000 });
  await stack.quiet();
}

/** Fills the forward zone behind our back, as others' records, and has it compared. */
async function reconciled(stack: BenchStack, raw: RawBatches, vmCount: number): Promise<Megabytes> {
  const { forward } = zonesOf(0);
  const strangers = allRecordsOf(0, vmsOf(0, RECONCILED / 2 - vmCount, 1_000_000)).filter((record) => record.zone === forward);
  await raw.load(strangers);
  await raw.send();
  const zone = (await stack.gateway.zones(forward)).items[0];
  if (zone === undefined) throw new Error(`vmdns has no zone ${forward}`);
  return most(stack, () => stack.gateway.reconcile(zone.id));
}
