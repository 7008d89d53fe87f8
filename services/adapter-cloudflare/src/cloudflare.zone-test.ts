import { ProviderError, type TestStep } from '@vmdns/provider-kit';
import type { CloudflareClient } from './cloudflare.client.js';
import { NOT_BY_API_HINT } from './cloudflare.errors.js';
import type { CloudflareConnection, CloudflareZoneSettings } from './cloudflare.settings.js';
import { absolute, relative, type WireZone } from './cloudflare.wire.js';
import { findOnlyZone, isPaid } from './cloudflare.zone.js';

type Verdict = Omit<TestStep, 'step' | 'tookMs'>;

/** Beyond this share of its records a zone is soon full. */
const NEARLY_FULL = 0.9;
const SOON_MS = 14 * 86_400_000;
/** Zones that may be read by the API, and not changed (error 1038). */
const NOT_BY_API = /\.(cf|ga|gq|ml|tk)\.$/;

/** Each step as it ends, in the order in which things go wrong; the first that cannot be passed is the last. */
export async function* testCloudflareZone(client: CloudflareClient, connection: CloudflareConnection, apex: string, settings: CloudflareZoneSettings, signal: AbortSignal): AsyncIterable<TestStep> {
  const found: { zone?: WireZone } = {};
  const steps: readonly (readonly [string, () => Promise<Verdict>])[] = [
    ['token', () => testToken(client, signal)],
    ['zone', () => testLookup(client, apex, settings, found, signal)],
    ['state', () => withZone(found, (zone) => Promise.resolve(testState(zone, apex)))],
    ['records', () => withZone(found, (zone) => testRecords(client, zone, apex, connection, signal))],
    ['budget', () => testBudget(client, connection, signal)],
    ['rights', () => Promise.resolve({ ok: true, text: 'Reading works. Whether the token may write cannot be seen without a write.', hint: 'The token needs DNS:Edit for this zone; a test with a probe record shows it.' })],
    ...(apex.endsWith('.arpa.') ? [['reverse zone', () => withZone(found, (zone) => Promise.resolve(testReverse(zone, apex)))] as const] : []),
  ];
  for (const [name, look] of steps) {
    const step = await attempt(name, look);
    yield step;
    if (!step.ok) return;
  }
}

async function attempt(step: string, look: () => Promise<Verdict>): Promise<TestStep> {
  const startedAt = performance.now();
  const verdict = await look().catch((error: unknown): Verdict => {
    if (!(error instanceof ProviderError)) return { ok: false, text: `the test itself failed (${error instanceof Error ? error.name : 'unknown'})` };
    const { providerText, hint } = error.detail;
    return { ok: false, text: providerText === undefined ? error.message : `${error.message} (“${providerText}”)`, ...(hint === undefined ? {} : { hint }) };
  });
  return { step, ...verdict, tookMs: Math.round((performance.now() - startedAt) * 10) / 10 };
}

function withZone(found: { readonly zone?: WireZone }, look: (zone: WireZone) => Promise<Verdict>): Promise<Verdict> {
  return found.zone === undefined ? Promise.resolve({ ok: false, text: 'the zone was not found' }) : look(found.zone);
}

async function testToken(client: CloudflareClient, signal: AbortSignal): Promise<Verdict> {
  const token = await client.verifyToken(signal);
  if (token.status !== 'active') return { ok: false, text: `The token is ${token.status}.`, hint: 'Make a new token at Cloudflare, and set it in the connection.' };
  const owner = token.owner === 'account' ? 'account-owned token' : 'user token';
  const ends = token.expires_on === undefined ? NaN : Date.parse(token.expires_on);
  if (ends < Date.now() + SOON_MS) return { ok: true, warning: true, text: `The ${owner} is active, but only until ${new Date(ends).toISOString().slice(0, 10)}.`, hint: 'Roll the token at Cloudflare, and set it in the connection.' };
  return { ok: true, text: `The ${owner} is active.` };
}

/** The zone's own NS records are not among those that the API lists. */
const serversOf = (zone: WireZone): { readonly nameServers?: readonly string[] } => ((zone.name_servers ?? []).length === 0 ? {} : { nameServers: (zone.name_servers ?? []).map((name) => absolute(name.toLowerCase())).sort() });

