import { join } from 'node:path';
import { pause } from '@vmdns/local';
import { BenchStack } from '../bench-stack.js';
import { DnsEye } from '../dns-eye.js';
import { short, total } from '../measure/numbers.js';
import { sandwiches } from '../measure/sandwich.js';
import { allRecordsOf, patchesOf, recordsOf, vmOf, vmsOf, type BenchVm, type WantedRecord } from '../payload.js';
import { Publisher } from '../publisher.js';
import { RawBatches, REFERENCES } from '../reference.js';
import { atMost, unless, type Figure } from '../report.js';
import type { BenchOptions, Scenario } from '../scenario.js';
import { untilAnswered } from '../watch.js';

const VMS = 200;
/** VMs get addresses of VMs that are not there. */
const MOVED = 100_000;
/** So long names are asked before and after a change, and a change may take. */
const AROUND_MS = 10;
const WITHIN_MS = 3_000;

/** What polls of one step, or of many, saw. */
interface Polls { readonly polls: number; readonly empty: number; readonly lost: number; readonly stale: number }

/** A record before and after a change; its name and type stay. */
interface Change { readonly before: WantedRecord; readonly after: WantedRecord }

/** B10: names are asked every millisecond while they change. */
export const b10: Scenario = {
  id: 'B10', what: 'update (PTR targets) and re-IP of 200 VMs under 1-ms polls: polls without an answer; R5 deletes and makes again',
  run: async (options) => {
    const found = await sandwiches<Polls, Polls>({
      name: 'B10', wanted: options.sandwiches, isLatency: false, say: options.say,
      // Nothing is measured against R5: it shows that the eye sees gaps where there are any.
      of: () => 1, fresh: () => fresh(options),
    });
    const ours = sum(found.kept.map((one) => one.ours));
    const r5 = sum(found.kept.flatMap(({ before, after }) => [before, after]));
    const share = (polls: Polls): string => `${short((polls.empty / polls.polls) * 100)} % of ${polls.polls}`;
    // An unanswered poll is one on a busy machine too: no machine is too noisy for a gap.
    const gaps: Figure = { scenario: 'B10', what: 'polls without an answer', value: ours.empty, gate: atMost(0), goal: atMost(0), note: `ours ${share(ours)}, R5 ${share(r5)}; no packet: ours ${ours.lost}, R5 ${r5.lost}; not the new value within 3 s: ours ${ours.stale}, R5 ${r5.stale}` };
    const eye: Figure = { scenario: 'B10', what: 'R5\'s share of polls without an answer', value: (r5.empty / r5.polls) * 100, unit: '%' };
    return { figures: [gaps, ...unless(found.isNoisy, [eye])], details: found };
  },
};

const sum = (all: readonly Polls[]): Polls => ({
  polls: total(all.map((one) => one.polls)), empty: total(all.map((one) => one.empty)), lost: total(all.map((one) => one.lost)), stale: total(all.map((one) => one.stale)),
});

async function fresh(options: BenchOptions) {
  const stack = await BenchStack.start({ profile: options.profile });
  const eye = await DnsEye.open(stack.powerdns.dns);
  const raw = RawBatches.start(stack.powerdns, stack.folder);
  const close = async (): Promise<void> => { raw.close(); eye.close(); await stack.stop(); };
  const vms = options.isQuick ? VMS / 10 : VMS;
  try {
    await stack.ready();
    await stack.takeZones([0]);
    await stack.makeZones([1, 2]);
    const publisher = new Publisher(await stack.natsConnection());
    await publisher.send(publisher.prepare(vmsOf(0, vms)));
    await untilAnswered(eye, allRecordsOf(0, vmsOf(0, vms)), performance.now());
    for (const set of [1, 2]) {
      await raw.load(allRecordsOf(set, vmsOf(set, vms)));
      await raw.send();
      await untilAnswered(eye, allRecordsOf(set, vmsOf(set, vms)), performance.now());
    }
    await stack.quiet();
    const recreate = await loadR5();
    const server = { port: stack.powerdns.apiPort, apiKey: stack.powerdns.apiKey };
    const flush = async (changes: readonly Change[]): Promise<void> => {
      for (const { after } of changes) await stack.powerdns.call('PUT', `/cache/flush?domain=${after.name}`);
    };
    return {
      reference: (part: 0 | 1) => changeAll(part + 1, vms, eye, async (changes) => {
        const statuses = await recreate(server, changes.map(({ before, after }) => ({ zone: before.zone, before: rrsetOf(before), after: rrsetOf(after) })));
        if (statuses.some((status) => status !== 204)) throw new Error(`R5 was answered ${statuses.join(', ')}`);
        await flush(changes);
      }),
      ours: () => changeAll(0, vms, eye, (_changes, vm, ptr) => publisher.send(publisher.prepare([vm], ptr))),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

type Recreate = (server: { readonly port: number; readonly apiKey: string }, changes: readonly object[]) => Promise<readonly number[]>;

async function loadR5(): Promise<Recreate> {
  return (await import(join(REFERENCES, 'r5.mjs')) as { readonly deleteAndRecreate: Recreate }).deleteAndRecreate;
}

const rrsetOf = (record: WantedRecord): object => patchesOf([record])[0]?.rrsets[0] ?? {};

/** Both steps of each VM, one after the other: its PTRs get another target; then its name gets other addresses. */
async function changeAll(set: number, vms: number, eye: DnsEye, change: (changes: readonly Change[], vm: BenchVm, ptr: string | undefined) => Promise<unknown>): Promise<Polls> {
  const seen: Polls[] = [];
  for (let number = 0; number < vms; number += 1) {
    const vm = vmOf(set, number);
    const target = `ptr${number}.example.net.`;
    const pointers = recordsOf(set, vm).filter(({ type }) => type === 'PTR').map((before): Change => ({ before, after: { ...before, value: target } }));
    seen.push(await polled(eye, pointers, () => change(pointers, vm, target)));
    const { ip4, ip6 } = vmOf(set, MOVED + number);
    const moved: BenchVm = { ...vm, ip4, ip6 };
    const names = recordsOf(set, vm).filter(({ type }) => type !== 'PTR').map((before): Change => ({ before, after: { ...before, value: before.type === 'A' ? ip4 : ip6 } }));
    seen.push(await polled(eye, names, () => change(names, moved, undefined)));
  }
  return sum(seen);
}

/** Asks for each record every millisecond, from shortly before its change until shortly after its new value is there. */
async function polled(eye: DnsEye, changes: readonly Change[], go: () => Promise<unknown>): Promise<Polls> {
  const counts = { polls: 0, empty: 0, lost: 0 };
  let going: Promise<unknown> | undefined;
  const from = performance.now();
  let rightAt: number | undefined;
  while (performance.now() - (rightAt ?? Infinity) < AROUND_MS || (rightAt === undefined && performance.now() - from < WITHIN_MS)) {
    if (going === undefined && performance.now() - from > AROUND_MS) going = go();
    const seen = await Promise.all(changes.map(({ after }) => eye.look(after)));
    counts.polls += seen.length;
    counts.empty += seen.filter((one) => one === 'empty').length;
    counts.lost += seen.filter((one) => one === 'lost').length;
    if (rightAt === undefined && seen.every((one) => one === 'right')) rightAt = performance.now();
    await pause(1);
  }
  await going;
  return { ...counts, stale: rightAt === undefined ? 1 : 0 };
}
