import type { Fact } from './fact.js';
import type { SaidDelete, SaidFact, SaidPtr } from './fact-faults.js';

/** A deletion that ended a life, for telling what belongs to that life. */
export interface Deletion {
  readonly source: string;
  /** The event's own time (RFC 3339); null for a call. Compared only within one source. */
  readonly time: string | null;
  readonly version: number | null;
  readonly uid: string | null;
}

/** A version of one source, and the digest of what came with it. */
export interface Saying { readonly version: number; readonly digest: string }

/** Everything that inventory knows of one VM id: the state, and what it takes to place a late fact. */
export interface KnownVm {
  readonly fact: Fact;
  /** The highest version that each source gave in this life, and the digest of what it said with it. */
  readonly said: Readonly<Record<string, Saying>>;
  /** The uids of earlier lives, the newest last, at most 32. */
  readonly oldUids: readonly string[];
  /** The last deletion, of this life or the one before. */
  readonly deletion: Deletion | null;
}

interface IncomingBase {
  readonly vmId: string;
  readonly source: string;
  /** undefined: nobody said, so untouched. */
  readonly tenant?: string | null | undefined;
  /** `call`: asked and answered, so in order. `event`: it may come late, twice, or out of order. */
  readonly via: 'call' | 'event';
  /** An event's own time, RFC 3339; null where it has none. */
  readonly time: string | null;
}
/** One fact on its way in, parsed. */
export type Incoming = IncomingBase & (
  | { readonly kind: 'changed'; readonly said: SaidFact }
  | { readonly kind: 'deleted'; readonly said: SaidDelete }
  | { readonly kind: 'ptr'; readonly said: SaidPtr }
);
