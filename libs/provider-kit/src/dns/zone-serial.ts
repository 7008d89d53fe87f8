import { askDnsServer, type DnsLimits, type DnsServer } from './dns-question.js';

/** What a server says of a zone: the serial that it serves, or in words why it serves none. */
export type ZoneSerial = { readonly ok: true; readonly serial: number } | { readonly ok: false; readonly silent: boolean; readonly why: string };

/** Asks for the SOA; an answer without authority is none. */
export async function askZoneSerial(server: DnsServer, apex: string, signal: AbortSignal, limits?: DnsLimits): Promise<ZoneSerial> {
  const [answer] = await askDnsServer(server, [{ name: apex, type: 'SOA' }], signal, limits);
  if (answer === undefined || answer.kind === 'silent') return { ok: false, silent: true, why: answer?.why ?? 'no answer' };
  const soa: unknown = answer.values[0] === undefined ? undefined : JSON.parse(answer.values[0]);
  const serial = typeof soa === 'object' && soa !== null && 'serial' in soa ? soa.serial : undefined;
  if (typeof serial !== 'number' || !answer.authoritative) return { ok: false, silent: false, why: answer.rcode === 'NOERROR' ? 'not authoritative' : answer.rcode };
  return { ok: true, serial };
}
