import { HttpClient, ProviderError, type CallBudget, type HttpAnswer, type ProviderErrorDetail } from '@vmdns/provider-kit';
import { BaseTokens as BaseAccountTokens } from 'cloudflare/resources/accounts/tokens/tokens';
import { BaseRecords, type RecordBatchParams } from 'cloudflare/resources/dns/records';
import { BaseZone as BaseZoneUsage } from 'cloudflare/resources/dns/usage/zone';
import { BaseTokens } from 'cloudflare/resources/user/tokens/tokens';
import { BaseUser } from 'cloudflare/resources/user/user';
import { BaseZones } from 'cloudflare/resources/zones/zones';
import { createClient } from 'cloudflare/tree-shakable';
import { z } from 'zod';
import { failureOf, faultOf, isAmbiguous, nonsenseOf, parseJson, type Fault, type Subject } from './cloudflare.errors.js';
import { rateNewsOf } from './cloudflare.rate.js';
import type { CloudflareConnection } from './cloudflare.settings.js';
import { relative, WireBatch, WireEnvelope, WirePage, WireRecord, WireToken, WireUsage, WireUser, WireZone } from './cloudflare.wire.js';
import type { Operations } from './record-plan.js';

/** PROVIDERS §10: one call, connecting included. */
export const CALL_DEADLINE_MS = 30_000;
/** A page of 5,000 records is 2 to 3 MB. */
const ANSWER_MAX_BYTES = 32 * 1024 * 1024;
export const PAGE_RECORDS = 5_000;
/** The least that the API takes. */
const PROBE_RECORDS = 5;

const NOBODY = { warn: () => undefined, error: () => undefined, info: () => undefined, debug: () => undefined };

/** What outlives a turn: connections, and what must never be seen. */
export class CloudflareTransport {
  readonly http: HttpClient;
  readonly where: string;

  constructor(readonly connection: CloudflareConnection, deadlineMs = CALL_DEADLINE_MS) {
    this.where = new URL(connection.url).origin;
    this.http = new HttpClient({
      baseUrl: this.where, secrets: [connection.apiToken], deadlineMs, answerMaxBytes: ANSWER_MAX_BYTES,
      ...(connection.ca === undefined ? {} : { tls: { ca: connection.ca } }),
    });
  }
}

interface Ask<S extends z.ZodType> {
  /** For messages: what is attempted, and on what. */
  readonly attempt: string;
  readonly subject: Subject;
  readonly schema: S;
  run(sdk: Sdk): { asResponse(): Promise<Response> };
  /** More to say of a failure, given its words. */
  detailOf?(fault: Fault): ProviderErrorDetail;
}
interface Answer<S extends z.ZodType> { readonly result: z.infer<S>; readonly info: unknown }
export interface RecordPage { readonly records: readonly WireRecord[]; readonly total: number }

type Sdk = ReturnType<typeof sdkOf>;

/**
 * Cloudflare's calls: paths and parameters are the official SDK's, its bytes go through our own HTTP client, which knows
 * whether a change may be in doubt. The SDK tries nothing twice: that is the engine's work.
 */
function sdkOf(transport: CloudflareTransport, send: (url: string, init: RequestInit) => Promise<Response>) {
  return createClient({
    apiToken: transport.connection.apiToken,
    // Else they would be taken from the environment.
    apiKey: null, apiEmail: null, userServiceKey: null,
    baseURL: `${transport.connection.url}/client/v4`,
    maxRetries: 0, timeout: CALL_DEADLINE_MS * 10, logLevel: 'off', logger: NOBODY,
    fetch: (input, init) => send(String(input), init ?? {}),
    resources: [BaseRecords, BaseZones, BaseTokens, BaseAccountTokens, BaseUser, BaseZoneUsage],
  });
}

/** Paths, headers, paging and answers of the Cloudflare API; knows nothing of RRsets. Each call takes its place in the budget. */
export class CloudflareClient {
  constructor(private readonly transport: CloudflareTransport, private readonly budget?: CallBudget) {}

  get where(): string { return this.transport.where; }

