import { createServer, request as httpRequest, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, request as httpsRequest } from 'node:https';
import type { AddressInfo } from 'node:net';
import { Barrier, type Decision, type FalseAnswer } from './barrier.js';

/** A record set that a call writes, as far as its body tells. */
export interface WrittenRrset {
  readonly name: string;
  readonly type: string;
  /** REPLACE, DELETE, EXTEND or PRUNE. */
  readonly changetype: string;
  readonly values: readonly string[];
}

/** One call as the proxy saw it. Times are `Date.now()`. */
export interface RecordedCall {
  readonly index: number;
  readonly method: string;
  readonly path: string;
  readonly startedAt: number;
  /** When the caller had its answer, or the call came to nothing. */
  endedAt: number | undefined;
  /** The PowerDNS zone in the path, with its dot; undefined for calls that are of no zone. */
  readonly zone: string | undefined;
  readonly rrsets: readonly WrittenRrset[];
  /** Owner names of the record sets. */
  readonly names: readonly string[];
  readonly requestBody: string;
  /** When the target had answered: from then on the change is in force. */
  appliedAt: number | undefined;
  status: number | undefined;
  responseBody: string | undefined;
  outcome: 'running' | 'answered' | 'dropped-before' | 'dropped-after' | 'cut' | 'false-answer' | 'target-failed';
}

export type CallMatch = (call: RecordedCall) => boolean;

/** PEM. */
export interface ProxyTls { readonly key: string; readonly cert: string }

/** A fault in force; `remove` ends it. */
export interface FaultRule {
  /** The calls it met. */
  readonly met: readonly RecordedCall[];
  remove(): void;
}

interface Rule extends FaultRule {
  readonly match: CallMatch;
  readonly met: RecordedCall[];
  left: number;
  readonly stage: 'request' | 'answer';
  apply(call: RecordedCall): Promise<Decision>;
}

export interface FaultOptions {
  /** How many calls it meets; default: all until removed. */
  readonly times?: number;
}

/** Calls that change something, of any provider. */
export const isWrite: CallMatch = (call) => call.method !== 'GET' && call.method !== 'HEAD';
/** PATCH of a zone's record sets. */
export const isPatch: CallMatch = (call) => call.method === 'PATCH';
/** A PATCH with something for this owner name. */
export const patches = (name: string): CallMatch => (call) => call.method === 'PATCH' && call.names.includes(name);

/** A reverse proxy before a provider's HTTP API that records every call, and breaks those it is told to. */
export class FaultProxy {
  readonly calls: RecordedCall[] = [];
  private rules: Rule[] = [];
  /** Kept while nobody listens. */
  private port = 0;

  private constructor(private readonly server: Server, readonly target: URL, private readonly tls?: ProxyTls) {}

  /** `tls`: it speaks TLS with this certificate. To an https target it goes by TLS too, and takes any certificate there. */
  static async before(target: string, tls?: ProxyTls): Promise<FaultProxy> {
    const server = tls === undefined ? createServer() : createTlsServer(tls);
    const proxy = new FaultProxy(server, new URL(target), tls);
    server.on('request', (ask, answer) => { void proxy.serve(ask, answer); });
    server.on('clientError', (_error, socket) => socket.destroy());
    await proxy.listen(0);
    server.unref();
    return proxy;
  }

  /** Base URL, to be given in the target's place. */
  get url(): string {
    const { port } = (this.server.address() ?? this) as Pick<AddressInfo, 'port'>;
    return `${this.tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`;
  }

  /** The calls that change something. */
  get writes(): readonly RecordedCall[] {
    return this.calls.filter(isWrite);
  }

  /** The PATCHes of record sets, optionally of one zone. */
  patchesOf(zone?: string): readonly RecordedCall[] {
    return this.calls.filter((call) => isPatch(call) && (zone === undefined || call.zone === zone));
  }

  /** Pairs of PATCHes of one zone that were on their way at the same time (L5): must be none. */
  overlaps(): readonly (readonly [RecordedCall, RecordedCall])[] {
    const patches = this.patchesOf();
    return patches.flatMap((first, i) => patches.slice(i + 1)
      .filter((second) => second.zone === first.zone && second.startedAt < (first.endedAt ?? Infinity))
      .map((second) => [first, second] as const));
  }

  forgetCalls(): void {
    this.calls.length = 0;
  }

