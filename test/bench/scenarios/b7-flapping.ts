import { ZoneLimits } from '@vmdns/contracts';
import { pause, until } from '@vmdns/local';
import { BenchStack } from '../bench-stack.js';
import { DnsEye } from '../dns-eye.js';
import { median, short } from '../measure/numbers.js';
import { Tap } from '../measure/tap.js';
import { allRecordsOf, vmOf, vmsOf, type BenchVm } from '../payload.js';
import { Publisher } from '../publisher.js';
import { atMost, type Figure } from '../report.js';
import type { BenchOptions, Scenario } from '../scenario.js';
import { untilAnswered } from '../watch.js';

const EVENTS = 1_000;
const WITHIN_MS = 1_000;
const FLAPPING = 100;
/** The brake would hold back so many PTRs that go, as it should. */
const FREELY = { ...ZoneLimits.parse({}), removalNames: 1_000_000, removalCount: 1_000_000 };
/** Until what was written last is no reason to wait any more. */
const QUIET_MS = 1_500;
/** Each event moves a VM to one of so many addresses. */
const PLACES = 7;

/** One PATCH for each zone. */
const WRITES_IDEAL = 3;

/** `alone`: what one event for each of the same VMs costs, all at once and on a quiet system. */
interface Flapped { readonly calls: number; readonly writes: number; readonly alone: number; readonly publishedMs: number; readonly settledMs: number; readonly wrong: number }

/** B7: many events for the same names; what counts is the last. No reference: calls are counted, not timed. A change alone reads, writes and flushes, so that is what calls are compared with; writing calls are compared with three. */
export const b7: Scenario = {
  id: 'B7', what: '1,000 events within 1 s, for one VM and for 100: API calls against the least that would do; final state exact',
  run: async (options) => {
    const runs: { readonly one: Flapped; readonly many: Flapped }[] = [];
    for (let times = 0; times < options.sandwiches; times += 1) runs.push(await measure(options));
    const figures = [
      ...figuresOf('one VM', runs.map(({ one }) => one)),
      ...figuresOf(`${FLAPPING} VMs`, runs.map(({ many }) => many)),
    ];
    return { figures, details: runs };
  },
};

function figuresOf(label: string, all: readonly Flapped[]): readonly Figure[] {
  const figure = (what: string, ratios: readonly number[], note: string): Figure => ({ scenario: 'B7', what: `${what}, ${label}`, value: median(ratios), range: [Math.min(...ratios), Math.max(...ratios)], gate: atMost(3), goal: atMost(1.5), note });
  const [calls, alone] = [median(all.map((one) => one.calls)), median(all.map((one) => one.alone))];
  return [
    figure('API calls for 1,000 events / for the last one alone', all.map((one) => one.calls / one.alone), `${short(calls)} calls, alone ${short(alone)}`),
    figure('writing calls / one for each zone', all.map(({ writes }) => writes / WRITES_IDEAL), `${short(median(all.map(({ writes }) => writes)))} PATCHes; published in ${short(median(all.map(({ publishedMs }) => publishedMs)))} ms, all settled after ${short(median(all.map(({ settledMs }) => settledMs)))} ms`),
    { scenario: 'B7', what: `records that are not as the last event says, ${label}`, value: Math.max(...all.map(({ wrong }) => wrong)), gate: atMost(0), goal: atMost(0) },
  ];
}

async function measure(options: BenchOptions): Promise<{ readonly one: Flapped; readonly many: Flapped }> {
  let tap: Tap | undefined;
  const stack = await BenchStack.start({ profile: options.profile, api: async ({ api }) => { tap = await Tap.before(api); return tap.url; } });
  const eye = await DnsEye.open(stack.powerdns.dns);
  try {
    await stack.ready();
    await stack.takeZones([0], { limits: FREELY });
    if (tap === undefined) throw new Error('nobody asked where the API is');
    const publisher = new Publisher(await stack.natsConnection());
    const vms = vmsOf(0, FLAPPING);
    await publisher.send(publisher.prepare(vms));
    await untilAnswered(eye, allRecordsOf(0, vms), performance.now());
    await stack.quiet();
    const one = await flapped(stack, eye, tap, publisher, vms.slice(0, 1));
    const many = await flapped(stack, eye, tap, publisher, vms);
    return { one, many };
  } finally {
    eye.close();
    await stack.stop();
    tap?.close();
  }
}

/** Names that wait are not on the bus any more. */
async function settled(stack: BenchStack): Promise<void> {
  await until(async () => { await stack.quiet(); return (await stack.due()) === 0; }, { withinMs: 120_000, everyMs: 50, what: 'all names to be written' });
}

/** Where a VM is in a round: its own two addresses, of a range that no other VM has. */
function placed(vm: BenchVm, at: number, round: number): BenchVm {
  const { ip4, ip6 } = vmOf(0, 10_000 + at * PLACES + (round % PLACES));
  return { ...vm, ip4, ip6 };
}

async function flapped(stack: BenchStack, eye: DnsEye, tap: Tap, publisher: Publisher, vms: readonly BenchVm[]): Promise<Flapped> {
  const rounds = EVENTS / vms.length;
  const last = vms.map((vm, at) => placed(vm, at, rounds - 1));
  const moved = vms.map((vm, at) => placed(vm, at, rounds));
  const move = publisher.prepare(moved);
  const messages = Array.from({ length: rounds }, (_, round) => publisher.prepare(vms.map((vm, at) => placed(vm, at, round))));
  tap.forget();
  await publisher.send(move);
  await untilAnswered(eye, allRecordsOf(0, moved), performance.now());
  await settled(stack);
  const alone = tap.flow.calls;
  await pause(QUIET_MS);
  tap.forget();
  const from = performance.now();
  for (const [round, batch] of messages.entries()) {
    // Spread over the second, in the order of versions.
    while (performance.now() - from < (round * WITHIN_MS) / rounds) await new Promise((resolve) => { setImmediate(resolve); });
    await publisher.send(batch);
  }
  const publishedMs = performance.now() - from;
  await settled(stack);
  const settledMs = performance.now() - from;
  const { calls, methods } = tap.flow;
  return { calls, writes: methods['PATCH'] ?? 0, alone, publishedMs, settledMs, wrong: await wrongOf(stack, vms, last) };
}

/** By PowerDNS' own listing: what is there of these VMs and should not be, and what should be there and is not. */
async function wrongOf(stack: BenchStack, vms: readonly BenchVm[], last: readonly BenchVm[]): Promise<number> {
  const rest = vmsOf(0, FLAPPING).filter((vm) => !vms.some(({ vmId }) => vmId === vm.vmId));
  const wanted = new Set(allRecordsOf(0, [...last, ...rest]).map(({ name, type, value }) => `${name} ${type} ${value}`));
  const there: string[] = [];
  for (const zone of new Set(allRecordsOf(0, vms).map((record) => record.zone))) {
    for (const { name, type, records } of await stack.powerdns.rrsets(zone)) if (type !== 'SOA' && type !== 'NS') there.push(...records.map(({ content }) => `${name} ${type} ${content}`));
  }
  return there.filter((text) => !wanted.has(text)).length + [...wanted].filter((text) => !there.includes(text)).length;
}
