import type { MessageHandler } from '@nestjs/microservices';
import { streams } from '@vmdns/contracts';
import { AckPolicy, type Consumer, ConsumerEvents, type ConsumerMessages, DeliverPolicy, type JsMsg, nanos, ReplayPolicy, type Subscription } from 'nats';
import { settleByHalves } from '../batch-rule.js';
import type { BusLog } from '../bus-log.js';
import type { Bus } from '../bus.js';
import type { Link } from '../connection.js';
import { BadMessage, reasonOf } from '../errors.js';
import type { BatchOptions, EventSchema } from '../handlers.js';
import type { InMessage, RawMessage } from '../message.js';
import { done, drop, type Outcome, retryAfter } from '../outcome.js';
import { backoffMs, pause } from '../wait.js';
import type { DeadLetters } from './dead-letters.js';
import { callHandler } from './handler-call.js';
import type { BusObserver } from './observer.js';
import { parseMessage, receive, type Received } from './stream-messages.js';
import { WorkQueue } from './work-queue.js';

export interface BatchConsumerParts {
  readonly bus: Bus;
  readonly log: BusLog;
  readonly observer: BusObserver;
  readonly deadLetters: DeadLetters;
  readonly handler: MessageHandler;
  readonly ackWaitMs: number;
}
/** The handler's options with every name resolved. */
export interface BatchConsumerNames { readonly stream: BatchOptions['stream']; readonly durable: string; readonly subject: string; readonly event: EventSchema | null }

/** Pull requests live this long. */
const PULL_MS = 10_000;
/** Two of them missed, and the iterator looks whether its consumer is still there: a pull to a deleted one is met with silence. */
const HEARTBEAT_MS = 1500;
const RETRY_MS = [250, 1000, 3000];
/** Of one batch, and of what is pulled ahead: as much JSON as one call shall hold in memory and in its transaction. */
const BYTES_MAX = 1_000_000;
const GAP_MS = 5000;
/** What means that the consumer (or its stream) is gone, so that it must be made again. */
const GONE: ReadonlySet<string> = new Set([ConsumerEvents.ConsumerDeleted, ConsumerEvents.ConsumerNotFound, ConsumerEvents.StreamNotFound, ConsumerEvents.NoResponders]);

interface Job { readonly received: Received; readonly message: InMessage<unknown> | RawMessage }

/** One durable consumer and the method that takes its messages in batches. */
export class BatchConsumer {
  private readonly queue: WorkQueue<Job>;
  private readonly closing = new AbortController();
  private messages: ConsumerMessages | undefined;
  /** Whether the consumer must be looked at again before the next pull: it is gone, or the connection was. */
  private isDoubtful = false;
  private readonly unwanted: JsMsg[] = [];
  private finished: Promise<void> = Promise.resolve();
  /** When it last stopped reading; undefined while it reads. */
  private stoppedAt: number | undefined = Number.NEGATIVE_INFINITY;
  private transientTries = 0;
  /** Of the last pull: how many of the kind that comes are `BYTES_MAX`. */
  private meanBytes = 1;
  private readonly max: number;
  private readonly maxDeliveries: number;
  private stopReady: (() => void) | undefined;
  private keepAlive: NodeJS.Timeout | undefined;

  constructor(private readonly parts: BatchConsumerParts, private readonly names: BatchConsumerNames, options: BatchOptions) {
    this.max = options.max ?? 200;
    this.maxDeliveries = options.maxDeliveries ?? 4;
    this.queue = new WorkQueue({ max: this.max, weightMax: BYTES_MAX, weigh: ({ received }) => received.broker.data.length, concurrency: options.concurrency ?? 1, restMs: options.restMs ?? 0, work: (jobs) => this.work(jobs) });
  }

  /** Whether it has its consumer and reads it; a gap of some seconds (a reconnect, a wiped server) is none. */
  get isReading(): boolean {
    return this.stoppedAt === undefined || performance.now() - this.stoppedAt < GAP_MS;
  }

