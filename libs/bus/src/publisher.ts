import { type MsgHdrs, NatsError, headers as newHeaders } from 'nats';
import type { BusLog } from './bus-log.js';
import type { Outgoing, Published, PublishResult } from './bus.js';
import type { Connection, Link } from './connection.js';
import { BusError } from './errors.js';
import { Fifo } from './fifo.js';
import type { StreamKeeper } from './stream-keeper.js';
import { childTraceparent, currentTraceparent } from './traceparent.js';
import { backoffMs, Gate, pause } from './wait.js';

const IN_FLIGHT_MAX = 256;
const POSTED_MAX = 20_000;
/** Posted messages that share one acknowledgement, by number and by bytes; and so many trains at once. */
const TRAIN_MAX = 64;
const TRAIN_BYTES = 262_144;
const TRAINS_MAX = 4;
/** One try; the answer of a living server takes milliseconds. */
const TRY_MS = 1500;
/** JetStream's codes for "never this message": too large for the stream, or not what the stream takes. */
const NEVER = new Set([10_054, 10_055]);

const encoder = new TextEncoder();

/** One message, as bytes. */
interface Packed { readonly subject: string; readonly payload: Uint8Array; readonly headers: MsgHdrs }

/**
 * Publishing to streams: pipelined, at most 256 acknowledgements in flight for the whole process, every retry with the
 * same message id. What was posted goes in trains of which only the last message is acknowledged: a server takes the
 * messages of one connection in order, so that its answer speaks for all; without it the whole train goes again.
 */
export class Publisher {
  private readonly posted = new Fifo<Outgoing>();
  private readonly empty = new Gate();
  private posters = 0;
  private free = IN_FLIGHT_MAX;
  private readonly queueing = new Fifo<() => void>();
  private dropped = 0;
  private isClosed = false;

  constructor(private readonly connection: Connection, private readonly keeper: StreamKeeper, private readonly log: BusLog) {
    this.empty.open();
  }

  /** How many posted messages were dropped because the queue was full. */
  get droppedCount(): number {
    return this.dropped;
  }

  publish(item: Outgoing, timeoutMs: number): Promise<Published> {
    return this.send([pack(item)], performance.now() + timeoutMs);
  }

  /** As many runners as may be in flight, so that an item becomes bytes only when its turn comes. */
  async publishMany(items: readonly Outgoing[], timeoutMs: number): Promise<readonly PublishResult[]> {
    const deadline = performance.now() + timeoutMs;
    const results: PublishResult[] = [];
    let next = 0;
    const runner = async (): Promise<void> => {
      for (let index = next++; index < items.length; index = next++) {
        const item = items[index];
        if (item !== undefined) results[index] = await this.sendSafely(item, deadline);
      }
    };
    await Promise.all(Array.from({ length: Math.min(IN_FLIGHT_MAX, items.length) }, runner));
    return results;
  }

  post(items: readonly Outgoing[]): void {
    const trace = currentTraceparent();
    for (const item of items) {
      if (this.posted.size >= POSTED_MAX) this.dropOldest();
      this.posted.push(trace === undefined || item.traceparent !== undefined ? item : { ...item, traceparent: trace });
    }
    while (this.posters < TRAINS_MAX && this.posted.size > 0) void this.postTrains();
  }

  whenPosted(limitMs: number): Promise<boolean> {
    return this.empty.wait(limitMs);
  }

  /** Waits until what was posted is out, at most so long; then nothing more goes out. */
  async close(limitMs: number): Promise<void> {
    if (this.connection.current !== undefined) await this.empty.wait(limitMs);
    this.isClosed = true;
  }

  private async postTrains(): Promise<void> {
    this.posters += 1;
    this.empty.shut();
    for (let train = this.nextTrain(); train.length > 0; train = this.nextTrain()) await this.postTrain(train);
    this.posters -= 1;
    if (this.posters === 0) this.empty.open();
  }

  private nextTrain(): readonly Packed[] {
    const train: Packed[] = [];
    for (let bytes = 0; train.length < TRAIN_MAX && bytes < TRAIN_BYTES;) {
      const item = this.posted.shift();
      if (item === undefined) break;
      const packed = pack(item);
      bytes += packed.payload.length;
      train.push(packed);
    }
    return train;
  }

