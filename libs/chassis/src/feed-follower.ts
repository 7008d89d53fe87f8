import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import { type Bus, isTransient, TransientError } from '@vmdns/bus';
import type { Operation, StreamName } from '@vmdns/contracts';
import { type FeedChange, type FeedPage, FeedReader, type Store, type Timeline } from '@vmdns/store';
import type { Health } from './health.js';
import type { Log } from './log.js';
import type { Metrics } from './metrics.js';

export interface FeedFollowerParts {
  readonly bus: Bus;
  readonly store: Store;
  readonly log: Log;
  readonly health: Health;
  readonly metrics: Metrics;
  /** When given, a raise takes the cursor back an hour (PROTOCOL §1). */
  readonly timeline?: Timeline;
}

export interface FeedFollowerOptions<B> {
  /** Whose feed, and its `changes-after`. */
  readonly service: string;
  readonly contract: Operation;
  /** The stream that carries it live. */
  readonly stream: StreamName;
  readonly topic?: string;
  /** Gets parsed bodies, possibly ones it knows. */
  readonly take: (changes: readonly FeedChange<B>[]) => Promise<void>;
  /** Default 60,000. */
  readonly everyMs?: number;
}

const PAGE_MS = 5000;
const AN_HOUR_MS = 3_600_000;

/**
 * Follows another service's change feed: reads at start, when the connection came back, when the stream was wiped, and
 * every 60 s; adds itself to readiness. As a provider it starts and stops with the application.
 */
export class FeedFollower<B> implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly reader: FeedReader<B>;
  private failures = 0;
  private stops: readonly (() => void)[] = [];

  constructor(private readonly parts: FeedFollowerParts, private readonly options: FeedFollowerOptions<B>) {
    const { log, health, metrics, store, timeline } = parts;
    const { service, take, everyMs } = options;
    this.reader = new FeedReader(store, {
      name: service, take, ...(everyMs === undefined ? {} : { everyMs }),
      page: (cursor, limit) => this.page(cursor, limit),
      onError: (error) => {
        // The first seconds are usual at start, when the schema or the other side is not there yet.
        this.failures += 1;
        const why = isTransient(error) && error instanceof Error ? { why: error.message } : { err: error };
        if (this.failures % 30 === ('err' in why ? 1 : 5)) log.warn({ ...why, feed: service, failures: this.failures }, 'the feed cannot be read yet');
      },
    });
    health.add(`feed ${service}`, () => this.reader.isCaughtUp || 'not read to its end yet');
    metrics.gauge('vmdns_feed_lag_seconds', 'How long ago the feed that this service follows was last read to its end (by any replica); a minute is usual.', [], () => this.reader.lagSeconds());
    timeline?.onRaise(() => this.rewind(AN_HOUR_MS));
  }

  onApplicationBootstrap(): void {
    this.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.stop();
  }

  start(): void {
    const poke = (): void => { this.reader.poke().catch(() => undefined); };
    this.reader.start();
    this.stops = [this.parts.bus.onStreamReborn(this.options.stream, poke), this.parts.bus.onReady(poke)];
  }

  /** Reads again from where it stood that long ago. */
  rewind(ms: number): Promise<void> {
    return this.reader.rewind(ms);
  }

  async stop(): Promise<void> {
    for (const stop of this.stops) stop();
    await this.reader.stop();
  }

  private async page(cursor: number, limit: number): Promise<FeedPage<B>> {
    const { service, contract, topic } = this.options;
    const reply = await this.parts.bus.request(service, 'changes-after', contract, { cursor, limit, ...(topic === undefined ? {} : { topic }) }, { timeoutMs: PAGE_MS });
    if (!reply.ok) throw new TransientError(`reading the feed of ${service}: ${reply.problem.detail ?? reply.problem.title}`);
    this.failures = 0;
    // The contract has parsed the page; which body it holds is what the caller's type says of that contract.
    return reply.value as FeedPage<B>;
  }
}
