import { Controller } from '@nestjs/common';
import { OnRequest } from '@vmdns/bus';
import { inventoryRpc, type Caller, type SnapshotStep } from '@vmdns/contracts';
import { type GivenLine, SnapshotService } from './snapshot.service.js';

/** `vmdns.rpc.inventory.snapshot-begin`, `snapshot-add`, `snapshot-close`, `snapshot-step` */
@Controller()
export class SnapshotController {
  constructor(private readonly snapshots: SnapshotService) {}

  @OnRequest('inventory', 'snapshot-begin', inventoryRpc['snapshot-begin'])
  async begin(ask: { source: string; caller: Caller }) {
    return { id: await this.snapshots.begin(ask.source, ask.caller) };
  }

  @OnRequest('inventory', 'snapshot-add', inventoryRpc['snapshot-add'], { concurrency: 2 })
  async add(ask: { id: string; lines: readonly GivenLine[]; caller: Caller }) {
    return { faults: await this.snapshots.add(ask.id, ask.lines, ask.caller) };
  }

  @OnRequest('inventory', 'snapshot-close', inventoryRpc['snapshot-close'])
  async close(ask: { id: string; count: number; caller: Caller }) {
    await this.snapshots.close(ask.id, ask.count, ask.caller);
    return {};
  }

  @OnRequest('inventory', 'snapshot-step', inventoryRpc['snapshot-step'], { concurrency: 2 })
  step(ask: { id: string; caller: Caller }): Promise<SnapshotStep> {
    return this.snapshots.step(ask.id, ask.caller);
  }
}
