import { CORE, pause, until } from '@vmdns/local';
import { BenchStack, profiled } from '../bench-stack.js';
import { DnsEye } from '../dns-eye.js';
import { median, short } from '../measure/numbers.js';
import { allRecordsOf, vmsOf, type BenchVm } from '../payload.js';
import { Publisher } from '../publisher.js';
import { atLeast, atMost, type Figure } from '../report.js';
import type { BenchOptions, Scenario } from '../scenario.js';
import { SlowProvider } from '../slow-provider.js';
import { untilAnswered } from '../watch.js';

/** PERFORMANCE §6. */
const PROVIDER = { latencyMs: 80, perSecond: 4, burst: 4, batchMax: 200 } as const;
/** Two records for each VM. */
const VMS = 15_000, VMS_MEANWHILE = 10_000;
/** The connection's own settings: all that the provider allows, and one less at once, since calls that were granted apart may arrive together. */
const SETTINGS = { callsPer5Minutes: 1_200, callsAtOnce: PROVIDER.burst - 1 } as const;
/** T is that of the first; B8' is what is seen while the second is written. */
const BULK = 'bulk.bench.test.', MEANWHILE = 'meanwhile.bench.test.', OTHER = 'other.bench.test.';
const URGENT_EVERY_MS = 1_000;
/** Urgent changes until so much of the bulk is written, then B2, while enough is left for it. */
const URGENT_UNTIL = 0.4, B2_UNTIL = 0.8;
const B2_VMS = 1_250, B2_ROUNDS = 3;

interface Found {
  readonly seconds: number;
  readonly calls: number;
  readonly idealSeconds: number;
  readonly refused: number;
  readonly urgentMs: readonly number[];
  readonly ratesWithout: readonly number[];
  readonly ratesWith: readonly number[];
}

/** B8: a budget of calls that is too short for what is due. B8': what an urgent VM, and another provider, see of it. */
export const b8: Scenario = {
  id: 'B8', what: "30,000 changes at a provider of 80 ms that takes 4 calls of 200 a second; B8': an urgent VM, and B2 at PowerDNS, meanwhile",
  run: async (options) => {
    const found = await measure(options);
    return { figures: figuresOf(found), details: found };
  },
};

function figuresOf({ seconds, idealSeconds, refused, calls, urgentMs, ratesWith, ratesWithout }: Found): readonly Figure[] {
  const [rateWith, rateWithout] = [median(ratesWith), median(ratesWithout)];
  return [
    { scenario: 'B8', what: 'T / T ideal', value: seconds / idealSeconds, gate: atMost(1.1), goal: atMost(1.05), note: `${short(seconds)} s, ideal ${short(idealSeconds)} s, ${calls} calls` },
    { scenario: 'B8', what: 'calls that were answered with 429', value: refused, gate: atMost(0), goal: atMost(0) },
    { scenario: "B8'", what: 'urgent VM → written, longest', value: Math.max(...urgentMs) / 1000, unit: 's', range: [Math.min(...urgentMs) / 1000, Math.max(...urgentMs) / 1000], gate: atMost(2), goal: atMost(0.5), note: `median ${short(median(urgentMs) / 1000)} s of ${urgentMs.length}, every other one in the zone of the bulk` },
    { scenario: "B8'", what: 'B2 at PowerDNS, with / without', value: rateWith / rateWithout, range: [Math.min(...ratesWith) / rateWithout, Math.max(...ratesWith) / rateWithout], gate: atLeast(0.85), goal: atLeast(0.95), note: `${short(rateWith)}/s of ${ratesWith.length} rounds, without ${ratesWithout.map(short).join(', ')}/s` },
  ];
}

async function measure(options: BenchOptions): Promise<Found> {
  const provider = await SlowProvider.start(PROVIDER);
  try {
    const stack = await BenchStack.start({ services: [...CORE, 'adapter-powerdns', 'adapter-cloudflare'], profile: options.profile });
    const eye = await DnsEye.open(stack.powerdns.dns);
    try {
      await stack.ready();
      return await new Budgeted(stack, eye, provider, new Publisher(await stack.natsConnection()), options.say).run();
    } finally {
      eye.close();
      await stack.stop();
    }
  } finally {
    await provider.stop();
  }
}

class Budgeted {
  private readonly urgentMs: number[] = [];
  private rounds = 0;

  constructor(private readonly stack: BenchStack, private readonly eye: DnsEye, private readonly provider: SlowProvider, private readonly publisher: Publisher, private readonly say: (line: string) => void) {}

  async run(): Promise<Found> {
    await this.stack.takeZones([0]);
    const [bulk, meanwhile] = await this.prepareBulks();
    const callsBefore = this.provider.calls;
    const seconds = await profiled(this.stack, () => this.write(BULK, bulk, VMS));
    const calls = this.provider.calls - callsBefore;
    this.say(`B8: ${short(seconds)} s, ${calls} calls: ${JSON.stringify(this.provider.kinds)}`);
    await this.b2();
    const before = await this.b2Rounds(() => true);
    let ratesWith: readonly number[] = [];
    await this.write(MEANWHILE, meanwhile, VMS_MEANWHILE, async () => {
      await this.urgentChanges();
      ratesWith = await this.b2Rounds(() => this.share() < B2_UNTIL);
    });
    const after = await this.b2Rounds(() => true);
    return {
      seconds, calls, idealSeconds: (Math.ceil((2 * VMS) / PROVIDER.batchMax) - PROVIDER.burst) / PROVIDER.perSecond + PROVIDER.latencyMs / 1000,
      refused: this.provider.refused, urgentMs: this.urgentMs, ratesWith, ratesWithout: [...before, ...after],
    };
  }

