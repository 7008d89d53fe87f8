import { dnsAsk, type AskedType, type DnsAnswer } from './dns-ask.js';
import { field, listOf, type GatewayApi } from './gateway-api.js';
import type { PowerdnsServer } from './powerdns.js';
import { until } from './wait.js';

/** The zones of the demonstration: documentation addresses (RFC 5737, RFC 3849) under a name that nobody has (RFC 6761). */
export const DEMO = {
  forward: 'demo.vmdns.test.',
  reverse4: '2.0.192.in-addr.arpa.',
  reverse6: '0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.',
  vmId: 'demo-vm-1',
  fqdn: 'vm1.demo.vmdns.test',
  ip4: '192.0.2.10',
  ip6: '2001:db8::10',
  name4: '10.2.0.192.in-addr.arpa.',
  name6: '0.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.',
} as const;

const CONNECTION = 'local PowerDNS';

/** Makes the three zones on the local PowerDNS, the connection to it, and the zones in vmdns; what is there is left. */
export async function makeDemoZones(gateway: GatewayApi, powerdns: PowerdnsServer): Promise<void> {
  for (const zone of [DEMO.forward, DEMO.reverse4, DEMO.reverse6]) {
    if (!(await powerdns.hasZone(zone))) await powerdns.createZone(zone, { nameservers: [`ns1.${DEMO.forward}`], soaEditApi: 'DEFAULT' });
  }
  await until(async () => listOf(await gateway.call('GET', '/v1/providers'), 'items').some((one) => field(one, 'name') === 'powerdns'), { withinMs: 30_000, everyMs: 200, what: 'the PowerDNS adapter to announce itself' });
  const connectionId = await connectionTo(gateway, powerdns);
  const known = listOf(await gateway.call('GET', '/v1/zones?limit=500'), 'items').map((zone) => field(zone, 'name'));
  for (const name of [DEMO.forward, DEMO.reverse4, DEMO.reverse6]) {
    if (!known.includes(name)) await gateway.call('POST', '/v1/zones', { name, connectionId });
  }
}

async function connectionTo(gateway: GatewayApi, powerdns: PowerdnsServer): Promise<string> {
  const known = listOf(await gateway.call('GET', '/v1/connections?limit=500'), 'items').find((one) => field(one, 'name') === CONNECTION);
  const found = known ?? await gateway.call('POST', '/v1/connections', {
    name: CONNECTION,
    provider: 'powerdns',
    settings: connectionSettings(powerdns),
  });
  return String(field(found, 'id'));
}

/** Our PowerDNS listens elsewhere this time: its connection follows, and what vmdns wrote there stays its own. */
export async function followPowerdns(gateway: GatewayApi, powerdns: PowerdnsServer): Promise<void> {
  const known = listOf(await gateway.call('GET', '/v1/connections?limit=500'), 'items').find((one) => field(one, 'name') === CONNECTION);
  const settings = connectionSettings(powerdns);
  if (known === undefined || ['url', 'serverId', 'dnsServer'].every((name) => field(field(known, 'settings'), name) === settings[name])) return;
  await gateway.call('PATCH', `/v1/connections/${String(field(known, 'id'))}`, { settings, sameServer: true });
}

/** A connection's settings for a PowerDNS of ours; `api` puts a proxy in its place. */
export function connectionSettings(powerdns: PowerdnsServer, api = powerdns.api): Readonly<Record<string, unknown>> {
  return { url: api, apiKey: powerdns.apiKey, serverId: powerdns.serverId, dnsServer: `${powerdns.dns.host}:${powerdns.dns.port}` };
}

/** Publishes the sample VM and waits until it is live; gives vmdns' own words where it is not. */
export async function publishSampleVm(gateway: GatewayApi): Promise<{ readonly isLive: boolean; readonly words: string }> {
  const stored = await gateway.call('PUT', `/v1/vms/${DEMO.vmId}`, { fqdn: DEMO.fqdn, addresses: [{ ip: DEMO.ip4 }, { ip: DEMO.ip6 }] });
  const revision = Number(field(stored, 'revision'));
  const dns = await gateway.call('GET', `/v1/vms/${DEMO.vmId}/dns?revision=${revision}&wait=30s`);
  if (field(dns, 'live') === true) return { isLive: true, words: 'live' };
  const explained = await gateway.call('GET', `/v1/explain?q=${DEMO.vmId}`);
  return { isLive: false, words: listOf(explained, 'sentences').join(' ') };
}

export interface Question { readonly name: string; readonly type: AskedType }

/** The questions that tell a VM's whole DNS. */
export const SAMPLE_QUESTIONS: readonly Question[] = [
  { name: `${DEMO.fqdn}.`, type: 'A' },
  { name: `${DEMO.fqdn}.`, type: 'AAAA' },
  { name: DEMO.name4, type: 'PTR' },
  { name: DEMO.name6, type: 'PTR' },
];

export function answerText(question: Question, answer: DnsAnswer): string {
  const said = answer.values.length > 0 ? `${answer.values.join(', ')}   (TTL ${answer.ttl ?? '?'})` : answer.status === 'NOERROR' ? 'no such record' : answer.status;
  return `${question.name} ${question.type} → ${said}`;
}

/** What the name server answers, a line each. */
export async function answers(powerdns: PowerdnsServer, questions: readonly Question[]): Promise<readonly string[]> {
  return Promise.all(questions.map(async (question) => answerText(question, await dnsAsk(powerdns.dns, question.name, question.type))));
}
