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

interface Party { readonly vmId: string; readonly tenant: string | null }

/** How one VM may be called before another's owner: by its id within one tenant, else not at all. */
const called = (other: Party, reader: Party): string => (other.tenant === reader.tenant ? `VM ${other.vmId}` : 'another VM');

/** The reasons that planning gives, each with its text and hint. */
export const reasonOf = {
  noZone: (what: string): Reason => ({
    code: 'no-zone', text: `no zone is configured that encloses ${what}`, hint: 'Add the zone; the record then appears by itself.',
  }),
  noDomain: (hostname: string): Reason => ({
    code: 'no-zone', text: `the host name ${hostname} has no domain, and no main domain is set`, hint: 'Send the domain or an fqdn, or set a main domain in the settings.',
  }),
  nameTooLong: (hostname: string): Reason => ({
    code: 'not-permitted', text: `the host name ${hostname} is longer than 253 characters together with its domain`, hint: 'Choose a shorter host name.',
  }),
  outside: (what: string): Reason => ({
    code: 'outside', text: `${what} lies in no zone, domain or range of ours`, hint: 'Nothing to do, unless it should: then add the zone, or name the domain or range in the settings.',
  }),
  filtered: (what: string, apex: string): Reason => ({
    code: 'outside', text: `no entry of the zone ${apex} takes ${what}, by its address filter`, hint: 'Nothing to do, unless it should: then widen the filter of the zone entry.',
  }),
  nothingToAnswer: (name: string): Reason => ({
    code: 'outside', text: `the VM has no address that ${name} could answer with`, hint: 'Nothing to do, unless it should: then send an address.',
  }),
  nameConflict: (name: string, holder: Party, loser: Party): Reason => ({
    code: 'name-conflict', text: `${name} belongs to ${called(holder, loser)}, which had it first`,
    hint: holder.tenant === loser.tenant ? 'Choose another name, or say shareName on both VMs.' : 'Choose another name.',
  }),
  addressConflict: (ip: string, holder: Party, loser: Party): Reason => ({
    code: 'address-conflict', text: `${ip} was taken later by ${called(holder, loser)}, which holds its PTR now`,
    hint: 'If the address was recycled, remove it from this VM; the PTR comes back when the holder gives the address up.',
  }),
  reservedName: (name: string, apex: string, pattern: string): Reason => ({
    code: 'reserved-name', text: `${name} is reserved in the zone ${apex} (by '${pattern}')`, hint: 'Choose another name, or change the reserved names of the zone entry.',
  }),
  notPermitted: (what: string, tenant: string): Reason => ({
    code: 'not-permitted', text: `${what} lies outside what the tenant ${tenant} may use`, hint: 'Choose another, or ask an operator to widen the limits of the tenant (vmdns tenant limit).',
  }),
  cnameConflict: (name: string, cnameOrigin: string, dataOrigin: string): Reason => ({
    code: 'cname-conflict', text: `${name} would hold a CNAME from ${cnameOrigin} beside other data from ${dataOrigin} (RFC 1034, 3.6.2)`,
    hint: 'Take one of the two away; until then the CNAME is left out.',
  }),
  /** Another VM's data as one of the origins of a conflict. */
  originOf: (types: readonly string[], other: Party, reader: Party): string => `the ${types.join(' and ')} of ${called(other, reader)}`,
  notYetPlanned: (): Reason => ({ code: 'not-yet-planned', text: 'the newest facts of this VM are not planned yet', hint: 'Wait a moment.' }),
  onHold: (what: string): Reason => ({ code: 'on-hold', text: `${what} waits for a person, because many removals came at once`, hint: 'Look at the hold, then approve or reject it.' }),
  kept: (what: string): Reason => ({ code: 'kept', text: `${what} is no longer wanted, and is kept because the hold was rejected`, hint: 'Remove it by hand, or let a newer fact decide.' }),
  paused: (scope: string): Reason => ({ code: 'paused', text: `writing is paused for ${scope}`, hint: 'End the pause when it may go on.' }),
  released: (what: string): Reason => ({ code: 'released', text: `${what} was released: vmdns leaves it alone`, hint: 'Adopt it to give it back (vmdns record adopt <name>).' }),
  observed: (apex: string): Reason => ({ code: 'observed', text: `the zone ${apex} is in mode observe: this is planned, and nothing is written`, hint: 'Set the zone to mode write when the plan is right.' }),
} as const;