  /** Seconds from its release until all of a zone is written. */
  private async write(apex: string, zoneId: string, vms: number, meanwhile: () => Promise<void> = () => Promise.resolve()): Promise<number> {
    const from = performance.now();
    await this.stack.gateway.changeZone(zoneId, { mode: 'write' });
    await until(() => this.provider.recordsIn(apex) > 0, { withinMs: 60_000, everyMs: 5, what: `${apex} to begin` });
    await meanwhile();
    await until(() => this.provider.recordsIn(apex) >= 2 * vms, { withinMs: 240_000, everyMs: 10, what: `all of ${apex} to be written` });
    return (performance.now() - from) / 1000;
  }

  /** Known and planned, and nothing of it written: as a person would begin with a zone, who looks first. */
  private async prepareBulks(): Promise<readonly [string, string]> {
    const { gateway } = this.stack;
    await gateway.announced('cloudflare');
    const { id } = await gateway.addConnection('slow', 'cloudflare', { ...SETTINGS, url: this.provider.url, apiToken: 'token-of-the-bench-0123456789' });
    for (const apex of [BULK, MEANWHILE, OTHER]) this.provider.addZone(apex);
    // The zones come after their VMs, so that these are bulk and no events.
    await this.publisher.send(this.publisher.prepare([...vmsIn(BULK, 'bulk', VMS), ...vmsIn(MEANWHILE, 'meanwhile', VMS_MEANWHILE)]));
    await this.stack.quiet();
    await gateway.addZone({ name: OTHER, connectionId: id });
    const observed = async (apex: string): Promise<string> => (await gateway.addZone({ name: apex, connectionId: id, mode: 'observe' })).id;
    const ids = [await observed(BULK), await observed(MEANWHILE)] as const;
    await until(async () => ((await this.stack.query<{ count: number }>(`select count(*)::int as count from planner.name where state = 'observed'`))[0]?.count ?? 0) >= VMS + VMS_MEANWHILE, { withinMs: 180_000, everyMs: 500, what: 'both to be planned and looked at' });
    await this.stack.quiet();
    return ids;
  }

  private share(): number {
    return this.provider.recordsIn(MEANWHILE) / (2 * VMS_MEANWHILE);
  }

  private async urgentChanges(): Promise<void> {
    while (this.share() < URGENT_UNTIL) {
      const at = this.urgentMs.length;
      const apex = at % 2 === 0 ? MEANWHILE : OTHER;
      const [vm] = vmsIn(apex, 'urgent', 1, at);
      if (vm === undefined) throw new RangeError('no VM');
      const from = performance.now();
      await this.publisher.say(vm);
      await until(() => this.provider.has(apex, vm.fqdn), { withinMs: 60_000, everyMs: 2, what: `${vm.fqdn} to be written (${this.provider.refused} calls were refused)` });
      this.urgentMs.push(performance.now() - from);
      this.say(`B8': ${vm.fqdn} after ${short(performance.now() - from)} ms`);
      await pause(URGENT_EVERY_MS);
    }
  }

  private async b2Rounds(mayGoOn: () => boolean): Promise<readonly number[]> {
    const rates: number[] = [];
    while (rates.length < B2_ROUNDS && mayGoOn()) rates.push(await this.b2());
    return rates;
  }

  /** Records a second, from the first event until the last one answers. */
  private async b2(): Promise<number> {
    const vms = vmsOf(0, B2_VMS, this.rounds * B2_VMS);
    this.rounds += 1;
    const records = allRecordsOf(0, vms);
    const messages = this.publisher.prepare(vms);
    const from = performance.now();
    await this.publisher.send(messages);
    const { ms } = await untilAnswered(this.eye, records, from, { everyMs: 5 });
    this.say(`B2: ${short(records.length / (ms / 1000))} records a second, ${Math.round(this.share() * 100)} % of the second bulk written`);
    return records.length / (ms / 1000);
  }
}

const KINDS = ['bulk', 'meanwhile', 'urgent'] as const;

/** Two records each; the addresses are of no reverse zone. */
function vmsIn(apex: string, kind: typeof KINDS[number], count: number, from = 0): readonly BenchVm[] {
  return Array.from({ length: count }, (_, at) => {
    const n = from + at;
    return { vmId: `${kind}-${n}`, fqdn: `${kind}${n}.${apex}`.slice(0, -1), ip4: `172.${16 + KINDS.indexOf(kind)}.${n >> 8}.${n & 255}`, ip6: `2001:db8:ffff:${KINDS.indexOf(kind)}::${n.toString(16)}` };
  });
}
