import type { Rrset } from '@vmdns/domain';

/** The failure kinds of every provider (ARCHITECTURE §3, "A provider"). */
export type ProviderErrorKind =
  /** Passing trouble or no answer: try again later. `inDoubt` says whether the call may have taken effect. */
  | 'retry'
  | 'throttled'
  /** Something changed between read and write: read again, then decide. */
  | 'conflict'
  /** This change will never be taken as it is. */
  | 'refused'
  | 'credentials'
  | 'missing-zone'
  | 'zone-full';

export interface ProviderErrorDetail {
  readonly cause?: unknown;
  /** Whether the call may have been applied although no success came back. */
  readonly inDoubt?: boolean;
  /** The provider answered, so it may be one change that it cannot bear: the engine tries halves (L7). */
  readonly answered?: boolean;
  /** What a person can do, where the kind's own hint would mislead. */
  readonly hint?: string;
  /** `throttled`: not before this instant, ms since the epoch. */
  readonly until?: number;
  /** `throttled`: our own budget is short, and what is left of it is for what is urgent. */
  readonly isBulkOnly?: boolean;
  /** The provider's own words, secrets removed, at most 500 characters. */
  readonly providerText?: string;
  /** The call failed half way, and is over: what stands now of the RRsets that it changed. They are ours. */
  readonly left?: readonly Rrset[];
  /** `refused`: the owner name that the provider blames, to be tried first when splitting. */
  readonly culprit?: string;
}

/** A provider's call failed; `message` says what was attempted and on what, never a secret or a payload. */
export class ProviderError extends Error {
  override readonly name = 'ProviderError';
  constructor(readonly kind: ProviderErrorKind, message: string, readonly detail: ProviderErrorDetail = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
  }
}
