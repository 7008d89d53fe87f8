import { HttpClient, JsonArrayScanner, type HttpAnswer, type HttpAsk } from '@vmdns/provider-kit';
import type { z } from 'zod';
import { failureOf, nonsenseOf, type Subject } from './powerdns.errors.js';
import type { PowerdnsConnection } from './powerdns.settings.js';
import { WireConfig, WireServer, WireZone, WireZoneList, WireZoneWithRrsets } from './powerdns.wire.js';
import { Slots } from './slots.js';

/** PROVIDERS §10: one call, connecting included. */
export const CALL_DEADLINE_MS = 10_000;
/** A zone of 300,000 records is 41 MB and takes the server 1.5 s. */
const ZONE_DEADLINE_MS = 60_000;
const ZONE_MAX_BYTES = 512 * 1024 * 1024;
/** The API socket's backlog is 10 and every connection is closed: from 12 on, some wait a second (PERFORMANCE §0). */
export const IN_FLIGHT_MAX = 8;

/** Paths, headers and statuses of the PowerDNS HTTP API; knows nothing of what an RRset is for. */
export class PowerdnsClient {
  readonly where: string;
  private readonly http: HttpClient;
  private readonly prefix: string;
  private readonly slots = new Slots(IN_FLIGHT_MAX);

  constructor(connection: PowerdnsConnection, deadlineMs = CALL_DEADLINE_MS) {
    this.where = new URL(connection.url).origin;
    this.prefix = `/api/v1/servers/${connection.serverId}`;
    this.http = new HttpClient({
      baseUrl: connection.url, headers: { 'x-api-key': connection.apiKey }, secrets: [connection.apiKey],
      deadlineMs, keepAlive: false,
      tls: { ...(connection.ca === undefined ? {} : { ca: connection.ca }), ...(connection.fingerprint === undefined ? {} : { fingerprint: connection.fingerprint }) },
    });
  }

  server(signal: AbortSignal): Promise<z.infer<typeof WireServer>> {
    return this.get('', 'asking who the server is', 'server', WireServer, signal);
  }

  async config(signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
    const settings = await this.get('/config', "reading the server's settings", 'server', WireConfig, signal);
    return new Map(settings.map((setting) => [setting.name, setting.value]));
  }

  /** The zone's entry in the list, whose `id` is the only one to use; undefined where the server does not have it. */
  async findZone(apex: string, signal: AbortSignal): Promise<WireZone | undefined> {
    const zones = await this.get(`/zones?zone=${encodeURIComponent(apex)}&dnssec=false`, `looking up ${apex}`, 'server', WireZoneList, signal);
    return zones.find((zone) => zone.name.toLowerCase() === apex);
  }

  zoneHead(zoneId: string, apex: string, signal: AbortSignal): Promise<WireZone> {
    return this.get(`/zones/${zoneId}?rrsets=false`, `reading ${apex}`, 'zone', WireZone, signal);
  }

  readName(zoneId: string, name: string, signal: AbortSignal): Promise<z.infer<typeof WireZoneWithRrsets>> {
    return this.get(`/zones/${zoneId}?rrset_name=${encodeURIComponent(name)}&include_disabled=true`, `reading ${name}`, 'zone', WireZoneWithRrsets, signal);
  }

  /** RRsets are handed over as they come in, unparsed; then the rest of the zone is given. */
  async streamZone(zoneId: string, apex: string, take: (rrsets: readonly unknown[]) => void, signal: AbortSignal): Promise<WireZone> {
    const attempt = `reading the whole of ${apex}`;
    const scanner = new JsonArrayScanner('rrsets', take);
    const answer = await this.send({ method: 'GET', path: `/zones/${zoneId}`, attempt, take: (piece) => scanner.feed(piece), deadlineMs: ZONE_DEADLINE_MS, answerMaxBytes: ZONE_MAX_BYTES }, signal);
    if (answer.status !== 200) throw failureOf(this.at(attempt), answer, 'zone', this.http.redact);
    try {
      return WireZone.parse(scanner.end());
    } catch (cause) {
      throw nonsenseOf(this.at(attempt), cause, this.http.redact);
    }
  }