  /** Which, for people. */
  get name(): string {
    return this.names.durable;
  }

  start(): void {
    this.finished = this.keepConsuming();
    // After a reconnect the client's own iterator may sleep for a whole pull; a fresh one pulls at once.
    this.stopReady = this.parts.bus.onReady(() => { this.doubt(); });
    this.keepAlive = setInterval(() => { for (const job of this.queue.all()) job.received.broker.working(); }, this.parts.ackWaitMs / 3).unref();
  }

  /** Takes nothing more, gives back what waits, and waits for the running call. */
  async close(): Promise<void> {
    this.closing.abort();
    this.stopReady?.();
    const waiting = this.queue.close();
    if (this.messages !== undefined) await stopPulling(this.messages, this.parts.bus.connected);
    await this.finished;
    // Only now: what is given back while a pull is open comes straight back to this process.
    for (const broker of [...waiting.map((job) => job.received.broker), ...this.unwanted]) broker.nak();
    await this.queue.whenIdle();
    clearInterval(this.keepAlive);
  }

  private async keepConsuming(): Promise<void> {
    const { bus, log } = this.parts;
    for (let failures = 0; !this.closing.signal.aborted;) {
      const link = await bus.streams.ready.wait(1000) ? bus.connection.current : undefined;
      try {
        if (link !== undefined) await this.consume(link);
        failures = 0;
      } catch (error) {
        if (failures % 20 === 0) log.warn({ err: error, ...this.where }, 'consuming stopped, starting again');
        failures += 1;
        await bus.streams.look();
      } finally {
        this.stoppedAt ??= performance.now();
      }
      // Always, so that no way round this loop is without a breath.
      await pause(backoffMs(failures, 20, 1000), this.closing.signal);
    }
  }

  /** Makes the consumer if it is missing, and takes its messages until it is gone, the connection was lost, or we close. */
  private async consume(link: Link): Promise<void> {
    const { stream, durable, subject } = this.names;
    this.isDoubtful = false;
    await link.manager.consumers.add(stream, {
      durable_name: durable, filter_subject: subject, ack_policy: AckPolicy.Explicit, ack_wait: nanos(this.parts.ackWaitMs), deliver_policy: DeliverPolicy.All,
      replay_policy: ReplayPolicy.Instant, max_ack_pending: Math.max(1000, this.max * 10), max_deliver: -1,
    });
    const consumer = await link.jetstream.consumers.get(stream, durable);
    this.stoppedAt = undefined;
    while (!this.closing.signal.aborted && !this.isDoubtful) {
      const room = this.queue.whenRoom();
      if (room === undefined) await this.pull(consumer);
      else await room;
    }
  }

  /**
   * One pull of at most `max`, and of about `BYTES_MAX` where messages are as large as they just were. Everything that comes goes straight to the queue, where `keepAlive` says of each that we
   * work: a reader that pulls ahead by itself would keep some out of sight, and a long call would cost them a second delivery.
   */
  private async pull(consumer: Consumer): Promise<void> {
    const atMost = Math.max(1, Math.min(this.max, Math.floor(BYTES_MAX / this.meanBytes)));
    const messages = await consumer.fetch({ max_messages: atMost, expires: PULL_MS, idle_heartbeat: HEARTBEAT_MS });
    let [count, bytes] = [0, 0];
    this.messages = messages;
    if (this.closing.signal.aborted || this.isDoubtful) await messages.close();
    void this.watch(messages);
    for await (const broker of messages) {
      count += 1;
      bytes += broker.data.length;
      if (this.closing.signal.aborted) this.unwanted.push(broker);
      else this.accept(receive(broker));
    }
    this.messages = undefined;
    if (count > 0) this.meanBytes = Math.max(1, bytes / count);
  }

  /** Ends the open pull; a fresh one pulls at once. */
  private doubt(): void {
    this.isDoubtful = true;
    void this.messages?.close();
  }

