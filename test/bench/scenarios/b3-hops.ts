import { FaultProxy } from '../../support/index.js';
import { BenchStack, profiled } from '../bench-stack.js';
import { DnsEye } from '../dns-eye.js';
import { median, quantile, short } from '../measure/numbers.js';
import { recordsOf, vmOf, type WantedRecord } from '../payload.js';
import { Publisher } from '../publisher.js';
import type { Scenario } from '../scenario.js';
import { sampleOf } from './b3-latency.js';

const WARM = 60;
const SAMPLES = 150;

/** Milliseconds after the fact was sent, by what happened then. */
type Marks = Map<string, number>;

/** Where the time of B3 goes: what the bus and PowerDNS see of one fact, and when. Nothing is added to the product. */
export const b3Hops: Scenario = {
  id: 'HOPS', what: 'hop by hop, when what is seen of one VM event (no gate; its proxy before PowerDNS adds about 0.5 ms to each call)',
  run: async (options) => {
    const stack = await BenchStack.start({ profile: options.profile, api: async ({ api }) => (await proxyBefore(api)).url });
    const eye = await DnsEye.open(stack.powerdns.dns);
    try {
      await stack.ready();
      await stack.takeZones([0]);
      const trace = await Trace.on(stack, proxy());
      const publisher = new Publisher(await stack.natsConnection());
      for (let at = 0; at < WARM; at += 1) await trace.one(eye, publisher, at);
      const all: Marks[] = [];
      await profiled(stack, async () => { for (let at = 0; at < SAMPLES; at += 1) all.push(await trace.one(eye, publisher, 1_000 + at)); });
      const rows = tableOf(all);
      for (const row of rows) options.say(`${short(row.p50).padStart(7)} ${short(row.p90).padStart(7)} ms  ×${row.each.toFixed(1)}  ${row.what}`);
      return { figures: [], details: rows };
    } finally {
      eye.close();
      await stack.stop();
    }
  },
};

let current: FaultProxy | undefined;
async function proxyBefore(api: string): Promise<FaultProxy> {
  current = await FaultProxy.before(api);
  return current;
}
function proxy(): FaultProxy {
  if (current === undefined) throw new Error('there is no proxy yet');
  return current;
}

interface Row { readonly what: string; readonly p50: number; readonly p90: number; readonly each: number }

function tableOf(all: readonly Marks[]): readonly Row[] {
  const whats = new Set(all.flatMap((marks) => [...marks.keys()]));
  const rows = [...whats].map((what): Row => {
    const ms = all.flatMap((marks) => marks.get(what) ?? []);
    return { what, p50: median(ms), p90: quantile(ms, 0.9), each: ms.length / all.length };
  });
  return rows.sort((a, b) => a.p50 - b.p50);
}

class Trace {
  private heard: { readonly subject: string; readonly at: number }[] = [];

  private constructor(private readonly stack: BenchStack, private readonly api: FaultProxy) {}

  static async on(stack: BenchStack, api: FaultProxy): Promise<Trace> {
    const trace = new Trace(stack, api);
    const nats = await stack.natsConnection();
    for (const subject of ['vmdns.event.vm.*', 'vmdns.command.powerdns.*', 'vmdns.result.powerdns.*', 'vmdns.status.>']) {
      nats.subscribe(subject, { callback: (_error, message) => { trace.heard.push({ subject: message.subject, at: now() }); } });
    }
    await nats.flush();
    return trace;
  }

  async one(eye: DnsEye, publisher: Publisher, number: number): Promise<Marks> {
    const vm = vmOf(0, number);
    const records: readonly WantedRecord[] = recordsOf(0, vm);
    const [message] = publisher.prepare([vm]);
    if (message === undefined) throw new Error('nothing to send');
    await this.stack.quiet();
    this.heard = [];
    this.api.forgetCalls();
    const from = now();
    const marks: Marks = new Map();
    const { ms } = await sampleOf(eye, records, async () => { await publisher.send([message]); marks.set('INGEST acknowledged', now() - from); });
    marks.set('all four answer', ms);
    await this.stack.quiet();
    const count = new Map<string, number>();
    const mark = (what: string, at: number): void => {
      const nth = (count.get(what) ?? 0) + 1;
      count.set(what, nth);
      marks.set(`${what} ${nth}`, at - from);
    };
    for (const { subject, at } of this.heard) mark(subject.split('.').slice(1, 2).join('.'), at);
    for (const call of this.api.calls) mark(`${call.method} ${call.path.replace(/^.*\/(zones|cache)/, '$1').replace(/zones\/[^?/]*/, 'zone').replace(/=[^&]*/g, '=…')} begins`, call.startedAt);
    for (const call of this.api.calls) mark(`${call.method} ${call.path.replace(/^.*\/(zones|cache)/, '$1').replace(/zones\/[^?/]*/, 'zone').replace(/=[^&]*/g, '=…')} ends`, call.endedAt ?? 0);
    return marks;
  }
}

const now = (): number => performance.timeOrigin + performance.now();
