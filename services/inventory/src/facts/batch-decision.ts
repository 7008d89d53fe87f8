import type { Caller } from '@vmdns/contracts';
import { claimsNeeded, decideFact, type FactDecision, type Fault, type Forgotten, type Incoming, type KnownVm, NONE_FORGOTTEN, withClaims } from '@vmdns/domain';
import type { BrakeKey, SourceBrake } from '../holds/brake.js';
import { type DeletionFact, isProvablyOlder, isSameDeletion, meansAlive, type WaitingDeletion } from '../holds/waiting-deletion.js';
import type { AdmittedFact } from './fact-door.js';
import { assertNever } from '../assert-never.js';

/** What is stored of one VM id before the batch. */
export interface VmBefore {
  readonly known: KnownVm | null;
  /** The deletion of this VM that waits for a person, or that a person decided to ignore. */
  readonly waiting: WaitingDeletion | null;
}

/** What becomes of one fact of the batch. */
export type Verdict =
  | { readonly kind: 'accepted'; readonly state: KnownVm }
  | { readonly kind: 'held'; readonly state: KnownVm; readonly holdId: string; readonly text: string }
  | { readonly kind: 'ignored'; readonly decision: Extract<FactDecision, { kind: 'ignore' }> }
  | { readonly kind: 'conflict'; readonly text: string }
  | { readonly kind: 'no-such-address'; readonly faults: readonly Fault[] }
  | { readonly kind: 'foreign' }
  /** Whoever asked has given up. */
  | { readonly kind: 'late' };

/** A revision that was accepted: a change row and an event. */
export interface AcceptedRevision {
  readonly state: KnownVm;
  readonly traceparent: string | undefined;
  /** The state as it travels, where it was written already. */
  readonly json?: string;
}

/** What one VM has become by the batch. */
export class VmDraft {
  known: KnownVm | null;
  waiting: WaitingDeletion | null;
  readonly revisions: AcceptedRevision[] = [];

  constructor(readonly vmId: string, readonly before: VmBefore) {
    this.known = before.known;
    this.waiting = before.waiting;
  }

  /** Whether anything of this VM is to be written. */
  get isTouched(): boolean {
    return this.known !== this.before.known || this.waiting !== this.before.waiting;
  }

  /** Whether all that happened is that a VM has come which nobody knew. */
  get isBirth(): boolean {
    return this.before.known === null && this.waiting === null && this.revisions.length === 1 && this.known?.fact.deleted === false;
  }
}

export interface BatchDecision {
  /** In the order of the facts. */
  readonly verdicts: readonly Verdict[];
  readonly drafts: ReadonlyMap<string, VmDraft>;
  /** How many claims are to be drawn; until then they stand as −1, −2, … (`drawClaims`). */
  readonly claims: number;
}

export interface BatchQuestion {
  readonly facts: readonly AdmittedFact[];
  readonly before: ReadonlyMap<string, VmBefore>;
  readonly forgotten?: Forgotten;
  readonly brakeOf: (key: BrakeKey) => SourceBrake;
  readonly now: Date;
  /** What came too late, by PostgreSQL's clock: it is as if it had not come. */
  readonly isLate?: (fact: AdmittedFact) => boolean;
}

/**
 * Decides a whole batch in memory, in the order of arrival, so that several facts of one VM see each other. Calls
 * nothing but the brakes, which count what they let pass.
 */
export function decideBatch({ facts, before, forgotten = NONE_FORGOTTEN, brakeOf, now, isLate = () => false }: BatchQuestion): BatchDecision {
  const drafts = new Map<string, VmDraft>();
  let claims = 0;
  const draw = (state: KnownVm): KnownVm => {
    const needed = claimsNeeded(state.fact);
    return needed === 0 ? state : withClaims(state, Array.from({ length: needed }, () => -(claims += 1)));
  };
  const verdicts = facts.map((fact): Verdict => {
    if (isLate(fact)) return { kind: 'late' };
    const { vmId } = fact.incoming;
    const draft = drafts.get(vmId) ?? new VmDraft(vmId, before.get(vmId) ?? { known: null, waiting: null });
    drafts.set(vmId, draft);
    return decideOne(draft, fact, { brakeOf, now, draw, forgotten });
  });
  return { verdicts, drafts, claims };
}

interface Means {
  readonly brakeOf: (key: BrakeKey) => SourceBrake;
  readonly now: Date;
  readonly draw: (state: KnownVm) => KnownVm;
  readonly forgotten: Forgotten;
}

