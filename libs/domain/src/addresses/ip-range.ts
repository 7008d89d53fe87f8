import { octetsOf, parseIp, type Family } from './ip-address.js';

/** A block of addresses: every address whose first `prefix` bits are those of `octets`. */
export interface IpRange {
  readonly family: Family;
  readonly octets: readonly number[];
  readonly prefix: number;
  /** Canonical text, `192.0.2.0/24`. */
  readonly text: string;
}
export type ParsedRange = { readonly ok: true; readonly range: IpRange } | { readonly ok: false; readonly message: string };

/** The part of an octet that lies within the first `prefix` bits, as a mask. */
const maskAt = (at: number, prefix: number) => (0xff00 >> Math.min(8, Math.max(0, prefix - at * 8))) & 0xff;

/** `192.0.2.0/24`, or one address. Bits beyond the prefix must be zero: `192.0.2.1/24` is a slip, not a range. */
export function parseRange(text: string): ParsedRange {
  const [base = '', length, ...more] = text.split('/');
  const ip = parseIp(base);
  if (!ip.ok || more.length > 0) return { ok: false, message: `'${text.slice(0, 64)}' is not a range such as 192.0.2.0/24 or 2001:db8::/32` };
  const bits = ip.family === 4 ? 32 : 128;
  if (length !== undefined && (!/^(?:0|[1-9]\d{0,2})$/.test(length) || Number(length) > bits)) return { ok: false, message: `'${text}' must end in a prefix length of 0 to ${bits}` };
  const prefix = length === undefined ? bits : Number(length);
  const octets = octetsOf(ip.ip);
  if (octets.some((octet, at) => (octet & ~maskAt(at, prefix) & 0xff) !== 0)) return { ok: false, message: `'${text}' has bits set beyond /${prefix}` };
  return { ok: true, range: { family: ip.family, octets, prefix, text: `${ip.ip}/${prefix}` } };
}

/** Whether a canonical address lies in the range; never across families. */
export function rangeContains(range: IpRange, ip: string): boolean {
  if ((ip.includes(':') ? 6 : 4) !== range.family) return false;
  const octets = octetsOf(ip);
  return range.octets.every((octet, at) => ((octets[at] ?? 0) & maskAt(at, range.prefix)) === octet);
}
