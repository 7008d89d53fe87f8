import { ProviderError, type TestStep } from '@vmdns/provider-kit';
import { askDnsServer } from '@vmdns/provider-kit/dns';
import type { PowerdnsClient } from './powerdns.client.js';
import { dnsServerOf, type PowerdnsConnection, type PowerdnsZone } from './powerdns.settings.js';
import { hasCountingSerial, unwritableBecause, type WireZone } from './powerdns.wire.js';

/** Empty non-terminals that one IPv6 PTR alone in its /64 costs in a zone cut at /32 (PERFORMANCE §0, 3). */
const GAPS_OF_ONE_PTR6 = 16;
const ENT_LIMIT_DEFAULT = 100_000;

type Said = Omit<TestStep, 'step' | 'tookMs'>;

/** Each step that a zone needs to be written, with what to do where it fails; later steps are left out where they cannot work. */
export async function* testPowerdnsZone(client: PowerdnsClient, connection: PowerdnsConnection, apex: string, settings: PowerdnsZone, signal: AbortSignal): AsyncGenerator<TestStep> {
  const server = await timed('server', async () => {
    const { version, daemon_type } = await client.server(signal);
    if (daemon_type !== 'authoritative') return { ok: false, text: `A PowerDNS ${daemon_type} answers, not an authoritative server.`, hint: 'Give the address of the authoritative server\'s API.' };
    return { ok: true, text: `PowerDNS ${version} answers and takes the key.` };
  });
  yield server;
  if (!server.ok) return;

  let zone: WireZone | undefined;
  const present = await timed('zone', async () => {
    const found = await client.findZone(apex, signal);
    if (found === undefined) return { ok: false, text: `The server does not have the zone ${apex}`, hint: `Create it there first, for example: pdnsutil create-zone ${apex.replace(/\.$/, '')}` };
    zone = await client.zone(found.id, signal);
    const why = unwritableBecause(zone);
    return why === null ? { ok: true, text: `The zone is there, of kind ${zone.kind}.` } : { ok: false, text: `It cannot be written: ${why}.`, hint: 'Give the connection of the server on which the zone is edited.' };
  });
  yield present;
  if (zone === undefined || !present.ok) return;
  const held = zone;

  yield await timed('serial', async () => serialStep(held));
  yield await timed('rectify', () => rectifyStep(client, held, settings, signal));
  if (apex.endsWith('.ip6.arpa.')) yield await timed('empty non-terminals', () => gapsStep(client, apex, signal));
  const dns = settings.dnsServer ?? connection.dnsServer;
  if (dns === undefined) {
    yield { step: 'dns', ok: true, warning: true, text: 'No DNS address is set: a record counts as live once the API has taken it.', hint: 'Set dnsServer (host:port) on the connection or the zone, so that answers are checked as well.', tookMs: 0 };
  } else {
    yield await timed('dns', () => dnsStep(dns, apex, signal));
  }
}

function serialStep(zone: WireZone): Said {
  if (hasCountingSerial(zone)) return { ok: true, text: `Each change moves the serial (soa_edit_api ${zone.soa_edit_api}).` };
  return {
    ok: true, warning: true,
    text: zone.soa_edit_api === '' ? 'The serial does not move with changes: secondaries would not notice them, and every batch must be read first.' : `With soa_edit_api ${zone.soa_edit_api} the serial does not count changes: every batch must be read first.`,
    hint: 'Set soa_edit_api of the zone to DEFAULT or INCREASE.',
  };
}

async function rectifyStep(client: PowerdnsClient, zone: WireZone, settings: PowerdnsZone, signal: AbortSignal): Promise<Said> {
  if (settings.rectify === 'off') return { ok: true, text: 'Nobody rectifies the zone: names between the apex and deeper names may answer NXDOMAIN.' };
  const byServer = zone.api_rectify === true || await client.rectifiesByDefault(signal);
  if (!byServer) return { ok: true, text: settings.rectify === 'auto' ? 'The zone is rectified once it is quiet, where a change needs it.' : 'The server does not rectify with each change.' };
  if (settings.rectify === 'auto' && !zone.dnssec) return { ok: true, text: 'The first change switches the zone\'s api_rectify off; the zone is rectified once it is quiet.' };
  return {
    ok: true, warning: true,
    text: 'The server rectifies the whole zone with each change, so a change costs more the larger the zone is (0.27 s at 100,000 records).',
    hint: zone.dnssec ? 'A signed zone needs that; keep it small, or split it.' : 'Set rectify to "auto" for this zone.',
  };
}

async function gapsStep(client: PowerdnsClient, apex: string, signal: AbortSignal): Promise<Said> {
  const limit = Number((await client.config(signal)).find((setting) => setting.name === 'max-ent-entries')?.value ?? ENT_LIMIT_DEFAULT);
  const depth = apex.split('.').length - 1 - 2;
  // Below a /64 (16 nibbles) a lone ::1 fills the rest of the 32 nibbles with names that hold nothing.
  const gaps = Math.max(1, Math.min(32 - depth - 1, GAPS_OF_ONE_PTR6 + Math.max(0, 16 - depth - 4)));
  const vms = Math.floor(limit / gaps);
  return {
    ok: true, warning: true,
    text: `With one address in each /64 this zone bears about ${vms.toLocaleString('en')} PTRs: beyond max-ent-entries (${limit.toLocaleString('en')}) PowerDNS silently drops all empty non-terminals.`,
    hint: 'Raise max-ent-entries in pdns.conf, or split the zone.',
  };
}

async function dnsStep(server: string, apex: string, signal: AbortSignal): Promise<Said> {
  const [answer] = await askDnsServer(dnsServerOf(server), [{ name: apex, type: 'SOA' }], signal);
  if (answer === undefined || answer.kind === 'silent') return { ok: false, text: `No DNS answer from ${server}.`, hint: 'Check the DNS address, and that this host may ask there.' };
  if (answer.rcode !== 'NOERROR' || !answer.authoritative) return { ok: false, text: `${server} answers ${answer.rcode}${answer.authoritative ? '' : ', not with authority,'} for the SOA of ${apex}`, hint: 'Give the DNS address of this very server, not of a resolver.' };
  return { ok: true, text: `${server} answers for the zone with authority.` };
}

async function timed(step: string, work: () => Promise<Said>): Promise<TestStep> {
  const startedAt = performance.now();
  const took = (): number => Math.round((performance.now() - startedAt) * 10) / 10;
  try {
    const said = await work();
    return { step, ...said, tookMs: took() };
  } catch (error) {
    return { step, ok: false, ...wordsOf(error), tookMs: took() };
  }
}

function wordsOf(error: unknown): { readonly text: string; readonly hint: string } {
  if (!(error instanceof ProviderError)) return { text: 'Something unexpected happened.', hint: 'See the adapter\'s log.' };
  switch (error.kind) {
    case 'credentials': return { text: 'The server refuses the API key.', hint: 'Compare it with api-key in pdns.conf, and set it again.' };
    case 'missing-zone': return { text: error.message, hint: 'Check the server id (usually localhost) and that the zone exists there.' };
    default: return { text: error.message, hint: 'Check the API address, that webserver and api are on, and that webserver-allow-from lets this host in.' };
  }
}
