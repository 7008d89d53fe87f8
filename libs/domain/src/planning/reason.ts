/** The closed list of ARCHITECTURE §5; contracts declares the same for the wire. */
export type ReasonCode =
  | 'no-zone' | 'outside' | 'foreign-record' | 'cname-conflict' | 'name-conflict' | 'address-conflict' | 'reserved-name'
  | 'not-permitted' | 'not-yet-planned' | 'provider-unreachable' | 'credentials' | 'throttled' | 'zone-missing'
  | 'zone-full' | 'target-changed' | 'refused-by-provider' | 'unconfirmed' | 'on-hold' | 'kept' | 'paused' | 'released'
  | 'observed';

/** Why, in one sentence, and what to do about it; never names another tenant's VM (L11). */
export interface Reason {
  readonly code: ReasonCode;
  readonly text: string;
  readonly hint?: string | undefined;
}
