import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** `up`: from the caller to the server; `down`: back. */
export type Direction = 'up' | 'down' | 'both';

interface Pair { readonly caller: Socket; readonly server: Socket }

/** A proxy before NATS or PostgreSQL, whose byte streams can be stopped, let go again, and cut. */
export class TcpProxy {
  private readonly pairs = new Set<Pair>();
  private readonly stopped = new Set<'up' | 'down'>();
  private refusing = false;

  private constructor(private readonly server: Server, private target: { readonly host: string; readonly port: number }) {}

  static async before(target: { readonly host: string; readonly port: number }): Promise<TcpProxy> {
    const server = createServer();
    const proxy = new TcpProxy(server, target);
    server.on('connection', (caller) => proxy.join(caller));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', () => resolve());
    });
    server.unref();
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get connections(): number {
    return this.pairs.size;
  }

  /** A URL of the target with this proxy in its place. */
  instead(url: string): string {
    const changed = url.replace(/\/\/([^/@]*@)?[^/]*/, (_all, user: string | undefined) => `//${user ?? ''}127.0.0.1:${this.port}`);
    return changed;
  }

  /** Bytes stop, connections stay: what a network does that swallows packets. */
  pause(direction: Direction = 'both'): void {
    for (const one of parts(direction)) this.stopped.add(one);
    for (const pair of this.pairs) this.apply(pair);
  }

  resume(direction: Direction = 'both'): void {
    for (const one of parts(direction)) this.stopped.delete(one);
    for (const pair of this.pairs) this.apply(pair);
  }

  /** New connections lead to another server; those there are stay where they are. */
  leadTo(target: { readonly host: string; readonly port: number }): void {
    this.target = target;
  }

  /** Breaks every connection there is; new ones are served. */
  cut(): void {
    for (const pair of [...this.pairs]) {
      pair.caller.resetAndDestroy();
      pair.server.resetAndDestroy();
    }
  }

  /** Breaks every connection, and new ones at once, until `accept`. */
  refuse(): void {
    this.refusing = true;
    this.cut();
  }

  accept(): void {
    this.refusing = false;
  }

  async close(): Promise<void> {
    this.refuse();
    await new Promise<void>((resolve) => { this.server.close(() => resolve()); });
  }

  private join(caller: Socket): void {
    if (this.refusing) {
      caller.resetAndDestroy();
      return;
    }
    const server = connect(this.target);
    const pair: Pair = { caller, server };
    this.pairs.add(pair);
    const link = (from: Socket, to: Socket): void => {
      from.on('data', (bytes) => { to.write(bytes); });
      from.on('end', () => to.end());
      from.on('error', () => to.destroy());
      from.on('close', () => { to.destroy(); this.pairs.delete(pair); });
      from.setNoDelay(true);
    };
    link(caller, server);
    link(server, caller);
    this.apply(pair);
  }

  private apply(pair: Pair): void {
    for (const [socket, direction] of [[pair.caller, 'up'], [pair.server, 'down']] as const) {
      if (this.stopped.has(direction)) socket.pause();
      else socket.resume();
    }
  }
}

function parts(direction: Direction): readonly ('up' | 'down')[] {
  return direction === 'both' ? ['up', 'down'] : [direction];
}

/** A proxy before a TCP server, given as `{host, port}` or as a URL such as `nats://127.0.0.1:4222`. */
export function tcpProxy(target: string | { readonly host: string; readonly port: number }): Promise<TcpProxy> {
  if (typeof target !== 'string') return TcpProxy.before(target);
  const url = new URL(target);
  return TcpProxy.before({ host: url.hostname, port: Number(url.port) });
}
