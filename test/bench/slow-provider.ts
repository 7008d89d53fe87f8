import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pause } from '@vmdns/local';

interface SlowRecord { readonly id: string; readonly name: string; readonly type: string; readonly content: string; readonly ttl: number; readonly proxied: boolean }
interface SlowBatch { readonly deletes?: readonly { readonly id: string }[]; readonly patches?: readonly (Partial<SlowRecord> & { readonly id: string })[]; readonly posts?: readonly Omit<SlowRecord, 'id'>[] }
interface SlowZone { readonly id: string; readonly name: string; readonly records: Map<string, SlowRecord>; readonly names: Set<string> }

export interface SlowProviderOptions {
  readonly latencyMs: number;
  readonly perSecond: number;
  /** Calls that it bears at once after a quiet time. */
  readonly burst: number;
  readonly batchMax: number;
}

/** How long nobody is answered after a call too many. */
const BLOCK_MS = 10_000;
const WINDOW_SECONDS = 300;
const TOKEN = /^Bearer \S+$/;

/** PERFORMANCE §6: a provider of Cloudflare's API that takes its time, and counts calls to the last one. */
export class SlowProvider {
  /** Calls that were answered with 429. */
  refused = 0;
  calls = 0;
  /** How many of each kind, and how many batches were not full. */
  readonly kinds: Record<string, number> = {};
  private readonly zones = new Map<string, SlowZone>();
  private level: number;
  private levelAt = performance.now();
  private blockedUntil = -Infinity;

  private constructor(private readonly server: Server, private readonly options: SlowProviderOptions) {
    this.level = options.burst;
  }

  static async start(options: SlowProviderOptions): Promise<SlowProvider> {
    const server = createServer((ask, reply) => { provider.serve(ask, reply).catch(() => reply.destroy()); });
    const provider: SlowProvider = new SlowProvider(server, options);
    await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
    return provider;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** `apex` with its dot. */
  addZone(apex: string): void {
    const zone: SlowZone = { id: randomBytes(16).toString('hex'), name: apex.slice(0, -1), records: new Map(), names: new Set() };
    this.zones.set(zone.id, zone);
  }

  recordsIn(apex: string): number {
    return this.zoneOf(apex)?.records.size ?? 0;
  }

  has(apex: string, fqdn: string): boolean {
    return this.zoneOf(apex)?.names.has(fqdn) ?? false;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise<void>((resolve) => { this.server.close(() => resolve()); });
  }

  private zoneOf(apex: string): SlowZone | undefined {
    return [...this.zones.values()].find(({ name }) => `${name}.` === apex);
  }

  private note(kind: string): void {
    this.kinds[kind] = (this.kinds[kind] ?? 0) + 1;
  }

  private async serve(ask: IncomingMessage, reply: ServerResponse): Promise<void> {
    const isAllowed = this.count();
    const pieces: Buffer[] = [];
    for await (const piece of ask) pieces.push(piece as Buffer);
    await pause(this.options.latencyMs);
    const [status, answer] = isAllowed ? this.answer(ask, Buffer.concat(pieces).toString('utf8')) : refusal(429, 10100, 'More requests than allowed.');
    // As Cloudflare tells it: by the window of five minutes, not how many at once.
    const rate = { 'ratelimit-policy': `"default";q=${this.options.perSecond * WINDOW_SECONDS};w=${WINDOW_SECONDS}`, ...(isAllowed ? {} : { 'retry-after': String(Math.ceil(BLOCK_MS / 1000)) }) };
    reply.writeHead(status, { 'content-type': 'application/json', ...rate }).end(JSON.stringify(answer));
  }

  /** Counted when it arrives. */
  private count(): boolean {
    const now = performance.now();
    this.level = Math.min(this.options.burst, this.level + ((now - this.levelAt) / 1000) * this.options.perSecond);
    this.levelAt = now;
    this.calls += 1;
    if (this.level >= 1 && now >= this.blockedUntil) {
      this.level -= 1;
      return true;
    }
    this.refused += 1;
    this.blockedUntil = now + BLOCK_MS;
    return false;
  }

  private answer(ask: IncomingMessage, body: string): readonly [number, unknown] {
    if (!TOKEN.test(ask.headers.authorization ?? '')) return refusal(403, 10000, 'Authentication error');
    const url = new URL(ask.url ?? '/', 'http://slow');
    const [, zoneId, rest = ''] = /^\/client\/v4\/zones(?:\/([^/]+)(\/.*)?)?$/.exec(url.pathname) ?? [];
    if (zoneId === undefined) return paged([...this.zones.values()].filter(({ name }) => name === url.searchParams.get('name')).map(shown), url);
    const zone = this.zones.get(zoneId);
    if (zone === undefined) return refusal(403, 10000, 'Authentication error');
    this.note(rest === '' ? 'zone' : ask.method === 'POST' ? 'batch' : `records, ${url.searchParams.get('name.exact') === null ? `${url.searchParams.get('per_page') ?? ''} a page` : 'by name'}`);
    if (rest === '') return ok(shown(zone));
    if (rest === '/dns_records/batch' && ask.method === 'POST') return this.batch(zone, JSON.parse(body) as SlowBatch);
    const exact = url.searchParams.get('name.exact');
    return paged([...zone.records.values()].filter(({ name }) => exact === null || name === exact), url);
  }

  private batch(zone: SlowZone, { deletes = [], patches = [], posts = [] }: SlowBatch): readonly [number, unknown] {
    if (deletes.length + patches.length + posts.length > this.options.batchMax) return refusal(400, 1004, 'DNS Validation Error');
    if (deletes.length + patches.length + posts.length < this.options.batchMax) this.note('batch that is not full');
    const put = (record: SlowRecord): SlowRecord => { zone.records.set(record.id, record); zone.names.add(record.name); return record; };
    for (const { id } of deletes) zone.records.delete(id);
    const patched = patches.flatMap((patch) => { const was = zone.records.get(patch.id); return was === undefined ? [] : [put({ ...was, ...patch })]; });
    return ok({ deletes, patches: patched, puts: [], posts: posts.map((post) => put({ ...post, id: randomBytes(16).toString('hex') })) });
  }
}

const shown = ({ id, name }: SlowZone): object => ({ id, name, status: 'active', type: 'full', paused: false, name_servers: ['a.ns.test', 'b.ns.test'], account: { id: '0'.repeat(32), name: 'bench' }, plan: { legacy_id: 'free', name: 'Free Website' } });
const ok = (result: unknown, info?: object): readonly [number, unknown] => [200, { success: true, errors: [], messages: [], result, ...(info === undefined ? {} : { result_info: info }) }];
const refusal = (status: number, code: number, message: string): readonly [number, unknown] => [status, { success: false, errors: [{ code, message }], messages: [], result: null }];

function paged(all: readonly unknown[], url: URL): readonly [number, unknown] {
  const [page, perPage] = [Number(url.searchParams.get('page') ?? 1), Number(url.searchParams.get('per_page') ?? 100)];
  const some = all.slice((page - 1) * perPage, page * perPage);
  return ok(some, { page, per_page: perPage, count: some.length, total_count: all.length, total_pages: Math.ceil(all.length / perPage) });
}
