import type { Zone } from '@vmdns/contracts';
import type { PostgresServer, ServiceName, ServiceProcess } from '@vmdns/local';
import { startPostgresPair, startStack, TcpProxy, TestDatabase, until, type GatewayClient, type PostgresPair, type Stack } from '@vmdns/test/support';
import { FactBook } from './book.js';
import { Chronicle } from './chronicle.js';
import { picture, placeOf, type Expected, type Limits, type Picture, type Rules, type ZoneEntry } from './expected.js';
import { Locks } from './locks.js';
import { cloudflareSite, hestiacpSite, powerdnsSite, type ForeignRrset, type Site } from './sites.js';

export interface ProviderSite extends Site { readonly connectionId: string }
/** One process with its own ways to NATS and PostgreSQL. */
export interface Replica { readonly process: ServiceProcess; readonly bus: TcpProxy; readonly store: TcpProxy }

/** How many of each run. */
export type Replicas = Readonly<Partial<Record<ServiceName, number>>>;
export const REPLICAS: Replicas = { inventory: 2, planner: 2, log: 2, gateway: 2, 'adapter-powerdns': 4, 'adapter-cloudflare': 2, 'adapter-hestiacp': 2 };
const RULES: Rules = { ownDomains: ['waiting.test.'], ownPrefixes: ['192.0.2.'] };
/** What is tried here is what comes of changes, not who is asked before them (L13). */
export const FREELY = { rehomeShare: 1, removalShare: 1, removalNames: 1_000_000, removalCount: 1_000_000 } as const;
const NEVER = { ...FREELY, removalShare: 0, removalNames: 1 } as const;
export const TTL = { forward: 300, reverse: 3600 };

type NewEntry = Pick<ZoneEntry, 'server' | 'apex' | 'block'>;
/** Zones that come and go within others: one takes names, one addresses (RFC 2317), of which the outer zone then has the pointers. */
export const COMERS: readonly NewEntry[] = [
  { server: 1, apex: 'inner.alpha.test.' },
  { server: 0, apex: '64/26.100.51.198.in-addr.arpa.', block: { prefix: '198.51.100.', first: 64, last: 127 } },
];
/** Those that get limits; of other VMs nobody asks what they may. */
export const TENANTS: readonly string[] = ['red', 'blue'];
/** It is moved from server to server. */
export const MOVED = 'moved.test.';
/** On the first server; nothing goes from the first without a person, and so not from the second either. */
export const BRAKED = { forward: 'braked.test.', reverse: '114.0.203.in-addr.arpa.' } as const;
/** Which zones there are at first, and on which server. */
const ZONES: readonly { readonly server: number; readonly apex: string }[] = [
  { server: 0, apex: 'alpha.test.' }, { server: 0, apex: '113.0.203.in-addr.arpa.' }, { server: 0, apex: 'both.test.' }, { server: 0, apex: MOVED }, { server: 0, apex: BRAKED.forward }, { server: 0, apex: BRAKED.reverse },
  { server: 1, apex: 'beta.test.' }, { server: 1, apex: 'both.test.' }, { server: 1, apex: '100.51.198.in-addr.arpa.' }, { server: 1, apex: '1.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.' },
];
const ZONES_OF_FAKES: typeof ZONES = [
  { server: 2, apex: 'gamma.test.' }, { server: 2, apex: 'both.test.' }, { server: 2, apex: '2.10.in-addr.arpa.' },
  { server: 3, apex: 'delta.test.' }, { server: 3, apex: '3.10.in-addr.arpa.' },
];

/** What operators change. */
interface Setting { readonly zones: ReadonlyMap<string, BookedZone>; readonly limits: ReadonlyMap<string, Limits> }
export interface BookedZone extends ZoneEntry { readonly zoneId: string }

/** A whole vmdns with two name servers, and the book of what it was told. */
export class World {
  readonly book = new FactBook();
  readonly chronicle = new Chronicle();
  readonly locks = new Locks();
  readonly zones = new Map<string, BookedZone>();
  /** What nobody wishes any more and a person wants kept, by place. */
  readonly kept = new Map<string, Expected>();
  /** By tenant. */
  readonly limits = new Map<string, Limits>();
  /** By place: what others wrote, as the server gave it back. */
  readonly foreign = new Map<string, unknown>();

  /** Zones that the servers have, configured or not. */
  private readonly made: NewEntry[] = [];
  private maybe: Setting | undefined;