  /**
   * Stops calls at a point: `request` before the target sees it, `answer` after the target has done it and before the
   * caller hears so. Each waits for the barrier's word.
   */
  hold(match: CallMatch, options: FaultOptions & { readonly at?: 'request' | 'answer' } = {}): Barrier<RecordedCall> {
    const barrier = new Barrier<RecordedCall>(() => rule.remove());
    const rule = this.addRule(match, options.at ?? 'request', options, (call) => barrier.wait(call));
    return barrier;
  }

  /** The connection breaks before the target sees anything. */
  dropBefore(match: CallMatch, options: FaultOptions = {}): FaultRule {
    return this.addRule(match, 'request', options, async () => ({ kind: 'drop' }));
  }

  /** The target does it; the caller never hears. */
  dropAfter(match: CallMatch, options: FaultOptions = {}): FaultRule {
    return this.addRule(match, 'answer', options, async () => ({ kind: 'drop' }));
  }

  /** The answer breaks off half-way. */
  cut(match: CallMatch, options: FaultOptions = {}): FaultRule {
    return this.addRule(match, 'answer', options, async () => ({ kind: 'cut' }));
  }

  delay(match: CallMatch, ms: number, options: FaultOptions = {}): FaultRule {
    return this.addRule(match, 'request', options, () => new Promise((resolve) => { setTimeout(() => resolve({ kind: 'release' }), ms); }));
  }

  /** The target does it, but the caller gets another answer. */
  falsify(match: CallMatch, answer: FalseAnswer, options: FaultOptions = {}): FaultRule {
    return this.addRule(match, 'answer', options, async () => ({ kind: 'answer', answer }));
  }

  /** The target is not asked; the caller gets this. */
  answer(match: CallMatch, answer: FalseAnswer, options: FaultOptions = {}): FaultRule {
    return this.addRule(match, 'request', options, async () => ({ kind: 'answer', answer }));
  }

  /** The target gets it twice; the second answer counts. */
  duplicate(match: CallMatch, options: FaultOptions = {}): FaultRule {
    return this.addRule(match, 'request', options, async () => ({ kind: 'twice' }));
  }

  /** The provider is gone: every connection breaks, until the rule is removed. */
  down(): FaultRule {
    return this.dropBefore(() => true);
  }

  /** Nobody listens any more, so what is sent from now on surely never arrives; what is under way breaks. */
  async unplug(): Promise<void> {
    this.port = (this.server.address() as AddressInfo).port;
    const closed = new Promise<void>((resolve) => { this.server.close(() => resolve()); });
    this.server.closeAllConnections();
    await closed;
  }

  /** Listens again where it did. */
  async plug(): Promise<void> {
    if (!this.server.listening) await this.listen(this.port);
  }

  /** No faults from now on; what is held goes on. */
  clear(): void {
    for (const rule of [...this.rules]) rule.remove();
  }

  async close(): Promise<void> {
    this.clear();
    if (!this.server.listening) return;
    this.server.closeAllConnections();
    await new Promise<void>((resolve) => { this.server.close(() => resolve()); });
  }

