import type { VmView, Zone } from '@vmdns/contracts';
import { FakeCloudflare, type FakeZone as CloudflareZone } from '@vmdns/adapter-cloudflare/fake';
import { FakeHestia, selfSigned, type SelfSigned } from '@vmdns/adapter-hestiacp/fake';
import { CORE } from '@vmdns/local';
import { dnsAsk, FaultProxy, isPatch, startStack, type AskedType, type CallMatch, type FalseAnswer, type Stack } from '@vmdns/test/support';

export const PROVIDERS = ['powerdns', 'cloudflare', 'hestiacp'] as const;
export type ProviderOf3 = (typeof PROVIDERS)[number];
type Each<T> = Readonly<Record<ProviderOf3, T>>;

const CLOUDFLARE_TOKEN = 'token-of-three-providers';
const PANEL_USER = 'dns';
const PANEL_KEY = { id: 'A1B2C3D4E5F6G7H8I9J0', secret: 'k0a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5p6q7r8s9', user: PANEL_USER, commands: 'all' } as const;

/** Calls that change records, as each API has them. */
export const CHANGES: Each<CallMatch> = {
  powerdns: isPatch,
  cloudflare: (call) => call.method === 'POST',
  hestiacp: (call) => /"cmd":"v-(add|change|delete)-dns-record"/.test(call.requestBody),
};

const REFUSED_BY_RATE: Each<FalseAnswer> = {
  powerdns: { status: 429, headers: { 'retry-after': '1', 'content-type': 'text/plain' }, body: 'Too Many Requests' },
  cloudflare: { status: 429, headers: { 'retry-after': '1' }, body: { success: false, errors: [{ code: 10100, message: 'More than 1200 requests per 300 seconds reached.' }], messages: [], result: null } },
  hestiacp: { status: 429, headers: { 'retry-after': '1', 'content-type': 'text/html' }, body: '<html>429 Too Many Requests</html>' },
};

/** What is said to a change that was not made: PowerDNS and HestiaCP say that it was, Cloudflare that it is in trouble. */
const LIES: Each<FalseAnswer> = {
  powerdns: { status: 204 },
  cloudflare: { status: 500, body: { success: false, errors: [{ code: 10001, message: 'Internal server error' }], messages: [], result: null } },
  hestiacp: { status: 204, headers: { 'hestia-exit-code': '0' } },
};
/** The edge's own page, in the place of any answer. */
const PAGE: FalseAnswer = { status: 200, headers: { 'content-type': 'text/html' }, body: '<!DOCTYPE html><title>Just a moment...</title>' };

export type Trouble = 'killed' | 'throttled' | 'lying';

/** vmdns with three providers at once: a real PowerDNS, Cloudflare and HestiaCP as their fakes behind TLS, each with a recording proxy before its API. */
export class AllProviders {
  private readonly cloudflareZones = new Map<string, CloudflareZone>();
  /** Reading the fakes' state is past every API. */
  private constructor(
    readonly stack: Stack, readonly cloudflare: FakeCloudflare, readonly hestia: FakeHestia, readonly proxies: Each<FaultProxy>,
    readonly connections: Each<string>, readonly settings: Each<Readonly<Record<string, unknown>>>, readonly tls: SelfSigned,
  ) {}

  static async start(): Promise<AllProviders> {
    const tls = selfSigned('127.0.0.1');
    const [stack, cloudflare, hestia] = await Promise.all([
      startStack({ services: [...CORE, 'adapter-powerdns', 'adapter-cloudflare', 'adapter-hestiacp'] }),
      FakeCloudflare.start({ tls }),
      FakeHestia.start({ version: '1.10.3', keys: [PANEL_KEY] }),
    ]);
    Object.assign(stack.secrets, { "Cloudflare's token": CLOUDFLARE_TOKEN, "HestiaCP's key": PANEL_KEY.secret });
    cloudflare.addToken(CLOUDFLARE_TOKEN);
    hestia.commands.addUser(PANEL_USER);
    const proxies = { powerdns: stack.proxy, cloudflare: await FaultProxy.before(cloudflare.url, tls), hestiacp: await FaultProxy.before(hestia.url, tls) };
    const settings = {
      powerdns: { url: proxies.powerdns.url, apiKey: stack.powerdns.apiKey, dnsServer: `127.0.0.1:${stack.powerdns.dnsPort}` },
      cloudflare: { url: proxies.cloudflare.url, apiToken: CLOUDFLARE_TOKEN, ca: tls.cert },
      hestiacp: { url: proxies.hestiacp.url, user: PANEL_USER, accessKey: PANEL_KEY.id, secretKey: PANEL_KEY.secret, fingerprint: tls.fingerprint, dnsServer: hestia.named.address },
    };
    const ids = await Promise.all(PROVIDERS.map(async (provider) => {
      await stack.gateway.announced(provider);
      return (await stack.gateway.addConnection(provider, provider, settings[provider])).id;
    }));
    const [powerdns = '', cloudflareId = '', hestiacp = ''] = ids;
    return new AllProviders(stack, cloudflare, hestia, proxies, { powerdns, cloudflare: cloudflareId, hestiacp }, settings, tls);
  }

