import { Controller, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Bus, OnRequest } from '@vmdns/bus';
import { Log, Recurring } from '@vmdns/chassis';
import { inventoryRpc, type VmState, type VmView } from '@vmdns/contracts';
import { ChangeFeed, type FeedPage, Store } from '@vmdns/store';
import type { z } from 'zod';
import { VmQuery } from './vm.query.js';

type AskOf<K extends keyof typeof inventoryRpc> = z.output<(typeof inventoryRpc)[K]['ask']>;
type AnswerOf<K extends keyof typeof inventoryRpc> = z.input<(typeof inventoryRpc)[K]['answer']>;
const PARTITIONS_EVERY_MS = 6 * 3_600_000;

/** `vmdns.rpc.inventory.vm-get`, `vm-find`, `changes-after`, `standing` */
@Controller()
export class VmController implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly feed: ChangeFeed<VmState>;
  private readonly partitioning: Recurring;

  constructor(private readonly vms: VmQuery, private readonly bus: Bus, log: Log, store: Store) {
    this.feed = new ChangeFeed<VmState>(store);
    this.partitioning = new Recurring({ store, log, everyMs: PARTITIONS_EVERY_MS, what: 'making partitions of the change feed', work: () => this.feed.ensurePartitions() });
  }

  onApplicationBootstrap(): void {
    this.partitioning.start();
  }

  onApplicationShutdown(): void {
    this.partitioning.stop();
  }

  @OnRequest('inventory', 'vm-get', inventoryRpc['vm-get'])
  get(ask: AskOf<'vm-get'>): Promise<VmView> {
    return this.vms.get(ask.vmId, ask.caller);
  }

  @OnRequest('inventory', 'vm-find', inventoryRpc['vm-find'])
  find(ask: AskOf<'vm-find'>): Promise<AnswerOf<'vm-find'>> {
    return this.vms.find(ask);
  }

  /** Rows whose transactions have all ended: the way by which nothing is ever lost (L1). */
  @OnRequest('inventory', 'changes-after', inventoryRpc['changes-after'], { concurrency: 2 })
  async changesAfter(ask: AskOf<'changes-after'>): Promise<AnswerOf<'changes-after'>> {
    const page: FeedPage<VmState> = await this.feed.after(ask.cursor, ask.limit, ask.topic);
    return { ...page, changes: [...page.changes] };
  }

  @OnRequest('inventory', 'standing', inventoryRpc.standing)
  async standing(): Promise<AnswerOf<'standing'>> {
    const facts = await this.bus.backlog('INGEST', 'inventory');
    return { lag: facts === undefined ? {} : { facts } };
  }
}
