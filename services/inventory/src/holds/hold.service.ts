import { Injectable } from '@nestjs/common';
import { RpcProblem } from '@vmdns/bus';
import { Clock, Deeds, type NotedDeed } from '@vmdns/chassis';
import type { Caller, HoldDeed } from '@vmdns/contracts';
import { decideFact } from '@vmdns/domain';
import { Store, type Tx } from '@vmdns/store';
import { VmDraft } from '../facts/batch-decision.js';
import { DraftWriter, type Written } from '../facts/draft.writer.js';
import { VmTable } from '../facts/vm.table.js';
import { type BrakeSettings, BrakeTable, lockSource } from './brake.table.js';
import { type HoldRow, HoldTable } from './hold.table.js';

/** VMs deleted per transaction: so that facts about other members never wait long. */
const MEMBERS_PER_TRANSACTION = 500;

export interface Decided { readonly hold: HoldRow; readonly released: number; readonly changed: readonly string[] }

/** What it knows of the time, and tells. */
@Injectable()
export class HoldWorld {
  constructor(readonly clock: Clock, readonly deeds: Deeds, readonly brakes: BrakeTable) {}
}

/** What a person decides about deletions that wait (L13). */
@Injectable()
export class HoldService {
  constructor(
    private readonly store: Store,
    private readonly holds: HoldTable,
    private readonly vms: VmTable,
    private readonly writer: DraftWriter,
    private readonly world: HoldWorld,
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

  async putBrakes(brakes: BrakeSettings, caller: Caller): Promise<void> {
    const { deeds, brakes: table } = this.world;
    deeds.say(await this.store.transaction(async (tx) => {
      await table.storeSettings(tx, brakes);
      return deeds.note(tx, { kind: 'brakes-put', key: 'brakes', what: `the brakes ${JSON.stringify(brakes)}`, by: caller.name, body: brakes });
    }));
  }

  /** Once more what PostgreSQL lost; says how the hold stands instead, where that is not what was rejected. */
  async rejectAgain(tx: Tx, holdId: string, checksum: string, by: string): Promise<'done' | 'changed' | 'decided' | 'gone'> {
    const key = await this.holds.find(tx, holdId);
    if (key === undefined) return 'gone';
    await lockSource(tx, key);
    if (checksum !== await this.holds.checksum(tx, holdId)) return (await this.holds.find(tx, holdId))?.state === 'open' ? 'changed' : 'decided';
    if (await this.holds.decide(tx, holdId, 'rejected', by) === undefined) return 'decided';
    await this.holds.keepAll(tx, holdId);
    return 'done';
  }

  private async decide(holdId: string, state: 'approved' | 'rejected', caller: Caller, checksum: string | undefined, then: (tx: Tx) => Promise<number>): Promise<void> {
    if (caller.role !== 'admin' && caller.role !== 'operator') {
      throw new RpcProblem({ status: 403, code: 'forbidden', title: 'Only an operator or admin may decide a hold.' });
    }
    const key = await this.getHold(holdId);
    const noted = await this.store.transaction(async (tx): Promise<NotedDeed | undefined> => {
      await lockSource(tx, key);
      const list = await this.holds.checksum(tx, holdId);
      if (key.state === 'open' && checksum !== undefined && checksum !== list) {
        throw new RpcProblem({ status: 409, code: 'conflict', title: 'The list has changed since.', detail: 'look at the hold again, then decide with its new checksum' });
      }
      if (await this.holds.decide(tx, holdId, state, caller.name) === undefined) return undefined;
      await then(tx);
      const body: HoldDeed = { holdId, decision: state === 'approved' ? 'approve' : 'reject', checksum: list };
      return this.world.deeds.note(tx, { kind: 'hold-decided', key: `hold:${holdId}`, what: `that the hold ${holdId} (deletions by ${key.source}) was ${state}`, by: caller.name, body });
    });
    if (noted !== undefined) return this.world.deeds.say(noted);
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

  private async releasePortion(tx: Tx, holdId: string, vmIds: readonly string[]): Promise<Written> {
    await this.vms.lock(tx, vmIds);
    const before = await this.vms.read(tx, vmIds);
    const now = this.world.clock.now().toISOString();
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
