import type { PowerdnsBackend } from '@vmdns/local';
import { BenchStack } from '../bench-stack.js';
import { DnsEye } from '../dns-eye.js';
import { drops, dropsSince } from '../measure/machine.js';
import { short } from '../measure/numbers.js';
import { Tap, type Flow } from '../measure/tap.js';
import { allRecordsOf, vmsOf } from '../payload.js';
import { Publisher } from '../publisher.js';
import { atMost, type Figure } from '../report.js';
import type { BenchOptions, Scenario } from '../scenario.js';
import { untilAnswered } from '../watch.js';

const BACKENDS: readonly PowerdnsBackend[] = ['gsqlite3', 'gpgsql', 'lmdb'];
/** Three zones each. */
const SETS = [0, 1, 2, 3];

interface Found { readonly wrong: number; readonly failed: number; readonly overflows: number; readonly flow: Flow; readonly ms: number; readonly records: number }

/** B9: what fails at PowerDNS when several zones are written at once (PERFORMANCE §0.5). Nothing is timed for a verdict. */
export const b9: Scenario = {
  id: 'B9', what: 'concurrency: B2 in twelve zones at once on gsqlite3, gpgsql and LMDB, each rectifying: lost, wrong, failed, HTTP 500',
  run: async (options) => {
    const figures: Figure[] = [];
    const details: Record<string, Found> = {};
    for (const backend of BACKENDS) {
      const found = await measure(options, backend);
      details[backend] = found;
      figures.push(...figuresOf(backend, found));
    }
    return { figures, details };
  },
};

function figuresOf(backend: string, { wrong, failed, overflows, flow, ms, records }: Found): readonly Figure[] {
  const { 500: fivehundreds = 0 } = flow.statuses;
  const none = { gate: atMost(0), goal: atMost(0) };
  return [
    { scenario: 'B9', what: `lost or wrong records, ${backend}`, value: wrong, ...none, note: `${records} records in ${short(ms / 1000)} s, ${flow.calls} calls: ${JSON.stringify(flow.statuses)}` },
    { scenario: 'B9', what: `names refused or failed at the end, ${backend}`, value: failed, ...none },
    { scenario: 'B9', what: `connections that the kernel dropped, ${backend}`, value: overflows, ...none },
    { scenario: 'B9', what: `answers of 500, ${backend}`, value: (fivehundreds / Math.max(1, flow.calls)) * 100, unit: '%', goal: atMost(0.1) },
  ];
}

async function measure(options: BenchOptions, backend: PowerdnsBackend): Promise<Found> {
  const each = Math.ceil((options.vms?.[0] ?? 2_500) / SETS.length);
  let tap: Tap | undefined;
  const stack = await BenchStack.start({ profile: options.profile, powerdns: { backend, rectify: true }, api: async ({ api }) => { tap = await Tap.before(api); return tap.url; } });
  const eye = await DnsEye.open(stack.powerdns.dns);
  try {
    await stack.ready();
    await stack.takeZones(SETS);
    if (tap === undefined) throw new Error('nobody asked where the API is');
    tap.forget();
    const publisher = new Publisher(await stack.natsConnection());
    const records = SETS.flatMap((set) => allRecordsOf(set, vmsOf(set, each)));
    // Neighbours in the stream are of different zones, so that all are due at once.
    const vms = Array.from({ length: each }, (_, at) => SETS.flatMap((set) => vmsOf(set, 1, at))).flat();
    const was = drops();
    const from = performance.now();
    await publisher.send(publisher.prepare(vms));
    const { ms } = await untilAnswered(eye, records, from, { everyMs: 20, withinMs: 200_000 });
    await stack.quiet();
    const [row] = await stack.query<{ failed: number }>(`select count(*)::int as failed from planner.name where state <> 'applied' or settled_generation < generation`);
    let wrong = 0;
    for (const record of records) if (await eye.look(record) !== 'right') wrong += 1;
    return { wrong, failed: row?.failed ?? -1, overflows: dropsSince(was).listenOverflows, flow: tap.flow, ms, records: records.length };
  } finally {
    eye.close();
    await stack.stop();
    tap?.close();
  }
}
