import { randomUUID } from 'node:crypto';
import { subjects, VmState } from '@vmdns/contracts';
import { decideName, DEFAULT_SETTINGS, homesOfAddress, homesOfName, wishesOf, ZoneSet } from '@vmdns/domain';
import { until } from '@vmdns/local';
import type { NatsConnection } from 'nats';
import { BenchStack, profiled } from '../bench-stack.js';
import { DnsEye } from '../dns-eye.js';
import { mean, median, quantile, short } from '../measure/numbers.js';
import { sandwiches } from '../measure/sandwich.js';
import { allRecordsOf, apexesOf, recordsOf, vmOf, vmsOf, type BenchVm } from '../payload.js';
import { Publisher } from '../publisher.js';
import { atMost, unless, type Figure } from '../report.js';
import type { BenchOptions, Scenario } from '../scenario.js';
import { untilAnswered } from '../watch.js';
import { cloneKnownVm } from './known-vms.js';

const FEW = 1_000;
const MANY = 300_000;
/** What a quick run has time for. */
const SOME = 30_000;
const WARM = 200;
const BATCH_VMS = 2_500;
const PURE_VMS = 20_000;

/** One planner that knows so many VMs; everything around it is played. */
interface Known { readonly stack: BenchStack; readonly nats: NatsConnection; readonly ear: CommandEar }

/** B12: what planning one change costs, however many VMs are known. */
export const b12: Scenario = {
  id: 'B12', what: 'planning: one VM\'s fact → its commands with 1k and 300k known VMs (quick: 30k), and µs per planned record',
  run: async (options) => {
    const many = options.isQuick ? SOME : options.vms?.[0] ?? MANY;
    const each = options.isQuick ? 200 : 400;
    const pureUs = pure();
    const batches: Batch[] = [];
    const found = await sandwiches<readonly number[], readonly number[]>({
      name: 'B12', wanted: options.sandwiches, isLatency: false, say: options.say, of: median, fresh: () => fresh(options, many, each, batches),
    });
    const ratios = found.kept.map(({ before, ours, after }) => median(ours) / mean([median(before), median(after)]));
    const [mine, few] = [found.kept.flatMap(({ ours }) => ours), found.kept.flatMap(({ before, after }) => [...before, ...after])];
    const figures: Figure[] = [
      { scenario: 'B12', what: `p50 of a fact → its commands, ${many / 1_000}k known VMs / 1k`, value: median(ratios), range: [Math.min(...ratios), Math.max(...ratios)], gate: atMost(1.3), goal: atMost(1.1), note: `${short(median(mine))} ms, with 1k ${short(median(few))} ms; p99 ${short(quantile(mine, 0.99))}, with 1k ${short(quantile(few, 0.99))} ms` },
      { scenario: 'B12', what: 'deciding alone (the functions), per record', value: pureUs, unit: 'µs', gate: atMost(30), goal: atMost(10) },
      { scenario: 'B12', what: `the planner's process per record, ${BATCH_VMS} facts at once`, value: median(batches.map(({ plannerUs }) => plannerUs)), unit: 'µs', note: `and PostgreSQL ${short(median(batches.map(({ postgresUs }) => postgresUs)))} µs, with ${many / 1_000}k known VMs` },
    ];
    return { figures: unless(found.isNoisy, figures), details: { ...found, batches, pureUs } };
  },
};

