import { Bus, cloudEvent, type RpcClient, rpcClient } from '@vmdns/bus';
import { parseConfig, type RunningService } from '@vmdns/chassis';
import { type Caller, type FactAnswer, type FactRequest, inventoryRpc, type RpcReply, type VmState } from '@vmdns/contracts';
import { ChangeFeed, Store } from '@vmdns/store';
import { until } from '@vmdns/test/support';
import { Config } from '../src/config.js';
import { FactService } from '../src/facts/fact.service.js';
import { startInventory } from '../src/start.js';

export const platform: Caller = { name: 'platform', role: 'publisher', tenant: null };
export const operator: Caller = { name: 'olga', role: 'operator', tenant: null };

/** One process of inventory on a real NATS and a real Postgres. */
export class Replica {
  readonly bus: Bus;
  readonly store: Store;

  private constructor(readonly service: RunningService) {
    this.bus = service.app.get(Bus);
    this.store = service.app.get(Store);
  }

  static async start(of: { readonly nats: string; readonly postgres: string }): Promise<Replica> {
    const config = parseConfig(Config, { NATS_URL: of.nats, DATABASE_URL: of.postgres, LOG_LEVEL: 'silent', INGEST_BYTES_MAX: '100000' });
    const service = await startInventory(config, { handleSignals: false });
    await until(async () => (await fetch(`${service.url}/readyz`)).ok, { withinMs: 20_000, what: 'inventory to be ready' });
    const replica = new Replica(service);
    // Until the server knows our subscriptions, a request finds nobody.
    await replica.bus.connection.current?.nats.flush();
    return replica;
  }

  close(): Promise<void> {
    return this.service.close();
  }

  /** The intake, past the bus: what the process does while NATS is away, or many at once do in one. */
  get facts(): FactService {
    return this.service.app.get(FactService);
  }

  /** Every change that is stored, as the feed tells it; any open transaction of the whole server holds the feed back a while. */
  async changes(): Promise<readonly VmState[]> {
    const feed = new ChangeFeed<VmState>(this.store);
    const [stored] = await this.store.query<{ count: number }>('select count(*) as count from change');
    const page = await until(async () => {
      const found = await feed.after(0, 5000);
      return found.changes.length >= (stored?.count ?? 0) ? found : undefined;
    }, { what: 'the feed to tell every change' });
    return page.changes.map((change) => change.body);
  }
}

/** A publisher and reader beside the replicas, as the gateway would be. */
export class Publisher {
  readonly rpc: RpcClient<typeof inventoryRpc>;

  constructor(readonly bus: Bus) {
    this.rpc = rpcClient(bus, 'inventory', inventoryRpc);
  }

  put(vmId: string, data: object = {}, over: Partial<FactRequest> = {}): Promise<RpcReply<FactAnswer>> {
    return this.say('vmdns.vm.changed.v1', { vmId, addresses: [{ ip: '192.0.2.1' }], ...data }, over);
  }

  delete(vmId: string, data: object = {}, over: Partial<FactRequest> = {}): Promise<RpcReply<FactAnswer>> {
    return this.say('vmdns.vm.deleted.v1', { vmId, ...data }, over);
  }

  ptr(vmId: string, ip: string, hostname: string | null): Promise<RpcReply<FactAnswer>> {
    return this.say('vmdns.address.ptr.v1', { vmId, ip, hostname });
  }

  /** Puts many with one round trip each, all at once. */
  putAll(vmIds: readonly string[], data: (vmId: string) => object): Promise<readonly RpcReply<FactAnswer>[]> {
    return Promise.all(vmIds.map((vmId) => this.put(vmId, data(vmId))));
  }

  /** On the bus; with an inbox where an answer is wanted. */
  async ingest(type: string, data: unknown, over: { readonly subject?: string; readonly replyTo?: string; readonly id?: string; readonly time?: string; readonly source?: string } = {}): Promise<void> {
    const { subject = 'vmdns.ingest.vm', replyTo, source = 'platform', ...extra } = over;
    await this.bus.publish(subject, cloudEvent(type, source, data, extra), replyTo === undefined ? {} : { headers: { 'Vmdns-Reply-To': replyTo } });
  }

  private say(type: string, data: object, over: Partial<FactRequest> = {}): Promise<RpcReply<FactAnswer>> {
    return this.rpc.facts({ type, data, source: 'http:platform', caller: platform, ...over }, { timeoutMs: 10_000 });
  }
}

/** The answer, or a test failure that shows the problem. */
export function valueOf<T>(reply: RpcReply<T>): T {
  if (reply.ok) return reply.value;
  throw new Error(`a problem came back: ${JSON.stringify(reply.problem)}`);
}

export const names = (count: number, prefix = 'vm'): readonly string[] => Array.from({ length: count }, (_, n) => `${prefix}-${n}`);
