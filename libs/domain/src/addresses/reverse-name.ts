import { hexDigit, ipOfOctets, octetsOf, parseIp } from './ip-address.js';

const V4 = '.in-addr.arpa.';
const V6 = '.ip6.arpa.';
/** 32 nibbles with the dots between them. */
const NIBBLES = 63;
const HEX = '0123456789abcdef';

/** The owner name of a canonical address's PTR (RFC 1035, 3.5; RFC 3596, 2.5). */
export function reverseName(ip: string): string {
  const octets = octetsOf(ip);
  if (octets.length === 4) return `${octets[3]}.${octets[2]}.${octets[1]}.${octets[0]}${V4}`;
  let name = '';
  for (let at = 15; at >= 0; at -= 1) {
    const octet = octets[at] ?? 0;
    name += `${HEX[octet & 15]}.${HEX[octet >> 4]}${at === 0 ? V6 : '.'}`;
  }
  return name;
}

/** The address whose PTR is at this canonical name; null for every other name, such as a part of one. */
export function addressOfReverseName(name: string): string | null {
  if (name.endsWith(V4)) {
    const parsed = parseIp(name.slice(0, -V4.length).split('.').reverse().join('.'));
    return parsed.ok && parsed.family === 4 ? parsed.ip : null;
  }
  return name.length === NIBBLES + V6.length && name.endsWith(V6) ? addressOfNibbles(name) : null;
}

/** `b.a.9.8.….ip6.arpa.`: the last nibble of the address stands first. */
function addressOfNibbles(name: string): string | null {
  const octets: number[] = [];
  for (let at = NIBBLES - 1; at >= 0; at -= 4) {
    const high = name.charAt(at);
    const low = name.charAt(at - 2);
    // Upper case is not canonical.
    if (!HEX.includes(high) || !HEX.includes(low) || name[at - 1] !== '.' || (at > 2 && name[at - 3] !== '.')) return null;
    octets.push((hexDigit(high.charCodeAt(0)) << 4) | hexDigit(low.charCodeAt(0)));
  }
  return ipOfOctets(octets);
}
