import { randomUUID } from 'node:crypto';
import { Announcement, type CommandName, type RrsetBody, type ZoneFeedBody } from '@vmdns/contracts';
import { desiredDigest } from '@vmdns/domain';
import { connectionSettings, until } from '@vmdns/local';
import { CompactEncrypt, importJWK, type JWK } from 'jose';
import { BenchStack, profiled } from '../bench-stack.js';
import { DnsEye } from '../dns-eye.js';
import { median, short } from '../measure/numbers.js';
import { sandwiches } from '../measure/sandwich.js';
import { allRecordsOf, apexesOf, vmsOf, type WantedRecord } from '../payload.js';
import { RawBatches } from '../reference.js';
import { atLeast, unless, type Figure } from '../report.js';
import type { BenchOptions, Scenario, ScenarioResult } from '../scenario.js';
import { untilAnswered, type Watched } from '../watch.js';

/**
 * What both sides do before anything is measured, in sets of zones of their own: V8 has compiled the whole of an adapter's
 * way after some 20,000 names (the first 7,500 cost three times as much CPU each).
 */
const WARM_VMS = 2_500;
const WARM_SETS = { ours: [0, 5, 6], raw: [4, 7, 8] } as const;
const NAMES_PER_COMMAND = 500;

interface Reference { readonly rate: number; readonly cpuUs: number }
interface Ours { readonly rate: number; readonly cpuUs: number; readonly cpu: Readonly<Record<string, number>>; readonly lost: number }

/** B1: an adapter alone, with its table full of what is due, against raw batches of the same records. */
export const b1: Scenario = {
  id: 'B1', what: 'the adapter alone: prepared changes → PowerDNS, against R1',
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
    name: `B1 ${records}`, wanted: options.sandwiches, isLatency: false, say: options.say, of: (reference) => reference.rate, fresh: () => fresh(options, vmCount),
  });
  const ratios = found.kept.map(({ before, ours, after }) => ours.rate / ((before.rate + after.rate) / 2));
  const cpu = found.kept.map(({ ours }) => ours.cpuUs);
  const label = `${records / 1000}k`;
  const figures: Figure[] = [
    { scenario: 'B1', what: `rate, ours / R1, ${label} records`, value: median(ratios), range: [Math.min(...ratios), Math.max(...ratios)], gate: atLeast(0.8), goal: atLeast(0.95), note: `ours ${short(median(found.kept.map(({ ours }) => ours.rate)))}/s, R1 ${short(median(found.kept.flatMap(({ before, after }) => [before.rate, after.rate])))}/s` },
    { scenario: 'B1', what: `CPU per record, ${label}`, value: median(cpu), unit: 'µs', range: [Math.min(...cpu), Math.max(...cpu)], note: 'adapter, PostgreSQL, NATS' },
  ];
  return { figures: unless(found.isNoisy, figures), details: found };
}

async function fresh(options: BenchOptions, vmCount: number) {
  const stack = await BenchStack.start({ services: ['adapter-powerdns'], profile: options.profile });
  const bench = await AdapterBench.at(stack);
  return {
    reference: async (part: 0 | 1): Promise<Reference> => bench.reference(part === 0 ? 1 : 3, vmCount),
    ours: () => bench.ours(2, vmCount),
    close: () => bench.close(),
  };
}

/** Plays the planner for one adapter. */
class AdapterBench {
  private revision = 1;
  private readonly facts = new Map<string, ZoneFeedBody>();

  private constructor(private readonly stack: BenchStack, private readonly eye: DnsEye, private readonly raw: RawBatches) {}

  static async at(stack: BenchStack): Promise<AdapterBench> {
    const bench = new AdapterBench(stack, await DnsEye.open(stack.powerdns.dns), RawBatches.start(stack.powerdns, stack.folder));
    try {
      await bench.prepare();
    } catch (error) {
      await bench.close();
      throw error;
    }
    return bench;
  }

  async reference(set: number, vmCount: number): Promise<Reference> {
    const records = allRecordsOf(set, vmsOf(set, vmCount));
    await this.raw.load(records);
    const { ms, cpuUs } = await this.raw.send();
    await untilAnswered(this.eye, records, performance.now());
    return { rate: records.length / (ms / 1000), cpuUs: cpuUs / records.length };
  }

  async ours(set: number, vmCount: number, isProfiled = true): Promise<Ours> {
    const records = allRecordsOf(set, vmsOf(set, vmCount));
    await this.tell(set, true);
    await this.command(set, records);
    await this.stack.query('checkpoint');
    const before = this.stack.cpu();
    const run = async (): Promise<Watched> => {
      const from = performance.now();
      await this.tell(set, false);
      const answered = await untilAnswered(this.eye, records, from);
      await until(async () => (await this.due(set)) === 0, { withinMs: 60_000, everyMs: 100, what: 'every outcome to be stored' });
      return answered;
    };
    const { ms, lost } = await (isProfiled ? profiled(this.stack, run) : run());
    const after = this.stack.cpu();
    const cpu = Object.fromEntries(Object.entries(after).map(([name, us]) => [name, (us - (before[name] ?? 0)) / records.length]));
    return { rate: records.length / (ms / 1000), cpuUs: Object.values(cpu).reduce((a, b) => a + b, 0), cpu, lost };
  }

  async close(): Promise<void> {
    this.raw.close();
    this.eye.close();
    await this.stack.stop();
  }

