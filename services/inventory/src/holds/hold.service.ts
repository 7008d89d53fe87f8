import { Injectable } from '@nestjs/common';
import { RpcProblem } from '@vmdns/bus';
import { Clock } from '@vmdns/chassis';
import type { Caller } from '@vmdns/contracts';
import { decideFact } from '@vmdns/domain';
import { Store, type Tx } from '@vmdns/store';
import { type AcceptedRevision, VmDraft } from '../facts/batch-decision.js';
import { DraftWriter } from '../facts/draft.writer.js';
import { VmTable } from '../facts/vm.table.js';
import { lockSource } from './brake.table.js';
import { type HoldRow, HoldTable } from './hold.table.js';

/** VMs deleted per transaction: so that facts about other members never wait long. */
const MEMBERS_PER_TRANSACTION = 500;

export interface Decided { readonly hold: HoldRow; readonly released: number; readonly changed: readonly string[] }

/** What a person decides about deletions that wait (L13). */
@Injectable()
export class HoldService {
  constructor(
    private readonly store: Store,
    private readonly holds: HoldTable,
    private readonly vms: VmTable,
    private readonly writer: DraftWriter,
    private readonly clock: Clock,
  ) {}

  /** Rejecting keeps every VM that waits. */
  async reject(holdId: string, caller: Caller, checksum?: string): Promise<Decided> {
    await this.decide(holdId, 'rejected', caller, checksum, (tx) => this.holds.keepAll(tx, holdId));
    return { hold: await this.getHold(holdId), released: 0, changed: [] };
  }

  /**
   * Deletes exactly the members that are as their deletion met them, and names the others. First nothing can join any
   * more, then the members go in portions; what a crash leaves over, `carryOn` does.
   */
  async approve(holdId: string, caller: Caller, checksum?: string): Promise<Decided> {
    await this.decide(holdId, 'approved', caller, checksum, () => Promise.resolve(0));
    await this.release(holdId);
    const members = await this.holds.members(this.store, holdId, Number.MAX_SAFE_INTEGER, '');
    return {
      hold: await this.getHold(holdId),
      released: members.filter((member) => member.state === 'released').length,
      changed: members.filter((member) => member.state === 'changed').map((member) => member.vm_id),
    };
  }

  /** Finishes what a process that died had approved. May run twice, also in two replicas at once. */
  async carryOn(): Promise<void> {
    for (const holdId of await this.holds.unfinished(this.store)) await this.release(holdId);
  }

  async getHold(holdId: string): Promise<HoldRow> {
    const hold = await this.holds.find(this.store, holdId);
    if (hold === undefined) throw new RpcProblem({ status: 404, code: 'not-found', title: 'There is no such hold.', detail: holdId });
    return hold;
  }

  private async decide(holdId: string, state: 'approved' | 'rejected', caller: Caller, checksum: string | undefined, then: (tx: Tx) => Promise<number>): Promise<void> {
    if (caller.role !== 'admin' && caller.role !== 'operator') {
      throw new RpcProblem({ status: 403, code: 'forbidden', title: 'Only an operator or admin may decide a hold.' });
    }
    const key = await this.getHold(holdId);
    const decided = await this.store.transaction(async (tx) => {
      await lockSource(tx, key);
      if (key.state === 'open' && checksum !== undefined && checksum !== await this.holds.checksum(tx, holdId)) {
        throw new RpcProblem({ status: 409, code: 'conflict', title: 'The list has changed since.', detail: 'look at the hold again, then decide with its new checksum' });
      }
      const was = await this.holds.decide(tx, holdId, state, caller.name);
      if (was !== undefined) await then(tx);
      return was;
    });
    if (decided !== undefined) return;
    const hold = await this.getHold(holdId);
    // The same decision again is a repeat (an answer that was lost): it is answered as the first time.
    if (hold.state === state) return;
    throw new RpcProblem({ status: 409, code: 'conflict', title: `This hold is already ${hold.state}.`, detail: `by ${hold.decided_by ?? 'somebody'} at ${hold.decided_at?.toISOString() ?? 'some time'}` });
  }

  private async release(holdId: string): Promise<void> {
    for (;;) {
      const portion = await this.holds.members(this.store, holdId, MEMBERS_PER_TRANSACTION, '', 'waiting');
      if (portion.length === 0) return;
      this.writer.say(await this.store.transaction((tx) => this.releasePortion(tx, holdId, portion.map((member) => member.vm_id))));
    }
  }

  private async releasePortion(tx: Tx, holdId: string, vmIds: readonly string[]): Promise<readonly AcceptedRevision[]> {
    await this.vms.lock(tx, vmIds);
    const before = await this.vms.read(tx, vmIds);
    const now = this.clock.now().toISOString();
    const drafts: VmDraft[] = [];
    for (const vmId of vmIds) {
      const vm = before.get(vmId);
      const { known = null, waiting = null } = vm ?? {};
      if (vm === undefined || known === null || waiting?.state !== 'waiting' || waiting.holdId !== holdId) continue;
      if (known.fact.life !== waiting.life || known.fact.revision !== waiting.revision) continue;
      const decision = decideFact({ known, incoming: waiting.deletion, now });
      if (decision.kind !== 'accept') continue;
      const draft = new VmDraft(vmId, vm);
      draft.known = decision.next;
      draft.waiting = null;
      // A person let it go: the planner's brake asks nobody again.
      draft.revisions.push({ state: { ...decision.next, fact: { ...decision.next.fact, approvedBy: holdId } }, traceparent: undefined });
      drafts.push(draft);
    }
    // Settled before the drafts are written: a draft without `waiting` would else be noted as one that left.
    const deleted = new Set(drafts.map((draft) => draft.vmId));
    await this.holds.settle(tx, holdId, [...deleted], 'released');
    await this.holds.settle(tx, holdId, vmIds.filter((vmId) => !deleted.has(vmId)), 'changed');
    return this.writer.write(tx, drafts, []);
  }
}
