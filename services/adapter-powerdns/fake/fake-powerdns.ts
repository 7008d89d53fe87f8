import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { FakeVersion } from './fake-version.js';
import { FakeZone, Refusal, type FakeRrset } from './fake-zone.js';

/** `webserver-max-bodysize`'s default: beyond it the connection is reset without a word [T 4.7.3]. */
const BODY_MAX = 2 * 1024 * 1024;

export interface FakeOptions {
  /** Default 4.7.3. */
  readonly version?: string;
  readonly daemon?: string;
  readonly config?: Readonly<Record<string, string>>;
}

/** One call that came in, for tests that count. */
export interface FakeCall { readonly method: string; readonly path: string; readonly body: string }

/**
 * A PowerDNS API that keeps state and behaves, and misbehaves, as 4.7.3 does, or another version where one is asked for:
 * plain-text errors, a leak of other names in the filtered answer, serials that move with every PATCH, every connection closed.
 */
export class FakePowerdns {
  readonly zones = new Map<string, FakeZone>();
  readonly calls: FakeCall[] = [];
  /** Answers of the next PATCHes instead of doing anything, e.g. a locked database. */
  readonly troubles: { readonly status: number; readonly body: string }[] = [];

  /** Most requests that were being served at the same time. */
  atOnceMax = 0;
  private atOnce = 0;

  private constructor(readonly apiKey: string, private readonly options: FakeOptions, private readonly server: Server) {}

  static async start(apiKey: string, options: FakeOptions = {}): Promise<FakePowerdns> {
    const server = createServer((ask, reply) => { void fake.serve(ask, reply); });
    const fake: FakePowerdns = new FakePowerdns(apiKey, options, server);
    await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
    return fake;
  }

  get api(): string { return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`; }

  addZone(name: string, settings: Partial<Pick<FakeZone, 'kind' | 'soaEditApi' | 'dnssec' | 'apiRectify' | 'presigned'>> = {}): FakeZone {
    const zone = Object.assign(new FakeZone(name, this.version), settings);
    this.zones.set(zone.id, zone);
    return zone;
  }

  async stop(): Promise<void> {
    await new Promise<void>((resolve) => { this.server.close(() => resolve()); this.server.closeAllConnections(); });
  }

  private async serve(ask: IncomingMessage, reply: ServerResponse): Promise<void> {
    reply.setHeader('connection', 'close');
    this.atOnce += 1;
    this.atOnceMax = Math.max(this.atOnceMax, this.atOnce);
    reply.on('close', () => { this.atOnce -= 1; });
    const pieces: Buffer[] = [];
    let bytes = 0;
    try {
      for await (const piece of ask) {
        bytes += (piece as Buffer).length;
        if (bytes > BODY_MAX) { ask.destroy(); return; }
        pieces.push(piece as Buffer);
      }
    } catch {
      return;
    }
    const body = Buffer.concat(pieces).toString('utf8');
    const url = new URL(ask.url ?? '/', this.api);
    const method = ask.method ?? 'GET';
    this.calls.push({ method, path: url.pathname + url.search, body });
    const text = (status: number, words: string): void => { reply.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(words); };
    if (ask.headers['x-api-key'] !== this.apiKey) return text(401, 'Unauthorized');
    const path = /^\/api\/v1\/servers\/localhost(\/.*)?$/.exec(url.pathname);
    if (path === null) return text(404, 'Not Found');
    try {
      this.route(method, path[1] ?? '', url.searchParams, body, reply, text);
    } catch (error) {
      if (error instanceof Refusal) json(reply, 422, { error: error.message });
      else text(error instanceof SyntaxError ? 400 : 500, error instanceof SyntaxError ? 'Bad Request' : 'Internal Server Error');
    }
  }

  private route(method: string, path: string, query: URLSearchParams, body: string, reply: ServerResponse, text: (status: number, words: string) => void): void {
    if (method === 'GET' && path === '') return json(reply, 200, { daemon_type: this.options.daemon ?? 'authoritative', id: 'localhost', type: 'Server', version: this.version.text });
    if (method === 'GET' && path === '/config') return json(reply, 200, Object.entries({ launch: 'lmdb', 'default-api-rectify': 'yes', 'max-ent-entries': '100000', 'api-key': '***', ...this.options.config }).map(([name, value]) => ({ name, type: 'ConfigSetting', value })));
    if (method === 'GET' && path === '/zones') return this.list(query.get('zone') ?? '', reply);
    if (method === 'PUT' && path === '/cache/flush') return json(reply, 200, { count: 0, result: 'Flushed cache.' });
    const match = /^\/zones\/([^/]+)(\/.*)?$/.exec(path);
    const zone = this.zones.get(match?.[1] ?? '');
    if (zone === undefined) return text(404, 'Not Found');
    const rest = match?.[2] ?? '';
    if (method === 'GET' && rest === '') return json(reply, 200, zone.answer(query.get('rrsets') !== 'false', query.get('rrset_name'), this.showsDisabled(query)));
    if (method === 'PATCH' && rest === '') return this.patch(zone, body, reply, text);
    if (method === 'PUT' && rest === '') { zone.set(JSON.parse(body) as Record<string, unknown>); reply.writeHead(204).end(); return; }
    if (method === 'PUT' && rest === '/rectify') { zone.rectified += 1; return json(reply, 200, { result: 'Rectified' }); }
    if (method === 'GET' && rest === '/metadata/PRESIGNED') return json(reply, 200, { kind: 'PRESIGNED', metadata: zone.presigned ? ['1'] : [], type: 'Metadata' });
    return text(405, 'Method Not Allowed');
  }

  private showsDisabled(query: URLSearchParams): boolean {
    return !query.has('rrset_name') || (query.get('include_disabled') === 'true' && this.version.showsDisabledByName);
  }

  private get version(): FakeVersion { return new FakeVersion(this.options.version ?? '4.7.3'); }

  private list(name: string, reply: ServerResponse): void {
    if (!name.endsWith('.')) throw new Refusal(`DNS Name '${name}' is not canonical`);
    json(reply, 200, [...this.zones.values()].filter((zone) => zone.name === name).map((zone) => zone.answer(false, null)));
  }

  private patch(zone: FakeZone, body: string, reply: ServerResponse, text: (status: number, words: string) => void): void {
    const trouble = this.troubles.shift();
    if (trouble !== undefined) return text(trouble.status, trouble.body);
    const before = zone.serial;
    zone.patch((JSON.parse(body) as { rrsets: (FakeRrset & { changetype: string })[] }).rrsets);
    const old = this.version.saysOldSerial ? before : zone.serial;
    const headers = zone.soaEditApi === '' ? {} : { 'X-Pdns-Old-Serial': String(old), 'X-Pdns-New-Serial': String(zone.serial) };
    reply.writeHead(204, headers).end();
  }
}

function json(reply: ServerResponse, status: number, body: unknown): void {
  reply.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