  /** Gives the new serial; null where the zone's `soa_edit_api` does not move it. */
  async patch(zoneId: string, apex: string, rrsets: readonly object[], signal: AbortSignal): Promise<string | null> {
    const attempt = `writing ${rrsets.length} RRsets of ${apex}`;
    const answer = await this.send({ method: 'PATCH', path: `/zones/${zoneId}`, attempt, body: JSON.stringify({ rrsets }) }, signal);
    if (answer.status !== 204) throw failureOf(this.at(attempt), answer, 'change', this.http.redact);
    const serial = answer.headers['x-pdns-new-serial'];
    return serial === undefined || serial === '0' ? null : serial;
  }

  /** Of the zone and everything below it. */
  async flushCache(apex: string, signal: AbortSignal): Promise<void> {
    await this.put(`/cache/flush?domain=${encodeURIComponent(apex)}`, `flushing the answer cache for ${apex}`, undefined, signal);
  }

  async rectify(zoneId: string, apex: string, signal: AbortSignal): Promise<void> {
    await this.put(`/zones/${zoneId}/rectify`, `rectifying ${apex}`, undefined, signal, ZONE_DEADLINE_MS);
  }

  /** Moves no serial [T 4.7.3]. */
  async switchRectifyOff(zoneId: string, apex: string, signal: AbortSignal): Promise<void> {
    await this.put(`/zones/${zoneId}`, `switching api_rectify off for ${apex}`, JSON.stringify({ api_rectify: false }), signal);
  }

  /** The values of one kind of metadata; none where the server does not give them out. */
  async metadata(zoneId: string, apex: string, kind: string, signal: AbortSignal): Promise<readonly string[]> {
    const attempt = `reading ${kind} of ${apex}`;
    const answer = await this.send({ method: 'GET', path: `/zones/${zoneId}/metadata/${kind}`, attempt }, signal);
    // 404: an SQL backend without its dnssec setting keeps no metadata at all [T 4.7.3].
    if (answer.status === 422 || answer.status === 404) return [];
    if (answer.status !== 200) throw failureOf(this.at(attempt), answer, 'zone', this.http.redact);
    const values: unknown = parseJson(answer.text);
    const list = typeof values === 'object' && values !== null && 'metadata' in values ? values.metadata : [];
    return Array.isArray(list) ? list.filter((value) => typeof value === 'string') : [];
  }

  close(): Promise<void> {
    return this.http.close();
  }

  private async get<S extends z.ZodType>(path: string, attempt: string, subject: Subject, schema: S, signal: AbortSignal): Promise<z.infer<S>> {
    const answer = await this.send({ method: 'GET', path, attempt }, signal);
    if (answer.status !== 200) throw failureOf(this.at(attempt), answer, subject, this.http.redact);
    try {
      return schema.parse(JSON.parse(answer.text));
    } catch (cause) {
      throw nonsenseOf(this.at(attempt), cause, this.http.redact);
    }
  }

  /** Housekeeping: may run twice, so a lost answer leaves nothing in doubt. */
  private async put(path: string, attempt: string, body: string | undefined, signal: AbortSignal, deadlineMs?: number): Promise<void> {
    const answer = await this.send({ method: 'PUT', path, attempt, changes: false, ...(deadlineMs === undefined ? {} : { deadlineMs }), ...(body === undefined ? {} : { body }) }, signal);
    if (answer.status !== 200 && answer.status !== 204) throw failureOf(this.at(attempt), answer, 'zone', this.http.redact);
  }

  private send(ask: HttpAsk, signal: AbortSignal): Promise<HttpAnswer> {
    return this.slots.use(() => this.http.send({ ...ask, path: `${this.prefix}${ask.path}` }, signal), signal);
  }

  private at(attempt: string): string { return `${attempt} at ${this.where}`; }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Its signatures are made elsewhere, so a change would break them. Newer servers say so in the zone itself. */
export async function isPresigned(client: PowerdnsClient, apex: string, zone: WireZone, signal: AbortSignal): Promise<boolean> {
  if (zone.presigned !== undefined) return zone.presigned;
  return (await client.metadata(zone.id, apex, 'PRESIGNED', signal)).some((value) => value !== '0');
}
