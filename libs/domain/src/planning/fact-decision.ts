import type { Fact, Fault } from './fact.js';
import type { Incoming, KnownVm } from './known-vm.js';

/** Stands where a claim is still to be drawn from inventory's sequence; real claims begin at 1. */
export const NEW_CLAIM = 0;

export type IgnoredReason = 'repeat' | 'stale' | 'old-life' | 'unknown-vm';

/** What becomes of one incoming fact. */
export type FactDecision =
  /** Store `next` (with its claims drawn) and one change row; publish. */
  | { readonly kind: 'accept'; readonly change: 'created' | 'changed' | 'deleted' | 'ptr'; readonly next: KnownVm; readonly claimsNeeded: number }
  /** No revision, no event. `remember`, where given, is to be stored all the same. */
  | { readonly kind: 'ignore'; readonly reason: IgnoredReason; readonly text: string; readonly current: { readonly version: number | null; readonly revision: number } | null; readonly remember: KnownVm | null }
  /** The same version with another content. */
  | { readonly kind: 'conflict'; readonly text: string; readonly current: { readonly version: number | null; readonly revision: number } }
  | { readonly kind: 'no-such-address'; readonly faults: readonly Fault[] };

export interface FactQuestion {
  readonly known: KnownVm | null;
  readonly incoming: Incoming;
  /** RFC 3339, UTC: becomes `changedAt`. */
  readonly now: string;
}

/** Decides what one fact means (ARCHITECTURE §2, PROTOCOL §2). */
export function decideFact(question: FactQuestion): FactDecision {
  throw new Error(`deciding ${question.incoming.vmId}: not built yet`);
}

/** How many claims are still to be drawn for this state. */
export function claimsNeeded(fact: Fact): number {
  return (fact.nameClaim === NEW_CLAIM ? 1 : 0) + fact.addresses.filter((address) => address.claim === NEW_CLAIM).length;
}

/** The state with drawn claims in place: the name's first, then the addresses' in their order. */
export function withClaims(known: KnownVm, claims: readonly number[]): KnownVm {
  let at = 0;
  const draw = (): number => {
    const claim = claims[at];
    at += 1;
    if (claim === undefined) throw new RangeError(`filling the claims of ${known.fact.vmId}: only ${claims.length} drawn`);
    return claim;
  };
  const nameClaim = known.fact.nameClaim === NEW_CLAIM ? draw() : known.fact.nameClaim;
  const addresses = known.fact.addresses.map((address) => (address.claim === NEW_CLAIM ? { ...address, claim: draw() } : address));
  return { ...known, fact: { ...known.fact, nameClaim, addresses } };
}
