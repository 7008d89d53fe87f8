import ipaddr from 'ipaddr.js';

export type Family = 4 | 6;
/** What the address parser gives: the canonical text (RFC 5952 for IPv6), or one sentence that says what to mend. */
export type ParsedIp = { readonly ok: true; readonly ip: string; readonly family: Family } | { readonly ok: false; readonly message: string };

const DECIMAL_PART = /^(?:0|[1-9]\d{0,2})$/;
const IPV6_CHARACTERS = /^[0-9a-fA-F:]+(?:\.\d+){0,3}$/;

/** ipaddr.js takes `1` and `0x7f.0.0.1` for addresses; we want four decimal parts without leading zeros. */
function isStrictV4(text: string): boolean {
  const parts = text.split('.');
  return parts.length === 4 && parts.every((part) => DECIMAL_PART.test(part) && Number(part) < 256);
}

function canonicalV6(text: string): string | null {
  if (!IPV6_CHARACTERS.test(text)) return null;
  const tail = /:([\d.]*\.[\d.]*)$/.exec(text)?.[1];
  if (tail !== undefined && !isStrictV4(tail)) return null;
  if (!ipaddr.IPv6.isValid(text)) return null;
  const parsed = ipaddr.IPv6.parse(text);
  // RFC 5952, 5: an IPv4-mapped address keeps its dots, as inet_ntop and name servers print it.
  return parsed.isIPv4MappedAddress() ? `::ffff:${parsed.toIPv4Address().toString()}` : parsed.toRFC5952String();
}

/** An address in any spelling of its family, strictly: no zone id, no brackets, no prefix length, no white space. */
export function parseIp(text: string): ParsedIp {
  if (isStrictV4(text)) return { ok: true, ip: text, family: 4 };
  const v6 = text.includes(':') ? canonicalV6(text) : null;
  return v6 === null ? { ok: false, message: `'${text.slice(0, 64)}' is not an IPv4 or IPv6 address` } : { ok: true, ip: v6, family: 6 };
}

/** The family of a canonical address. */
export const familyOf = (ip: string): Family => (ip.includes(':') ? 6 : 4);

/** The 4 or 16 octets of a canonical address. */
export const octetsOf = (ip: string): readonly number[] => ipaddr.parse(ip).toByteArray();

/** The canonical address of 4 or 16 octets. */
export function ipOfOctets(octets: readonly number[]): string {
  if (octets.length === 4) return octets.join('.');
  const groups = Array.from({ length: 8 }, (_, at) => (((octets[at * 2] ?? 0) << 8) | (octets[at * 2 + 1] ?? 0)).toString(16));
  return canonicalV6(groups.join(':')) ?? groups.join(':');
}
