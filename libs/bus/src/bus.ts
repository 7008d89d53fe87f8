import { streams, type CloudEvent, type Operation, type RpcReply, type StreamDefinition, type StreamName } from '@vmdns/contracts';
import type { ConnectionOptions, Msg } from 'nats';
import type { z } from 'zod';
import { silentLog, type BusLog } from './bus-log.js';
import { Connection } from './connection.js';
import { BusError } from './errors.js';
import { Publisher } from './publisher.js';
import { readBack, type StoredMessage } from './read-back.js';
import { ask } from './requester.js';
import { StreamKeeper } from './stream-keeper.js';

export interface BusOptions {
  readonly url: string;
  /** Shown by the server's monitoring; the service and its instance. */
  readonly name: string;
  readonly user?: string;
  readonly password?: string;
  readonly token?: string;
  readonly log?: BusLog;
}

export interface Outgoing {
  readonly subject: string;
  readonly event: CloudEvent;
  /** The event's data as JSON where somebody has written it already: sent in place of `event.data`. */
  readonly dataJson?: string;
  /** Default: the event's id. JetStream drops a repeat of it for 2 minutes; every retry of one publish uses the same. */
  readonly msgId?: string;
  /** The trace this message continues; default: the request's being handled, else a new one. */
  readonly traceparent?: string;
  readonly headers?: Readonly<Record<string, string>>;
}
export interface Published { readonly stream: string; readonly sequence: number; readonly duplicate: boolean }
export type PublishResult = ({ readonly ok: true } & Published) | { readonly ok: false; readonly error: BusError };
export interface PublishOptions { /** All tries together; default 5000. While NATS is away it waits for it this long. */ readonly timeoutMs?: number }
export interface RequestOptions {
  /** Default 900. */
  readonly timeoutMs?: number;
  /** Give up within a second when NATS itself is silent, however long the answer may take. */
  readonly unlessSilent?: boolean;
  readonly traceparent?: string;
}

const PUBLISH_MS = 5000;
const encoder = new TextEncoder();

/** One NATS connection of this process: publishes, asks, listens; reconnects for ever. */
export class Bus {
  /** For the transport only. */
  readonly connection: Connection;
  /** For the transport only. */
  readonly streams: StreamKeeper;
  private readonly publisher: Publisher;
  private closing: Promise<void> | undefined;

  private constructor(options: BusOptions) {
    const log = options.log ?? silentLog;
    this.connection = new Connection({
      ...serversOf(options), name: options.name, timeout: 2000, noAsyncTraces: true,
      maxReconnectAttempts: -1, reconnectTimeWait: 200, reconnectJitter: 100, ignoreAuthErrorAbort: true,
      pingInterval: 3000, maxPingOut: 2,
    }, log);
    this.streams = new StreamKeeper(this.connection, log);
    this.publisher = new Publisher(this.connection, this.streams, log);
  }

  /** Gives the bus at once, also while the server is away; it keeps trying. */
  static connect(options: BusOptions): Promise<Bus> {
    const bus = new Bus(options);
    bus.connection.start();
    return Promise.resolve(bus);
  }

  /** Whether the connection stands right now. */
  get connected(): boolean {
    return this.connection.current !== undefined;
  }

  /** How many posted messages were dropped because too many waited. */
  get droppedCount(): number {
    return this.publisher.droppedCount;
  }

  /** Fulfilled when the connection stands (again) and the streams of `ensureStreams` exist; rejects with BusError after the limit. */
  async whenReady(timeoutMs: number): Promise<void> {
    if (!await this.streams.ready.wait(timeoutMs)) throw new BusError('unavailable', 'waiting for NATS and its streams');
  }

  /** These streams shall exist: now (if connected), after every reconnect, and after somebody wiped the server. May run twice. */
  ensureStreams(definitions: readonly StreamDefinition[]): Promise<void> {
    return this.streams.ensure(definitions);
  }

  /** The stream's `created` instant, which changes when the stream was wiped. Throws BusError while unknown. */
  streamCreated(stream: string): Promise<string> {
    return this.streams.created(stream);
  }

  /** Called when a stream came back empty: `created` changed or its sequence went back. Gives the way to stop listening. */
  onStreamReborn(stream: string, listener: (created: string) => void): () => void {
    return this.streams.onReborn(stream, listener);
  }

  /** Called after every connect and reconnect, when the streams exist (at once, if so already). */
  onReady(listener: () => void): () => void {
    return this.streams.onReady(listener);
  }

