import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { Binary } from './binaries.js';
import { freePort } from './ports.js';
import { ManagedProcess, type Exit } from './processes.js';
import { until } from './wait.js';

export interface NatsOptions {
  readonly binary: Binary;
  /** Holds the JetStream store and the log. */
  readonly folder: string;
  readonly port?: number;
  /** Text of a nats-server.conf: users and what they may do. It holds their passwords. */
  readonly config?: string;
  readonly pidFile?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** A real nats-server with JetStream, on loopback only; always on the same port, however often it is started again. */
export class NatsServer {
  private constructor(readonly options: NatsOptions, readonly port: number, private current: ManagedProcess) {}

  static async start(options: NatsOptions): Promise<NatsServer> {
    const port = options.port ?? await freePort();
    return new NatsServer(options, port, await launch(options, port));
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  get process(): ManagedProcess {
    return this.current;
  }

  async stop(): Promise<Exit> {
    return this.current.stop({ signal: 'SIGTERM' });
  }

  async kill(): Promise<Exit> {
    return this.current.kill();
  }

  /** Starts it again, after a stop when it still runs; the streams are as they were. */
  async restart(): Promise<void> {
    await this.stop();
    this.current = await launch(this.options, this.port);
  }

  /** Starts it again with nothing in it: every stream and consumer is gone (L1). */
  async wipe(): Promise<void> {
    await this.kill();
    rmSync(storeOf(this.options), { recursive: true, force: true });
    this.current = await launch(this.options, this.port);
  }

  /** SIGSTOP: connections stay open and nothing answers. */
  freeze(): void {
    this.current.signal('SIGSTOP');
  }

  thaw(): void {
    this.current.signal('SIGCONT');
  }
}

function storeOf(options: NatsOptions): string {
  return join(options.folder, 'jetstream');
}

async function launch(options: NatsOptions, port: number): Promise<ManagedProcess> {
  mkdirSync(storeOf(options), { recursive: true, mode: 0o700 });
  const { binary, config } = options;
  const file = join(options.folder, 'nats-server.conf');
  if (config !== undefined) {
    writeFileSync(file, config, { mode: 0o600 });
    chmodSync(file, 0o600);
  }
  const server = ManagedProcess.start({
    name: 'nats-server',
    command: binary.path,
    args: [...binary.args, ...(config === undefined ? [] : ['--config', file]), '--jetstream', '--store_dir', storeOf(options), '--addr', '127.0.0.1', '--port', String(port)],
    env: { ...binary.env, ...options.env },
    logFile: join(options.folder, 'nats.log'),
    ...(options.pidFile === undefined ? {} : { pidFile: options.pidFile }),
  });
  await until(async () => server.exit !== undefined || await greets(port), { withinMs: 30_000, what: 'nats-server to answer' });
  if (server.exit !== undefined) throw new Error(`nats-server did not start:\n${server.tail()}`);
  return server;
}

/** A NATS server speaks first: `INFO {…}`. */
function greets(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const end = (answer: boolean): void => { socket.destroy(); resolve(answer); };
    socket.once('error', () => end(false));
    socket.once('data', (bytes) => end(bytes.toString('utf8').startsWith('INFO ')));
    socket.setTimeout(2_000, () => end(false));
  });
}
