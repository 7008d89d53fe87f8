import { randomUUID } from 'node:crypto';
import { cloudEvent, type Outgoing, type PublishResult, type StoredMessage } from '@vmdns/bus';
import { Clock, Log, Metrics } from '@vmdns/chassis';
import { NoticeEvent, Result, type Command, type CommandName, type ConnectionFact, type NameResult, type ZoneFact } from '@vmdns/contracts';
import { desiredDigest, type Rrset } from '@vmdns/domain';
import { disabledOf, ProviderError, type CallBudget, type CallRate, type ProviderDefinition, type RrsetChange, type ZonePort } from '@vmdns/provider-kit';
import { Store } from '@vmdns/store';
import { freshDatabase, newFolder, type TestDatabase, until } from '@vmdns/test/support';
import { join } from 'node:path';
import { z } from 'zod';
import type { Adapter, AdapterWorld } from '../adapter.js';
import { assemble } from '../assemble.js';
import { Host, LANE_TIMING, type LaneTiming } from '../host.js';
import { Budgets } from '../lanes/budget.js';
import { KeyRing } from '../keys/key-ring.js';
import { MIGRATIONS } from '../migrations/index.js';
import { Connections } from '../zones/connections.js';
import { ZoneTester } from '../zones/zone-test.js';

/** One write as the provider saw it. */
export interface SeenWrite { readonly zone: string; readonly names: readonly string[]; readonly begin: number; end: number }

/** How the scripted provider treats a write that came: apply now, later, never; answer or not. */
export type WriteScript = (call: { readonly apex: string; readonly changes: readonly RrsetChange[]; readonly apply: () => void; readonly signal: AbortSignal }) => Promise<void>;

/** Zones as maps, one for all replicas of a test, with a script between call and state. */
export class ScriptedProvider {
  readonly zones = new Map<string, Map<string, Rrset>>();
  readonly writes: SeenWrite[] = [];
  reads = 0;
  serial = new Map<string, number>();
  refuses: (rrset: Rrset) => boolean = () => false;
  script: WriteScript = async ({ apply }) => apply();
  /** Thrown by every call of these connections' keys. */
  wrongKeys = new Set<string>();
  down: ((apex: string) => ProviderError | undefined) = () => undefined;
  /** Calls of any verb. */
  calls = 0;
  /** Whole readings of zones. */
  wholeReads = 0;
  /** Writes leave zones untidy; how often they were tidied. */
  isUntidy = false;
  tidied = 0;
  /** Calls are counted. */
  rate: CallRate | undefined;
  /** Changes in one call. */
  changesMax = 5000;
  /** Each call of the API, once it has its place in the budget. */
  onCall: (apex: string, budget: CallBudget | undefined) => void = () => undefined;
  beforeRead: () => Promise<void> = async () => undefined;
  beforeCall: () => Promise<void> = async () => undefined;
  /** Readings of names do not show what is switched off, as on PowerDNS before 5.0. */
  namesHideDisabled = false;
  /** The change token stands still, and nobody may rely on it. */
  hasToken = true;
  /** How long a call of one zone lives, where its size makes that longer than the declared time. */
  lifeOfZoneMs: number | undefined;
  private clock = 0;

  constructor(readonly overlap: 'harmless' | 'harmful' = 'harmless', readonly callLifeMs = 1000, readonly inFlightMax = 8) {}

  /** More do not fit into a zone. */
  recordsMax = Infinity;
  /** Who serves its zones, where it lists no NS records. */
  nameServers: readonly string[] | undefined;

  get definition(): ProviderDefinition<{ server: string; key?: string | undefined }, Record<string, never>> {
    const recordsMax = (): number => this.recordsMax;
    const told = (): { readonly nameServers?: readonly string[] } => (this.nameServers === undefined ? {} : { nameServers: this.nameServers });
    const used = (apex: string): number => this.zone(apex).size;
    return {
      name: 'scripted',
      connectionSchema: z.object({ server: z.string(), key: z.string().optional().meta({ secret: true }) }),
      zoneSchema: z.object({}) as unknown as z.ZodType<Record<string, never>>,
      capabilities: { grain: 'rrset', batch: true, types: ['A', 'AAAA', 'PTR', 'CNAME'], ttl: { min: 1, max: 86_400 }, verify: 'api', multiplePtr: true, wildcard: true, classlessReverse: true, overlap: this.overlap, callLifeMs: this.callLifeMs },
      target: (connection, apex) => `scripted|${connection.server}|${apex}`,
      limiter: (connection) => ({ key: connection.server, inFlightMax: this.inFlightMax, ...(this.rate === undefined ? {} : { rate: this.rate }) }),
      open: (connection, apex, _zone, budget) => this.port(connection, apex, budget),
      async *testZone(_connection, apex) {
        yield { step: 'zone', ok: true, text: `${apex} is there`, tookMs: 1, ...told() };
        if (recordsMax() < Infinity) yield { step: 'room', ok: true, text: `${used(apex)} of ${recordsMax()} records are used.`, tookMs: 1, room: { used: used(apex), limit: recordsMax() } };
      },
    };
  }

