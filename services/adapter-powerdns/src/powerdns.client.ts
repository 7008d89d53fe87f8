import { HttpClient, JsonArrayScanner, type HttpAnswer, type HttpAsk } from '@vmdns/provider-kit/http';
import { ProviderError, type RrsetChange } from '@vmdns/provider-kit';
import type { z } from 'zod';
import type { PowerdnsConnection } from './powerdns.settings.js';
import { failureOf } from './powerdns.failure.js';
import { WireConfig, WireRrset, WireServer, WireZone, WireZoneList, WireZoneWithRrsets } from './powerdns.wire.js';

/** One call from connecting to the last byte; PowerDNS drops a connection after 5 s of silence by itself. */
const DEADLINE_MS = 10_000;
/** Reading a whole zone of 300,000 records takes 1.5 s and 41 MB on loopback (PERFORMANCE §2). */
const ZONE_DEADLINE_MS = 60_000;
const ZONE_MAX_BYTES = 512 * 1024 * 1024;
/** The API's listen backlog is 10: more at once brings 1 s SYN retransmits. */
export const IN_FLIGHT_MAX = 8;

/** Paths, headers and answers of the PowerDNS API; knows nothing of what a change means. */
export class PowerdnsClient {
  private readonly http: HttpClient;
  private readonly prefix: string;
  private readonly waiting: (() => void)[] = [];
  private inFlight = 0;
  private byDefault: boolean | undefined;

  constructor(private readonly connection: PowerdnsConnection) {
    this.prefix = `/api/v1/servers/${encodeURIComponent(connection.serverId)}`;
    this.http = new HttpClient({
      baseUrl: connection.url,
      headers: { 'x-api-key': connection.apiKey, 'accept': 'application/json' },
      secrets: [connection.apiKey],
      deadlineMs: DEADLINE_MS,
      // The server closes every connection.
      keepAlive: false,
      tls: { ...(connection.ca === undefined ? {} : { ca: connection.ca }), ...(connection.fingerprint === undefined ? {} : { fingerprint: connection.fingerprint }) },
    });
  }

  async server(signal: AbortSignal): Promise<z.infer<typeof WireServer>> {
    return this.get('', 'asking the server who it is', WireServer, signal);
  }

  async config(signal: AbortSignal): Promise<z.infer<typeof WireConfig>> {
    return this.get('/config', 'reading the server\'s settings', WireConfig, signal);
  }

  /** Whether the server rectifies zones that do not say otherwise; asked once. A server that does not tell is taken to do so. */
  async rectifiesByDefault(signal: AbortSignal): Promise<boolean> {
    if (this.byDefault === undefined) {
      const settings = await this.config(signal);
      this.byDefault = (settings.find((setting) => setting.name === 'default-api-rectify')?.value ?? 'yes') !== 'no';
    }
    return this.byDefault;
  }

  /** The zone of that name; the server's own id of it comes from here, never from us. */
  async findZone(apex: string, signal: AbortSignal): Promise<{ readonly id: string; readonly kind: string } | undefined> {
    const zones = await this.get(`/zones?zone=${encodeURIComponent(apex)}&dnssec=false`, `looking for the zone ${apex}`, WireZoneList, signal);
    return zones.find((zone) => zone.name.toLowerCase() === apex);
  }

  async zone(id: string, signal: AbortSignal): Promise<WireZone> {
    return this.get(`${zonePath(id)}?rrsets=false`, `reading the zone ${id}`, WireZone, signal);
  }

  /** The zone, and what it holds at one name. Up to 4.8 the answer leaks other names: filtered here, once and for all. */
  async zoneAtName(id: string, name: string, signal: AbortSignal): Promise<z.infer<typeof WireZoneWithRrsets>> {
    const zone = await this.get(`${zonePath(id)}?rrset_name=${encodeURIComponent(name)}`, `reading ${name}`, WireZoneWithRrsets, signal);
    return { ...zone, rrsets: zone.rrsets.filter((rrset) => rrset.name.toLowerCase() === name) };
  }

