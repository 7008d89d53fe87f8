import { enclosingNames, relativeName } from '@vmdns/domain';
import { askDnsServer, ProviderError, type TestStep } from '@vmdns/provider-kit';
import { isPresigned, PowerdnsClient } from './powerdns.client.js';
import { dnsServerOf, type PowerdnsConnection, type PowerdnsZoneSettings } from './powerdns.settings.js';
import { tokenOf, WireRrset, type WireZone } from './powerdns.wire.js';

type Verdict = Omit<TestStep, 'step' | 'tookMs'>;

/** PowerDNS' own default; beyond it all empty non-terminals of a zone vanish, silently. */
const ENT_DEFAULT_MAX = 100_000;
/** One PTR in a /64 of its own adds so many (PERFORMANCE §0, 3). */
const ENTS_PER_V6_PTR = 16;
const TESTED = /^(4\.[789]|5\.)/;

/** Each step as it ends, in the order in which things go wrong; the first that cannot be passed is the last. */
export async function* testPowerdnsZone(connection: PowerdnsConnection, apex: string, settings: PowerdnsZoneSettings, signal: AbortSignal): AsyncIterable<TestStep> {
  const client = new PowerdnsClient(connection);
  try {
    const server = new Attempt('server');
    yield await server.end(() => testServer(client, connection, signal));
    if (server.isOver) return;
    const lookup = new Attempt('zone');
    const found: { zone?: WireZone } = {};
    yield await lookup.end(() => testLookup(client, apex, found, signal));
    const { zone } = found;
    if (lookup.isOver || zone === undefined) return;
    const kind = new Attempt('kind');
    yield await kind.end(() => testKind(client, apex, zone, signal));
    if (kind.isOver) return;
    yield await new Attempt('serial').end(() => Promise.resolve(testSerial(zone)));
    yield await new Attempt('rectify').end(() => testRectify(client, settings, zone, signal));
    yield await new Attempt('empty non-terminals').end(() => testEnts(client, apex, zone, signal));
    yield await new Attempt('name server').end(() => testDns(connection, settings, apex, signal));
  } finally {
    await client.close();
  }
}

const KEY_HINT = 'Give the key that stands as api-key in the pdns.conf of this server, and see that webserver-allow-from lets vmdns in.';

class Attempt {
  isOver = false;
  private readonly startedAt = performance.now();
  constructor(private readonly step: string) {}

  async end(look: () => Promise<Verdict>): Promise<TestStep> {
    const verdict = await look().catch((error: unknown): Verdict => {
      if (!(error instanceof ProviderError)) return { ok: false, text: `the test itself failed (${error instanceof Error ? error.name : 'unknown'})` };
      const { providerText, hint = error.kind === 'credentials' ? KEY_HINT : undefined } = error.detail;
      return { ok: false, text: providerText === undefined ? error.message : `${error.message} (“${providerText}”)`, ...(hint === undefined ? {} : { hint }) };
    });
    this.isOver = !verdict.ok;
    return { step: this.step, ...verdict, tookMs: Math.round((performance.now() - this.startedAt) * 10) / 10 };
  }
}

async function testServer(client: PowerdnsClient, connection: PowerdnsConnection, signal: AbortSignal): Promise<Verdict> {
  const { daemon_type: daemon, version } = await client.server(signal);
  if (daemon !== 'authoritative') return { ok: false, text: `${client.where} is a PowerDNS ${daemon}, not an authoritative server.`, hint: 'Give the API of the authoritative server.' };
  const isPlain = connection.url.startsWith('http:') && !/^http:\/\/(127\.|localhost|\[::1\])/.test(connection.url);
  if (isPlain) return { ok: true, warning: true, text: `PowerDNS ${version} took the key, which went over the network in clear.`, hint: 'Put a TLS proxy before the API.' };
  if ((await client.config(signal)).get('webserver-loglevel') === 'detailed') return { ok: true, warning: true, text: `PowerDNS ${version} took the key, and writes it into its log with every call (webserver-loglevel=detailed).`, hint: 'Set webserver-loglevel to normal, and make a new key.' };
  if (!TESTED.test(version)) return { ok: true, warning: true, text: `PowerDNS ${version} answers; vmdns is tried with 4.7 to 5.1.` };
  return { ok: true, text: `PowerDNS ${version} took the key.` };
}

async function testLookup(client: PowerdnsClient, apex: string, found: { zone?: WireZone }, signal: AbortSignal): Promise<Verdict> {
  const listed = await client.findZone(apex, signal);
  if (listed === undefined) return { ok: false, text: `${apex} does not exist at ${client.where}.`, hint: `vmdns never creates zones. On the server: pdnsutil create-zone ${apex}` };
  found.zone = await client.zoneHead(listed.id, apex, signal);
  return { ok: true, text: `${apex} exists, serial ${found.zone.serial}.` };
}

