import type { Zone } from '@vmdns/contracts';
import type { ServiceName, ServiceProcess } from '@vmdns/local';
import { GatewayClient, startStack, TcpProxy, type FaultProxy, type PowerdnsServer, type Stack } from '../support/index.js';
import { FactBook } from './book.js';
import { Chronicle } from './chronicle.js';
import { picture, placeOf, type Picture, type Rules, type ZoneEntry } from './expected.js';
import { Locks } from './locks.js';

export interface ProviderSite { readonly powerdns: PowerdnsServer; readonly proxy: FaultProxy; readonly connectionId: string }
/** One process with its own ways to NATS and PostgreSQL. */
export interface Replica { readonly process: ServiceProcess; readonly bus: TcpProxy; readonly store: TcpProxy }

/** How many of each run. */
export const REPLICAS = { inventory: 2, planner: 2, log: 2, gateway: 2, 'adapter-powerdns': 4 } as const satisfies Readonly<Partial<Record<ServiceName, number>>>;
export const RULES: Rules = { ownDomains: ['waiting.test.'], ownPrefixes: ['192.0.2.'] };
/** What is tried here is what comes of changes, not who is asked before them (L13). */
export const FREELY = { rehomeShare: 1, removalShare: 1, removalNames: 1_000_000, removalCount: 1_000_000 } as const;
const TTL = { forward: 300, reverse: 3600 };

/** Which zones there are at first, and on which server. The inner one comes and goes, where it does not hide the outer one's names. */
export const INNER = { server: 1, apex: 'inner.alpha.test.' } as const;
const ZONES: readonly { readonly server: number; readonly apex: string }[] = [
  { server: 0, apex: 'alpha.test.' }, { server: 0, apex: '113.0.203.in-addr.arpa.' }, { server: 0, apex: 'both.test.' },
  { server: 1, apex: 'beta.test.' }, { server: 1, apex: 'both.test.' }, { server: 1, apex: '100.51.198.in-addr.arpa.' }, { server: 1, apex: '1.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.' },
];

/** An RRset of others, as PowerDNS takes it. */
export interface ForeignRrset { readonly name: string; readonly type: string; readonly ttl: number; readonly records: readonly { readonly content: string; readonly disabled: boolean }[] }

/** A whole vmdns with two name servers, and the book of what it was told. */
export class World {
  readonly book = new FactBook();
  readonly chronicle = new Chronicle();
  readonly locks = new Locks();
  readonly zones = new Map<string, ZoneEntry & { readonly zoneId: string }>();
  /** By place: what others wrote, as the server gave it back. */
  readonly foreign = new Map<string, unknown>();

  private constructor(readonly stack: Stack, readonly replicas: readonly Replica[], readonly sites: readonly ProviderSite[]) {}

  static async start(): Promise<World> {
    const stack = await startStack({ services: [], postgres: 'own', searched: false, env: { all: { LOG_LEVEL: 'info' } } });
    try {
      const replicas = await startReplicas(stack);
      const second = await stack.secondPowerdns({ rectify: false });
      const sites = [
        { powerdns: stack.powerdns, proxy: stack.proxy, connectionId: (await stack.connect('first')).id },
        { ...second, connectionId: (await stack.connectTo(second.powerdns, { name: 'second', api: second.proxy.url })).id },
      ];
      const world = new World(stack, replicas, sites);
      await stack.gateway.putSettings({ ownDomains: RULES.ownDomains, ownRanges: ['192.0.2.0/24'], brakes: { vmDeletions: { count: 1_000_000 } } });
      for (const { server, apex } of [...ZONES, INNER]) await world.site(server).powerdns.createZone(apex, { apiRectify: false });
      for (const { server, apex } of ZONES) await world.addZone(server, apex);
      return world;
    } catch (error) {
      await stack.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    await this.stack.stop();
    await Promise.all(this.replicas.flatMap(({ bus, store }) => [bus.close(), store.close()]));
  }

  site(server: number): ProviderSite {
    const found = this.sites[server];
    if (found === undefined) throw new RangeError(`there is no server ${server}`);
    return found;
  }

  /** Zones that are on a server and not configured now: nothing of ours may be there. */
  gone(): readonly Pick<ZoneEntry, 'server' | 'apex'>[] {
    return this.zones.has(`${INNER.server}|${INNER.apex}`) ? [] : [INNER];
  }

  all(name: ServiceName): readonly Replica[] {
    return this.replicas.filter((replica) => replica.process.name === name);
  }

  gateway(replica: number): GatewayClient {
    return this.stack.gatewayOf(replica);
  }

  /** What must be, by the book as it is now. */
  picture(): Picture {
    return picture([...this.book.vms.values()], [...this.zones.values()], new Set(this.foreign.keys()), RULES);
  }

  /** The book has changed, by something that was first said at `from`. */
  changed(from: number): void {
    this.chronicle.note(this.picture(), from);
  }

  async addZone(server: number, apex: string, gateway = this.stack.gateway): Promise<Zone> {
    const zone = await gateway.addZone({ name: apex, connectionId: this.site(server).connectionId, limits: FREELY, reconcile: { everySeconds: 60 } });
    this.zones.set(`${server}|${apex}`, { server, apex, zoneId: zone.id, ttl: TTL });
    return zone;
  }

  /** Writes as a person would, past vmdns; from then on it is nobody's but theirs. */
  async byHand(server: number, apex: string, rrset: ForeignRrset): Promise<void> {
    const { powerdns } = this.site(server);
    await powerdns.call('PATCH', `/zones/${apex}`, { rrsets: [{ ...rrset, changetype: 'REPLACE' }] });
    const { rrsets } = await powerdns.call('GET', `/zones/${apex}?rrset_name=${rrset.name}&rrset_type=${rrset.type}`) as { readonly rrsets: readonly unknown[] };
    this.foreign.set(placeOf({ server, apex, name: rrset.name, type: rrset.type }), rrsets[0]);
  }
}

async function startReplicas(stack: Stack): Promise<readonly Replica[]> {
  const wanted = Object.entries(REPLICAS).flatMap(([name, count]) => Array.from({ length: count }, () => name as ServiceName));
  const replicas: Replica[] = [];
  for (const name of wanted) {
    const bus = await TcpProxy.before({ host: '127.0.0.1', port: stack.nats.port });
    const store = await TcpProxy.before({ host: stack.database.host, port: stack.database.port });
    const databaseUrl = store.instead(await stack.database.urlFor(name.replaceAll('-', '_')));
    replicas.push({ process: await stack.add(name, { NATS_URL: bus.instead(stack.nats.url), DATABASE_URL: databaseUrl }, { wait: false }), bus, store });
  }
  await Promise.all(replicas.map(({ process }) => process.ready(120_000)));
  return replicas;
}