  /** The whole zone in pieces; resolves with what surrounds its RRsets, or throws when the answer is cut short. */
  async readZone(id: string, take: (rrsets: readonly WireRrset[]) => void, signal: AbortSignal): Promise<WireZone> {
    const attempt = `reading the zone ${id}`;
    const scanner = new JsonArrayScanner('rrsets', (elements) => take(elements.map((element) => WireRrset.parse(element))));
    const answer = await this.send({ method: 'GET', path: `${this.prefix}${zonePath(id)}`, attempt, deadlineMs: ZONE_DEADLINE_MS, answerMaxBytes: ZONE_MAX_BYTES, take: (piece) => scanner.feed(piece) }, signal);
    if (answer.status !== 200) throw failureOf(answer, attempt, this.http.redact);
    try {
      return WireZone.parse(scanner.end());
    } catch (cause) {
      throw new ProviderError('retry', `${attempt}: the answer is cut short or makes no sense`, { cause });
    }
  }

  /** One transaction: all of it or nothing. Gives the new serial, where the server says it. */
  async patch(id: string, body: string, changes: readonly RrsetChange[], signal: AbortSignal): Promise<string | null> {
    const attempt = `writing ${changes.length} RRsets of the zone ${id}`;
    const answer = await this.send({ method: 'PATCH', path: `${this.prefix}${zonePath(id)}`, attempt, body }, signal);
    if (answer.status !== 204 && answer.status !== 200) throw failureOf(answer, attempt, this.http.redact, changes);
    return answer.headers['x-pdns-new-serial'] ?? null;
  }

  async flush(apex: string, signal: AbortSignal): Promise<void> {
    await this.put(`/cache/flush?domain=${encodeURIComponent(apex)}`, `flushing the answers of ${apex}`, undefined, signal);
  }

  async rectify(id: string, signal: AbortSignal): Promise<void> {
    await this.put(`${zonePath(id)}/rectify`, `rectifying the zone ${id}`, undefined, signal);
  }

  /** Switches off that every PATCH rectifies the whole zone. */
  async stopRectifying(id: string, signal: AbortSignal): Promise<void> {
    await this.put(zonePath(id), `setting api_rectify of the zone ${id}`, JSON.stringify({ api_rectify: false }), signal);
  }

  private async put(path: string, attempt: string, body: string | undefined, signal: AbortSignal): Promise<void> {
    const answer = await this.send({ method: 'PUT', path: `${this.prefix}${path}`, attempt, changes: false, ...(body === undefined ? {} : { body }) }, signal);
    if (answer.status >= 300) throw failureOf(answer, attempt, this.http.redact);
  }

  private async get<T>(path: string, attempt: string, schema: z.ZodType<T>, signal: AbortSignal): Promise<T> {
    const answer = await this.send({ method: 'GET', path: `${this.prefix}${path}`, attempt }, signal);
    if (answer.status !== 200) throw failureOf(answer, attempt, this.http.redact);
    try {
      return schema.parse(JSON.parse(answer.text));
    } catch (cause) {
      throw new ProviderError('retry', `${attempt}: the answer is not what PowerDNS answers`, { cause: new Error(cause instanceof SyntaxError ? 'no JSON' : 'another shape') });
    }
  }

  private async send(ask: HttpAsk, signal: AbortSignal): Promise<HttpAnswer> {
    while (this.inFlight >= IN_FLIGHT_MAX) await new Promise<void>((resolve) => { this.waiting.push(resolve); });
    this.inFlight += 1;
    try {
      return await this.http.send(ask, signal);
    } finally {
      this.inFlight -= 1;
      this.waiting.shift()?.();
    }
  }
}

/** Zone ids are opaque (`=2F` for a slash) and come from the server; they are path segments as they are. */
const zonePath = (id: string): string => `/zones/${encodeURIComponent(id)}`;