  /** Facts that were stored, also where only a repeat was told so; and of those that PostgreSQL forgot. */
  facts = 0;
  factsLost = 0;
  private failedOver: TestDatabase | undefined;

  private constructor(readonly stack: Stack, readonly replicas: readonly Replica[], readonly sites: readonly ProviderSite[], private readonly pair: PostgresPair | undefined) {}

  /** `hasStandby`: it can fail over. */
  static async start(wanted: Replicas = REPLICAS, hasStandby = false): Promise<World> {
    const pair = hasStandby ? await startPostgresPair() : undefined;
    const stack = await startStack({ services: [], postgres: pair?.primary ?? 'own', searched: false, env: { all: { LOG_LEVEL: 'info' }, inventory: { SNAPSHOT_APART_SECONDS: '1' } } });
    const sites: Site[] = [];
    try {
      const replicas = await startReplicas(stack, wanted);
      const second = await stack.secondPowerdns({ rectify: false });
      sites.push(powerdnsSite(stack.powerdns, stack.proxy), powerdnsSite(second.powerdns, second.proxy));
      if ((wanted['adapter-cloudflare'] ?? 0) > 0) sites.push(await cloudflareSite(), await hestiacpSite());
      const connected: ProviderSite[] = [];
      for (const [at, site] of sites.entries()) {
        await stack.gateway.announced(site.provider);
        Object.assign(stack.secrets, site.secrets);
        connected.push({ ...site, connectionId: (await stack.gateway.addConnection(`server ${at}`, site.provider, site.settings)).id });
      }
      const world = new World(stack, replicas, connected, pair);
      await stack.gateway.putSettings({ ownDomains: RULES.ownDomains, ownRanges: ['192.0.2.0/24'], brakes: { vmDeletions: { count: 1_000_000 } } });
      const zones = [...ZONES, ...sites.length > 2 ? ZONES_OF_FAKES : []];
      const destinations = [...world.sites.keys()].filter((server) => server > 0 && world.site(server).bearsOthers).map((server): NewEntry => ({ server, apex: MOVED }));
      for (const entry of [...zones, ...COMERS, ...destinations]) {
        await world.site(entry.server).makeZone(entry.apex);
        world.made.push(entry);
      }
      for (const { server, apex } of zones) await world.addZone(server, apex);
      return world;
    } catch (error) {
      await stack.stop();
      await Promise.all([...sites.map((site) => site.stop()), pair?.standby.stop(), pair?.between.close()]);
      throw error;
    }
  }

  async stop(): Promise<void> {
    await this.stack.stop();
    await Promise.all([...this.replicas.flatMap(({ bus, store }) => [bus.close(), store.close()]), ...this.sites.map((site) => site.stop()), this.pair?.standby.stop(), this.pair?.between.close()]);
  }

  /** Of the server that leads. */
  get database(): TestDatabase {
    return this.failedOver ?? this.stack.database;
  }

  get postgres(): PostgresServer {
    const { postgres } = this.stack;
    if (postgres === undefined) throw new Error('chaos needs a PostgreSQL of its own');
    return this.failedOver === undefined ? postgres : this.pair?.standby ?? postgres;
  }

  get hasFailedOver(): boolean {
    return this.failedOver !== undefined;
  }

  /** The primary is killed, and the standby promoted without what was stored in its last `lostMs`. */
  async failOver(lostMs: number): Promise<void> {
    const { pair, stack } = this;
    if (pair === undefined) throw new Error('there is no standby');
    await Promise.all(this.replicas.map(({ process }) => process.ready()));
    const database = new TestDatabase(pair.standby.url(), stack.database.name);
    const [at] = await stack.database.query<{ lsn: string }>('select pg_current_wal_lsn()::text as lsn');
    await until(async () => (await database.query<{ there: boolean }>('select pg_last_wal_replay_lsn() >= $1::pg_lsn as there', [at?.lsn]))[0]?.there === true, { withinMs: 30_000, what: 'the standby to have all' });
    pair.between.pause();
    const before = this.facts;
    await new Promise((resolve) => { setTimeout(resolve, lostMs); });
    this.factsLost += this.facts - before;
    await pair.primary.kill();
    await database.query('select pg_promote(true, 60)');
    this.failedOver = database;
    this.chronicle.again(Date.now());
    for (const proxy of [stack.postgresProxy, ...this.replicas.map(({ store }) => store)]) {
      proxy.leadTo({ host: '127.0.0.1', port: pair.standby.port });
      proxy.cut();
    }
    await Promise.all(this.replicas.map(({ process }) => process.ready()));
    // Until then the streams alone know the lost seconds: who wipes them meanwhile takes the last witness away.
    await until(async () => {
      const [told] = await database.query<{ all: boolean }>('select bool_and(t.timeline >= s.timeline) and max(s.timeline) > 1 as all from vmdns_shared.timeline_told t, vmdns_shared.timeline s');
      return told?.all === true;
    }, { withinMs: 60_000, what: 'every service to have read back what PostgreSQL lost' });
  }

