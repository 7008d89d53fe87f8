import { Global, type INestMicroservice, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Bus, cloudEvent, JetStreamServer, type RpcClient, rpcClient, silentLog } from '@vmdns/bus';
import { Clock, CONFIG, Log } from '@vmdns/chassis';
import { type Caller, type FactAnswer, type FactRequest, inventoryRpc, type RpcReply, streams, type VmState } from '@vmdns/contracts';
import { ChangeFeed, Store } from '@vmdns/store';
import { InventoryModule } from '../src/inventory.module.js';
import { CreateInventory1764000000000 } from '../src/migrations/create-inventory.migration.js';

export const platform: Caller = { name: 'platform', role: 'publisher', tenant: null };
export const operator: Caller = { name: 'olga', role: 'operator', tenant: null };

/** One process of inventory, without HTTP: the real module on a real NATS and a real Postgres. */
export class Replica {
  private constructor(readonly app: INestMicroservice, readonly bus: Bus, readonly store: Store) {}

  static async start(of: { readonly nats: string; readonly postgres: string }): Promise<Replica> {
    const bus = await Bus.connect({ url: of.nats, name: 'inventory-test' });
    const store = await Store.open({ url: of.postgres, schema: 'inventory', applicationName: 'inventory-test' }, [CreateInventory1764000000000]);
    await Promise.all([bus.ensureStreams(Object.values(streams)).then(() => bus.whenReady(10_000)), store.whenMigrated(20_000)]);
    const values = [[Bus, bus], [Store, store], [Log, silentLog], [Clock, new Clock()], [CONFIG, { INGEST_BYTES_MAX: 100_000 }]] as const;
    @Global()
    @Module({ providers: values.map(([provide, useValue]) => ({ provide, useValue })), exports: values.map(([provide]) => provide) })
    class Platform {}
    @Module({ imports: [Platform, InventoryModule] })
    class Process {}
    const app = await NestFactory.createMicroservice(Process, { strategy: new JetStreamServer({ bus, service: 'inventory' }), logger: false });
    await app.listen();
    // Until the server knows our subscriptions, a request finds nobody.
    await bus.connection.current?.nats.flush();
    return new Replica(app, bus, store);
  }

  async close(): Promise<void> {
    await this.app.close();
    await this.bus.close();
    await this.store.close();
  }

  /** Every change that the feed tells. */
  async changes(): Promise<readonly VmState[]> {
    return (await new ChangeFeed<VmState>(this.store).after(0, 5000)).changes.map((change) => change.body);
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
