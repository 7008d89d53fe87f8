import { hash128 } from '../records/digest.js';
import { byText } from '../records/rrset.js';
import type { Fact, FactAddress } from './fact.js';
import type { SaidFact } from './fact-faults.js';

/** Stands where a claim is still to be drawn from inventory's sequence; real claims begin at 1. */
export const NEW_CLAIM = 0;

type NameParts = Pick<Fact, 'fqdn' | 'hostname' | 'domain'>;

/** What makes a name the same name: an fqdn and its two halves are one; a bare host name stays relative. */
function nameIdentity(parts: NameParts): string | null {
  if (parts.fqdn !== null) return parts.fqdn;
  return parts.hostname !== null && parts.domain !== null ? `${parts.hostname}.${parts.domain}` : parts.hostname;
}

/** The name's claim: kept while the name stays, new when it appears, also when it comes back. */
function nameClaimOf(before: Fact | null, said: SaidFact): number | null {
  const name = nameIdentity(said);
  if (name === null) return null;
  return before !== null && nameIdentity(before) === name ? before.nameClaim : NEW_CLAIM;
}

/**
 * The addresses as said. A PTR that was not said stays untouched, a customer's stays while the address stays; both go
 * with the address.
 */
function addressesOf(before: Fact | null, said: SaidFact): readonly FactAddress[] {
  const known = new Map(before?.addresses.map((address) => [address.ip, address]));
  return said.addresses.map(({ ip, forward, ptr }) => {
    const old = known.get(ip);
    return { ip, forward, ptr: ptr === undefined ? (old?.ptr ?? null) : ptr, customerPtr: old?.customerPtr ?? null, claim: old?.claim ?? NEW_CLAIM };
  });
}

/** What the VM is after a full-state fact; `before` is null where a life begins. */
export function mergeSaid(before: Fact | null, said: SaidFact): Pick<Fact, 'fqdn' | 'hostname' | 'domain' | 'shareName' | 'nameClaim' | 'addresses' | 'labels' | 'uid'> {
  return {
    fqdn: said.fqdn, hostname: said.hostname, domain: said.domain, shareName: said.shareName, labels: said.labels,
    nameClaim: nameClaimOf(before, said), addresses: addressesOf(before, said), uid: said.uid ?? before?.uid ?? null,
  };
}

const labelsText = (labels: Readonly<Record<string, string>>) => Object.entries(labels).sort(([a], [b]) => byText(a, b));

/** Whether two states of one life mean the same: by whom, when and in which version it was said takes no part. */
export function isSameContent(a: Fact, b: Fact): boolean {
  const text = (f: Fact) => JSON.stringify([
    f.tenant, f.uid, f.deleted, f.fqdn, f.hostname, f.domain, f.shareName, f.nameClaim, labelsText(f.labels),
    f.addresses.map((x) => [x.ip, x.forward, x.ptr, x.customerPtr, x.claim]),
  ]);
  return text(a) === text(b);
}

/** The digest of what was said, for telling a repeat of a version from another content under it. */
export function digestOfSaid(said: SaidFact): string {
  return hash128(JSON.stringify([
    said.fqdn, said.hostname, said.domain, said.shareName, labelsText(said.labels),
    said.addresses.map((x) => (x.ptr === undefined ? [x.ip, x.forward] : [x.ip, x.forward, x.ptr])),
  ]));
}
