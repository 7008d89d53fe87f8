import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { DOCUMENTED, FakeBudget, type FakePolicy } from './fake-budget.js';
import { FakeZone, newId, Refusal, type FakeBatch, type FakeRecord } from './fake-zone.js';

export interface FakeToken { readonly user: string; readonly owner: 'user' | 'account'; status: 'active' | 'disabled' | 'expired'; expiresOn?: string; /** What it may see; undefined: every zone. */ readonly zones?: readonly string[]; mayWrite: boolean; mayReadUser: boolean }
export interface FakeCall { readonly method: string; readonly path: string; readonly body: string; readonly status: number }

/** How the next calls of a kind go wrong. */
export type FakeTrouble =
  /** Applied, and never answered. */
  | 'silence'
  /** Applied; the answer breaks off half-way. */
  | 'half-answer'
  /** Applied; 502 with a page of HTML from the edge. */
  | 'edge-error'
  /** Not applied: Cloudflare's own 500 and 503, 409, 408. */
  | 'internal-error' | 'unavailable' | 'conflict' | 'request-timeout'
  /** Not applied: a page of HTML with status 200. */
  | 'html';

export interface FakeOptions {
  readonly latencyMs?: number;
  readonly policies?: readonly FakePolicy[];
  readonly blockSeconds?: number;
  /** Says nothing of its limits, as until 2025. */
  readonly isSilentOnLimits?: boolean;
  /** Errors of a batch name the operation they mean. */
  readonly pointsAtErrors?: boolean;
  readonly tls?: { readonly key: string; readonly cert: string };
  readonly now?: () => number;
}

const RECORDS_PER_PAGE_MAX = 5_000_000;
const ACCOUNT = newId();

/** A small Cloudflare: keeps state, follows PROVIDERS §4, and is no kinder than the real one. */
export class FakeCloudflare {
  readonly zones = new Map<string, FakeZone>();
  readonly tokens = new Map<string, FakeToken>();
  readonly calls: FakeCall[] = [];
  readonly accountId = ACCOUNT;
  latencyMs: number;
  /** Of writes and of reads, one each time. */
  readonly troubles: { writes: FakeTrouble[]; reads: FakeTrouble[] } = { writes: [], reads: [] };
  /** What another hand does between a reading and the next batch; once. */
  beforeBatch: (() => void) | undefined;
  /** What it does after a page of records was given. */
  afterPage: ((page: number) => void) | undefined;
  private readonly budgets = new Map<string, FakeBudget>();

  private constructor(private readonly server: Server, private readonly options: FakeOptions) {
    this.latencyMs = options.latencyMs ?? 0;
  }

  static async start(options: FakeOptions = {}): Promise<FakeCloudflare> {
    const listen = (ask: IncomingMessage, reply: ServerResponse): void => { void fake.serve(ask, reply); };
    const server = options.tls === undefined ? createServer(listen) : createTlsServer(options.tls, listen);
    const fake: FakeCloudflare = new FakeCloudflare(server, options);
    await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
    return fake;
  }

  get url(): string { return `${this.options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${(this.server.address() as AddressInfo).port}`; }

  addToken(token: string, given: Partial<FakeToken> = {}): FakeToken {
    const made: FakeToken = { user: 'user1', owner: 'user', status: 'active', mayWrite: true, mayReadUser: false, ...given };
    this.tokens.set(token, made);
    return made;
  }

  addZone(apex: string, settings: Partial<Pick<FakeZone, 'status' | 'type' | 'plan' | 'quota' | 'tagQuota' | 'accountId'>> = {}): FakeZone {
    const zone = Object.assign(new FakeZone(apex.replace(/\.$/, ''), settings.accountId ?? ACCOUNT), settings);
    this.zones.set(zone.id, zone);
    return zone;
  }

  budgetOf(user = 'user1'): FakeBudget {
    const budget = this.budgets.get(user) ?? new FakeBudget(this.options.policies ?? DOCUMENTED, this.options.blockSeconds ?? 300, this.options.now ?? (() => performance.now()));
    this.budgets.set(user, budget);
    return budget;
  }

  async stop(): Promise<void> {
    await new Promise<void>((resolve) => { this.server.close(() => resolve()); this.server.closeAllConnections(); });
  }