  /** Messages of a durable consumer that nobody is done with; undefined where that is not known now. Never throws. */
  async backlog(stream: StreamName, durable: string): Promise<number | undefined> {
    try {
      const info = await this.connection.current?.manager.consumers.info(streams[stream].name, durable);
      return info === undefined ? undefined : info.num_pending + info.num_ack_pending;
    } catch {
      // The server is just going, or the consumer is not made yet.
      return undefined;
    }
  }

  /** Publishes to a stream and waits for its acknowledgement; retries with the same message id. Throws BusError. */
  publish(subject: string, event: CloudEvent, options: PublishOptions & Omit<Outgoing, 'subject' | 'event'> = {}): Promise<Published> {
    const { timeoutMs = PUBLISH_MS, ...rest } = options;
    return this.publisher.publish({ ...rest, subject, event }, timeoutMs);
  }

  /** The same for many at once, at most 256 in flight; the results are in the order of the items. Never throws. */
  publishMany(items: readonly Outgoing[], options: PublishOptions = {}): Promise<readonly PublishResult[]> {
    return this.publisher.publishMany(items, options.timeoutMs ?? PUBLISH_MS);
  }

  /**
   * Says it as soon as it can, about in order, retrying until the process ends; returns at once. For what a feed or a
   * re-issue would say again anyway: at most 20,000 wait; beyond that the oldest are dropped and counted.
   */
  post(items: readonly Outgoing[]): void {
    this.publisher.post(items);
  }

  /** Whether everything that was posted is out, within the limit. */
  whenPosted(timeoutMs: number): Promise<boolean> {
    return this.publisher.whenPosted(timeoutMs);
  }

  /** What a stream holds of its last `spanMs`, newest first, whether or not it was acknowledged. Throws BusError. */
  readBack(stream: string, spanMs: number): AsyncGenerator<readonly StoredMessage[]> {
    return readBack(this.connection, stream, spanMs);
  }

  /** Core NATS, at most once; dropped silently while disconnected. */
  broadcast(subject: string, payload: object): void {
    this.connection.current?.nats.publish(subject, encoder.encode(JSON.stringify(payload)));
  }

  /** Core NATS; survives reconnects. Gives the way to stop. What is no JSON is ignored. */
  subscribe(subject: string, listener: (body: unknown, subject: string) => void): () => void {
    return this.connection.subscribe(subject, undefined, (message) => {
      const body = jsonOf(message);
      if (body !== undefined) listener(body, message.subject);
    });
  }

  /** Asks one service. NATS away, nobody there, or no answer in time: a problem with status 503 within `timeoutMs`. Never throws. */
  request<Q extends z.ZodType, A extends z.ZodType>(service: string, operation: string, contract: Operation<Q, A>, question: z.input<Q>, options: RequestOptions = {}): Promise<RpcReply<z.output<A>>> {
    return ask(this.connection, service, operation, contract, question, options);
  }

  /** Sends what was posted (at most 2 s) and what is buffered, then closes. May run twice. */
  close(): Promise<void> {
    this.closing ??= this.closeOnce();
    return this.closing;
  }

  private async closeOnce(): Promise<void> {
    await this.publisher.close(2000);
    this.streams.stop();
    await this.connection.close();
  }
}

/** `nats://user:password@host:4222` is understood too; the client itself knows hosts only. */
function serversOf(options: BusOptions): Pick<ConnectionOptions, 'servers' | 'user' | 'pass' | 'token' | 'inboxPrefix'> {
  const urls = options.url.split(',').map((url) => new URL(url.includes('://') ? url : `nats://${url}`));
  const user = options.user ?? (decodeURIComponent(urls[0]?.username ?? '') || undefined);
  const pass = options.password ?? (decodeURIComponent(urls[0]?.password ?? '') || undefined);
  return {
    servers: urls.map((url) => `${url.protocol}//${url.host}`),
    // Answers to one user come where no other user may listen, if the server's permissions say so.
    ...(user === undefined ? {} : { user, inboxPrefix: `_INBOX.${user.replace(/[^A-Za-z0-9_-]/g, '_')}` }),
    ...(pass === undefined ? {} : { pass }),
    ...(options.token === undefined ? {} : { token: options.token }),
  };
}

function jsonOf(message: Msg): unknown {
  try {
    return message.json();
  } catch {
    return undefined;
  }
}
