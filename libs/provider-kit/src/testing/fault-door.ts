import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Fault } from './memory/memory-world.js';

/** What a plain-text API answers for a fault; a JSON API gives its own. */
export type FaultAnswers = Partial<Readonly<Record<Fault, { readonly status: number; readonly body: string; readonly headers?: Readonly<Record<string, string>> }>>>;

const ANSWERS: FaultAnswers = {
  unauthorized: { status: 401, body: 'Unauthorized' },
  forbidden: { status: 403, body: 'Forbidden' },
  'not-found': { status: 404, body: 'Not Found' },
  'too-many': { status: 429, body: 'Too Many Requests', headers: { 'retry-after': '1' } },
  'server-error': { status: 500, body: 'Internal Server Error' },
  garbage: { status: 200, body: '<html>}{' },
};

/** Stands before an HTTP API and lets calls go wrong: reads are GET, writes are what `isWrite` says. */
export class FaultDoor {
  private fault: Fault | undefined;
  private on: 'reads' | 'writes' = 'reads';
  private readonly sockets = new Set<Socket>();

  private constructor(private readonly server: Server, private readonly port: number) {}

  static async open(target: string, o: { answers?: FaultAnswers; isWrite?: (method: string, path: string) => boolean } = {}): Promise<FaultDoor> {
    const isWrite = o.isWrite ?? ((method: string): boolean => method !== 'GET');
    const answers = { ...ANSWERS, ...o.answers };
    const server = createServer((ask, reply) => { void door.pass(ask, reply, target, isWrite, answers); });
    const port = await listen(server, 0);
    const door: FaultDoor = new FaultDoor(server, port);
    server.on('connection', (socket) => {
      door.sockets.add(socket);
      socket.on('close', () => door.sockets.delete(socket));
    });
    return door;
  }

  get url(): string { return `http://127.0.0.1:${this.port}`; }

  async set(fault: Fault | undefined, on: 'reads' | 'writes'): Promise<void> {
    const wasClosed = this.fault === 'refused-connection';
    this.fault = fault;
    this.on = on;
    if (fault === 'refused-connection' && !wasClosed) await this.shut();
    if (fault !== 'refused-connection' && wasClosed) await listen(this.server, this.port);
  }

  async close(): Promise<void> {
    if (this.server.listening) await this.shut();
  }

  private async pass(ask: IncomingMessage, reply: ServerResponse, target: string, isWrite: (method: string, path: string) => boolean, answers: FaultAnswers): Promise<void> {
    const method = ask.method ?? 'GET';
    const path = ask.url ?? '/';
    const isMeant = (this.on === 'writes') === isWrite(method, path);
    const fault = isMeant ? this.fault : undefined;
    const pieces: Buffer[] = [];
    try {
      for await (const piece of ask) pieces.push(piece as Buffer);
    } catch {
      return;
    }
    const body = Buffer.concat(pieces);
    const answer = fault === undefined ? undefined : answers[fault];
    if (answer !== undefined) {
      reply.writeHead(answer.status, { connection: 'close', ...answer.headers }).end(answer.body);
      return;
    }
    if (fault === 'slow') return;
    const cut = fault === 'half' ? body.subarray(0, Math.floor(body.length / 2)) : body;
    const onward = request(target + path, { method, headers: { ...ask.headers, host: new URL(target).host }, agent: false });
    onward.on('error', () => reply.destroy());
    if (fault === 'half') {
      // Content-Length says more than comes: the server waits, then drops it.
      onward.write(cut, () => { onward.destroy(); reply.destroy(); });
      return;
    }
    onward.on('response', (came) => {
      if (fault === 'lost-answer') { came.resume(); reply.destroy(); return; }
      reply.writeHead(came.statusCode ?? 502, came.headers);
      came.pipe(reply);
    });
    onward.end(body);
  }

  private async shut(): Promise<void> {
    const closed = new Promise<void>((resolve) => { this.server.close(() => resolve()); });
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}