  /** One that is refused stops no other: then each goes alone (L7). */
  private async postTrain(train: readonly Packed[]): Promise<void> {
    while (!this.isClosed && !this.connection.isClosing) {
      try {
        await this.send(train, performance.now() + 60_000);
        return;
      } catch (error) {
        if (error instanceof BusError && error.isTransient) continue;
        if (train.length === 1) return this.log.error({ err: error, subject: train[0]?.subject }, 'a message was refused for good');
        for (const one of train) await this.postTrain([one]);
        return;
      }
    }
  }

  private dropOldest(): void {
    this.posted.shift();
    if (this.dropped % 10_000 === 0) this.log.warn({ dropped: this.dropped + 1 }, 'too many messages wait for NATS, the oldest are dropped; feeds say them again');
    this.dropped += 1;
  }

  private async sendSafely(item: Outgoing, deadline: number): Promise<PublishResult> {
    try {
      return { ok: true, ...await this.send([pack(item)], deadline) };
    } catch (error) {
      return { ok: false, error: error instanceof BusError ? error : new BusError('rejected', `publishing to ${item.subject}`, { cause: error }) };
    }
  }

  /** Gives the acknowledgement of the last. */
  private async send(packed: readonly Packed[], deadline: number): Promise<Published> {
    const attempt = `publishing to ${packed.at(-1)?.subject ?? 'nobody'}`;
    let last: unknown;
    for (let tries = 0; ; tries += 1) {
      const left = deadline - performance.now();
      const link = this.connection.current ?? (await this.connection.up.wait(left), this.connection.current);
      if (this.isClosed || this.connection.isClosing) throw new BusError('closed', attempt, { cause: last });
      if (link === undefined || left <= 0) throw new BusError(link === undefined ? 'unavailable' : 'timeout', attempt, { cause: last });
      try {
        if (this.free === 0) await this.turn();
        else this.free -= 1;
        return await this.tryOnce(link, packed, Math.min(left, TRY_MS));
      } catch (error) {
        last = error;
        if (isRefusal(error)) throw new BusError('rejected', attempt, { cause: error });
        if (error instanceof NatsError && error.code === '503') await this.keeper.look();
        await pause(backoffMs(tries, 20, 500));
      }
    }
  }

  /** A place among those in flight, handed over by who leaves; nobody holds one while waiting for the connection. */
  private turn(): Promise<void> {
    return new Promise((resolve) => this.queueing.push(resolve));
  }

  private leave(): void {
    const next = this.queueing.shift();
    if (next === undefined) this.free += 1;
    else next();
  }

  private async tryOnce(link: Link, packed: readonly Packed[], timeout: number): Promise<Published> {
    try {
      const last = packed.at(-1);
      if (last === undefined) throw new BusError('rejected', 'publishing nothing');
      for (const one of packed) if (one !== last) link.nats.publish(one.subject, one.payload, { headers: one.headers });
      const ack = await link.jetstream.publish(last.subject, last.payload, { headers: last.headers, timeout });
      if (!ack.duplicate) this.keeper.acknowledged(ack.stream, ack.seq);
      return { stream: ack.stream, sequence: ack.seq, duplicate: ack.duplicate };
    } finally {
      this.leave();
    }
  }
}

function pack(item: Outgoing): Packed {
  return { subject: item.subject, payload: encoder.encode(jsonOf(item)), headers: headersOf(item) };
}

function jsonOf({ event, dataJson }: Outgoing): string {
  return dataJson === undefined ? JSON.stringify(event) : `${JSON.stringify({ ...event, data: undefined }).slice(0, -1)},"data":${dataJson}}`;
}

function headersOf(item: Outgoing): MsgHdrs {
  const headers = newHeaders();
  headers.set('Nats-Msg-Id', item.msgId ?? item.event.id);
  headers.set('traceparent', childTraceparent(item.traceparent ?? currentTraceparent()));
  for (const [name, value] of Object.entries(item.headers ?? {})) headers.set(name, value);
  return headers;
}

function isRefusal(error: unknown): boolean {
  if (!(error instanceof NatsError)) return true;
  return error.code === 'MAX_PAYLOAD_EXCEEDED' || error.code === 'BAD_SUBJECT' || NEVER.has(error.api_error?.err_code ?? 0);
}