  private async watch(messages: ConsumerMessages): Promise<void> {
    for await (const status of await messages.status()) {
      if (!GONE.has(status.type)) continue;
      this.parts.log.warn({ ...this.where, status: status.type }, 'consumer is gone, making it again');
      await this.parts.bus.streams.look();
      this.doubt();
      return;
    }
  }

  private accept(received: Received): void {
    const { event } = this.names;
    if (event === null) return this.queue.push({ received, message: received.raw });
    const parsed = parseMessage(received.raw, event);
    if (parsed.ok) this.queue.push({ received, message: parsed.message });
    else this.settle(received, drop(parsed.reason));
  }

  /** One batch from the handler's call to the last acknowledgement; gives the pause before the next. */
  private async work(jobs: readonly Job[]): Promise<number> {
    const started = performance.now();
    let transient: unknown;
    const outcomes = await settleByHalves<Job, Outcome>(jobs, {
      call: (some) => this.call(some),
      onTransient: (_job, error) => {
        transient = error;
        return retryAfter(backoffMs(this.transientTries, 250, 2000), reasonOf(error));
      },
      onCulprit: (job, error) => this.blame(job, error),
    });
    jobs.forEach((job, index) => this.settle(job.received, outcomes[index] ?? done()));
    this.parts.observer.batch?.(this.names.durable, jobs.length, performance.now() - started);
    if (transient === undefined) {
      this.transientTries = 0;
      return 0;
    }
    this.parts.log.warn({ err: transient, ...this.where, messages: jobs.length }, 'messages wait: what they need is away');
    this.transientTries += 1;
    return backoffMs(this.transientTries, 50, 2000);
  }

  private async call(jobs: readonly Job[]): Promise<readonly Outcome[]> {
    const outcomes = await callHandler(this.parts.handler, jobs.map((job) => job.message));
    return Array.isArray(outcomes) ? outcomes as readonly Outcome[] : jobs.map(done);
  }

  private blame(job: Job, error: unknown): Outcome {
    const { deliveries } = job.received.raw;
    const reason = reasonOf(error);
    const isHopeless = error instanceof BadMessage || deliveries >= this.maxDeliveries;
    if (!isHopeless) this.parts.log.warn({ err: error, ...this.where, deliveries }, 'a message failed alone, it comes again');
    return isHopeless ? drop(reason) : retryAfter(RETRY_MS[Math.min(deliveries, RETRY_MS.length) - 1] ?? 1000, reason);
  }

  private settle(received: Received, outcome: Outcome): void {
    try {
      if (outcome.kind === 'done') received.broker.ack();
      else if (outcome.kind === 'retry') received.broker.nak(outcome.afterMs);
      else void this.bury(received, outcome.reason);
    } catch (error) {
      // The connection is closed for good: the broker gives the message to another replica after the ack wait.
      this.parts.log.warn({ err: error, ...this.where }, 'an outcome could not be told');
    }
  }

  private async bury({ broker, raw }: Received, reason: string): Promise<void> {
    try {
      await this.parts.deadLetters.bury(this.names.stream, raw, reason);
      broker.term();
      this.parts.observer.deadLetter?.(this.names.durable);
      this.parts.log.error({ ...this.where, subject: raw.subject, sequence: raw.streamSequence, reason }, 'message dead-lettered');
    } catch (error) {
      this.parts.log.warn({ err: error, ...this.where }, 'dead letter not stored yet, the message comes again');
    }
  }

  private get where() {
    return { stream: streams[this.names.stream].name, durable: this.names.durable };
  }
}

/**
 * A plain close() forgets what the server has already sent, and it would come again only after the ack wait. Draining
 * the iterator's own subscription waits for it, so that it can be given back.
 */
async function stopPulling(messages: ConsumerMessages, isConnected: boolean): Promise<void> {
  const { sub } = messages as ConsumerMessages & { readonly sub?: Subscription };
  if (isConnected && sub !== undefined) await Promise.race([sub.drain().catch(() => undefined), pause(500)]);
  await messages.close();
}
