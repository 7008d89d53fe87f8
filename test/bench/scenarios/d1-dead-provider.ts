import { pause, until } from '@vmdns/local';
import { BenchStack, profiled } from '../bench-stack.js';
import { DnsEye } from '../dns-eye.js';
import { quantile, short } from '../measure/numbers.js';
import { alone } from '../measure/sandwich.js';
import { allRecordsOf, vmOf, vmsOf, type BenchVm } from '../payload.js';
import { Publisher } from '../publisher.js';
import { atMost, unless, type Figure } from '../report.js';
import type { BenchOptions, Scenario } from '../scenario.js';
import { untilAnswered } from '../watch.js';

/** Three names each: a forward name and two for PTRs. */
const WAITING_VMS = 3_400;
const DUE_MIN = 10_000;
const EVERY_MS = 50;
const SHORT_DEAD_MS = 45_000;
const WARM = 200;

interface Puts { readonly ms: readonly number[]; readonly statuses: Readonly<Record<string, number>> }
interface Found { readonly alive: Puts; readonly dead: Puts; readonly deadMs: number; readonly due: number; readonly dueAtEnd: number; readonly backMs: number }

/** D1: what a platform team sees of a PowerDNS that is gone: nothing. */
export const d1: Scenario = {
  id: 'D1', what: 'PUT of VMs while PowerDNS is dead and 10,000 names are due (45 s; ten minutes: --dead-minutes 10)',
  run: async (options) => {
    const stack = await BenchStack.start({ profile: options.profile });
    const eye = await DnsEye.open(stack.powerdns.dns);
    try {
      const found = await measure(options, stack, eye);
      const { dead } = found.value;
      const refused = dead.ms.length - (dead.statuses['202'] ?? 0);
      return { figures: [...unless(found.fault !== undefined, figuresOf(found.value, refused, found.fault)), ...backOf(found.value)], details: found };
    } finally {
      eye.close();
      await stack.stop();
    }
  },
};

function figuresOf({ dead, alive, due, dueAtEnd, deadMs }: Found, refused: number, fault: string | undefined): readonly Figure[] {
  return [
    { scenario: 'D1', what: 'PUT p99 while PowerDNS is dead', value: quantile(dead.ms, 0.99), unit: 'ms', gate: atMost(50), note: `p50 ${short(quantile(dead.ms, 0.5))} ms, ${dead.ms.length} PUTs in ${Math.round(deadMs / 1000)} s, ${due} names due, ${dueAtEnd} at the end; alive p50 ${short(quantile(alive.ms, 0.5))}, p99 ${short(quantile(alive.ms, 0.99))} ms${fault === undefined ? '' : `; ${fault}`}` },
    { scenario: 'D1', what: 'PUTs that were not answered with 202', value: refused, gate: atMost(0), note: JSON.stringify(dead.statuses) },
  ];
}

const backOf = ({ backMs }: Found): readonly Figure[] => [{ scenario: 'D1', what: 'PowerDNS back → every record answers, by itself', value: backMs / 1000, unit: 's' }];

async function measure(options: BenchOptions, stack: BenchStack, eye: DnsEye) {
  await stack.ready();
  await stack.takeZones([0]);
  const publisher = new Publisher(await stack.natsConnection());
  const warm = vmsOf(0, WARM);
  await publisher.send(publisher.prepare(warm));
  await untilAnswered(eye, allRecordsOf(0, warm), performance.now());
  await stack.quiet();
  return alone(true, () => profiled(stack, async (): Promise<Found> => {
    const alive = await putFor(stack, 100_000, 10_000);
    await stack.powerdns.kill();
    const from = performance.now();
    const waiting = vmsOf(0, WAITING_VMS, 1_000);
    await publisher.send(publisher.prepare(waiting));
    const due = await until(async () => { const count = await stack.due(); return count >= DUE_MIN ? count : undefined; }, { withinMs: 120_000, everyMs: 500, what: `${DUE_MIN} names to be due` });
    await stack.quiet();
    const dead = await putFor(stack, 200_000, Math.max(SHORT_DEAD_MS, options.deadMinutes * 60_000 - (performance.now() - from)));
    const dueAtEnd = await stack.due();
    const deadMs = performance.now() - from;
    await stack.powerdns.restart();
    const { ms: backMs } = await untilAnswered(eye, allRecordsOf(0, [...waiting, ...putVms(200_000, dead.ms.length)]), performance.now(), { everyMs: 20, withinMs: 300_000 });
    return { alive, dead, deadMs, due, dueAtEnd, backMs };
  }));
}

const putVms = (first: number, count: number): readonly BenchVm[] => Array.from({ length: count }, (_, at) => vmOf(0, first + at));

/** New VMs, one PUT after the other, at most twenty a second. */
async function putFor(stack: BenchStack, first: number, forMs: number): Promise<Puts> {
  const { gateway } = stack;
  const ms: number[] = [];
  const statuses: Record<string, number> = {};
  const end = performance.now() + forMs;
  for (let number = first; performance.now() < end; number += 1) {
    const vm = vmOf(0, number);
    const from = performance.now();
    const { status } = await gateway.ask('PUT', `/v1/vms/${vm.vmId}`, { body: { fqdn: vm.fqdn, addresses: [{ ip: vm.ip4 }, { ip: vm.ip6 }] } });
    ms.push(performance.now() - from);
    statuses[status] = (statuses[status] ?? 0) + 1;
    await pause(Math.max(0, from + EVERY_MS - performance.now()));
  }
  return { ms, statuses };
}
