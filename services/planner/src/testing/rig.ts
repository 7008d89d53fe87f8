import { Bus, cloudEvent, rpcClient, silentLog, type RpcClient } from '@vmdns/bus';
import { parseConfig, type RunningService } from '@vmdns/chassis';
import { plannerRpc, streams, subjects, type Announcement, type Caller, type RpcReply, type VmDns, type VmState, type Zone, type ZoneInput } from '@vmdns/contracts';
import { Store } from '@vmdns/store';
import { freshDatabase, startNats, until, type NatsServer, type TestDatabase } from '@vmdns/test/support';
import { connect, JSONCodec, type NatsConnection } from 'nats';
import { Config } from '../config.js';
import { startPlanner } from '../start.js';
import { FakeAdapter } from './fake-adapter.js';

export const ADMIN: Caller = { name: 'ada', role: 'admin', tenant: null };

/** A planner (or several) on real servers, a scripted inventory and a scripted adapter. */
export class Rig {
  readonly planners: RunningService[] = [];
  readonly facts: VmState[] = [];
  private readonly claims = { next: 1 };

  private constructor(readonly nats: NatsServer, readonly database: TestDatabase, readonly bus: Bus, private readonly raw: NatsConnection, readonly store: Store, readonly environment: Readonly<Record<string, string>>) {}

  static async start(overrides: Readonly<Record<string, string>> = {}): Promise<Rig> {
    const nats = await startNats();
    const database = await freshDatabase();
    const url = await database.urlFor('planner');
    const environment = { NATS_URL: nats.url, DATABASE_URL: url, LOG_LEVEL: process.env['RIG_LOG'] ?? 'silent', SWEEP_MS: '50', DATABASE_POOL_MAX: '6', ...overrides };
    const bus = await Bus.connect({ url: nats.url, name: 'rig', log: silentLog });
    await bus.ensureStreams(Object.values(streams));
    const raw = await connect({ servers: nats.url, maxReconnectAttempts: -1, reconnectTimeWait: 100 });
    const store = await Store.open({ url, schema: 'planner', applicationName: 'rig', poolMax: 3 }, []);
    const rig = new Rig(nats, database, bus, raw, store, environment);
    rig.serveInventory();
    return rig;
  }

  /** A planner with a forward and a reverse zone, whose outcomes come from the adapter only: it is not asked again meanwhile. */
  static async withZones(): Promise<{ readonly rig: Rig; readonly adapter: FakeAdapter; readonly reverseZone: Zone }> {
    const rig = await Rig.start({ REISSUE_FIRST_MS: '60000' });
    await rig.planner();
    const adapter = rig.adapter();
    const connection = await rig.connection();
    await rig.zone('example.com', connection);
    return { rig, adapter, reverseZone: await rig.zone('2.0.192.in-addr.arpa', connection) };
  }

  async planner(): Promise<RunningService> {
    const service = await startPlanner(parseConfig(Config, { ...this.environment, INSTANCE: `planner-${this.planners.length}` }), { handleSignals: false });
    this.planners.push(service);
    await until(async () => (await fetch(`${service.url}/readyz`)).ok, { withinMs: 20_000, what: 'a planner that is ready' });
    return service;
  }

  async stop(): Promise<void> {
    await Promise.all(this.planners.map((planner) => planner.close()));
    await this.bus.close();
    await this.raw.close();
    await this.store.close();
    await this.nats.kill();
    await this.database.drop();
  }

  get rpc(): RpcClient<typeof plannerRpc> {
    // Patient, because the machine that runs the tests may be busy.
    return rpcClient({ request: (service, operation, contract, ask) => this.bus.request(service, operation, contract, ask, { timeoutMs: 10_000 }) }, 'planner', plannerRpc);
  }

  adapter(provider = 'memory'): FakeAdapter {
    return new FakeAdapter(this.bus, provider);
  }

  async announce(provider = 'memory', era = 'era-1'): Promise<void> {
    const announcement: Announcement = {
      provider, instance: `${provider}-0`, era, connectionSchema: {}, zoneSchema: {}, publicKey: {}, at: new Date().toISOString(),
      capabilities: { grain: 'rrset', batch: true, types: ['A', 'AAAA', 'PTR', 'CNAME'], ttl: { min: 1, max: 86_400 }, verify: 'api', multiplePtr: true, wildcard: true, classlessReverse: true, overlap: 'harmless', callLifeMs: 1000 },
    };
    await until(async () => {
      this.bus.broadcast(subjects.announce.of(provider), cloudEvent('vmdns.adapter.announced.v1', `/adapter-${provider}`, announcement));
      const known = await this.store.query<{ era: string }>('select era from provider where name = $1', [provider]);
      return known[0]?.era === era;
    }, { what: `provider ${provider} in era ${era}`, everyMs: 50 });
  }

  async connection(provider = 'memory', name = 'main'): Promise<string> {
    await this.announce(provider);
    return value(await this.rpc['connection-add']({ input: { name, provider, settings: { url: 'http://ns1' }, sealed: { apiKey: 'sealed-jwe' } }, caller: ADMIN })).id;
  }

  async zone(name: string, connectionId: string, more: Partial<ZoneInput> = {}): Promise<Zone> {
    return value(await this.rpc['zone-add']({ input: { name, connectionId, ...more }, caller: ADMIN }));
  }

