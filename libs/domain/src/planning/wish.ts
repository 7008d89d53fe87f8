import { rangeContains } from '../addresses/ip-range.js';
import { familyOf } from '../addresses/ip-address.js';
import { templateName } from '../addresses/name-template.js';
import { reverseName } from '../addresses/reverse-name.js';
import { isWildcard } from '../names/host-name.js';
import { reverseKey } from '../names/labels.js';
import type { Fact, FactAddress } from './fact.js';
import { mayUseAddress, mayUseName } from './permission.js';
import { rulesOf, type PlanningSettings } from './planning-settings.js';

/** A VM's wish for a name's A and AAAA. With no addresses it still holds the name. */
export interface NameWish {
  readonly kind: 'name';
  /** `reverseKey(name)`: everything below an apex is a range scan. */
  readonly key: string;
  readonly name: string;
  readonly vmId: string;
  readonly tenant: string | null;
  /** The lowest holds the name. */
  readonly claim: number;
  readonly shareName: boolean;
  /** Canonical; before any zone entry's filter. */
  readonly addresses: readonly string[];
}

/** Where a PTR's target comes from, strongest first. */
export type TargetOrigin = 'customer' | 'publisher' | 'fqdn' | 'template';

/** A VM's wish for an address's PTR. Without a target it still holds the address, so that no old PTR outlives it. */
export interface AddressWish {
  readonly kind: 'address';
  /** `reverseKey(name)`. */
  readonly key: string;
  /** The canonical reverse name; the owner name follows from the zone set. */
  readonly name: string;
  readonly ip: string;
  readonly vmId: string;
  readonly tenant: string | null;
  /** The highest holds the address. */
  readonly claim: number;
  readonly target: string | null;
  readonly origin: TargetOrigin | null;
}
export type Wish = NameWish | AddressWish;

/** A VM's name: with `no-domain` it has a host name and nobody says which domain; with `too-long` no room for it. */
export type NamedFact =
  | { readonly kind: 'named'; readonly name: string }
  | { readonly kind: 'none' }
  | { readonly kind: 'no-domain' | 'too-long'; readonly hostname: string };

const NAME_MAX = 254;

/** The VM's name: its fqdn, or its host name in its own domain, its tenant's, or the main one. */
export function namingOf(fact: Fact, settings: PlanningSettings): NamedFact {
  if (fact.deleted) return { kind: 'none' };
  if (fact.fqdn !== null) return { kind: 'named', name: fact.fqdn };
  if (fact.hostname === null) return { kind: 'none' };
  const rules = rulesOf(settings);
  const domain = fact.domain ?? (fact.tenant === null ? undefined : rules.tenantDomains.get(fact.tenant)) ?? rules.mainDomain;
  if (domain === null) return { kind: 'no-domain', hostname: fact.hostname };
  const name = `${fact.hostname}.${domain}`;
  return name.length > NAME_MAX ? { kind: 'too-long', hostname: fact.hostname } : { kind: 'named', name };
}

/** The VM's absolute name, or null where it has none or its domain is not known (`namingOf` says which). */
export function nameOfFact(fact: Fact, settings: PlanningSettings): string | null {
  const naming = namingOf(fact, settings);
  return naming.kind === 'named' ? naming.name : null;
}

/** The addresses that a name answers with: the first of each family, those with `forward`, or all by setting. */
function forwardAddresses(fact: Fact, settings: PlanningSettings): readonly string[] {
  const primary = new Set<string | undefined>([4, 6].map((family) => fact.addresses.find((address) => familyOf(address.ip) === family)?.ip));
  return fact.addresses.filter((address) => mayUseAddress(fact.tenant, address.ip, settings)).filter((address) => settings.forwardAddresses === 'all' || address.forward || primary.has(address.ip)).map((address) => address.ip);
}

function templateTarget(ip: string, settings: PlanningSettings): string | null {
  const template = rulesOf(settings).templates.find(({ range }) => rangeContains(range, ip));
  if (template === undefined) return null;
  const parsed = templateName(template.pattern, ip);
  return parsed.ok ? parsed.name : null;
}

/** The customer's before the publisher's before the name before the range's template before none. */
function targetOf(address: FactAddress, name: string | null, settings: PlanningSettings): Pick<AddressWish, 'target' | 'origin'> {
  if (address.customerPtr !== null) return { target: address.customerPtr, origin: 'customer' };
  if (address.ptr !== null) return { target: address.ptr, origin: 'publisher' };
  // A wildcard is no host: its PTR would name nothing that resolves to itself.
  if (name !== null && !isWildcard(name)) return { target: name, origin: 'fqdn' };
  const target = templateTarget(address.ip, settings);
  return { target, origin: target === null ? null : 'template' };
}

/** What a fact wants of DNS: one wish for its name, one for each address; none when it is deleted, or for what its tenant may not use. */
export function wishesOf(fact: Fact, settings: PlanningSettings): readonly Wish[] {
  if (fact.deleted) return [];
  const { vmId, tenant, shareName } = fact;
  const name = nameOfFact(fact, settings);
  const ofName: readonly NameWish[] = name === null || fact.nameClaim === null || !mayUseName(tenant, name, settings) ? []
    : [{ kind: 'name', key: reverseKey(name), name, vmId, tenant, claim: fact.nameClaim, shareName, addresses: forwardAddresses(fact, settings) }];
  const ofAddresses = fact.addresses.filter((address) => mayUseAddress(tenant, address.ip, settings)).map((address): AddressWish => {
    const at = reverseName(address.ip);
    return { kind: 'address', key: reverseKey(at), name: at, ip: address.ip, vmId, tenant, claim: address.claim, ...targetOf(address, name, settings) };
  });
  return [...ofName, ...ofAddresses];
}