  private listen(port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, '127.0.0.1', () => { this.server.off('error', reject); resolve(); });
    });
  }

  private addRule(match: CallMatch, stage: Rule['stage'], options: FaultOptions, apply: Rule['apply']): FaultRule {
    const rule: Rule = {
      match, stage, apply, met: [], left: options.times ?? Infinity,
      remove: () => { this.rules = this.rules.filter((other) => other !== rule); },
    };
    this.rules.push(rule);
    return rule;
  }

  private async decide(call: RecordedCall, stage: Rule['stage']): Promise<Decision> {
    for (const rule of this.rules) {
      if (rule.stage !== stage || rule.left <= 0 || !rule.match(call)) continue;
      rule.left -= 1;
      rule.met.push(call);
      const decision = await rule.apply(call);
      if (decision.kind !== 'release') return decision;
    }
    return { kind: 'release' };
  }

  private async serve(ask: IncomingMessage, answer: ServerResponse): Promise<void> {
    const startedAt = Date.now();
    const body = await readAll(ask).catch(() => undefined);
    if (body === undefined) return;
    const call = record(this.calls.length, ask, startedAt, body.toString('utf8'));
    this.calls.push(call);
    const before = await this.decide(call, 'request');
    if (before.kind === 'drop' || before.kind === 'cut') return finish(call, 'dropped-before', () => ask.socket.destroy());
    if (before.kind === 'answer') return finish(call, 'false-answer', () => send(call, answer, before.answer));
    try {
      if (before.kind === 'twice') await this.forward(ask, body);
      const given = await this.forward(ask, body);
      call.appliedAt = Date.now();
      call.responseBody = given.body.toString('utf8');
      call.status = given.status;
      await this.giveBack(call, ask, answer, given);
    } catch {
      finish(call, 'target-failed', () => ask.socket.destroy());
    }
  }

  private async giveBack(call: RecordedCall, ask: IncomingMessage, answer: ServerResponse, given: Given): Promise<void> {
    const after = await this.decide(call, 'answer');
    if (after.kind === 'drop') return finish(call, 'dropped-after', () => ask.socket.destroy());
    if (after.kind === 'answer') return finish(call, 'false-answer', () => send(call, answer, after.answer));
    if (after.kind === 'cut') {
      return finish(call, 'cut', () => {
        answer.writeHead(given.status, { 'content-length': String(given.body.length + 10) });
        answer.write(given.body.subarray(0, Math.floor(given.body.length / 2)), () => ask.socket.destroy());
      });
    }
    finish(call, 'answered', () => {
      answer.writeHead(given.status, given.headers);
      answer.end(given.body);
    });
  }

  private forward(ask: IncomingMessage, body: Buffer): Promise<Given> {
    return new Promise((resolve, reject) => {
      const send = this.target.protocol === 'https:' ? httpsRequest : httpRequest;
      const forwarded = send({
        rejectUnauthorized: false, host: this.target.hostname, port: this.target.port, method: ask.method, path: ask.url,
        headers: { ...ask.headers, 'host': this.target.host, 'connection': 'close', 'content-length': String(body.length) }, agent: false,
      }, (response) => {
        readAll(response).then((bytes) => {
          const { connection: _c, 'transfer-encoding': _t, ...headers } = response.headers;
          resolve({ status: response.statusCode ?? 502, headers: { ...headers, 'content-length': String(bytes.length) }, body: bytes });
        }, reject);
      });
      forwarded.once('error', reject);
      forwarded.end(body);
    });
  }
}

/** A recording proxy before an HTTP API. */
export function faultProxy(target: string): Promise<FaultProxy> {
  return FaultProxy.before(target);
}

interface Given { readonly status: number; readonly headers: Readonly<Record<string, string | string[] | undefined>>; readonly body: Buffer }

function finish(call: RecordedCall, outcome: RecordedCall['outcome'], act: () => void): void {
  call.outcome = outcome;
  call.endedAt = Date.now();
  act();
}

function send(call: RecordedCall, answer: ServerResponse, given: FalseAnswer): void {
  call.status = given.status;
  answer.writeHead(given.status, { 'content-type': 'application/json', ...given.headers });
  answer.end(given.body === undefined ? '' : typeof given.body === 'string' ? given.body : JSON.stringify(given.body));
}

async function readAll(stream: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

function record(index: number, ask: IncomingMessage, startedAt: number, requestBody: string): RecordedCall {
  const path = ask.url ?? '/';
  const id = /\/zones\/([^/?]+)/.exec(path)?.[1];
  const rrsets = rrsetsOf(requestBody);
  return {
    index, method: ask.method ?? 'GET', path, startedAt, endedAt: undefined,
    zone: id === undefined ? undefined : decodeURIComponent(id).replace(/=([0-9A-Fa-f]{2})/g, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))).toLowerCase(),
    rrsets, names: [...new Set(rrsets.map((rrset) => rrset.name))], requestBody,
    appliedAt: undefined, status: undefined, responseBody: undefined, outcome: 'running',
  };
}

interface WireRrset { readonly name?: unknown; readonly type?: unknown; readonly changetype?: unknown; readonly records?: readonly { readonly content?: unknown }[] }

function rrsetsOf(body: string): readonly WrittenRrset[] {
  if (!body.startsWith('{')) return [];
  try {
    const parsed = JSON.parse(body) as { readonly rrsets?: readonly WireRrset[] };
    return (parsed.rrsets ?? []).map((rrset) => ({
      name: String(rrset.name).toLowerCase(), type: String(rrset.type), changetype: String(rrset.changetype),
      values: (rrset.records ?? []).map((one) => String(one.content)),
    }));
  } catch {
    return [];
  }
}
