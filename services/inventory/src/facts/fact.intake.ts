import { Injectable } from '@nestjs/common';
import { TransientError } from '@vmdns/bus';
import { Clock } from '@vmdns/chassis';
import type { KnownVm } from '@vmdns/domain';
import { Store, type Tx } from '@vmdns/store';
import { type BrakedDeletion, keyText, OPEN_ROAD } from '../holds/brake.js';
import { BrakeTable } from '../holds/brake.table.js';
import { type BatchDecision, decideBatch, drawnClaims, type Verdict } from './batch-decision.js';
import { DraftWriter, type Written } from './draft.writer.js';
import type { AdmittedFact } from './fact-door.js';
import { RacedInsert, type VmRead, VmTable } from './vm.table.js';

/** Above every claim that was drawn; the sequence does not get there. */
const UNDRAWN = 2 ** 52;

/** What facts would come to; nothing of it is stored. */
export interface Preview {
  /** In the order of the facts. */
  readonly verdicts: readonly Verdict[];
  /** VMs that would change, each once. */
  readonly states: readonly KnownVm[];
}

/** Another replica may create the same VMs at the same time; each time at least one of both wins. */
const RACES_MAX = 5;

/** The one path of every fact, however it came in (ARCHITECTURE §2). */
@Injectable()
export class FactIntake {
  /** What is being taken now, by VM. */
  private readonly running = new Map<string, Promise<unknown>>();

  constructor(
    private readonly store: Store,
    private readonly vms: VmTable,
    private readonly brakes: BrakeTable,
    private readonly writer: DraftWriter,
    private readonly clock: Clock,
  ) {}

  /**
   * Facts about one VM count in the order in which they came, also where batches overtake each other: a call that was
   * given up as unanswered may be carried out late, and must not undo the one that its caller sent instead.
   */
  async take(facts: readonly AdmittedFact[]): Promise<readonly Verdict[]> {
    const vmIds = [...new Set(facts.map((fact) => fact.incoming.vmId))];
    const before = vmIds.flatMap((vmId) => this.running.get(vmId) ?? []);
    const taking = before.length === 0 ? this.takeNow(facts) : Promise.allSettled(before).then(() => this.takeNow(facts));
    for (const vmId of vmIds) this.running.set(vmId, taking);
    try {
      return await taking;
    } finally {
      for (const vmId of vmIds) if (this.running.get(vmId) === taking) this.running.delete(vmId);
    }
  }

  /**
   * Decides and stores a batch; the verdicts are in the order of the facts, given after the commit. Facts that change
   * nothing cost one read for all of them together (L12); only VMs that change are locked and written. Where all that
   * changes is that VMs come, one more statement stores them.
   */
  private async takeNow(facts: readonly AdmittedFact[]): Promise<readonly Verdict[]> {
    if (facts.length === 0) return [];
    const now = this.clock.now();
    const { seen, first, born } = await this.store.visit(async (tx) => {
      const { vms, claims, forgotten } = await this.vms.look(tx, needsOf(facts));
      this.writer.expectTold();
      const decision = decideBatch({ facts, before: vms, forgotten, brakeOf: () => OPEN_ROAD, now });
      return { seen: vms, first: decision, born: await this.bear(tx, decision, claims, earliestOf(facts)) };
    });
    if (born !== undefined) {
      this.writer.say(born);
      return first.verdicts;
    }
    const changing = facts.flatMap((fact, at) => (first.drafts.get(fact.incoming.vmId)?.isTouched === true ? [{ fact, at }] : []));
    if (changing.length === 0) return first.verdicts;
    const { decision, written } = await this.storeChanges(changing.map(({ fact }) => fact), seen, first.claims, now);
    this.writer.say(written);
    const stored = new Map(changing.map(({ at }, nth) => [at, decision.verdicts[nth]]));
    return first.verdicts.map((verdict, at) => stored.get(at) ?? verdict);
  }

