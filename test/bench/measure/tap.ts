import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** What went through a tap: one connection is one call, since PowerDNS closes each. */
export interface Flow { readonly calls: number; readonly methods: Readonly<Record<string, number>>; readonly bytesRead: number; readonly statuses: Readonly<Record<string, number>> }

/** Answers that say that the server could not, or would not yet (PERFORMANCE §8). */
const TROUBLES = ['500', '429'];
const NOTHING: Flow = { calls: 0, methods: {}, bytesRead: 0, statuses: {} };

/** Stands before PowerDNS' API, passes all bytes on, and counts. */
export class Tap {
  /** Answers of 500 and 429, ever. */
  troubles = 0;
  private sinceForgotten = NOTHING;
  private readonly sockets = new Set<Socket>();

  private constructor(private readonly server: Server, private readonly target: { readonly host: string; readonly port: number }) {}

  static async before(api: string): Promise<Tap> {
    const { hostname, port } = new URL(api);
    const server = createServer({ noDelay: true });
    const tap = new Tap(server, { host: hostname, port: Number(port) });
    server.on('connection', (caller) => tap.join(caller));
    await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
    return tap;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** What went through since it was last forgotten. */
  get flow(): Flow {
    return this.sinceForgotten;
  }

  forget(): void {
    this.sinceForgotten = NOTHING;
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
  }

  private join(caller: Socket): void {
    const server = connect({ ...this.target, noDelay: true });
    this.sinceForgotten = { ...this.sinceForgotten, calls: this.sinceForgotten.calls + 1 };
    caller.once('data', (bytes) => this.asked(methodOf(bytes)));
    server.once('data', (bytes) => this.count(statusOf(bytes)));
    server.on('data', ({ length }) => { this.sinceForgotten = { ...this.sinceForgotten, bytesRead: this.sinceForgotten.bytesRead + length }; });
    for (const [from, to] of [[caller, server], [server, caller]] as const) {
      this.sockets.add(from);
      from.pipe(to);
      from.on('error', () => to.destroy());
      from.on('close', () => { to.destroy(); this.sockets.delete(from); });
    }
  }

  private asked(method: string): void {
    const { methods } = this.sinceForgotten;
    this.sinceForgotten = { ...this.sinceForgotten, methods: { ...methods, [method]: (methods[method] ?? 0) + 1 } };
  }

  private count(status: string): void {
    if (TROUBLES.includes(status)) this.troubles += 1;
    const { statuses } = this.sinceForgotten;
    this.sinceForgotten = { ...this.sinceForgotten, statuses: { ...statuses, [status]: (statuses[status] ?? 0) + 1 } };
  }
}

/** Of `PATCH /api/v1 HTTP/1.1`. */
const methodOf = (bytes: Buffer): string => bytes.toString('latin1', 0, 8).split(' ')[0] ?? '';
/** Of `HTTP/1.1 204 No Content`. */
const statusOf = (bytes: Buffer): string => bytes.toString('latin1', 9, 12);
