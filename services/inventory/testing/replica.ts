import { Bus, cloudEvent, isTransient, type RpcClient, rpcClient } from '@vmdns/bus';
import { parseConfig, type RunningService } from '@vmdns/chassis';
import { type Caller, type FactAnswer, type FactRequest, inventoryRpc, type RpcReply, type VmState } from '@vmdns/contracts';
import { ChangeFeed, Store } from '@vmdns/store';
import { pause, until } from '@vmdns/test/support';
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

  /** One fact past the bus: what the process does while NATS is away, or two processes at once. */
  take(type: string, data: object, source = 'http:platform'): Promise<RpcReply<FactAnswer> | undefined> {
    return patiently(async () => (await this.service.app.get(FactService).answer([{ type, data, source, caller: platform }]))[0]);
  }

  /** Every change that is stored, as the feed tells it; any open transaction of the whole server holds the feed back a while. */
  async changes(): Promise<readonly VmState[]> {
    const [stored] = await this.store.query<{ count: number }>('select count(*) as count from change');
    return until(async () => {
      const told = await this.told();
      return told.length >= (stored?.count ?? 0) ? told : undefined;
    }, { what: 'the feed to tell every change' });
  }

  private async told(): Promise<readonly VmState[]> {
    const feed = new ChangeFeed<VmState>(this.store);
    const states: VmState[] = [];
    for (let cursor = 0, more = true; more;) {
      const page = await feed.after(cursor, 5000);
      states.push(...page.changes.map((change) => change.body));
      ({ cursor, more } = page);
    }
    return states;
  }
}

/** Again while Postgres gives no connection in time: on a busy machine that is no failure of what is tested. */
export function patiently<T>(work: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + 20_000;
  const again = (error: unknown): Promise<T> => {
    if (!isTransient(error) || Date.now() > deadline) throw error;
    return pause(50).then(work).catch(again);
  };
  return work().catch(again);
}

/** Asks as a client does: 503 means ask again. */
function patient(client: RpcClient<typeof inventoryRpc>): RpcClient<typeof inventoryRpc> {
  const entries = Object.entries(client).map(([name, call]) => [name, async (ask: never) => until(async () => {
    const reply = await call(ask, { timeoutMs: 10_000 });
    return reply.ok || reply.problem.status !== 503 ? reply : undefined;
  }, { withinMs: 20_000, everyMs: 100, what: `an answer to ${name}` })]);
  return Object.fromEntries(entries) as RpcClient<typeof inventoryRpc>;
}

/** A publisher and reader beside the replicas, as the gateway would be. */
export class Publisher {
  /** Resends what was answered by 503; `once` does not. */
  readonly rpc: RpcClient<typeof inventoryRpc>;
  readonly once: RpcClient<typeof inventoryRpc>;

  constructor(readonly bus: Bus) {
    this.once = rpcClient(bus, 'inventory', inventoryRpc);
    this.rpc = patient(this.once);
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
    return this.rpc.facts({ type, data, source: 'http:platform', caller: platform, ...over });
  }
}

/** The answer, or a test failure that shows the problem. */
export function valueOf<T>(reply: RpcReply<T>): T {
  if (reply.ok) return reply.value;
  throw new Error(`a problem came back: ${JSON.stringify(reply.problem)}`);
}

export const names = (count: number, prefix = 'vm'): readonly string[] => Array.from({ length: count }, (_, n) => `${prefix}-${n}`);