  /**
   * What `take` would decide now, and what the VMs would be: reads, and waits for the brakes of the sources that delete.
   * Claims that would be drawn are above all that were.
   */
  async preview(facts: readonly AdmittedFact[]): Promise<Preview> {
    const before = await this.vms.read(this.store, [...new Set(facts.map((fact) => fact.incoming.vmId))]);
    const now = this.clock.now();
    const decision = await this.store.transaction(async (tx) => {
      const brakes = await this.brakes.load(tx, deletionsOf(facts));
      return decideBatch({ facts, before, forgotten: await this.vms.forgotten(tx), brakeOf: (key) => brakes.get(keyText(key)) ?? OPEN_ROAD, now });
    });
    const claims = Array.from({ length: decision.claims }, (_, at) => UNDRAWN + at);
    const states = [...decision.drafts.values()].flatMap(({ revisions }) => revisions.slice(-1)).map(({ state }) => drawnClaims(state, claims));
    return { verdicts: decision.verdicts, states };
  }

  /** Stores what was decided without a lock, where it is births alone; undefined: it is more than that, another replica was faster, or some of it came too late. */
  private async bear(tx: Tx, { drafts }: BatchDecision, claims: readonly number[], before: number | undefined): Promise<Written | undefined> {
    const touched = [...drafts.values()].filter((draft) => draft.isTouched);
    if (touched.length === 0 || !touched.every((draft) => draft.isBirth)) return undefined;
    try {
      return await this.writer.bear(tx, touched, claims, before);
    } catch (error) {
      if (error instanceof RacedInsert) return undefined;
      throw error;
    }
  }

  /** `claims`: so many are needed if nothing has changed since `seen`. */
  private async storeChanges(facts: readonly AdmittedFact[], seen: ReadonlyMap<string, VmRead>, claims: number, now: Date): Promise<Stored> {
    for (let race = 1; race <= RACES_MAX; race += 1) {
      try {
        return await this.store.transaction((tx) => this.decideAndWrite(tx, facts, seen, claims, now));
      } catch (error) {
        if (!(error instanceof RacedInsert)) throw error;
      }
    }
    throw new TransientError(`storing ${facts.length} facts: other replicas kept creating the same VMs`);
  }

  private async decideAndWrite(tx: Tx, facts: readonly AdmittedFact[], seen: ReadonlyMap<string, VmRead>, claims: number, now: Date): Promise<Stored> {
    const vmIds = [...new Set(facts.map((fact) => fact.incoming.vmId))].sort();
    // Drawn when the locks are held, so that of two facts about an address the later one has the higher claim.
    const [marks, drawn, { forgotten, time }] = await Promise.all([this.vms.lock(tx, vmIds), this.vms.drawClaims(tx, claims), this.vms.forgottenAndTime(tx)]);
    const stale = vmIds.filter((vmId) => marks.get(vmId) !== seen.get(vmId)?.mark);
    const before = stale.length === 0 ? seen : new Map([...seen, ...await this.vms.read(tx, stale)]);
    // With the rows in hand: whatever is accepted about these VMs instead, by another replica, is stored after this.
    const isLate = (fact: AdmittedFact): boolean => fact.before !== undefined && fact.before < time;
    const brakes = await this.brakes.load(tx, deletionsOf(facts.filter((fact) => !isLate(fact))));
    const decision = decideBatch({ facts, before, forgotten, brakeOf: (key) => brakes.get(keyText(key)) ?? OPEN_ROAD, now, isLate });
    await this.brakes.store(tx, [...brakes.values()]);
    const more = await this.vms.drawClaims(tx, Math.max(0, decision.claims - drawn.length));
    const written = await this.writer.write(tx, [...decision.drafts.values()], [...drawn, ...more]);
    return { decision, written };
  }
}

/** When the first of them is too late. */
function earliestOf(facts: readonly AdmittedFact[]): number | undefined {
  const ends = facts.flatMap((fact) => fact.before ?? []);
  return ends.length === 0 ? undefined : Math.min(...ends);
}

interface Stored { readonly decision: BatchDecision; readonly written: Written }

/** How many claims each VM may need that is new: one for its name, one for each address. */
function needsOf(facts: readonly AdmittedFact[]): ReadonlyMap<string, number> {
  const needs = new Map<string, number>();
  for (const { incoming } of facts) {
    const more = incoming.kind === 'changed' ? 1 + incoming.said.addresses.length : 0;
    needs.set(incoming.vmId, (needs.get(incoming.vmId) ?? 0) + more);
  }
  return needs;
}

const deletionsOf = (facts: readonly AdmittedFact[]): readonly BrakedDeletion[] => facts.flatMap(({ incoming: { kind, source }, brake }) => (kind === 'deleted' ? [{ ...brake, named: source }] : []));
