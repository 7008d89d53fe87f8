import { Injectable } from '@nestjs/common';
import type { VmState } from '@vmdns/contracts';
import { ChangeFeed, Store, type Tx } from '@vmdns/store';
import { HoldTable } from '../holds/hold.table.js';
import { type AcceptedRevision, drawnClaims, type VmDraft } from './batch-decision.js';
import { VmPublisher } from './vm.publisher.js';
import { toVmState, VmTable } from './vm.table.js';

/** Writes what was decided (VM rows, hold members, change rows, all in the caller's transaction) and says it after the commit. */
@Injectable()
export class DraftWriter {
  private readonly feed: ChangeFeed<VmState>;

  constructor(private readonly vms: VmTable, private readonly holds: HoldTable, private readonly publisher: VmPublisher, store: Store) {
    this.feed = new ChangeFeed<VmState>(store);
  }

  /** Gives the accepted revisions with their real claims, to be said after the commit. Existing rows are locked by the caller. */
  async write(tx: Tx, drafts: readonly VmDraft[], claims: readonly number[]): Promise<readonly AcceptedRevision[]> {
    const touched = drafts.filter((draft) => draft.isTouched).sort((a, b) => (a.vmId < b.vmId ? -1 : 1));
    const revisions = drafts.flatMap((draft) => draft.revisions).map((of) => ({ ...of, state: drawnClaims(of.state, claims) }));
    // They travel together.
    await Promise.all([
      this.holds.writeMembers(tx, touched),
      this.vms.write(tx, touched.flatMap((draft) => (draft.known === null ? [] : [{ draft, known: drawnClaims(draft.known, claims) }]))),
      revisions.length === 0 ? undefined : this.feed.append(tx, revisions.map(({ state }) => ({ key: state.fact.vmId, body: toVmState(state.fact) }))),
    ]);
    return revisions;
  }

  /** After the commit; returns at once. */
  say(revisions: readonly AcceptedRevision[]): void {
    this.publisher.say(revisions);
  }
}
