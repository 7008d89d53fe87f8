import { FakeCloudflare, type FakeZone as CloudflareZone } from '@vmdns/adapter-cloudflare/fake';
import { FakeHestia, selfSigned } from '@vmdns/adapter-hestiacp/fake';
import { connectionSettings } from '@vmdns/local';
import { dnsAsk, FaultProxy, isPatch, type AskedType, type CallMatch, type FalseAnswer, type PowerdnsServer, type RecordedCall } from '@vmdns/test/support';
import { canonicalIp } from './book.js';
import type { SeenWrite } from './chronicle.js';
import { placeOf } from './expected.js';

export type ProviderName = 'powerdns' | 'cloudflare' | 'hestiacp';

/** An RRset of others, as PowerDNS takes it. */
export interface ForeignRrset { readonly name: string; readonly type: string; readonly ttl: number; readonly records: readonly { readonly content: string; readonly disabled: boolean }[] }
/** What a provider has at one place; `raw`: to the last byte. */
export interface HeldRrset { readonly name: string; readonly type: string; readonly ttl: string; readonly values: readonly string[]; readonly raw: unknown }

/** What is wrong with an answer, in each API's own words. */
export interface Lies {
  /** Too many calls. */
  readonly throttled: FalseAnswer;
  readonly unauthorised: FalseAnswer;
  /** To a change that was not made; the API's word for done where that is all it says, else 200 for failure. */
  readonly notDone: FalseAnswer;
  readonly brokenAfter: FalseAnswer;
  /** In a listing's place. */
  readonly listed: readonly FalseAnswer[];
}

/** A provider with a recording proxy before its API; what it holds is read past both. */
export interface Site {
  readonly provider: ProviderName;
  readonly proxy: FaultProxy;
  /** For its connection, through the proxy. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** What of it must never come out, by name. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly isChange: CallMatch;
  readonly lies: Lies;
  /** Whether a person may write beside vmdns, at any time. */
  readonly bearsOthers: boolean;
  /** A real server, that can be killed and put to sleep. */
  readonly server?: PowerdnsServer;
  makeZone(apex: string): Promise<void>;
  held(apex: string): Promise<readonly HeldRrset[]>;
  /** Writes as a person would. */
  byHand(apex: string, rrset: ForeignRrset): Promise<void>;
  /** What the world is told. */
  ask(name: string, type: AskedType): Promise<readonly string[]>;
  writes(server: number): readonly SeenWrite[];
  zoneOf(call: RecordedCall): string;
  stop(): Promise<void>;
}

/** Of a value as its provider spells it. */
const spelled = (type: string, value: string): string => (type === 'A' || type === 'AAAA' ? canonicalIp(value) : value);

interface PowerdnsRrset { readonly name: string; readonly type: string; readonly ttl: number; readonly records: readonly { readonly content: string; readonly disabled: boolean }[] }

export function powerdnsSite(powerdns: PowerdnsServer, proxy: FaultProxy): Site {
  return {
    provider: 'powerdns', proxy, settings: connectionSettings(powerdns, proxy.url), secrets: {}, isChange: isPatch, bearsOthers: true, server: powerdns,
    lies: {
      throttled: { status: 429, headers: { 'retry-after': '1' } }, unauthorised: { status: 401, body: 'Unauthorized' }, notDone: { status: 204 }, brokenAfter: { status: 500, body: { error: 'Internal Server Error' } },
      listed: [{ status: 200, body: {} }, { status: 200, body: '<html>' }, { status: 200, body: [] }, { status: 404, body: { error: 'Not Found' } }, { status: 502, body: 'Bad Gateway' }],
    },
    makeZone: async (apex) => { await powerdns.createZone(apex, { apiRectify: false }); },
    held: async (apex) => {
      const { rrsets } = await powerdns.call('GET', `/zones/${apex.replaceAll('/', '=2F')}`) as { readonly rrsets: readonly PowerdnsRrset[] };
      return rrsets.map((rrset) => ({ name: rrset.name, type: rrset.type, ttl: String(rrset.ttl), values: rrset.records.map(({ content, disabled }) => `${spelled(rrset.type, content)}${disabled ? ' (off)' : ''}`).sort(), raw: rrset }));
    },
    byHand: async (apex, rrset) => { await powerdns.call('PATCH', `/zones/${apex.replaceAll('/', '=2F')}`, { rrsets: [{ ...rrset, changetype: 'REPLACE' }] }); },
    ask: async (name, type) => (await dnsAsk(powerdns.dns, name, type)).values,
    writes: (server) => proxy.calls.filter((call) => call.appliedAt !== undefined && isPatch(call)).flatMap((call) => call.rrsets.map((rrset): SeenWrite => ({
      place: placeOf({ server, apex: call.zone ?? '', name: rrset.name, type: rrset.type }),
      values: rrset.changetype === 'DELETE' ? [] : [...rrset.values].sort(), startedAt: call.startedAt, endedAt: call.appliedAt ?? call.startedAt,
    }))),
    zoneOf: (call) => call.zone ?? '',
    stop: async () => undefined,
  };
}