  zone(apex: string): Map<string, Rrset> {
    const zone = this.zones.get(apex) ?? new Map<string, Rrset>();
    this.zones.set(apex, zone);
    return zone;
  }

  put(apex: string, rrset: Rrset): void {
    this.zone(apex).set(`${rrset.name} ${rrset.type}`, rrset);
    this.serial.set(apex, (this.serial.get(apex) ?? 1) + 1);
  }

  values(apex: string, name: string, type = 'A'): readonly string[] | undefined {
    return this.zone(apex).get(`${name} ${type}`)?.values;
  }

  /** Pairs of writes to one zone that ran at the same time (L5). */
  get overlaps(): number {
    let count = 0;
    for (const [at, a] of this.writes.entries()) for (const b of this.writes.slice(at + 1)) if (a.zone === b.zone && a.begin < b.end && b.begin < a.end) count += 1;
    return count;
  }

  private port(connection: { server: string; key?: string | undefined }, apex: string, budget: CallBudget | undefined): ZonePort {
    const placed = async (signal: AbortSignal): Promise<void> => {
      await budget?.take(signal);
      this.onCall(apex, budget);
    };
    const answer = async (): Promise<void> => {
      this.calls += 1;
      await this.beforeCall();
      if (connection.key !== undefined && this.wrongKeys.has(connection.key)) throw new ProviderError('credentials', `asking ${apex}`);
      const down = this.down(apex);
      if (down !== undefined) throw down;
    };
    const token = (): string | null => (this.hasToken ? String(this.serial.get(apex) ?? 1) : null);
    const shown = (rrset: Rrset): boolean => !this.namesHideDisabled || disabledOf(rrset.type) === undefined;
    return {
      chunk: { changesMax: this.changesMax, bytesMax: 1_000_000, sizeOf: () => 100 },
      changeToken: { read: async (signal) => { await placed(signal); await answer(); return token(); }, follows: (a, b) => Number(b) === Number(a) + 1 },
      readNames: async (names, signal) => {
        this.reads += 1;
        await placed(signal);
        await this.beforeRead();
        await answer();
        const all = [...this.zone(apex).values()];
        return { held: new Map(names.map((name) => [name, all.filter((rrset) => rrset.name === name && shown(rrset))])), token: token(), hidesDisabled: this.namesHideDisabled };
      },
      ...(this.lifeOfZoneMs === undefined ? {} : { callLifeMs: this.lifeOfZoneMs }),
      tidyAfterMs: 150,
      tidy: async () => {
        await answer();
        this.tidied += 1;
      },
      readZone: async (take, signal) => {
        this.reads += 1;
        await placed(signal);
        this.wholeReads += 1;
        await answer();
        take([...this.zone(apex).values()]);
        return { token: token() };
      },
      write: async (changes, _held, signal) => {
        await placed(signal);
        await answer();
        const seen: SeenWrite = { zone: apex, names: changes.map((c) => (c.kind === 'put' ? c.rrset.name : c.name)), begin: this.tick(), end: Infinity };
        this.writes.push(seen);
        try {
          await this.script({ apex, changes, signal, apply: () => this.apply(apex, changes) });
        } finally {
          seen.end = this.tick();
        }
        return { tokenAfter: token(), untidy: this.isUntidy };
      },
    };
  }

  private tick(): number {
    this.clock += 1;
    return this.clock;
  }