async function testLookup(client: CloudflareClient, apex: string, settings: CloudflareZoneSettings, found: { zone?: WireZone }, signal: AbortSignal): Promise<Verdict> {
  const zone = settings.zoneId === undefined ? await findOnlyZone(client, apex, signal) : await client.zone(settings.zoneId, apex, signal);
  if (zone.name.toLowerCase() !== relative(apex)) return { ok: false, text: `Zone ${zone.id} is ${zone.name}, not ${apex}.`, hint: "Correct the zone's id." };
  found.zone = zone;
  const account = zone.account?.name ?? zone.account?.id;
  return { ok: true, text: `${apex} is zone ${zone.id}${account === undefined ? '' : ` in the account ${account}`}.`, ...serversOf(zone) };
}

function testState(zone: WireZone, apex: string): Verdict {
  const servers = zone.name_servers ?? [];
  if (zone.type === 'secondary') return { ok: false, text: `${apex} is of type secondary: its records come from another server.`, hint: 'Give vmdns the primary server of this zone.' };
  if (NOT_BY_API.test(apex)) return { ok: true, warning: true, text: `Cloudflare lets nobody change zones below .${apex.split('.').at(-2) ?? ''} by its API; every write will be refused.`, hint: NOT_BY_API_HINT };
  if (zone.status !== undefined && zone.status !== 'active') {
    return { ok: true, warning: true, text: `${apex} is ${zone.status} at Cloudflare: records are kept, but not served yet.`, ...(servers.length === 0 ? {} : { hint: `Set these name servers at the registrar: ${servers.join(', ')}.` }) };
  }
  if (zone.paused === true) return { ok: true, warning: true, text: `${apex} is paused at Cloudflare: it answers, and nothing is proxied.` };
  if (zone.type === 'partial') return { ok: true, warning: true, text: `${apex} is of type partial: Cloudflare serves a name only where the primary zone points to it with a CNAME.`, hint: 'Use a full zone, or the provider of the primary zone.' };
  return { ok: true, text: `${apex} is active, served by ${servers.length === 0 ? 'Cloudflare' : servers.join(', ')}.` };
}

async function testRecords(client: CloudflareClient, zone: WireZone, apex: string, connection: CloudflareConnection, signal: AbortSignal): Promise<Verdict> {
  const used = await client.recordCount(zone.id, apex, signal);
  const usage = await client.usage(zone.id, apex, signal).catch((error: unknown) => {
    // An older API does not tell.
    if (error instanceof ProviderError && (error.kind === 'missing-zone' || error.kind === 'credentials' || error.kind === 'refused')) return undefined;
    throw error;
  });
  const limit = usage?.record_quota ?? undefined;
  const plan = connection.plan === 'auto' ? (isPaid(zone) ? 'paid' : 'free') : connection.plan;
  const text = `${used} records${limit === undefined ? '' : ` of at most ${limit}`}; written as on a ${plan} plan, ${plan === 'paid' ? '3,500' : '200'} in one call.`;
  if (limit === undefined) return { ok: true, text };
  const room = { used, limit };
  if (used >= limit * NEARLY_FULL) return { ok: true, warning: true, room, text, hint: 'Nothing more fits soon: raise the plan at Cloudflare, or remove records.' };
  return { ok: true, room, text };
}

async function testBudget(client: CloudflareClient, connection: CloudflareConnection, signal: AbortSignal): Promise<Verdict> {
  const owner = await client.findUser(signal);
  const shared = connection.user === undefined ? 'connections without a word in “Whose token”' : `connections of “${connection.user}”`;
  const whose = owner === undefined ? '' : ` The token belongs to the Cloudflare user ${owner}.`;
  return { ok: true, text: `At most ${connection.callsPer5Minutes} calls in 5 minutes, together with all ${shared}.${whose}`, hint: 'Give connections of different Cloudflare users different words there, and those of one user the same.' };
}

function testReverse(zone: WireZone, apex: string): Verdict {
  const servers = zone.name_servers ?? [];
  return { ok: true, warning: true, text: `${apex} answers only if the holder of the address block has delegated it${servers.length === 0 ? ' to Cloudflare' : ` to ${servers.join(', ')}`}.`, hint: 'The delegation is set at the regional registry, or by whoever gave you the addresses.' };
}
