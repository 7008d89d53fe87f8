import { Injectable } from '@nestjs/common';
import { TransientError } from '@vmdns/bus';
import { Deeds, type NotedDeed } from '@vmdns/chassis';
import type { VmState } from '@vmdns/contracts';
import { ChangeFeed, Store, Timeline, type Tx } from '@vmdns/store';
import { HoldTable } from '../holds/hold.table.js';
import { type AcceptedRevision, drawnClaims, type VmDraft } from './batch-decision.js';
import { VmPublisher } from './vm.publisher.js';
import { toVmState, VmTable } from './vm.table.js';

/** What is to be said after the commit: accepted revisions with their real claims, and deletions that wait. */
export interface Written { readonly revisions: readonly AcceptedRevision[]; readonly noted: readonly NotedDeed[] }

/** What it waits for, and tells. */
@Injectable()
export class WriterWorld {
  constructor(readonly timeline: Timeline, readonly deeds: Deeds) {}
}

/** Writes what was decided (VM rows, hold members, change rows, all in the caller's transaction) and says it after the commit. */
@Injectable()
export class DraftWriter {
  private readonly feed: ChangeFeed<VmState>;

  constructor(private readonly vms: VmTable, private readonly holds: HoldTable, private readonly publisher: VmPublisher, private readonly world: WriterWorld, store: Store) {
    this.feed = new ChangeFeed<VmState>(store);
  }

  /**
   * Of VMs that nobody knew: one statement, which commits by itself. Gives what is to be said. Throws RacedInsert, and
   * then nothing is written, when another replica was faster or it is too late.
   */
  async bear(tx: Tx, drafts: readonly VmDraft[], claims: readonly number[], before: number | undefined): Promise<Written> {
    this.expectTold();
    const born = drafts.flatMap((draft) => draft.revisions.map(({ state, traceparent }) => {
      const known = drawnClaims(state, claims);
      return { draft, known, traceparent, json: JSON.stringify(known.fact) };
    }));
    await this.vms.bear(tx, born, before);
    return { revisions: born.map(({ known, traceparent, json }) => ({ state: known, traceparent, json })), noted: [] };
  }

  /** Gives what is to be said after the commit. Existing rows are locked by the caller. */
  async write(tx: Tx, drafts: readonly VmDraft[], claims: readonly number[]): Promise<Written> {
    this.expectTold();
    return this.put(tx, drafts, claims);
  }

  /** A new revision must be above those that a failover may have lost, and nothing is refused by what it has forgotten. Asked when the connection is there that will be written to. */
  expectTold(): void {
    if (!this.world.timeline.isTold) throw new TransientError('storing facts: what PostgreSQL may have lost is being read back');
  }

  /** The same for what was lost, which brings its revisions and claims. */
  restore(tx: Tx, drafts: readonly VmDraft[]): Promise<Written> {
    return this.put(tx, drafts, []);
  }

  private async put(tx: Tx, drafts: readonly VmDraft[], claims: readonly number[]): Promise<Written> {
    const touched = drafts.filter((draft) => draft.isTouched).sort((a, b) => (a.vmId < b.vmId ? -1 : 1));
    const revisions = drafts.flatMap((draft) => draft.revisions).map((of) => ({ ...of, state: drawnClaims(of.state, claims) }));
    // They travel together.
    const [noted] = await Promise.all([
      this.holds.writeMembers(tx, touched),
      this.vms.write(tx, touched.flatMap((draft) => (draft.known === null ? [] : [{ draft, known: drawnClaims(draft.known, claims) }]))),
      revisions.length === 0 ? undefined : this.feed.append(tx, revisions.map(({ state }) => ({ key: state.fact.vmId, body: toVmState(state.fact) }))),
    ]);
    return { revisions, noted };
  }

  /** After the commit; returns at once. */
  say({ revisions, noted }: Written): void {
    this.publisher.say(revisions);
    this.world.deeds.say(...noted);
  }
}
