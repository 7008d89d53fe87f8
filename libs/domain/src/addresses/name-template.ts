import { parseFqdn } from '../names/host-name.js';
import type { ParsedName } from '../names/owner-name.js';
import { octetsOf } from './ip-address.js';

const PLACEHOLDER = /\{([^{}]*)\}/g;

/** 192-0-2-5, or all 8 groups of an IPv6 address without shortening: 2001-0db8-0000-…-0001. */
function dashed(ip: string): string {
  const octets = octetsOf(ip);
  if (octets.length === 4) return octets.join('-');
  const hex = octets.map((octet) => octet.toString(16).padStart(2, '0')).join('');
  return (hex.match(/.{4}/g) ?? []).join('-');
}

/** The PTR target that a range's pattern gives an address: `{ip-dashed}.dyn.example.net`. Canonical address in, absolute name out. */
export function templateName(pattern: string, ip: string): ParsedName {
  const unknown = Array.from(pattern.matchAll(PLACEHOLDER), (found) => found[1]).find((word) => word !== 'ip-dashed');
  if (unknown !== undefined) return { ok: false, message: `'${pattern}' has {${unknown}}; only {ip-dashed} is known` };
  return parseFqdn(pattern.replaceAll('{ip-dashed}', dashed(ip)));
}
