import type { Bus } from '@vmdns/bus';
import type { Operation, StreamName } from '@vmdns/contracts';
import type { FeedChange, FeedReader, Store } from '@vmdns/store';
import type { Health } from './health.js';
import type { Log } from './log.js';

export interface FeedFollowerOptions<B> {
  /** Whose feed, and its `changes-after`. */
  readonly service: string;
  readonly contract: Operation;
  /** The stream that carries it live. */
  readonly stream: StreamName;
  readonly topic?: string;
  readonly take: (changes: readonly FeedChange<B>[]) => Promise<void>;
}

/**
 * Follows another service's change feed: reads at start, when the connection came back, when the stream was wiped, and
 * every 60 s; adds itself to readiness. `take` gets parsed bodies, possibly ones it knows.
 */
export class FeedFollower<B> {
  declare readonly reader: FeedReader<B>;
  constructor(_parts: { readonly bus: Bus; readonly store: Store; readonly log: Log; readonly health: Health }, _options: FeedFollowerOptions<B>) { throw new Error('being built'); }
  start(): void { throw new Error('being built'); }
  stop(): Promise<void> { throw new Error('being built'); }
}
