import { pause, until } from '@vmdns/local';
import { BenchStack, profiled } from '../bench-stack.js';
import { DnsEye } from '../dns-eye.js';
import { quantile, short } from '../measure/numbers.js';
import { recordsOf, vmOf, zonesOf, type BenchVm } from '../payload.js';
import { Publisher } from '../publisher.js';
import { atMost, type Figure } from '../report.js';
import type { BenchOptions, Scenario } from '../scenario.js';
import { untilAnswered } from '../watch.js';
import { cloneKnownVm } from './known-vms.js';

const MANY = 100_000;
/** Its names are homeless until the zone comes. */
const TEMPLATE: BenchVm = { vmId: 'known-vm-0', fqdn: 'known-vm-0.set0.bench.test', ip4: '10.222.222.222', ip6: '2001:db8::aaaa:bbbb' };
/** Others live in set 1, which shares the server with the zone that comes, and nothing else. */
const OTHERS = 1;
const WARM = 60;
const BEFORE = 150;
const PAUSE_MS = 20;
const LONGEST_MS = 900_000;

interface Found { readonly before: readonly number[]; readonly during: readonly number[]; readonly plannedMs: number; readonly settledMs: number; readonly addMs: number }

/** WAIT: a zone comes for which many names wait; what others see of it. */
export const waiting: Scenario = {
  id: 'WAIT', what: `a zone is added for which ${MANY / 1000}k names wait: latency of others' events before and meanwhile`,
  run: async (options) => {
    const names = options.vms?.[0] ?? (options.isQuick ? MANY / 10 : MANY);
    const found = await measure(options, names);
    return { figures: figuresOf(names, found), details: found };
  },
};

function figuresOf(names: number, { before, during, plannedMs, settledMs, addMs }: Found): readonly Figure[] {
  const at = (share: number, what: string): Figure => ({
    scenario: 'WAIT', what: `${what} of others, meanwhile / before`, value: quantile(during, share) / quantile(before, share),
    note: `${short(quantile(during, share))} ms of ${during.length}, before ${short(quantile(before, share))} ms of ${before.length}`,
  });
  return [
    at(0.5, 'p50'),
    at(0.99, 'p99'),
    { scenario: 'WAIT', what: 'worst of others, meanwhile', value: Math.max(...during), unit: 'ms', gate: atMost(5_000) },
    { scenario: 'WAIT', what: `${names / 1000}k names settled after`, value: settledMs / 1000, unit: 's', note: `all commanded after ${short(plannedMs / 1000)} s; the call itself took ${short(addMs)} ms` },
  ];
}

async function measure(options: BenchOptions, names: number): Promise<Found> {
  const stack = await BenchStack.start({ profile: options.profile });
  const eye = await DnsEye.open(stack.powerdns.dns);
  try {
    await stack.ready();
    await stack.takeZones([OTHERS]);
    const publisher = new Publisher(await stack.natsConnection());
    const others = new Others(eye, publisher);
    await publisher.send(publisher.prepare([TEMPLATE]));
    await until(async () => (await stack.query('select 1 from planner.vm where vm_id = $1', [TEMPLATE.vmId])).length > 0, { withinMs: 60_000, what: 'the first of those that wait' });
    await cloneKnownVm(stack, TEMPLATE, names - 1, 0);
    for (let at = 0; at < WARM; at += 1) await others.next();
    await stack.quiet();
    const before: number[] = [];
    for (let at = 0; at < BEFORE; at += 1) before.push(await others.next());
    const apex = zonesOf(0).forward;
    await stack.powerdns.createZone(apex);
    return await profiled(stack, () => meanwhile(stack, others, { apex, names, before }));
  } finally {
    eye.close();
    await stack.stop();
  }
}

async function meanwhile(stack: BenchStack, others: Others, { apex, names, before }: { readonly apex: string; readonly names: number; readonly before: readonly number[] }): Promise<Found> {
  const connection = (await stack.gateway.connections()).items[0];
  if (connection === undefined) throw new Error('the bench has no connection');
  const from = performance.now();
  const zone = await stack.gateway.addZone({ name: apex, connectionId: connection.id });
  const addMs = performance.now() - from;
  const during: number[] = [];
  let plannedMs = 0;
  for (let settledMs = 0; ;) {
    during.push(await others.next());
    // Every tenth time, as counting reads the whole zone.
    if (during.length % 10 !== 0) continue;
    const [count] = await stack.query<{ planned: number; settled: number }>(
      'select count(*)::int as planned, (count(*) filter (where settled_generation = generation and state = $2))::int as settled from planner.name where zone_id = $1 and generation > 0', [zone.id, 'applied']);
    if (plannedMs === 0 && (count?.planned ?? 0) >= names) plannedMs = performance.now() - from;
    if ((count?.settled ?? 0) >= names) settledMs = performance.now() - from;
    if (settledMs > 0) return { before, during, plannedMs, settledMs, addMs };
    if (performance.now() - from > LONGEST_MS) throw new Error(`${names} names were not settled within ${LONGEST_MS} ms: ${JSON.stringify(count)}`);
  }
}

/** Events of others, one VM after the other, each until its four records answer. */
class Others {
  private number = 0;

  constructor(private readonly eye: DnsEye, private readonly publisher: Publisher) {}

  async next(): Promise<number> {
    const vm = vmOf(OTHERS, this.number++);
    const from = performance.now();
    await this.publisher.say(vm);
    const { ms } = await untilAnswered(this.eye, recordsOf(OTHERS, vm), from, { everyMs: 1 });
    await pause(PAUSE_MS);
    return ms;
  }
}