  /** The token's state, whoever owns it. */
  async verifyToken(signal: AbortSignal): Promise<WireToken & { readonly owner: 'user' | 'account' }> {
    const { accountId } = this.transport.connection;
    const attempt = 'checking the token';
    try {
      const { result } = await this.call({ attempt, subject: 'token', schema: WireToken, run: (sdk) => sdk.user.tokens.verify() }, signal);
      return { ...result, owner: 'user' };
    } catch (error) {
      if (accountId === undefined || !(error instanceof ProviderError) || error.kind !== 'credentials') throw error;
      const { result } = await this.call({ attempt, subject: 'token', schema: WireToken, run: (sdk) => sdk.accounts.tokens.verify({ account_id: accountId }) }, signal);
      return { ...result, owner: 'account' };
    }
  }

  /** The Cloudflare user behind the token; undefined where it may not ask. */
  async findUser(signal: AbortSignal): Promise<string | undefined> {
    try {
      return (await this.call({ attempt: 'asking whose token it is', subject: 'token', schema: WireUser, run: (sdk) => sdk.user.get() }, signal)).result.id;
    } catch (error) {
      if (error instanceof ProviderError && (error.kind === 'credentials' || error.kind === 'missing-zone')) return undefined;
      throw error;
    }
  }

  async findZones(apex: string, signal: AbortSignal): Promise<readonly WireZone[]> {
    const { accountId } = this.transport.connection;
    const account = accountId === undefined ? {} : { account: { id: accountId } };
    const { result } = await this.call({ attempt: `looking up ${apex}`, subject: 'token', schema: z.array(WireZone), run: (sdk) => sdk.zones.list({ name: relative(apex), ...account, per_page: 50 }) }, signal);
    return result.filter((zone) => zone.name.toLowerCase() === relative(apex));
  }

  async zone(zoneId: string, apex: string, signal: AbortSignal): Promise<WireZone> {
    return (await this.call({ attempt: `reading ${apex}`, subject: 'zone', schema: WireZone, run: (sdk) => sdk.zones.get({ zone_id: zoneId }) }, signal)).result;
  }

  async usage(zoneId: string, apex: string, signal: AbortSignal): Promise<WireUsage> {
    return (await this.call({ attempt: `asking how full ${apex} is`, subject: 'zone', schema: WireUsage, run: (sdk) => sdk.dns.usage.zone.get({ zone_id: zoneId }) }, signal)).result;
  }

  /** One page of the whole zone, in an order that stays. */
  recordPage(zoneId: string, apex: string, page: number, signal: AbortSignal): Promise<RecordPage> {
    return this.records(`reading the whole of ${apex}`, (sdk) => sdk.dns.records.list({ zone_id: zoneId, page, per_page: PAGE_RECORDS, order: 'name', direction: 'asc' }), signal);
  }

  /** How many records the zone has. */
  async recordCount(zoneId: string, apex: string, signal: AbortSignal): Promise<number> {
    return (await this.records(`counting the records of ${apex}`, (sdk) => sdk.dns.records.list({ zone_id: zoneId, per_page: PROBE_RECORDS }), signal)).total;
  }

  async recordsAt(zoneId: string, name: string, signal: AbortSignal): Promise<readonly WireRecord[]> {
    const { records } = await this.records(`reading ${name}`, (sdk) => sdk.dns.records.list({ zone_id: zoneId, per_page: PAGE_RECORDS, name: { exact: relative(name) } }), signal);
    return records.filter((record) => record.name.toLowerCase() === relative(name));
  }

  /** One transaction: deletes, patches, puts, posts, in this order; of what goes wrong only the first is told. */
  async batch(zoneId: string, apex: string, operations: Operations, detailOf: (fault: Fault) => ProviderErrorDetail, signal: AbortSignal): Promise<WireBatch> {
    const count = operations.deletes.length + operations.patches.length + operations.posts.length;
    // The SDK's types tell every record type apart; ours are the four that a plan may have.
    const lists = Object.fromEntries(Object.entries(operations).filter(([, list]) => (list as readonly unknown[]).length > 0)) as Omit<RecordBatchParams, 'zone_id'>;
    return (await this.call({
      attempt: `writing ${count} records of ${apex}`, subject: 'change', schema: WireBatch, detailOf,
      run: (sdk) => sdk.dns.records.batch({ zone_id: zoneId, ...lists }),
    }, signal)).result;
  }

