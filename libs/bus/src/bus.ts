import type { CloudEvent, Operation, RpcReply, StreamDefinition } from '@vmdns/contracts';
import type { z } from 'zod';
import type { BusLog } from './bus-log.js';
import type { BusError } from './errors.js';

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
  /** Default: the event's id. JetStream drops a repeat of it for 2 minutes; every retry of one publish uses the same. */
  readonly msgId?: string;
  readonly traceparent?: string;
  readonly headers?: Readonly<Record<string, string>>;
}
export interface Published { readonly stream: string; readonly sequence: number; readonly duplicate: boolean }
export type PublishResult = ({ readonly ok: true } & Published) | { readonly ok: false; readonly error: BusError };
export interface PublishOptions { /** All tries together; default 5000. While NATS is away it waits for it this long. */ readonly timeoutMs?: number }
export interface RequestOptions { /** Default 900. */ readonly timeoutMs?: number; readonly traceparent?: string }

const soon = (): never => { throw new Error('being built'); };

/** One NATS connection of this process: publishes, asks, listens; reconnects for ever. */
export class Bus {
  /** Gives the bus at once, also while the server is away; it keeps trying. */
  static connect(_options: BusOptions): Promise<Bus> { return soon(); }

  /** Whether the connection stands right now. */
  get connected(): boolean { return soon(); }

  /** Fulfilled when the connection stands (again) and the streams of `ensureStreams` exist; rejects with BusError after the limit. */
  whenReady(_timeoutMs: number): Promise<void> { return soon(); }

  /** These streams shall exist: now (if connected), after every reconnect, and after somebody wiped the server. May run twice. */
  ensureStreams(_definitions: readonly StreamDefinition[]): Promise<void> { return soon(); }

  /** The stream's `created` instant, which changes when the stream was wiped. Throws BusError while unknown. */
  streamCreated(_stream: string): Promise<string> { return soon(); }

  /** Called when a stream came back empty: `created` changed or its sequence went back. Gives the way to stop listening. */
  onStreamReborn(_stream: string, _listener: (created: string) => void): () => void { return soon(); }

  /** Called after every connect and reconnect, when the streams exist. */
  onReady(_listener: () => void): () => void { return soon(); }

  /** Publishes to a stream and waits for its acknowledgement; retries with the same message id. Throws BusError. */
  publish(_subject: string, _event: CloudEvent, _options?: PublishOptions & Omit<Outgoing, 'subject' | 'event'>): Promise<Published> { return soon(); }

  /** The same for many at once, at most 256 in flight; the results are in the order of the items. Never throws. */
  publishMany(_items: readonly Outgoing[], _options?: PublishOptions): Promise<readonly PublishResult[]> { return soon(); }

  /**
   * Says it as soon as it can, in order of posting, retrying for ever; returns at once. For what a feed or a re-issue
   * would say again anyway: at most 20,000 wait; beyond that the oldest are dropped and counted.
   */
  post(_items: readonly Outgoing[]): void { soon(); }

  /** Core NATS, at most once; dropped silently while disconnected. */
  broadcast(_subject: string, _payload: object, _traceparent?: string): void { soon(); }

  /** Core NATS; survives reconnects. Gives the way to stop. What is no JSON is ignored. */
  subscribe(_subject: string, _listener: (body: unknown, subject: string) => void): () => void { return soon(); }

  /** Asks one service. NATS away, nobody there, or no answer in time: a problem with status 503 within `timeoutMs`. Never throws. */
  request<Q extends z.ZodType, A extends z.ZodType>(_service: string, _operation: string, _contract: Operation<Q, A>, _ask: z.input<Q>, _options?: RequestOptions): Promise<RpcReply<z.output<A>>> { return soon(); }

  /** Sends what is buffered, then closes. May run twice. */
  close(): Promise<void> { return soon(); }
}
