import { createServer, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Fault } from '@vmdns/provider-kit/testing';
import { FakeCommands, type FakeResult } from './fake-commands.js';
import { FakeNamed } from './fake-named.js';
import type { FakeVersion } from './fake-zone.js';
import { selfSigned, type SelfSigned } from './self-signed.js';

/** An access key and what it may do. */
export interface FakeKey { readonly id: string; readonly secret: string; readonly user: string; readonly commands: readonly string[] | 'all' }

/** One command that came in, for tests that count; secrets left out. */
export interface FakeCall { readonly command: string; readonly args: readonly string[]; readonly at: number }

export interface FakeOptions { readonly version?: FakeVersion; readonly password?: string; readonly keys?: readonly FakeKey[] }

const ADMIN = 'admin';
const HTTP_OF: Readonly<Record<number, number>> = { 2: 422, 5: 401, 6: 401, 9: 401, 10: 401, 21: 401 };

/** A HestiaCP panel's API over TLS with a certificate of its own making, and the BIND beside it; no kinder than 1.9.4 and 1.10.3 are. */
export class FakeHestia {
  readonly calls: FakeCall[] = [];
  fault: Fault | undefined;
  faultOn: 'reads' | 'writes' = 'reads';
  /** Listings end in the middle, and the connection with them. */
  cutsListings = false;
  /** `API` in hestia.conf, and `API_SYSTEM`: 1 for admin's keys only. */
  api = true;
  apiSystem: 0 | 1 | 2 = 2;
  /** Whether `API_ALLOWED_IP` has the caller's address; empty after installation. */
  allowsCaller = true;
  /** Answers to come instead of what the command does: from a proxy before it, or PHP that broke. */
  readonly answers: { readonly status: number; readonly body: string; readonly headers?: Readonly<Record<string, string>> }[] = [];
  /** Writing commands that ran at the same time, at most, by zone. */
  overlapMax = 0;
  private readonly running = new Map<string, number>();
  private readonly sockets = new Set<Duplex>();

  private constructor(
    readonly commands: FakeCommands, readonly named: FakeNamed, readonly tls: SelfSigned,
    private readonly options: FakeOptions, private readonly server: Server, readonly port: number,
  ) {}

  static async start(options: FakeOptions = {}): Promise<FakeHestia> {
    const tls = selfSigned('127.0.0.1');
    const named = await FakeNamed.start();
    const server = createServer({ key: tls.key, cert: tls.cert }, (ask, reply) => { void fake.serve(ask, reply); });
    const port = await listen(server, 0);
    const commands = new FakeCommands(options.version ?? '1.10.3', named);
    commands.addUser(ADMIN);
    const fake: FakeHestia = new FakeHestia(commands, named, tls, options, server, port);
    server.on('connection', (socket) => {
      fake.sockets.add(socket);
      socket.on('close', () => fake.sockets.delete(socket));
    });
    return fake;
  }

  get url(): string { return `https://127.0.0.1:${this.port}`; }

