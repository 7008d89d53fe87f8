import type { Rrset } from '@vmdns/domain';
import type { Capabilities, ZoneLedger, ZonePort } from '../port/provider.js';
import type { ProviderError } from '../port/provider-error.js';

/** One due owner name as the host's table knows it. */
export interface DueName {
  readonly name: string;
  /** L3: of the managed types, exactly these; empty: what we own here goes. */
  readonly wanted: readonly Rrset[];
  /** `rrsetDigest` of each of `wanted`, where somebody has them: making them is most of a turn's own work. */
  readonly digests?: readonly string[];
  /** Type → `rrsetDigest` last put. */
  readonly owned: Readonly<Record<string, string>>;
  /** `rrsetDigest`s that earlier turns without an outcome were about to put at this name: found there, they are ours (L4). */
  readonly writing: readonly string[];
  /** Foreign types here as of the last whole reading, what is switched off included; all there is only while `knowledge.token` is the zone's. */
  readonly foreign: readonly string[];
  /** Read it whatever the token says: in doubt, drift suspected, adopted. Implied where `writing` is not empty. */
  readonly mustRead?: boolean;
  /** A sent call may still land (now < dead_at): applied becomes unconfirmed. */
  readonly stillInDoubt?: boolean;
  /** Ask the name server although nothing is written: the last outcome was unconfirmed. */
  readonly confirm?: boolean;
  /** `equal`: an equal RRset that is not owned becomes ours (a timeline was raised); `any`: a person adopted the name, whatever is there at wanted types. */
  readonly takeOver?: 'equal' | 'any' | undefined;
}

/** What the host keeps with the lane between turns. */
export interface TurnKnowledge {
  /** While the zone's change token is this one, the target's `owned` and `foreign` are all that there is. Null: read before writing. */
  readonly token: string | null;
  /** RRsets in the zone at the last whole reading; null: never read whole. */
  readonly zoneSize: number | null;
  /** How old the last whole reading is, in ms; absent or null: not known. */
  readonly readWholeMsAgo?: number | null;
}

export interface Turn {
  readonly provider: string;
  readonly apex: string;
  readonly zone: ZonePort;
  readonly capabilities: Capabilities;
  readonly due: readonly DueName[];
  /** What is ours in the whole zone, for providers that write zones as a whole; asked when it is needed. */
  readonly ledger?: () => Promise<ZoneLedger>;
  readonly knowledge: TurnKnowledge;
  readonly mode: 'write' | 'observe';
  /** The server did not answer last time: one call shows whether it is back before more are made (L8). */
  readonly probe?: boolean;
  /** Turns of this lane in a row that ended without the provider's answer: each halves the chunks. */
  readonly attempt?: number;
}

export interface TurnHooks {
  /**
   * Before each writing call, with the names in it: store that a call is out (`dead_at`, by `lifeMs`), check the lease. False: nothing more is sent,
   * the names come back `not-tried` (L5). May throw a ProviderError: the write is not sent, and the turn ends with it.
   */
  beforeWrite?(names: readonly string[], lifeMs: number): Promise<boolean>;
  /** Waits between two DNS questions; tests give their own. */
  pause?(ms: number, signal: AbortSignal): Promise<void>;
}

export type TurnReasonCode =
  | 'foreign-record' | 'cname-conflict' | 'provider-unreachable' | 'credentials' | 'throttled' | 'zone-missing'
  | 'zone-full' | 'refused-by-provider' | 'unconfirmed' | 'not-permitted' | 'observed';

export interface TurnReason { readonly code: TurnReasonCode; readonly text: string; readonly hint?: string }

/** `not-tried`: the lease was lost or the signal came before this name's turn; nothing to store but that it is due. */
export type TurnState = 'applied' | 'refused' | 'failed' | 'unconfirmed' | 'observed' | 'not-tried';

export interface NameOutcome {
  readonly name: string;
  readonly state: TurnState;
  readonly reason?: TurnReason | undefined;
  /** The provider's own words, at most 500 characters. */
  readonly providerText?: string | undefined;
  /** Replaces the row's `owned`. */
  readonly owned: Readonly<Record<string, string>>;
  /** Replaces the row's foreign types; null: not learnt in this turn. */
  readonly foreign: readonly string[] | null;
  /** Whether a writing call with a change of this name was answered as done. */
  readonly wrote: boolean;
  /** A call may or may not have been applied: keep `writing`, read first next time, and once more after `dead_at`. */
  readonly inDoubt: boolean;
}

/** What a person should hear of although the outcome is fine. */
export interface TurnReport {
  readonly kind: 'drift' | 'other-writer' | 'flush-failed';
  readonly name?: string;
  readonly type?: string;
  readonly text: string;
}

/** One RRset of a whole reading. */
export interface HeldRrset { readonly name: string; readonly type: string; readonly digest: string }

export interface TurnOutcome {
  /** One for each due name, in the order given. */
  readonly names: readonly NameOutcome[];
  readonly knowledge: TurnKnowledge;
  /** The zone was read whole, the due names left out (their `foreign` is newer): the target's foreign (name, type) are those of these that no row owns. */
  readonly wholeReading?: readonly HeldRrset[];
  /** The turn as a whole failed: back off, or block the limiter (`throttled`, `credentials`). Names carry the reason already. */
  readonly failure?: ProviderError;
  readonly reports: readonly TurnReport[];
  /** `zone.tidy` is due once the zone has been quiet for `zone.tidyAfterMs`. */
  readonly untidy: boolean;
  /** Calls of the provider's API, and how many of them wrote. */
  readonly calls: { readonly reads: number; readonly writes: number };
  /** What would change (mode observe) or changed, one sentence each, at most 100. */
  readonly changes: readonly string[];
}