  private apply(apex: string, changes: readonly RrsetChange[]): void {
    const bad = changes.find((change) => change.kind === 'put' && this.refuses(change.rrset));
    if (bad !== undefined) throw new ProviderError('refused', `writing ${apex}`, { providerText: 'no such thing' });
    const zone = this.zone(apex);
    const added = changes.filter((change) => change.kind === 'put' && !zone.has(`${change.rrset.name} ${change.rrset.type}`)).length;
    const gone = changes.filter((change) => change.kind === 'remove' && zone.has(`${change.name} ${change.type}`)).length;
    if (added > 0 && zone.size + added - gone > this.recordsMax) throw new ProviderError('zone-full', `writing ${apex}: the zone is full`, { answered: true });
    for (const change of changes) {
      if (change.kind === 'put') zone.set(`${change.rrset.name} ${change.rrset.type}`, change.rrset);
      else zone.delete(`${change.name} ${change.type}`);
    }
    this.serial.set(apex, (this.serial.get(apex) ?? 1) + 1);
  }
}

/** A bus that keeps what it is told, or cannot hear. */
export class DeafBus {
  readonly results: Result[] = [];
  readonly notices: NoticeEvent['data'][] = [];
  isDeaf = false;
  /** What the command stream still holds. */
  commands: readonly Command[] = [];

  async whenReady(): Promise<void> {
    if (this.isDeaf) throw new Error('deaf');
  }

  async *readBack(stream: string): AsyncGenerator<readonly StoredMessage[]> {
    if (stream !== 'COMMAND') return;
    yield this.commands.map((data, at) => ({ subject: '', sequence: at + 1, body: cloudEvent('vmdns.dns.command.v1', '/planner', data) }));
  }

  post(items: readonly Outgoing[]): void {
    for (const item of items) this.notices.push(NoticeEvent.parse(item.event).data);
  }

  async publishMany(items: readonly Outgoing[]): Promise<readonly PublishResult[]> {
    return items.map((item): PublishResult => {
      if (this.isDeaf) return { ok: false, error: new Error('deaf') as never };
      this.results.push(Result.parse(item.dataJson === undefined ? item.event.data : JSON.parse(item.dataJson)));
      return { ok: true, stream: 'RESULT', sequence: 1, duplicate: false };
    });
  }

  private readonly listeners = new Map<string, Set<(body: unknown, subject: string) => void>>();

  broadcast(subject: string): void {
    for (const listener of this.listeners.get(subject) ?? []) setImmediate(() => listener({}, subject));
  }

  subscribe(subject: string, listener: (body: unknown, subject: string) => void): () => void {
    const all = this.listeners.get(subject) ?? new Set();
    this.listeners.set(subject, all.add(listener));
    return () => void all.delete(listener);
  }

  of(name: string): readonly NameResult[] {
    return this.results.flatMap((result) => result.names.filter((one) => one.name === name));
  }

  last(name: string): NameResult | undefined {
    return this.of(name).at(-1);
  }
}

export interface Replica { readonly adapter: Adapter; readonly tester: ZoneTester; readonly store: Store; readonly bus: DeafBus; readonly host: Host; stop(): Promise<void>; kill(): Promise<void> }

/** A database with the adapter's tables, and replicas on it that share one provider. */
export class World {
  readonly bus = new DeafBus();
  private readonly replicas: Replica[] = [];

  private constructor(readonly database: TestDatabase, readonly provider: ScriptedProvider, readonly keyFile: string) {}

  static async make(provider = new ScriptedProvider()): Promise<World> {
    return new World(await freshDatabase(), provider, join(newFolder('keys'), 'keys.json'));
  }