  /** Where VMs may have names, without the dot. */
  get domains(): readonly string[] {
    return [...this.zones.values()].map(({ apex }) => apex).filter((apex) => !apex.endsWith('.arpa.') && apex !== BRAKED.forward).map((apex) => apex.slice(0, -1));
  }

  site(server: number): ProviderSite {
    const found = this.sites[server];
    if (found === undefined) throw new RangeError(`there is no server ${server}`);
    return found;
  }

  /** Zones that are on a server and not configured now: nothing of ours may be there. */
  gone(): readonly NewEntry[] {
    return this.made.filter(({ server, apex }) => !this.zones.has(`${server}|${apex}`));
  }

  /** Where it is now. */
  moved(): BookedZone {
    const found = [...this.zones.values()].find(({ apex }) => apex === MOVED);
    if (found === undefined) throw new Error(`nobody has ${MOVED}`);
    return found;
  }

  /** Where it may be. */
  destinations(): readonly number[] {
    return this.made.filter(({ apex }) => apex === MOVED).map(({ server }) => server);
  }

  all(name: ServiceName): readonly Replica[] {
    return this.replicas.filter((replica) => replica.process.name === name);
  }

  gateway(replica: number): GatewayClient {
    return this.stack.gatewayOf(replica % this.all('gateway').length);
  }

  /** What must be, by the book as it is now. */
  picture(): Picture {
    const wished = this.pictured(this);
    return { ...wished, rrsets: new Map([...this.kept, ...wished.rrsets]) };
  }

  /** The book has changed, by something that was first said at `from`. */
  changed(from: number): void {
    if (this.maybe !== undefined) this.chronicle.note(this.pictured(this.maybe), from);
    this.chronicle.note(this.pictured(this), from);
  }

  /** While it is not known whether a change was made, things may be so or so. Who tries books afterwards what it came to. */
  async trying<T>(after: Partial<Setting>, work: () => Promise<T>): Promise<T> {
    this.maybe = { zones: this.zones, limits: this.limits, ...after };
    this.changed(Date.now());
    return work().finally(() => { this.maybe = undefined; });
  }

  private pictured({ zones, limits }: Setting): Picture {
    return picture([...this.book.vms.values()], [...zones.values()], new Set(this.foreign.keys()), { ...RULES, limits });
  }

  async addZone(server: number, apex: string, gateway = this.stack.gateway): Promise<Zone> {
    const zone = await gateway.addZone({ name: apex, connectionId: this.site(server).connectionId, limits: apex === BRAKED.forward ? NEVER : FREELY, reconcile: { everySeconds: 60 } });
    this.zones.set(`${server}|${apex}`, { server, apex, zoneId: zone.id, ttl: TTL });
    return zone;
  }

  /** Writes as a person would, past vmdns; from then on it is nobody's but theirs. */
  async byHand(server: number, apex: string, rrset: ForeignRrset): Promise<void> {
    const site = this.site(server);
    await site.byHand(apex, rrset);
    const held = (await site.held(apex)).find(({ name, type }) => name === rrset.name && type === rrset.type);
    this.foreign.set(placeOf({ server, apex, name: rrset.name, type: rrset.type }), held?.raw);
  }
}

async function startReplicas(stack: Stack, wanted: Replicas): Promise<readonly Replica[]> {
  const names = Object.entries(wanted).flatMap(([name, count]) => Array.from({ length: count ?? 0 }, () => name as ServiceName));
  const replicas: Replica[] = [];
  for (const name of names) {
    const bus = await TcpProxy.before({ host: '127.0.0.1', port: stack.nats.port });
    const store = await TcpProxy.before({ host: stack.database.host, port: stack.database.port });
    const databaseUrl = store.instead(await stack.database.urlFor(name.replaceAll('-', '_')));
    replicas.push({ process: await stack.add(name, { NATS_URL: bus.instead(stack.nats.url), DATABASE_URL: databaseUrl }, { wait: false }), bus, store });
  }
  await Promise.all(replicas.map(({ process }) => process.ready(120_000)));
  return replicas;
}