async function fresh(options: BenchOptions, many: number, each: number, batches: Batch[]) {
  const stacks: BenchStack[] = [];
  const close = async (): Promise<void> => { await Promise.all(stacks.map((stack) => stack.stop())); };
  try {
    const small = await knowing(options, FEW, stacks);
    const big = await knowing(options, many, stacks);
    for (const known of [small, big]) await samples(known, 500_000, WARM);
    return {
      reference: (part: 0 | 1) => samples(small, part === 0 ? 600_000 : 700_000, Math.ceil(each / 2)),
      ours: () => profiled(big.stack, async () => {
        const ms = await samples(big, 600_000, each);
        batches.push(await batch(big, 800_000));
        return ms;
      }),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** One VM goes the whole way; then it is cloned in the planner's tables, and all but the planner and its servers end. */
async function knowing(options: BenchOptions, count: number, stacks: BenchStack[]): Promise<Known> {
  const stack = await BenchStack.start({ profile: options.profile });
  stacks.push(stack);
  await stack.ready();
  await stack.takeZones([0]);
  const nats = await stack.natsConnection();
  const eye = await DnsEye.open(stack.powerdns.dns);
  const template: BenchVm = { vmId: 'known-vm-0', fqdn: 'known-vm-0.set0.bench.test', ip4: '10.222.222.222', ip6: '2001:db8::aaaa:bbbb' };
  const publisher = new Publisher(nats);
  await publisher.send(publisher.prepare([template]));
  await untilAnswered(eye, recordsOf(0, template), performance.now());
  eye.close();
  await stack.quiet();
  await Promise.all((['adapter-powerdns', 'inventory', 'log', 'gateway'] as const).map((name) => stack.service(name).kill()));
  await cloneKnownVm(stack, template, count);
  return { stack, nats, ear: CommandEar.on(nats) };
}

/** Hears commands as the adapter would. */
class CommandEar {
  private readonly waiting = new Map<string, () => void>();

  static on(nats: NatsConnection): CommandEar {
    const ear = new CommandEar();
    nats.subscribe(subjects.command.ofProvider('powerdns'), {
      callback: (_error, message) => {
        for (const { name } of (message.json() as { readonly data: { readonly names: readonly { readonly name: string }[] } }).data.names) {
          ear.waiting.get(name)?.();
          ear.waiting.delete(name);
        }
      },
    });
    return ear;
  }

  /** Fulfilled when a command for each of these names was heard from now on. */
  hears(names: readonly string[]): Promise<unknown> {
    return Promise.all(names.map((name) => new Promise<void>((resolve) => { this.waiting.set(name, resolve); })));
  }
}

const namesOf = (vms: readonly BenchVm[]): readonly string[] => [...new Set(allRecordsOf(0, vms).map(({ name }) => name))];

/** What inventory would say of a new VM. */
function factOf(vm: BenchVm, claim: number): VmState {
  const address = (ip: string) => ({ ip, forward: true, ptr: null, customerPtr: null, claim });
  return VmState.parse({
    vmId: vm.vmId, tenant: null, source: 'bench', life: 1, uid: null, version: 1, revision: 1, deleted: false, fqdn: `${vm.fqdn}.`, hostname: null, domain: null,
    shareName: false, nameClaim: claim, addresses: [address(vm.ip4), address(vm.ip6)], labels: {}, changedAt: new Date().toISOString(),
  });
}

async function say(nats: NatsConnection, vm: BenchVm, claim: number): Promise<void> {
  const event = { specversion: '1.0', id: randomUUID(), source: '/inventory', type: 'vmdns.vm.state.v1', time: new Date().toISOString(), datacontenttype: 'application/json', data: factOf(vm, claim) };
  await nats.jetstream().publish(subjects.event.vm(vm.vmId), JSON.stringify(event));
}

/** One fact after the other: from its publishing until its last command is on the bus. */
async function samples({ nats, ear }: Known, first: number, count: number): Promise<readonly number[]> {
  const ms: number[] = [];
  for (let number = first; number < first + count; number += 1) {
    const vm = vmOf(0, number);
    const heard = ear.hears(namesOf([vm]));
    const from = performance.now();
    await say(nats, vm, number);
    await heard;
    ms.push(performance.now() - from);
  }
  return ms;
}

interface Batch { readonly plannerUs: number; readonly postgresUs: number }

async function batch({ stack, nats, ear }: Known, first: number): Promise<Batch> {
  const vms = vmsOf(0, BATCH_VMS, first);
  let heardAll = false;
  void ear.hears(namesOf(vms)).then(() => { heardAll = true; });
  const before = stack.cpu();
  for (let at = 0; at < vms.length; at += 250) await Promise.all(vms.slice(at, at + 250).map((vm) => say(nats, vm, Number(vm.vmId.split('-')[2]))));
  await until(() => heardAll, { withinMs: 120_000, what: 'the commands of a batch' });
  const after = stack.cpu();
  const perRecord = (name: string): number => ((after[name] ?? 0) - (before[name] ?? 0)) / (vms.length * 4);
  return { plannerUs: perRecord('planner'), postgresUs: perRecord('postgres') };
}

/** Planning as it is pure: facts → wishes → homes → desired RRsets with their digests. Gives µs per record. */
function pure(): number {
  const zones = ZoneSet.of(apexesOf(0).map((apex, at) => ({ zoneId: `z${at}`, apex, provider: 'powerdns', connectionId: 'c', mode: 'write', ttl: { forward: 300, reverse: 3600 }, addresses: 'all', leaving: false, createdSeq: at })));
  const facts = vmsOf(0, PURE_VMS).map((vm, at) => factOf(vm, at + 1));
  const decide = (fact: VmState): number => wishesOf(fact, DEFAULT_SETTINGS).flatMap((wish) => {
    const homes = wish.kind === 'name' ? homesOfName(zones, wish.name, DEFAULT_SETTINGS) : homesOfAddress(zones, wish.ip, DEFAULT_SETTINGS);
    return homes.flatMap((home) => decideName({ zones, zone: home.zone, ownerName: home.ownerName, wishes: [wish], settings: DEFAULT_SETTINGS, home }).rrsets);
  }).length;
  let records = 0;
  let from = 0;
  facts.forEach((fact, at) => {
    // The first half is warm-up.
    if (at === PURE_VMS / 2) { records = 0; from = performance.now(); }
    records += decide(fact);
  });
  if (records !== PURE_VMS * 2) throw new Error(`${PURE_VMS / 2} VMs were given ${records} records`);
  return ((performance.now() - from) * 1_000) / records;
}