  async replica(options: { readonly timing?: Partial<LaneTiming>; readonly lanesMax?: number; readonly namesPerTurn?: number; readonly start?: boolean; /** False: the zone feed is not read yet. */ readonly heard?: boolean; readonly log?: boolean; readonly onRaise?: AdapterWorld['timeline']['onRaise']; readonly timeline?: { readonly isTold: boolean } } = {}): Promise<Replica> {
    const url = await this.database.urlFor('adapter_scripted');
    const store = await Store.open({ url, schema: 'adapter_scripted', applicationName: 'spec' }, MIGRATIONS);
    await store.whenMigrated(20_000);
    const host = new Host(this.provider.definition as unknown as ProviderDefinition, `replica-${randomUUID().slice(0, 8)}`, { lanesMax: options.lanesMax ?? 16, namesPerTurn: options.namesPerTurn ?? 5000, commitsMax: 6 }, { ...LANE_TIMING, pollMs: 100, ...options.timing });
    const connections = new Connections(host, await KeyRing.open(this.keyFile), new Budgets(store));
    const log = Log.to({ level: options.log === true ? 'debug' : 'silent' });
    const adapter = assemble({ host, store, bus: this.bus, timeline: options.timeline ?? { isTold: true }, connections, clock: new Clock(), metrics: new Metrics(), log });
    if (options.start !== false) await adapter.start({ ...NO_WORLD, timeline: { ...NO_WORLD.timeline, ...(options.onRaise === undefined ? {} : { onRaise: options.onRaise }) } });
    if (options.start !== false && options.heard !== false) adapter.beginWriting();
    let isStopped = false;
    const replica: Replica = {
      adapter, tester: new ZoneTester(host, store, connections, { tell: () => undefined, wake: () => undefined, resolver: undefined }), store, bus: this.bus, host,
      stop: async () => {
        if (isStopped) return;
        isStopped = true;
        await adapter.stop();
        await store.close();
      },
      /** As if the process were gone: its connections to Postgres end, it never commits again. */
      kill: async () => {
        isStopped = true;
        await store.close();
        void adapter.stop().catch(() => undefined);
      },
    };
    this.replicas.push(replica);
    return replica;
  }

  async end(): Promise<void> {
    for (const replica of this.replicas) await replica.stop();
    await this.database.drop();
  }

  rows<T>(sql: string, parameters: readonly unknown[] = []): Promise<readonly T[]> {
    return this.database.query<T>(sql.replaceAll(/\b(from|update|join) (name|lane|zone|connection|limiter|slot|unsaid|host|held_foreign)\b/g, '$1 adapter_scripted.$2'), parameters);
  }

  async row(name: string): Promise<Record<string, unknown> | undefined> {
    return (await this.rows<Record<string, unknown>>('select * from name where owner_name = $1', [name]))[0];
  }

  async settled(name: string, state: NameResult['state'] = 'applied'): Promise<NameResult> {
    return until(() => { const last = this.bus.last(name); return last?.state === state ? last : undefined; }, { withinMs: 15_000, what: `${name} to be ${state}` });
  }
}

const nothing = (): void => undefined;
const NO_WORLD = {
  bus: { onStreamReborn: () => nothing, streamCreated: () => Promise.reject(new Error('no bus')), onReady: () => nothing },
  announcer: { start: nothing, stop: nothing, announce: async () => undefined },
  timeline: { onRaise: () => nothing, watch: () => nothing },
};

export const connectionFact = (fact: Partial<ConnectionFact> = {}): ConnectionFact => ({
  kind: 'connection', connectionId: 'c1', name: 'one', provider: 'scripted', settings: { server: 's1' }, sealed: {}, paused: false, removed: false, revision: 1, ...fact,
});
export const zoneFact = (fact: Partial<ZoneFact> = {}): ZoneFact => ({
  kind: 'zone', zoneId: 'z1', apex: 'example.com.', provider: 'scripted', connectionId: 'c1', mode: 'write', paused: false, state: 'active', settings: {}, revision: 1, ...fact,
});

/** A name of a command: these IPv4 addresses at this generation; none: a removal. */
export function wish(name: string, generation: number, addresses: readonly string[], rest: Partial<CommandName> = {}): CommandName {
  const rrsets = addresses.length === 0 ? [] : [{ type: 'A' as const, ttl: 300, values: [...addresses].sort() }];
  return { name, timeline: 1, generation, digest: desiredDigest(rrsets), rrsets, priority: 1, vms: ['vm1'], ...rest };
}

export const command = (names: readonly CommandName[], rest: Partial<Command> = {}): Command => ({ zoneId: 'z1', apex: 'example.com.', provider: 'scripted', connectionId: 'c1', names: [...names], ...rest });

const taking = new WeakMap<Replica, Promise<void>>();

/** Hands commands over as the bus does: one batch at a time. */
export function take(replica: Replica, ...commands: readonly Command[]): Promise<void> {
  const taken = (taking.get(replica) ?? Promise.resolve()).then(() => replica.adapter.takeCommands(commands.map((data) => ({ data }))));
  taking.set(replica, taken.catch(() => undefined));
  return taken;
}

/** A door that a test opens. */
export class Door {
  arrived = 0;
  private open: (() => void) | undefined;
  private readonly opened = new Promise<void>((resolve) => { this.open = resolve; });

  async pass(): Promise<void> {
    this.arrived += 1;
    await this.opened;
  }

  unlock(): void {
    this.open?.();
  }
}