  /** A fact as inventory would give it: the revision rises, each address and name is claimed anew unless given. */
  fact(vmId: string, said: Partial<VmState> & { readonly ips?: readonly string[] } = {}): VmState {
    const before = this.facts.findLast((fact) => fact.vmId === vmId);
    const { ips, ...rest } = said;
    const addresses = (ips ?? before?.addresses.map((address) => address.ip) ?? []).map((ip) => before?.addresses.find((address) => address.ip === ip) ?? { ip, forward: false, ptr: null, customerPtr: null, claim: this.claims.next++ });
    const fact: VmState = {
      vmId, tenant: null, source: 'test', life: 1, uid: null, version: null, deleted: false, fqdn: null, hostname: null, domain: null, shareName: false, nameClaim: null, labels: {},
      ...before, addresses, changedAt: new Date().toISOString(), ...rest, revision: rest.revision ?? (before?.revision ?? 0) + 1,
    };
    if ((fact.fqdn ?? fact.hostname) !== null && fact.nameClaim === null) fact.nameClaim = this.claims.next++;
    this.facts.push(fact);
    return fact;
  }

  async publish(...facts: readonly VmState[]): Promise<void> {
    const results = await this.bus.publishMany(facts.map((fact) => ({ subject: subjects.event.vm(fact.vmId), event: cloudEvent('vmdns.vm.state.v1', '/inventory', fact) })));
    if (results.some((result) => !result.ok)) throw new Error('publishing facts failed');
  }

  /** Publishes and waits until it was planned. */
  async tell(...facts: readonly VmState[]): Promise<void> {
    await this.publish(...facts);
    for (const fact of facts) await this.planned(fact);
  }

  async planned(fact: VmState): Promise<void> {
    await until(async () => (await this.vm(fact.vmId))?.revision === fact.revision, { what: `revision ${fact.revision} of ${fact.vmId} planned` });
  }

  async vm(vmId: string): Promise<{ revision: number } | undefined> {
    return (await this.store.query<{ revision: number }>('select revision from vm where vm_id = $1', [vmId]))[0];
  }

  async dns(vmId: string, minRevision?: number, caller: Caller = ADMIN): Promise<VmDns> {
    return value(await this.rpc['vm-dns']({ vmId, caller, ...(minRevision === undefined ? {} : { minRevision }) }));
  }

  async becomes(vmId: string, state: VmDns['state']): Promise<VmDns> {
    return until(async () => { const dns = await this.dns(vmId); return dns.state === state ? dns : undefined; }, { what: `${vmId} ${state}` });
  }

  async row(zoneId: string, ownerName: string): Promise<NameView | undefined> {
    return (await this.store.query<NameView>('select * from name where zone_id = $1 and owner_name = $2', [zoneId, ownerName]))[0];
  }

  /** A number for the whole content of the planner's tables, but for what only says when something was seen. */
  async contents(): Promise<string> {
    const tables = ['zone_set', 'zone', 'connection', 'vm', 'wish', 'name', 'hold', 'hold_member', 'pause', 'job', 'change', 'removal', 'setting'];
    const sums = await Promise.all(tables.map((table) => this.store.query<{ sum: string }>(`select md5(coalesce(string_agg(ctid::text || ${table}::text, ',' order by ctid), '')) as sum from ${table}`)));
    return sums.map((rows, at) => `${tables[at]}:${rows[0]?.sum}`).join(' ');
  }

  /** How much every stream has ever held. */
  async streamed(): Promise<string> {
    const manager = await this.raw.jetstreamManager();
    const counts = await Promise.all(Object.values(streams).map(async ({ name }) => `${name}:${(await manager.streams.info(name)).state.last_seq}`));
    return counts.join(' ');
  }

  private serveInventory(): void {
    const json = JSONCodec();
    const subscription = this.raw.subscribe(subjects.rpc('inventory', 'changes-after'), { queue: 'inventory' });
    void (async () => {
      for await (const message of subscription) {
        const ask = json.decode(message.data) as { cursor: number; limit: number };
        const changes = this.facts.slice(ask.cursor, ask.cursor + ask.limit).map((body, at) => ({ sequence: ask.cursor + at + 1, key: body.vmId, body }));
        message.respond(json.encode({ ok: true, value: { changes, cursor: ask.cursor + changes.length, more: ask.cursor + changes.length < this.facts.length } }));
      }
    })();
  }
}

export interface NameView {
  readonly desired: readonly { readonly type: string; readonly ttl: number; readonly values: readonly string[] }[];
  readonly generation: number;
  readonly settled_generation: number;
  readonly state: string;
  readonly timeline: number;
  readonly turn: number;
  readonly priority: number;
  readonly vms: readonly string[];
  readonly hold_id: string | null;
  readonly kept: boolean;
}

export function value<T>(reply: RpcReply<T>): T {
  if (!reply.ok) throw new Error(`${reply.problem.status} ${reply.problem.title}: ${JSON.stringify(reply.problem.faults ?? reply.problem.detail)}`);
  return reply.value;
}

export function problem<T>(reply: RpcReply<T>) {
  if (reply.ok) throw new Error('expected a problem');
  return reply.problem;
}