  async stop(): Promise<void> {
    await Promise.all([this.proxies.cloudflare.close(), this.proxies.hestiacp.close()]);
    await Promise.all([this.stack.stop(), this.cloudflare.stop(), this.hestia.stop()]);
  }

  /** Makes a zone at a provider; `apex` without its dot. */
  async makeZone(provider: ProviderOf3, apex: string): Promise<void> {
    if (provider === 'powerdns') await this.stack.powerdns.createZone(`${apex}.`, { apiRectify: false });
    else if (provider === 'cloudflare') this.cloudflareZones.set(apex, this.cloudflare.addZone(apex));
    else this.hestia.commands.addZone(PANEL_USER, apex);
  }

  /** Makes a zone at a provider and tells vmdns. */
  async addZone(provider: ProviderOf3, apex: string): Promise<Zone> {
    await this.makeZone(provider, apex);
    // Every step here gives every address back: more removals than go without asking (L13).
    return this.stack.gateway.addZone({ name: `${apex}.`, connectionId: this.connections[provider], limits: { removalNames: 1_000 } });
  }

  /** Gives whether vmdns has met it since. */
  async trouble(provider: ProviderOf3, trouble: Trouble): Promise<() => boolean> {
    const proxy = this.proxies[provider];
    if (trouble === 'killed') {
      await proxy.unplug();
      return () => true;
    }
    const rules = trouble === 'throttled' ? [proxy.answer(() => true, REFUSED_BY_RATE[provider])]
      : [proxy.answer(CHANGES[provider], LIES[provider]), ...provider === 'cloudflare' ? [proxy.answer(() => true, PAGE)] : []];
    return () => rules.some((rule) => rule.met.length > 0);
  }

  async heal(provider: ProviderOf3): Promise<void> {
    this.proxies[provider].clear();
    await this.proxies[provider].plug();
  }

  /** The A and PTR records that a provider holds in a zone, `name TYPE value`, as its own store has them. */
  async held(provider: ProviderOf3, apex: string): Promise<readonly string[]> {
    const all = provider === 'powerdns' ? await this.heldByPowerdns(apex) : provider === 'cloudflare' ? this.heldByCloudflare(apex) : this.heldByHestia(apex);
    return all.filter((line) => / (A|PTR) /.test(line)).sort();
  }

  /** What the world is told: by DNS where there is a name server, from its store at Cloudflare. */
  async answers(provider: ProviderOf3, apex: string, name: string, type: AskedType): Promise<readonly string[]> {
    if (provider === 'cloudflare') return this.heldByCloudflare(apex).filter((line) => line.startsWith(`${name}. ${type} `)).map((line) => line.split(' ')[2] ?? '');
    const server = provider === 'powerdns' ? this.stack.powerdns.dns : { host: '127.0.0.1', port: this.hestia.named.port };
    return (await dnsAsk(server, name, type)).values;
  }

  private async heldByPowerdns(apex: string): Promise<readonly string[]> {
    return (await this.stack.powerdns.rrsets(`${apex}.`)).flatMap((rrset) => rrset.records.map(({ content }) => `${rrset.name} ${rrset.type} ${content}`));
  }

  private heldByCloudflare(apex: string): readonly string[] {
    return [...this.cloudflareZones.get(apex)?.records.values() ?? []].map(({ name, type, content }) => `${name}. ${type} ${content}${type === 'PTR' ? '.' : ''}`);
  }

  private heldByHestia(apex: string): readonly string[] {
    return (this.hestia.commands.zones.get(apex)?.rows ?? []).map(({ RECORD, TYPE, VALUE }) => `${RECORD}.${apex}. ${TYPE} ${VALUE}`);
  }
}

const reverseOf = (ip: string): string => `${ip.split('.').reverse().join('.')}.in-addr.arpa.`;

/** What these VMs want in a zone, made from inventory's own words and nothing else. */
export function wantedIn(apex: string, vms: readonly VmView[]): readonly string[] {
  const lines = vms.flatMap(({ fqdn, addresses }) => addresses.flatMap(({ ip }) => [`${fqdn ?? ''} A ${ip}`, `${reverseOf(ip)} PTR ${fqdn ?? ''}`]));
  return lines.filter((line) => (line.split(' ')[0] ?? '').endsWith(`.${apex}.`)).sort();
}
