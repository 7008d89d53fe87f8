import type { FeedChange, FeedPage } from './change-feed.js';
import type { Store } from './store.js';

export interface FeedReaderOptions<B> {
  /** Names the cursor's row. */
  readonly name: string;
  /** One page from the writer, by request/reply; throws while the writer is away. */
  readonly page: (cursor: number, limit: number) => Promise<FeedPage<B>>;
  /** Takes changes; may see the same ones again. The cursor moves when it is fulfilled. */
  readonly take: (changes: readonly FeedChange<B>[]) => Promise<void>;
  /** The `created` of the stream that carries the feed live: another than last time means that messages were lost. */
  readonly streamCreated?: () => Promise<string>;
  readonly everyMs?: number;
  readonly pageSize?: number;
  readonly onError?: (error: unknown) => void;
}

const soon = (): never => { throw new Error('being built'); };

/** Reads another service's feed to its end: at start, when poked, and every 60 s; one replica at a time. */
export class FeedReader<B> {
  /** The table of cursors, for the reader's own migration. */
  static ddl(): readonly string[] { return soon(); }

  constructor(readonly store: Store, readonly options: FeedReaderOptions<B>) {}

  /** Whether the feed was read to its end once (by any replica). */
  get isCaughtUp(): boolean { return soon(); }

  start(): void { soon(); }
  /** Reads soon: the stream was reborn, the connection came back. Fulfilled when read to the end; rejects as `page` or `take` do. */
  poke(): Promise<void> { return soon(); }
  /** Goes back to where it stood that long ago (a raise of the timeline: an hour), then reads. */
  rewind(_ms: number): Promise<void> { return soon(); }
  /** Stops and waits for a running page. */
  stop(): Promise<void> { return soon(); }
}