function decideOne(draft: VmDraft, { incoming, caller, brake, traceparent }: AdmittedFact, means: Means): Verdict {
  if (isForeign(draft.known, caller, incoming)) return { kind: 'foreign' };
  const decision = decideFact({ known: draft.known, incoming, now: means.now.toISOString(), forgotten: means.forgotten });
  switch (decision.kind) {
    case 'conflict': return { kind: 'conflict', text: decision.text };
    case 'no-such-address': return decision;
    case 'ignore': return ignore(draft, incoming, decision);
    case 'accept': {
      if (decision.change === 'deleted' && incoming.kind === 'deleted' && draft.known !== null) {
        const stopped = stopDeletion(draft, draft.known, { deletion: incoming, brake }, means);
        if (stopped !== null) return stopped;
      }
      const state = means.draw(decision.next);
      draft.known = state;
      draft.revisions.push({ state, traceparent });
      draft.waiting = waitingAfter(draft.waiting, incoming, state);
      return { kind: 'accepted', state };
    }
    default: return assertNever(decision);
  }
}

/** A tombstone belongs to nobody: ids are recycled, also between tenants. Its last state is nobody's to know. */
function isForeign(known: KnownVm | null, caller: Caller, incoming: Incoming): boolean {
  if (known === null || caller.tenant === null || known.fact.tenant === caller.tenant) return false;
  return !known.fact.deleted || incoming.kind !== 'changed';
}

/** A fact that changes nothing still says that the VM lives: after a deletion that waits, that takes it off the list. */
function ignore(draft: VmDraft, incoming: Incoming, decision: Extract<FactDecision, { kind: 'ignore' }>): Verdict {
  if (decision.remember !== null) draft.known = decision.remember;
  if (draft.waiting?.state === 'waiting' && decision.reason === 'repeat' && meansAlive(incoming, draft.waiting.deletion)) draft.waiting = null;
  return { kind: 'ignored', decision };
}

/** A deletion that a person decided to ignore, or that the brake stops; null: it goes on. */
function stopDeletion(draft: VmDraft, known: KnownVm, { deletion, brake }: { readonly deletion: DeletionFact; readonly brake: BrakeKey }, means: Means): Verdict | null {
  const waiting = draft.waiting;
  if (waiting?.state === 'kept' && isSameDeletion(waiting, deletion, means.now)) {
    const { version, revision } = known.fact;
    const text = `A person decided that this VM stays, although ${deletion.source} deleted it. A deletion with a higher version, or after the VM has changed, is a new one.`;
    return { kind: 'ignored', decision: { kind: 'ignore', reason: 'repeat', text, current: { version, revision }, remember: null } };
  }
  if (waiting?.state === 'waiting') {
    if (isProvablyOlder(waiting.deletion, deletion)) draft.waiting = { ...waiting, deletion };
    return { kind: 'held', state: known, holdId: waiting.holdId, text: `This deletion already waits for a person, in hold ${waiting.holdId}. The VM stays as it is until then.` };
  }
  const stop = means.brakeOf(brake).next();
  if (stop === null) return null;
  draft.waiting = { holdId: stop.holdId, state: 'waiting', life: known.fact.life, revision: known.fact.revision, deletion, decidedAt: null };
  return { kind: 'held', state: known, holdId: stop.holdId, text: stop.text };
}

/** A newer fact takes its VM off the list; one that is provably older than the deletion leaves it there. */
function waitingAfter(waiting: WaitingDeletion | null, incoming: Incoming, state: KnownVm): WaitingDeletion | null {
  if (waiting?.state !== 'waiting' || !isProvablyOlder(incoming, waiting.deletion)) return null;
  return { ...waiting, life: state.fact.life, revision: state.fact.revision };
}

/** The state with its drawn claims in place of −1, −2, …: the first of `claims` stands for −1. */
export function drawnClaims(state: KnownVm, claims: readonly number[]): KnownVm {
  const real = (claim: number): number => {
    if (claim >= 0) return claim;
    const drawn = claims[-claim - 1];
    if (drawn === undefined) throw new RangeError(`drawing claims for ${state.fact.vmId}: ${claims.length} are too few`);
    return drawn;
  };
  const { fact } = state;
  const addresses = fact.addresses.map((address) => (address.claim < 0 ? { ...address, claim: real(address.claim) } : address));
  return { ...state, fact: { ...fact, nameClaim: fact.nameClaim === null ? null : real(fact.nameClaim), addresses } };
}