  private async records(attempt: string, run: (sdk: Sdk) => { asResponse(): Promise<Response> }, signal: AbortSignal): Promise<RecordPage> {
    const { result, info } = await this.call({ attempt, subject: 'zone', schema: z.array(WireRecord), run }, signal);
    const page = WirePage.safeParse(info);
    if (!page.success) throw nonsenseOf(this.at(attempt), page.error, 'zone', this.transport.http.redact);
    return { records: result, total: page.data.total_count };
  }

  private async call<S extends z.ZodType>(ask: Ask<S>, signal: AbortSignal): Promise<Answer<S>> {
    await this.budget?.take(signal);
    const answer = await this.send(ask, signal);
    const news = rateNewsOf(answer.headers);
    if (news !== undefined) this.budget?.heard(news);
    const attempt = this.at(ask.attempt);
    const { redact } = this.transport.http;
    const envelope = WireEnvelope.safeParse(parseJson(answer.text));
    if (answer.status >= 300 || (envelope.success && !envelope.data.success)) throw await this.failure(ask, faultOf(answer), signal);
    if (!envelope.success) throw nonsenseOf(attempt, envelope.error, ask.subject, redact);
    const result = ask.schema.safeParse(envelope.data.result);
    if (!result.success) throw nonsenseOf(attempt, result.error, ask.subject, redact);
    return { result: result.data, info: envelope.data.result_info };
  }

  /** Any HTTP answer; rejects with ProviderError where there is none. */
  private async send<S extends z.ZodType>(ask: Ask<S>, signal: AbortSignal): Promise<HttpAnswer> {
    const got: { answer?: HttpAnswer; failure?: unknown } = {};
    const sdk = sdkOf(this.transport, async (url, init) => {
      try {
        const { pathname, search } = new URL(url);
        const answer = await this.transport.http.send({
          method: methodOf(init.method), path: `${pathname}${search}`, attempt: ask.attempt, changes: ask.subject === 'change',
          headers: Object.fromEntries(new Headers(init.headers)), ...(typeof init.body === 'string' ? { body: init.body } : {}),
        }, signal);
        got.answer = answer;
        return new Response(null, { status: answer.status >= 200 ? answer.status : 502 });
      } catch (failure) {
        got.failure = failure;
        throw failure;
      }
    });
    // The SDK makes errors of its own of what it does not like; ours know more.
    await ask.run(sdk).asResponse().catch((error: unknown) => { got.failure ??= error; });
    if (got.answer !== undefined) return got.answer;
    if (got.failure instanceof ProviderError) throw got.failure;
    throw new ProviderError('retry', `${this.at(ask.attempt)}: the call could not be made`, { cause: got.failure });
  }

  /** A zone that the token may not see looks like a wrong token: the token itself is asked for, so that one zone does not stop all. */
  private async failure<S extends z.ZodType>(ask: Ask<S>, fault: Fault, signal: AbortSignal): Promise<ProviderError> {
    const error = failureOf(this.at(ask.attempt), fault, ask.subject, this.transport.http.redact, ask.detailOf?.(fault));
    if (ask.subject !== 'zone' || error.kind !== 'credentials' || !isAmbiguous(fault)) return error;
    const isWell = await this.verifyToken(signal).then((token) => token.status === 'active', () => false);
    if (!isWell) return error;
    return new ProviderError('missing-zone', `${this.at(ask.attempt)}: the token is valid, but not for this zone, or there is no such zone`, { ...error.detail, hint: "Check the zone id and the token's zones." });
  }

  private at(attempt: string): string { return `${attempt} at ${this.where}`; }
}

function methodOf(method: string | undefined): 'GET' | 'POST' {
  return method === 'POST' ? 'POST' : 'GET';
}
