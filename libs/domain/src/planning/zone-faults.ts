import { parseRange } from '../addresses/ip-range.js';
import { parseApex } from '../names/owner-name.js';
import type { Fault } from './fact.js';
import type { Checked } from './fact-faults.js';
import type { AddressFilter } from './zone-view.js';

/** The parts of a zone entry, as they came in, that the domain judges. */
export interface RawZone {
  readonly name: string;
  readonly addresses: AddressFilter;
  readonly reservedNames?: readonly string[] | undefined;
}

/** A zone entry's canonical apex, or every fault at once. */
export function faultsOfZone(raw: RawZone): Checked<{ readonly apex: string }> {
  const faults: Fault[] = [];
  const apex = parseApex(raw.name);
  if (!apex.ok) faults.push({ path: 'name', message: apex.message });
  const ranges = typeof raw.addresses === 'object' ? raw.addresses.ranges : [];
  ranges.forEach((text, at) => {
    const range = parseRange(text);
    if (!range.ok) faults.push({ path: `addresses.ranges[${at}]`, message: range.message });
  });
  (raw.reservedNames ?? []).forEach((pattern, at) => {
    if (!/^(?:@|[A-Za-z0-9_][A-Za-z0-9_.-]*\*?)$/.test(pattern)) faults.push({ path: `reservedNames[${at}]`, message: `'${pattern}' must be @, a name relative to the zone, or the beginning of one with * after it` });
  });
  return faults.length === 0 && apex.ok ? { ok: true, fact: { apex: apex.name } } : { ok: false, faults };
}