/** Rows of a provider that keeps records, not RRsets; names with the dot. */
interface Row { readonly name: string; readonly type: string; readonly value: string; readonly ttl: string; readonly raw: unknown }

function rrsetsOf(rows: readonly Row[]): readonly HeldRrset[] {
  const places = new Map<string, Row[]>();
  for (const row of rows) places.set(`${row.name} ${row.type}`, [...places.get(`${row.name} ${row.type}`) ?? [], row]);
  return [...places.values()].flatMap((its) => {
    const [first] = its;
    return first === undefined ? [] : [{ name: first.name, type: first.type, ttl: [...new Set(its.map(({ ttl }) => ttl))].join('/'), values: its.map(({ type, value }) => spelled(type, value)).sort(), raw: its.map(({ raw }) => raw) }];
  });
}

/** What changed in a zone whose API writes records: what came to each RRset, and which went. */
class RowLog {
  private readonly before = new Map<string, readonly HeldRrset[]>();
  private readonly seen: (Omit<SeenWrite, 'place'> & { readonly apex: string; readonly name: string; readonly type: string })[] = [];

  /** `isByHand`: another's doing, which needs no reason. */
  note(apex: string, rows: readonly Row[], isByHand = false): void {
    const now = rrsetsOf(rows);
    const old = this.before.get(apex) ?? [];
    this.before.set(apex, now);
    if (isByHand) return;
    const find = (all: readonly HeldRrset[], { name, type }: HeldRrset): readonly string[] => all.find((one) => one.name === name && one.type === type)?.values ?? [];
    const at = Date.now();
    for (const rrset of now) {
      const came = rrset.values.filter((value) => !find(old, rrset).includes(value));
      if (came.length > 0) this.seen.push({ apex, name: rrset.name, type: rrset.type, values: came, startedAt: at, endedAt: at });
    }
    for (const rrset of old) if (find(now, rrset).length === 0) this.seen.push({ apex, name: rrset.name, type: rrset.type, values: [], startedAt: at, endedAt: at });
  }

  writes(server: number): readonly SeenWrite[] {
    return this.seen.map(({ apex, name, type, ...write }) => ({ ...write, place: placeOf({ server, apex, name, type }) }));
  }
}

const bare = (name: string): string => name.replace(/\.$/, '');
const HTML = { status: 200, headers: { 'content-type': 'text/html' }, body: '<!DOCTYPE html><title>Just a moment...</title>' } as const;
const cloudflareError = (code: number, message: string): unknown => ({ success: false, errors: [{ code, message }], messages: [], result: null });

export async function cloudflareSite(): Promise<Site> {
  const tls = selfSigned('127.0.0.1');
  const fake = await FakeCloudflare.start({ tls, policies: [] });
  const token = 'token-of-the-chaos-run';
  fake.addToken(token);
  const proxy = await FaultProxy.before(fake.url, tls);
  const zones = new Map<string, CloudflareZone>();
  const log = new RowLog();
  const rowsOf = (apex: string): readonly Row[] => [...zones.get(apex)?.records.values() ?? []].map((record) => ({ name: `${record.name}.`, type: record.type, value: record.type === 'PTR' ? `${record.content}.` : record.content, ttl: String(record.ttl), raw: record }));
  return {
    provider: 'cloudflare', proxy, settings: { url: proxy.url, apiToken: token, ca: tls.cert }, secrets: { "Cloudflare's token": token }, isChange: (call) => call.method === 'POST', bearsOthers: true,
    lies: {
      throttled: { status: 429, headers: { 'retry-after': '1' }, body: cloudflareError(10100, 'More than 1200 requests per 300 seconds reached.') }, unauthorised: { status: 403, body: cloudflareError(10000, 'Authentication error') },
      notDone: { status: 200, body: cloudflareError(10001, 'Internal server error') }, brokenAfter: { status: 502, headers: { 'content-type': 'text/html' }, body: '<html><h1>502 Bad Gateway</h1>cloudflare</html>' },
      listed: [HTML, { status: 200, body: cloudflareError(10001, 'Internal server error') }, { status: 502, body: 'Bad Gateway' }, { status: 200, body: {} }],
    },
    makeZone: async (apex) => {
      const zone = fake.addZone(bare(apex));
      zones.set(apex, zone);
      const batch = zone.batch.bind(zone);
      zone.batch = (given) => { const answer = batch(given); log.note(apex, rowsOf(apex)); return answer; };
    },
    held: async (apex) => rrsetsOf(rowsOf(apex)),
    byHand: async (apex, rrset) => {
      const zone = zones.get(apex);
      zone?.uproot((record) => record.name === bare(rrset.name) && record.type === rrset.type);
      for (const { content } of rrset.records) zone?.plant({ name: bare(rrset.name), type: rrset.type, content, ttl: rrset.ttl });
      log.note(apex, rowsOf(apex), true);
    },
    ask: async (name, type) => rrsetsOf([...zones.keys()].filter((apex) => name.endsWith(`.${apex}`)).flatMap(rowsOf)).filter((rrset) => rrset.name === name && rrset.type === type).flatMap(({ values }) => values),
    writes: (server) => log.writes(server),
    zoneOf: (call) => call.zone ?? '',
    stop: async () => { await proxy.close(); await fake.stop(); },
  };
}