async function testKind(client: PowerdnsClient, apex: string, zone: WireZone, signal: AbortSignal): Promise<Verdict> {
  if (/^(slave|secondary|consumer)$/i.test(zone.kind)) return { ok: false, text: `${apex} is of kind ${zone.kind}: its content comes from another server.`, hint: 'Give vmdns the primary server of this zone.' };
  if (await isPresigned(client, apex, zone, signal)) return { ok: false, text: `${apex} is presigned: its signatures are made elsewhere.`, hint: 'Give vmdns the server that signs the zone.' };
  return { ok: true, text: `${apex} is of kind ${zone.kind}${zone.dnssec === true ? ', signed by this server' : ''}.` };
}

function testSerial(zone: WireZone): Verdict {
  if (tokenOf(zone) !== null) return { ok: true, text: `The serial moves with each change (soa_edit_api ${zone.soa_edit_api ?? ''}).` };
  const value = zone.soa_edit_api === undefined || zone.soa_edit_api === '' ? 'empty' : zone.soa_edit_api;
  return {
    ok: true, warning: true, text: `The serial does not move by one with each change (soa_edit_api is ${value}): secondaries may miss changes, and vmdns must read more.`,
    hint: "Set the zone's soa_edit_api to DEFAULT or INCREASE.",
  };
}

async function testRectify(client: PowerdnsClient, settings: PowerdnsZoneSettings, zone: WireZone, signal: AbortSignal): Promise<Verdict> {
  const byDefault = (await client.config(signal)).get('default-api-rectify') !== 'no';
  const isOn = zone.api_rectify === true || byDefault;
  if (settings.rectify === 'server' && isOn) return { ok: true, warning: true, text: 'The server may rectify with every change, which then costs as much as the whole zone (1 s at 300,000 records).', hint: 'Set the zone to rectify: auto.' };
  if (settings.rectify === 'server') return { ok: true, text: 'The server does not rectify; vmdns leaves it so.' };
  if (settings.rectify === 'auto' && zone.dnssec === true) return { ok: true, text: 'The zone is signed, so the server goes on rectifying with every change.' };
  return { ok: true, text: isOn ? "vmdns switches the zone's api_rectify off with its first change." : 'The server does not rectify with each change.' };
}

async function testEnts(client: PowerdnsClient, apex: string, zone: WireZone, signal: AbortSignal): Promise<Verdict> {
  const max = Number((await client.config(signal)).get('max-ent-entries') ?? ENT_DEFAULT_MAX);
  const ents = await countEnts(client, apex, zone, signal);
  const isV6 = apex.endsWith('.ip6.arpa.');
  const room = isV6 ? ` There is room for about ${Math.max(0, Math.floor((max - ents) / ENTS_PER_V6_PTR))} more PTR records in networks (/64) of their own.` : '';
  const text = `${ents} empty non-terminals of at most ${max} (max-ent-entries).${room}`;
  if (max > 0 && (ents > max / 2 || (isV6 && max <= ENT_DEFAULT_MAX))) {
    return { ok: true, warning: true, text: `${text} Beyond the limit PowerDNS silently drops all of them, and names in between answer NXDOMAIN.`, hint: 'Raise max-ent-entries on the server (e.g. 2000000), or split the zone.' };
  }
  return { ok: true, text };
}

/** Names that have names below them and no records of their own. */
async function countEnts(client: PowerdnsClient, apex: string, zone: WireZone, signal: AbortSignal): Promise<number> {
  const names = new Set<string>();
  await client.streamZone(zone.id, apex, (elements) => { for (const element of elements) names.add(WireRrset.parse(element).name); }, signal);
  const between = new Set<string>();
  for (const name of names) {
    if (name === apex || !relativeName(name, apex).includes('.')) continue;
    for (const above of enclosingNames(name).slice(1)) {
      if (above === apex || between.has(above)) break;
      if (!names.has(above)) between.add(above);
    }
  }
  return between.size;
}

async function testDns(connection: PowerdnsConnection, settings: PowerdnsZoneSettings, apex: string, signal: AbortSignal): Promise<Verdict> {
  const server = dnsServerOf(connection, settings);
  if (server === undefined) return { ok: true, warning: true, text: "The name server's address is not set, so a record counts as live when the API took it.", hint: "Set the connection's dnsServer to host:port of this server." };
  const [answer] = await askDnsServer(server, [{ name: apex, type: 'SOA' }], signal);
  const at = `${server.host}:${server.port}`;
  if (answer === undefined || answer.kind === 'silent') return { ok: false, text: `No DNS answer from ${at}.`, hint: "Check the connection's dnsServer, and whether this machine may ask it." };
  if (answer.values.length === 0 || !answer.authoritative) return { ok: false, text: `${at} does not serve ${apex} (${answer.rcode}${answer.authoritative ? '' : ', not authoritative'}).`, hint: 'A zone that was just made can take some minutes (zone-cache-refresh-interval).' };
  return { ok: true, text: `${apex} is answered by ${at}.` };
}