  private async prepare(): Promise<void> {
    const nats = await this.stack.natsConnection();
    nats.subscribe('vmdns.rpc.planner.changes-after', {
      callback: (_error, message) => {
        message.respond(JSON.stringify({ ok: true, value: { changes: this.rows(), cursor: this.facts.size, more: false } }));
      },
    });
    const announced = new Promise<Announcement>((resolve) => {
      nats.subscribe('vmdns.announce.powerdns', { max: 1, callback: (_error, message) => resolve(Announcement.parse((JSON.parse(message.string()) as { readonly data: unknown }).data)) });
    });
    await this.stack.ready();
    const { publicKey } = await announced;
    const { apiKey, ...settings } = connectionSettings(this.stack.powerdns);
    const kid = typeof publicKey['kid'] === 'string' ? { kid: publicKey['kid'] } : {};
    const sealed = await new CompactEncrypt(new TextEncoder().encode(String(apiKey))).setProtectedHeader({ alg: 'ECDH-ES', enc: 'A256GCM', ...kid, provider: 'powerdns', field: 'apiKey' }).encrypt(await importJWK(publicKey as JWK, 'ECDH-ES'));
    await this.publish([{ kind: 'connection', connectionId: 'c1', name: 'bench', provider: 'powerdns', settings, sealed: { apiKey: sealed }, paused: false, removed: false, revision: 1 }]);
    await this.stack.makeZones([1, 2, 3, ...WARM_SETS.ours, ...WARM_SETS.raw]);
    for (const set of WARM_SETS.ours) await this.ours(set, WARM_VMS, false);
    for (const set of WARM_SETS.raw) await this.reference(set, WARM_VMS);
  }

  private rows(): readonly unknown[] {
    return [...this.facts.values()].map((body, at) => ({ sequence: at + 1, key: body.kind === 'zone' ? body.zoneId : body.connectionId, body }));
  }

  /** Zone facts of one set, paused or not. */
  private async tell(set: number, paused: boolean): Promise<void> {
    this.revision += 1;
    await this.publish(apexesOf(set).map((apex): ZoneFeedBody => ({
      kind: 'zone', zoneId: zoneIdOf(apex), apex, provider: 'powerdns', connectionId: 'c1', mode: 'write', paused, state: 'active', settings: {}, revision: this.revision,
    })));
  }

  private async publish(facts: readonly ZoneFeedBody[]): Promise<void> {
    for (const fact of facts) this.facts.set(fact.kind === 'zone' ? fact.zoneId : fact.connectionId, fact);
    const changes = facts.map((body, at) => ({ sequence: at + 1, key: 'bench', body }));
    const nats = await this.stack.natsConnection();
    await nats.jetstream().publish('vmdns.zone.powerdns', JSON.stringify(cloudEvent('vmdns.zone.changed.v1', { changes })));
  }

  /** Commands for these records, and waits until the adapter has stored them all. */
  private async command(set: number, records: readonly WantedRecord[]): Promise<void> {
    const js = (await this.stack.natsConnection()).jetstream();
    const [{ count: known } = { count: 0 }] = await this.stack.query<{ count: number }>('select count(*)::int as count from adapter_powerdns.name');
    const names = namesOf(records);
    for (const [apex, all] of names) {
      for (let at = 0; at < all.length; at += NAMES_PER_COMMAND) {
        const data = { zoneId: zoneIdOf(apex), apex, provider: 'powerdns', connectionId: 'c1', names: all.slice(at, at + NAMES_PER_COMMAND) };
        await js.publish(`vmdns.command.powerdns.${zoneIdOf(apex)}`, JSON.stringify(cloudEvent('vmdns.dns.command.v1', data)));
      }
    }
    const wanted = [...names.values()].reduce((sum, all) => sum + all.length, 0);
    await until(async () => {
      const [row] = await this.stack.query<{ count: number }>('select count(*)::int as count from adapter_powerdns.name');
      return (row?.count ?? 0) - known >= wanted;
    }, { withinMs: 60_000, everyMs: 100, what: `the commands of set ${set} to be stored` });
    await this.stack.quiet();
  }

  private async due(set: number): Promise<number> {
    const [row] = await this.stack.query<{ count: number }>('select count(*)::int as count from adapter_powerdns.name where due_at is not null and zone_id = any($1)', [apexesOf(set).map(zoneIdOf)]);
    return row?.count ?? 0;
  }
}

const zoneIdOf = (apex: string): string => apex.replaceAll('.', '-').replace(/-$/, '');

const cloudEvent = (type: string, data: unknown): object => ({ specversion: '1.0', id: randomUUID(), source: 'bench', type, datacontenttype: 'application/json', data });

function namesOf(records: readonly WantedRecord[]): ReadonlyMap<string, readonly CommandName[]> {
  const zones = new Map<string, Map<string, RrsetBody[]>>();
  for (const { zone, name, type, ttl, value } of records) {
    const names = zones.get(zone) ?? new Map<string, RrsetBody[]>();
    zones.set(zone, names);
    names.set(name, [...(names.get(name) ?? []), { type, ttl, values: [value] }]);
  }
  const named = ([name, rrsets]: [string, RrsetBody[]]): CommandName => ({ name, timeline: 1, generation: 1, digest: desiredDigest(rrsets), rrsets, priority: 1, vms: [`of-${name.slice(0, 40)}`] });
  return new Map([...zones].map(([zone, names]) => [zone, [...names].map(named)]));
}