  /** The server is gone, and back on the same port. */
  async kill(): Promise<void> {
    const closed = new Promise<void>((resolve) => { this.server.close(() => resolve()); });
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  async revive(): Promise<void> { await listen(this.server, this.port); }

  async setFault(fault: Fault | undefined, on: 'reads' | 'writes'): Promise<void> {
    const wasDown = this.fault === 'refused-connection';
    this.fault = fault;
    this.faultOn = on;
    if (fault === 'refused-connection' && !wasDown) await this.kill();
    if (fault !== 'refused-connection' && wasDown) await this.revive();
  }

  async stop(): Promise<void> {
    if (this.server.listening) await this.kill();
    await this.named.stop();
  }

  private async serve(ask: IncomingMessage, reply: ServerResponse): Promise<void> {
    const pieces: Buffer[] = [];
    try {
      for await (const piece of ask) pieces.push(piece as Buffer);
    } catch {
      return;
    }
    if (ask.method !== 'POST' || ask.url !== '/api/') { reply.writeHead(404).end('<html>404 Not Found</html>'); return; }
    const given = fieldsOf(Buffer.concat(pieces).toString('utf8'), ask.headers['content-type'] ?? '');
    if (given === undefined) { reply.writeHead(405, { 'hestia-exit-code': '405' }).end('Error: data received is null or invalid, check https://hestiacp.com/docs/server-administration/rest-api.html'); return; }
    const [accessKey, secretKey] = keyOf(given);
    if (accessKey === undefined) await this.legacy(given, reply);
    else await this.withKey(given, accessKey, secretKey ?? '', reply);
  }

  private async legacy(given: Fields, reply: ServerResponse): Promise<void> {
    const wantsCode = given['returncode'] === 'yes';
    if (!this.api) { reply.writeHead(400, { 'hestia-exit-code': '11' }).end(`Error: API has been disabled${wantsCode ? '11' : 'Error: API Disabled'}`); return; }
    const refuse = (code: number, words: string): void => { reply.writeHead(401, { 'hestia-exit-code': String(code) }).end(wantsCode ? String(code) : `Error: ${words}`); };
    if (!this.allowsCaller) return refuse(10, 'IP is not allowed to connect with API');
    if (given['user'] !== ADMIN || given['password'] !== this.options.password) return refuse(9, 'authentication failed');
    const call = callOf(given);
    if (this.fails(call, reply, 'legacy', wantsCode)) return;
    const result = await this.run(call);
    if (result === 'gone') return void reply.destroy();
    if (result === undefined) { reply.writeHead(200).end(wantsCode ? '1' : 'OK'); return; }
    // v-make-tmp-file is done by the page itself, which then has no exit code to print.
    if (wantsCode) { reply.writeHead(200).end(call.command === 'v-make-tmp-file' ? '' : String(result.code)); return; }
    this.answer(reply, 200, {}, result.output === '' ? 'OK' : `${result.output}\n`, call);
  }

  private async withKey(given: Fields, id: string, secret: string, reply: ServerResponse): Promise<void> {
    const wantsCode = given['returncode'] === 'yes';
    const refuse = (code: number, words: string): void => { reply.writeHead(HTTP_OF[code] ?? 400, { 'hestia-exit-code': String(code) }).end(wantsCode ? String(code) : `Error: ${words}`); };
    if (this.apiSystem === 0) return refuse(11, 'API has been disabled');
    if (!this.allowsCaller) return refuse(10, 'IP is not allowed to connect with API');
    const key = this.options.keys?.find((one) => one.id === id && one.secret === secret);
    if (key === undefined) return refuse(9, `access key ${id} is wrong`);
    const call = callOf(given);
    const isAdmin = key.user === ADMIN;
    if (!this.commands.has(call.command) || (key.commands !== 'all' && !key.commands.includes(call.command)) || (call.command === 'v-list-sys-config' && !isAdmin)) return refuse(10, `Key ${id} don't have permission to run the command ${call.command}`);
    if (!isAdmin && this.apiSystem < 2) return refuse(21, 'API has been disabled');
    if (!isAdmin && call.command !== 'v-make-tmp-file' && call.args[0] !== key.user) return refuse(10, `Key ${id} - the "user" argument doesn't match the key's user`);
    if (this.fails(call, reply, 'key', wantsCode)) return;
    const result = await this.run(call);
    if (result === 'gone') return void reply.destroy();
    if (result === undefined) return refuse(10, `Key ${id} don't have permission to run the command ${call.command}`);
    const header = { 'hestia-exit-code': String(result.code) };
    if (wantsCode) { reply.writeHead(200, header).end(String(result.code)); return; }
    if (result.code > 0) { reply.writeHead(HTTP_OF[result.code] ?? 400, header).end(result.output); return; }
    const isJson = result.output !== '' && result.output !== '{\n}';
    this.answer(reply, result.output === '' ? 204 : 200, { ...header, ...(isJson ? { 'content-type': 'application/json; charset=utf-8' } : {}) }, result.output, call);
  }

  /** A fault that is answered instead of running the command. */
  private fails(call: Omit<FakeCall, 'at'>, reply: ServerResponse, mode: 'legacy' | 'key', wantsCode: boolean): boolean {
    this.calls.push({ ...call, at: performance.now() });
    const planned = this.answers.shift();
    if (planned !== undefined) { reply.writeHead(planned.status, planned.headers).end(planned.body); return true; }
    const fault = this.isMeant(call) ? this.fault : undefined;
    const words = (code: number, text: string): void => {
      const isRefusal = code === 9 || code === 10;
      const header = mode === 'key' || isRefusal ? { 'hestia-exit-code': String(code) } : {};
      const status = mode === 'key' ? (wantsCode && !isRefusal ? 200 : HTTP_OF[code] ?? 400) : isRefusal ? 401 : 200;
      reply.writeHead(status, header).end(wantsCode ? String(code) : `Error: ${text}`);
    };
    switch (fault) {
      case 'unauthorized': words(9, 'authentication failed'); return true;
      case 'forbidden': words(10, 'IP is not allowed to connect with API'); return true;
      case 'not-found': words(3, `dns domain ${call.args[1] ?? ''} doesn't exist`); return true;
      case 'too-many': reply.writeHead(429, { 'retry-after': '1' }).end('<html>429 Too Many Requests</html>'); return true;
      case 'server-error': reply.writeHead(502).end('<html>502 Bad Gateway</html>'); return true;
      case 'garbage': reply.writeHead(200).end('<html>}{'); return true;
      case 'slow': return true;
      case 'refused-connection': case 'lost-answer': case 'half': case undefined: return false;
    }
  }

  private isMeant(call: Pick<FakeCall, 'command'>): boolean {
    return (this.faultOn === 'reads') === call.command.startsWith('v-list-');
  }

  private async run(call: Omit<FakeCall, 'at'>): Promise<FakeResult | undefined | 'gone'> {
    const isWrite = !call.command.startsWith('v-list-');
    const zone = call.args[1] ?? '';
    if (isWrite) {
      this.running.set(zone, (this.running.get(zone) ?? 0) + 1);
      this.overlapMax = Math.max(this.overlapMax, this.running.get(zone) ?? 0);
    }
    // PHP goes on when the caller has hung up.
    const result = await this.commands.run(call.command, call.args);
    if (isWrite) this.running.set(zone, (this.running.get(zone) ?? 1) - 1);
    return this.isMeant(call) && (this.fault === 'lost-answer' || this.fault === 'half') ? 'gone' : result;
  }

  private answer(reply: ServerResponse, status: number, headers: Readonly<Record<string, string>>, body: string, call: Pick<FakeCall, 'command'>): void {
    if (!this.cutsListings || call.command !== 'v-list-dns-records') { reply.writeHead(status, headers).end(status === 204 ? undefined : body); return; }
    reply.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
    reply.write(body.slice(0, Math.floor(body.length / 2)), () => reply.destroy());
  }
}

type Fields = Readonly<Record<string, string>>;

/** A form that lacks `access_key`, `user` and `hash` is read as JSON. */
function fieldsOf(body: string, contentType: string): Fields | undefined {
  if (contentType.startsWith('application/x-www-form-urlencoded')) {
    const form = Object.fromEntries(new URLSearchParams(body));
    if ('access_key' in form || 'user' in form || 'hash' in form) return form;
  }
  try {
    const json: unknown = JSON.parse(body);
    return typeof json === 'object' && json !== null && ('access_key' in json || 'user' in json || 'hash' in json) ? json as Fields : undefined;
  } catch {
    return undefined;
  }
}

function keyOf(given: Fields): readonly [string | undefined, string | undefined] {
  const hash = /^(.{20}):(.{40})$/.exec(given['hash'] ?? '');
  return hash === null ? [given['access_key'], given['secret_key']] : [hash[1], hash[2]];
}

function callOf(given: Fields): Omit<FakeCall, 'at'> {
  const args = Array.from({ length: 13 }, (_, at) => given[`arg${at + 1}`]);
  return { command: (given['cmd'] ?? '').trim(), args: args.filter((arg) => arg !== undefined).map((arg) => arg.trim()) };
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}