  private async serve(ask: IncomingMessage, reply: ServerResponse): Promise<void> {
    const pieces: Buffer[] = [];
    try {
      for await (const piece of ask) pieces.push(piece as Buffer);
    } catch {
      return;
    }
    const body = Buffer.concat(pieces).toString('utf8');
    const url = new URL(ask.url ?? '/', this.url);
    const method = ask.method ?? 'GET';
    if (this.latencyMs > 0) await sleep(this.latencyMs);
    const headers: Record<string, string> = {};
    let status = 200;
    let answer: unknown;
    const trouble = url.pathname.includes('/dns_records') ? (method === 'GET' ? this.troubles.reads : this.troubles.writes).shift() : undefined;
    try {
      const token = this.authenticate(ask);
      const budget = this.budgetOf(token.user);
      const mayPass = budget.pass();
      if (this.options.isSilentOnLimits !== true) Object.assign(headers, budget.headers());
      if (!mayPass) throw new Refusal(429, 10100, 'More than 1200 requests per 300 seconds reached. Please wait and consider throttling your request speed');
      if (trouble !== undefined && !APPLIED.has(trouble)) throw new Trouble(trouble);
      answer = this.route(method, url, body, token);
    } catch (error) {
      if (error instanceof Trouble) { status = error.answer(reply, headers); this.calls.push({ method, path: url.pathname + url.search, body, status }); return; }
      const refusal = error instanceof Refusal ? error : new Refusal(500, 7500, 'Internal error');
      status = refusal.status;
      answer = this.refusalOf(refusal);
    }
    this.calls.push({ method, path: url.pathname + url.search, body, status });
    const text = JSON.stringify(answer);
    if (trouble === 'silence' && status === 200) return;
    if (trouble === 'edge-error' && status === 200) { reply.writeHead(502, { 'content-type': 'text/html' }).end('<html><h1>502 Bad Gateway</h1>cloudflare</html>'); return; }
    reply.writeHead(status, { 'content-type': 'application/json', ...headers, 'content-length': String(Buffer.byteLength(text)) });
    if (trouble === 'half-answer' && status === 200) { reply.write(text.slice(0, text.length / 2), () => reply.destroy()); return; }
    reply.end(text);
  }

  private refusalOf(refusal: Refusal): unknown {
    const source = this.options.pointsAtErrors === true && refusal.pointer !== undefined ? { source: { pointer: refusal.pointer } } : {};
    return { success: false, errors: [{ code: refusal.code, message: refusal.message, ...(refusal.chain.length === 0 ? {} : { error_chain: refusal.chain }), ...source }], messages: [], result: null };
  }

  private authenticate(ask: IncomingMessage): FakeToken {
    const header = ask.headers.authorization ?? '';
    if (!/^Bearer [\w.-]+$/.test(header)) throw new Refusal(400, 6003, 'Invalid request headers', [{ code: 6111, message: 'Invalid format for Authorization header' }]);
    const token = this.tokens.get(header.slice('Bearer '.length));
    if (token === undefined) throw new Refusal(ask.url?.endsWith('/tokens/verify') === true ? 401 : 403, ask.url?.endsWith('/tokens/verify') === true ? 1000 : 10000, ask.url?.endsWith('/tokens/verify') === true ? 'Invalid API Token' : 'Authentication error');
    return token;
  }

  private route(method: string, url: URL, body: string, token: FakeToken): unknown {
    const path = url.pathname.replace(/^\/client\/v4/, '');
    const verify = /^\/(user|accounts\/([^/]+))\/tokens\/verify$/.exec(path);
    if (verify !== null) return this.verify(token, verify[2]);
    if (token.status !== 'active') throw new Refusal(403, 10000, 'Authentication error');
    if (method === 'GET' && path === '/user') {
      if (!token.mayReadUser) throw new Refusal(403, 9109, 'Unauthorized to access requested resource');
      return ok({ id: token.user });
    }
    if (method === 'GET' && path === '/zones') return this.listZones(url.searchParams, token);
    const match = /^\/zones\/([^/]+)(\/.*)?$/.exec(path);
    if (match === null) throw new Refusal(400, 7000, 'No route for that URI');
    const zone = this.findZone(match[1] ?? '', token);
    const rest = match[2] ?? '';
    if (method === 'GET' && rest === '') return ok(zone.answer());
    if (method === 'GET' && rest === '/dns_records') return this.listRecords(zone, url.searchParams);
    if (method === 'GET' && rest === '/dns_records/usage') return ok({ record_quota: Number.isFinite(zone.quota) ? zone.quota : null, record_usage: zone.records.size });
    if (method === 'POST' && rest === '/dns_records/batch') {
      if (!token.mayWrite) throw new Refusal(403, 10000, 'Authentication error');
      this.beforeBatch?.();
      this.beforeBatch = undefined;
      return ok(zone.batch(JSON.parse(body) as FakeBatch));
    }
    throw new Refusal(405, 10405, 'Method not allowed for this authentication scheme');
  }

