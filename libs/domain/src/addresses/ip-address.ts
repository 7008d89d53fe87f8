export type Family = 4 | 6;
/** What the address parser gives: the canonical text (RFC 5952 for IPv6), or one sentence that says what to mend. */
export type ParsedIp = { readonly ok: true; readonly ip: string; readonly family: Family } | { readonly ok: false; readonly message: string };

const ZERO = 48;
const DOT = 46;
const COLON = 58;

/** Four decimal parts without leading zeros; null for everything else. An address is read many times on its way, so by hand. */
function octetsOfV4(text: string): number[] | null {
  const octets: number[] = [];
  let value = -1;
  for (let at = 0; at <= text.length; at += 1) {
    const code = at === text.length ? DOT : text.charCodeAt(at);
    if (code === DOT) {
      if (value < 0 || octets.push(value) > 4) return null;
      value = -1;
      continue;
    }
    const digit = code - ZERO;
    if (digit < 0 || digit > 9 || value === 0) return null;
    value = value < 0 ? digit : value * 10 + digit;
    if (value > 255) return null;
  }
  return octets.length === 4 ? octets : null;
}

/** The value of a hex digit's character code, or -1. */
export function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const letter = code | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}

/** The eight groups of an IPv6 address in any spelling (RFC 4291, 2.2); null for everything else. */
function groupsOfV6(text: string): number[] | null {
  const groups: number[] = [];
  let gap = text.startsWith('::') ? 0 : -1;
  for (let at = gap === 0 ? 2 : 0; at < text.length;) {
    const start = at;
    let value = 0;
    for (let digit = hexDigit(text.charCodeAt(at)); digit >= 0; digit = at < text.length ? hexDigit(text.charCodeAt(at)) : -1) {
      value = value * 16 + digit;
      at += 1;
    }
    if (at < text.length && text.charCodeAt(at) === DOT) {
      const [a = 0, b = 0, c = 0, d = 0] = octetsOfV4(text.slice(start)) ?? [-1];
      if (a < 0) return null;
      groups.push((a << 8) | b, (c << 8) | d);
      break;
    }
    if (at === start || at - start > 4 || groups.push(value) > 8) return null;
    if (at === text.length) break;
    // A colon, and something after it: the next group, or the other colon of the gap.
    if (text.charCodeAt(at) !== COLON || at + 1 === text.length) return null;
    at += 1;
    if (text.charCodeAt(at) !== COLON) continue;
    if (gap >= 0) return null;
    gap = groups.length;
    at += 1;
  }
  if (gap < 0) return groups.length === 8 ? groups : null;
  if (groups.length > 7) return null;
  return [...groups.slice(0, gap), ...Array.from({ length: 8 - groups.length }, () => 0), ...groups.slice(gap)];
}

/** Where the first longest run of at least two zero groups begins, and how long it is. */
function longestGap(groups: readonly number[]): { readonly from: number; readonly length: number } {
  let from = -1;
  let length = 1;
  for (let at = 0; at < groups.length; at += 1) {
    let end = at;
    while (end < groups.length && groups[end] === 0) end += 1;
    if (end - at > length) {
      from = at;
      length = end - at;
    }
    if (end > at) at = end;
  }
  return { from, length };
}

const hex = (groups: readonly number[]): string => groups.map((group) => group.toString(16)).join(':');

function textOfGroups(groups: readonly number[]): string {
  const { from, length } = longestGap(groups);
  // RFC 5952, 5: an IPv4-mapped address keeps its dots, as inet_ntop and name servers print it.
  if (from === 0 && length === 5 && groups[5] === 0xffff) return `::ffff:${groups.slice(6).map((group) => `${group >> 8}.${group & 255}`).join('.')}`;
  return from < 0 ? hex(groups) : `${hex(groups.slice(0, from))}::${hex(groups.slice(from + length))}`;
}

/** An address in any spelling of its family, strictly: no zone id, no brackets, no prefix length, no white space. */
export function parseIp(text: string): ParsedIp {
  const groups = text.includes(':') ? groupsOfV6(text) : null;
  if (groups !== null) return { ok: true, ip: textOfGroups(groups), family: 6 };
  if (octetsOfV4(text) !== null) return { ok: true, ip: text, family: 4 };
  return { ok: false, message: `'${text.slice(0, 64)}' is not an IPv4 or IPv6 address` };
}

/** The family of a canonical address. */
export const familyOf = (ip: string): Family => (ip.includes(':') ? 6 : 4);

/** The 4 or 16 octets of a canonical address. */
export function octetsOf(ip: string): readonly number[] {
  const octets = ip.includes(':') ? groupsOfV6(ip)?.flatMap((group) => [group >> 8, group & 255]) : octetsOfV4(ip);
  if (octets === null || octets === undefined) throw new RangeError(`taking the octets of '${ip}', which is no address`);
  return octets;
}

/** The canonical address of 4 or 16 octets. */
export function ipOfOctets(octets: readonly number[]): string {
  if (octets.length === 4) return octets.join('.');
  return textOfGroups(Array.from({ length: 8 }, (_, at) => ((octets[at * 2] ?? 0) << 8) | (octets[at * 2 + 1] ?? 0)));
}
