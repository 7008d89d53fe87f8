import type { IncomingMessage } from 'node:http';
import { parseIp, parseRange, rangeContains, type IpRange } from '@vmdns/domain';
import { z } from 'zod';

/** A setting that lists addresses and ranges, `192.0.2.7, 2001:db8::/32`; empty: none. */
export const AddressList = z.string().default('').transform((text, context): readonly IpRange[] => text.split(',').map((part) => part.trim()).filter((part) => part !== '').flatMap((part) => {
  const parsed = parseRange(part);
  if (parsed.ok) return [parsed.range];
  context.addIssue(parsed.message);
  return [];
}));

/**
 * Where a request comes from, in canonical form. What `X-Forwarded-For` says is believed of our own proxies only, from
 * its end up to the first address that is none of them; undefined where it cannot be known.
 */
export function callerAddress(request: Pick<IncomingMessage, 'headers' | 'socket'>, proxies: readonly IpRange[]): string | undefined {
  const said = [request.headers['x-forwarded-for'] ?? []].flat().join(',').split(',').map((part) => part.trim()).filter((part) => part !== '');
  let address = canonical(request.socket.remoteAddress ?? '');
  while (address !== undefined && isListed(address, proxies) && said.length > 0) address = canonical(said.pop() ?? '');
  return address;
}

export function isListed(address: string | undefined, list: readonly IpRange[]): boolean {
  return address !== undefined && list.some((range) => rangeContains(range, address));
}

/** A socket that speaks both families shows IPv4 callers as `::ffff:192.0.2.1`. */
function canonical(text: string): string | undefined {
  const parsed = parseIp(text.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, ''));
  return parsed.ok ? parsed.ip : undefined;
}
