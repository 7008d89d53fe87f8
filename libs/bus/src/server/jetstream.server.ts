import { type CustomTransportStrategy, type MessageHandler, Server } from '@nestjs/microservices';
import { streams } from '@vmdns/contracts';
import { silentLog, type BusLog } from '../bus-log.js';
import type { Bus } from '../bus.js';
import { type HandlerSpec, JETSTREAM, type PerService } from '../handlers.js';
import { pause } from '../wait.js';
import { BatchConsumer } from './batch-consumer.js';
import { DeadLetters } from './dead-letters.js';
import type { BusObserver } from './observer.js';
import { RequestLane } from './request-lane.js';

export interface JetStreamServerOptions {
  readonly bus: Bus;
  /** The service this process is: names durables, queue groups and dead letters. */
  readonly service: string;
  readonly log?: BusLog;
  readonly observer?: BusObserver;
  readonly now?: () => Date;
  /** How long the server waits for an outcome before it delivers again; a running call keeps saying that it works. Default 10,000. */
  readonly ackWaitMs?: number;
  /** How long close() waits for running handlers; default 7000. */
  readonly closeMs?: number;
  /** Nothing is taken before: what handlers need is there. Default: at once. */
  readonly takesAfter?: Promise<void>;
  /** Whether what handlers need (a database) answers just now; never throws. Without it, who asks waits as long as they said. */
  readonly needs?: () => Promise<boolean>;
}

/** The Nest transport that serves OnBatch, OnRawBatch, OnRequests and OnRequest. Listens also while NATS is away. */
export class JetStreamServer extends Server implements CustomTransportStrategy {
  override readonly transportId = JETSTREAM;
  override readonly propagatesEventHandlerErrors = true;
  private readonly lanes: (BatchConsumer | RequestLane)[] = [];

  constructor(private readonly options: JetStreamServerOptions) {
    super();
  }

  listen(callback: (error?: unknown) => void): void {
    const specs = [...this.messageHandlers.values()].map((handler) => ({ handler, spec: specOf(handler) }));
    const used = specs.flatMap(({ spec }) => (spec.kind === 'batch' ? [streams[spec.options.stream], streams.DEADLETTER] : []));
    void this.options.bus.ensureStreams(used);
    for (const { handler, spec } of specs) this.lanes.push(this.laneOf(handler, spec));
    const start = (): void => { for (const lane of this.lanes) lane.start(); };
    if (this.options.takesAfter === undefined) start();
    else void this.options.takesAfter.then(start);
    callback();
  }

  /** Takes nothing more, gives back what waits, ends what runs (at most `closeMs`). The connection stays: it is the bus'. May run twice. */
  async close(): Promise<void> {
    const lanes = this.lanes.splice(0);
    await Promise.race([Promise.all(lanes.map((lane) => lane.close())), pause(this.options.closeMs ?? 7000)]);
  }

  /** The durable consumers that are not read (any more): a right is missing, or the server cannot make them. */
  get unread(): readonly string[] {
    return this.lanes.flatMap((lane) => (lane instanceof BatchConsumer && !lane.isReading ? [lane.name] : []));
  }

  on(): void {
    // This transport has no events of its own.
  }

  unwrap<T>(): T {
    return this.options.bus as T;
  }

  private laneOf(handler: MessageHandler, spec: HandlerSpec): BatchConsumer | RequestLane {
    const { bus, service, log = silentLog, observer = {}, now = () => new Date(), ackWaitMs = 10_000 } = this.options;
    const parts = { bus, log, observer, handler, needs: this.options.needs };
    const named = (name: PerService<string>): string => (typeof name === 'function' ? name(service) : name);
    if (spec.kind === 'batch') {
      const { stream, subject, durable = service } = spec.options;
      return new BatchConsumer({ ...parts, ackWaitMs, deadLetters: new DeadLetters(bus, service, now) }, { stream, subject: named(subject), durable: named(durable), event: spec.event }, spec.options);
    }
    const isBatched = spec.kind === 'requests';
    return new RequestLane(parts, {
      service: named(spec.service), operation: spec.operation, contract: spec.contract, isBatched,
      max: isBatched ? spec.options.max ?? 200 : 1, concurrency: isBatched ? spec.options.concurrency ?? 1 : spec.concurrency,
    });
  }
}

function specOf(handler: MessageHandler): HandlerSpec {
  const extras: { readonly spec?: HandlerSpec } = handler.extras ?? {};
  if (extras.spec === undefined) throw new Error('a handler without a vmdns decorator was given to the JetStream transport');
  return extras.spec;
}