  private verify(token: FakeToken, accountId: string | undefined): unknown {
    if ((token.owner === 'account') !== (accountId !== undefined) || (accountId !== undefined && accountId !== ACCOUNT)) throw new Refusal(401, 1000, 'Invalid API Token');
    return ok({ id: newId(), status: token.status, ...(token.expiresOn === undefined ? {} : { expires_on: token.expiresOn }) });
  }

  /** A zone that is not there and one that the token may not see are answered alike. */
  private findZone(id: string, token: FakeToken): FakeZone {
    if (!/^[0-9a-f]{32}$/.test(id)) throw new Refusal(400, 7003, `Could not route to /zones/${id}, perhaps your object identifier is invalid?`);
    const zone = this.zones.get(id);
    if (zone === undefined || !sees(token, zone)) throw new Refusal(403, 10000, 'Authentication error');
    return zone;
  }

  private listZones(query: URLSearchParams, token: FakeToken): unknown {
    const perPage = Number(query.get('per_page') ?? 20);
    if (perPage < 5 || perPage > 50) throw new Refusal(400, 1006, 'Invalid per_page: must be between 5 and 50');
    const zones = [...this.zones.values()].filter((zone) => sees(token, zone) && (query.get('name') ?? zone.name) === zone.name && (query.get('account.id') ?? zone.accountId) === zone.accountId);
    return paged(zones, query, perPage, (zone) => zone.answer());
  }

  private listRecords(zone: FakeZone, query: URLSearchParams): unknown {
    const perPage = Number(query.get('per_page') ?? 100);
    if (perPage < 5 || perPage > RECORDS_PER_PAGE_MAX) throw new Refusal(400, 9207, 'per_page out of range');
    const exact = query.get('name.exact') ?? query.get('name');
    const byName = (a: FakeRecord, b: FakeRecord): number => (a.name === b.name ? (a.id < b.id ? -1 : 1) : a.name < b.name ? -1 : 1);
    const records = [...zone.records.values()].filter((record) => exact === null || record.name === exact.toLowerCase()).sort(byName);
    const answer = paged(records, query, perPage, (record) => zone.show(record));
    this.afterPage?.(Number(query.get('page') ?? 1));
    return answer;
  }
}

const APPLIED: ReadonlySet<FakeTrouble> = new Set<FakeTrouble>(['silence', 'half-answer', 'edge-error']);

const sees = (token: FakeToken, zone: FakeZone): boolean => token.zones === undefined || token.zones.includes(zone.name);
const ok = (result: unknown, info?: unknown): unknown => ({ success: true, errors: [], messages: [], result, ...(info === undefined ? {} : { result_info: info }) });

function paged<T>(all: readonly T[], query: URLSearchParams, perPage: number, show: (one: T) => unknown): unknown {
  const page = Number(query.get('page') ?? 1);
  const some = all.slice((page - 1) * perPage, page * perPage);
  return ok(some.map(show), { page, per_page: perPage, count: some.length, total_count: all.length, total_pages: Math.ceil(all.length / perPage) });
}

/** An answer that is none of the API's. */
class Trouble extends Error {
  constructor(private readonly kind: FakeTrouble) { super(kind); }

  answer(reply: ServerResponse, headers: Record<string, string>): number {
    const json = (status: number, code: number, message: string): number => {
      reply.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify({ success: false, errors: [{ code, message }], messages: [], result: null }));
      return status;
    };
    switch (this.kind) {
      case 'internal-error': return json(500, 10001, 'Internal server error');
      case 'unavailable': return json(503, 10002, 'Service temporarily unavailable');
      case 'conflict': return json(409, 10003, 'Conflict');
      case 'request-timeout': return json(408, 10004, 'Request timeout');
      default: reply.writeHead(200, { 'content-type': 'text/html' }).end('<!DOCTYPE html><title>Just a moment...</title>'); return 200;
    }
  }
}
