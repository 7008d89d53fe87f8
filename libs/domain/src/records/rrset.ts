import { parseIp } from '../addresses/ip-address.js';
import { parseName } from '../names/owner-name.js';

/** One RRset: `values` canonical, sorted, without repeats; TTL in seconds; `name` absolute. */
export interface Rrset {
  readonly name: string;
  readonly type: string;
  readonly ttl: number;
  readonly values: readonly string[];
}

/** An RRset whose owner name is known from elsewhere, as it travels in commands and results. */
export type RrsetBody = Omit<Rrset, 'name'>;

/** The types that vmdns writes; all others at a name are never ours (L3). */
export const MANAGED_TYPES = ['A', 'AAAA', 'PTR', 'CNAME'] as const;
export type ManagedType = (typeof MANAGED_TYPES)[number];

/** Whether vmdns writes this type. */
export const isManagedType = (type: string): type is ManagedType => MANAGED_TYPES.some((managed) => managed === type);

function canonicalValue(type: string, value: string): string {
  if (type === 'A' || type === 'AAAA') {
    const ip = parseIp(value);
    return ip.ok ? ip.ip : value;
  }
  if (type === 'PTR' || type === 'CNAME' || type === 'NS') {
    const name = parseName(value);
    return name.ok ? name.name : value;
  }
  return value;
}

/** An order that is the same on every machine: by UTF-16 code units, never by locale. */
export const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Canonical values of one type, sorted, each once. A value that does not parse stays as it is. */
export function canonicalValues(type: string, values: readonly string[]): readonly string[] {
  return [...new Set(values.map((value) => canonicalValue(type, value)))].sort(byText);
}

/**
 * The RRset with canonical name, type in upper case, and values canonical, sorted and each once. Total: what does not
 * parse (a foreign type, a provider's oddity) stays as it is. Values of names must be absolute: a relative one would be
 * read as absolute, so a provider's wire mapper adds the origin first.
 */
export function canonicalRrset(rrset: Rrset): Rrset {
  const type = rrset.type.toUpperCase();
  const name = parseName(rrset.name);
  return { name: name.ok ? name.name : rrset.name, type, ttl: rrset.ttl, values: canonicalValues(type, rrset.values) };
}

/** Whether two canonical RRsets are the same in type, TTL and values; names are not compared. */
export function isSameRrset(a: RrsetBody, b: RrsetBody): boolean {
  return a.type === b.type && a.ttl === b.ttl && a.values.length === b.values.length && a.values.every((value, at) => value === b.values[at]);
}

/** One RRset for each (name, type): values joined, the lowest TTL (RFC 2181, 5.2: one RRset has one TTL). */
export function mergeRrsets(rrsets: readonly Rrset[]): readonly Rrset[] {
  return mergeCanonical(rrsets.map(canonicalRrset));
}

/** The same for RRsets whose names and values are canonical as they stand. */
export function mergeCanonical(rrsets: readonly Rrset[]): readonly Rrset[] {
  if (rrsets.length < 2) return rrsets;
  const merged = new Map<string, Rrset>();
  for (const rrset of rrsets) {
    const key = `${rrset.type} ${rrset.name}`;
    const known = merged.get(key);
    merged.set(key, known === undefined ? rrset : { ...rrset, ttl: Math.min(known.ttl, rrset.ttl), values: [...new Set([...known.values, ...rrset.values])].sort(byText) });
  }
  return [...merged.values()].sort((a, b) => byText(a.name, b.name) || byText(a.type, b.type));
}
