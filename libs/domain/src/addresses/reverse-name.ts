import { ipOfOctets, octetsOf, parseIp } from './ip-address.js';

const V4 = '.in-addr.arpa.';
const HEX = '0123456789abcdef';
const V6 = '.ip6.arpa.';

/** The owner name of a canonical address's PTR (RFC 1035, 3.5; RFC 3596, 2.5). */
export function reverseName(ip: string): string {
  const octets = octetsOf(ip);
  if (octets.length === 4) return `${octets.toReversed().join('.')}${V4}`;
  return `${octets.toReversed().map((octet) => `${HEX[octet & 15]}.${HEX[octet >> 4]}`).join('.')}${V6}`;
}

/** The address whose PTR is at this canonical name; null for every other name, such as a part of one. */
export function addressOfReverseName(name: string): string | null {
  if (name.endsWith(V4)) {
    const parsed = parseIp(name.slice(0, -V4.length).split('.').toReversed().join('.'));
    return parsed.ok && parsed.family === 4 ? parsed.ip : null;
  }
  if (!name.endsWith(V6)) return null;
  const nibbles = name.slice(0, -V6.length).split('.').toReversed();
  if (nibbles.length !== 32 || !nibbles.every((n) => /^[0-9a-f]$/.test(n))) return null;
  return ipOfOctets(Array.from({ length: 16 }, (_, at) => parseInt(`${nibbles[at * 2]}${nibbles[at * 2 + 1]}`, 16)));
}
