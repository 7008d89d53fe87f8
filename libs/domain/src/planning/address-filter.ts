import { isPrivate } from '../addresses/ip-class.js';
import { parseRange, rangeContains, type IpRange } from '../addresses/ip-range.js';
import { assertNever } from './assert-never.js';
import type { AddressFilter } from './zone-view.js';

type Ranges = { readonly ranges: readonly string[] };
const compiled = new WeakMap<Ranges, readonly IpRange[]>();

function rangesOf(filter: Ranges): readonly IpRange[] {
  const known = compiled.get(filter);
  if (known !== undefined) return known;
  const ranges = filter.ranges.flatMap((text) => {
    const parsed = parseRange(text);
    return parsed.ok ? [parsed.range] : [];
  });
  compiled.set(filter, ranges);
  return ranges;
}

/** Whether a zone entry with this filter takes the records of a canonical address. */
export function takesAddress(filter: AddressFilter, ip: string): boolean {
  switch (filter) {
    case 'all': return true;
    case 'public': return !isPrivate(ip);
    case 'private': return isPrivate(ip);
    default: return typeof filter === 'object' ? rangesOf(filter).some((range) => rangeContains(range, ip)) : assertNever(filter);
  }
}