const PANEL_USER = 'dns';
const PANEL_KEY = { id: 'A1B2C3D4E5F6G7H8I9J0', secret: 'k0a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5p6q7r8s9', user: PANEL_USER, commands: 'all' } as const;

export async function hestiacpSite(): Promise<Site> {
  const tls = selfSigned('127.0.0.1');
  const fake = await FakeHestia.start({ version: '1.10.3', keys: [PANEL_KEY] });
  fake.commands.addUser(PANEL_USER);
  const proxy = await FaultProxy.before(fake.url, tls);
  const log = new RowLog();
  const rowsOf = (apex: string): readonly Row[] => (fake.commands.zones.get(bare(apex))?.rows ?? []).map((row) => ({ name: row.RECORD === '@' ? apex : `${row.RECORD}.${apex}`, type: row.TYPE, value: row.VALUE, ttl: row.TTL ?? '', raw: row }));
  const touch = fake.commands.touch.bind(fake.commands);
  fake.commands.touch = (zone) => { touch(zone); log.note(`${zone.name}.`, rowsOf(`${zone.name}.`)); };
  return {
    // A person's record would be lost in the panel itself where both write at once.
    provider: 'hestiacp', proxy, secrets: { "HestiaCP's key": PANEL_KEY.secret }, bearsOthers: false, isChange: (call) => /"cmd":"v-(add|change|delete)-dns-record"/.test(call.requestBody),
    settings: { url: proxy.url, user: PANEL_USER, accessKey: PANEL_KEY.id, secretKey: PANEL_KEY.secret, fingerprint: tls.fingerprint, dnsServer: fake.named.address },
    lies: {
      throttled: { status: 429, headers: { 'retry-after': '1', 'content-type': 'text/html' }, body: '<html>429 Too Many Requests</html>' }, unauthorised: { status: 401, headers: { 'hestia-exit-code': '9' }, body: 'Error: access key is wrong' },
      notDone: { status: 204, headers: { 'hestia-exit-code': '0' } }, brokenAfter: { status: 502, body: '<html>502 Bad Gateway</html>' },
      listed: [HTML, { status: 200, headers: { 'hestia-exit-code': '0' }, body: '{\n}' }, { status: 502, body: 'Bad Gateway' }, { status: 200, body: '<html>}{' }],
    },
    makeZone: async (apex) => { fake.commands.addZone(PANEL_USER, bare(apex)); log.note(apex, rowsOf(apex), true); },
    held: async (apex) => rrsetsOf(rowsOf(apex)),
    byHand: async (apex, rrset) => {
      const zone = fake.commands.zones.get(bare(apex));
      if (zone === undefined) throw new Error(`the panel has no ${apex}`);
      for (const { content } of rrset.records) zone.rows.push(zone.row({ ID: zone.nextId, RECORD: bare(rrset.name.slice(0, -apex.length)), TYPE: rrset.type, VALUE: content, TTL: String(rrset.ttl) }));
      touch(zone);
      log.note(apex, rowsOf(apex), true);
    },
    ask: async (name, type) => (await dnsAsk({ host: '127.0.0.1', port: fake.named.port }, name, type)).values,
    writes: (server) => log.writes(server),
    zoneOf: (call) => /"arg2":"([^"]*)"/.exec(call.requestBody)?.[1] ?? '',
    stop: async () => { await proxy.close(); await fake.stop(); },
  };
}
