import type { FeedChange, FeedPage } from './change-feed.js';
import type { Store } from './store.js';

export interface FeedReaderOptions<B> {
  /** Names the cursor's row. */
  readonly name: string;
  /** One page from the writer, by request/reply; throws while the writer is away. */
  readonly page: (cursor: number, limit: number) => Promise<FeedPage<B>>;
  /** Takes changes; may see the same ones again. The cursor moves when it is fulfilled. */
  readonly take: (changes: readonly FeedChange<B>[]) => Promise<void>;
  /** Default 60,000. */
  readonly everyMs?: number;
  /** Default 500. */
  readonly pageSize?: number;
  readonly onError?: (error: unknown) => void;
}

/** How long a replica may be silent before another reads on: short, because an adapter claims no lane before its feed is read. */
const LEASE = "interval '5 seconds'";
const RENEW_MS = 1500;
const LOOK_AGAIN_MS = 500;
const RETRY_MS = 1000;
/** Marks of where the cursor stood: one in five minutes, for two hours; enough to go back an hour. */
const MARK_EVERY_MS = 300_000;
const MARKS_MAX = 24;

type Mark = readonly [at: number, cursor: number];
interface CursorRow { readonly cursor: number; readonly marks: readonly Mark[]; readonly now: Date }

/** Reads another service's feed to its end: at start, when poked, and every 60 s; one replica at a time. */
export class FeedReader<B> {
  private running: Promise<void> | undefined;
  private again: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private stopped = true;
  private caughtUp = false;

  constructor(readonly store: Store, readonly options: FeedReaderOptions<B>) {}

  /** The table of cursors, for the reader's own migration. */
  static ddl(): readonly string[] {
    return [`create table feed_cursor (
      name text primary key,
      cursor bigint not null default 0,
      marks jsonb not null default '[]',
      busy_until timestamptz,
      caught_up_at timestamptz
    )`];
  }

  /** Whether the feed was read to its end since this process started (by any replica). */
  get isCaughtUp(): boolean {
    return this.caughtUp;
  }

  /** How long ago any replica read it to its end; infinite before the first time. One row by its key. */
  async lagSeconds(): Promise<number> {
    const [row] = await this.store.query<{ lag: number | null }>('select extract(epoch from clock_timestamp() - caught_up_at)::float8 as lag from feed_cursor where name = $1', [this.options.name]);
    return row?.lag ?? Number.POSITIVE_INFINITY;
  }

  start(): void {
    this.stopped = false;
    this.next(0);
  }

  /**
   * Reads soon: the stream was reborn, the connection came back. Fulfilled when read to the end from now on; rejects as
   * `page` or `take` do (and is tried again by itself).
   */
  poke(): Promise<void> {
    if (this.running === undefined) return this.run();
    // What runs may have passed the place already: once more after it.
    this.again ??= this.running.catch(() => undefined).then(() => {
      this.again = undefined;
      return this.run();
    });
    return this.again;
  }

  /** Goes back to where it stood that long ago (a raise of the timeline: an hour), then reads. */
  async rewind(ms: number): Promise<void> {
    await this.running?.catch(() => undefined);
    const row = await this.row();
    const since = row.now.getTime() - ms;
    const mark = row.marks.filter(([at]) => at <= since).at(-1);
    await this.store.query('update feed_cursor set cursor = least(cursor, $2) where name = $1', [this.options.name, mark?.[1] ?? 0]);
    await this.poke();
  }

  /** Stops and waits for a running page. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.running?.catch(() => undefined);
  }

  private next(afterMs: number): void {
    clearTimeout(this.timer);
    if (this.stopped) return;
    this.timer = setTimeout(() => { this.poke().catch(() => undefined); }, afterMs).unref();
  }

  private run(): Promise<void> {
    const { everyMs = 60_000, onError } = this.options;
    this.running = this.read().then(
      () => this.next(everyMs * (0.9 + Math.random() * 0.2)),
      (error: unknown) => {
        onError?.(error);
        this.next(RETRY_MS);
        throw error;
      },
    ).finally(() => { this.running = undefined; });
    this.running.catch(() => undefined);
    return this.running;
  }

  private async read(): Promise<void> {
    const started = (await this.row()).now;
    while (!this.stopped) {
      const claimed = await this.claim();
      if (claimed !== undefined) return this.readPages(claimed);
      if (await this.wasReadSince(started)) return void (this.caughtUp = true);
      await new Promise((resolve) => { setTimeout(resolve, LOOK_AGAIN_MS); });
    }
  }

  private async readPages(claimed: CursorRow): Promise<void> {
    const { name, page, take, pageSize = 500 } = this.options;
    let cursor = claimed.cursor;
    let isComplete = false;
    const renewing = setInterval(() => void this.renew(), RENEW_MS);
    try {
      while (!this.stopped && !isComplete) {
        const got = await page(cursor, pageSize);
        if (got.changes.length > 0) await take(got.changes);
        if (got.cursor !== cursor) await this.store.query('update feed_cursor set cursor = $2 where name = $1', [name, got.cursor]);
        cursor = got.cursor;
        isComplete = !got.more;
      }
    } finally {
      clearInterval(renewing);
      await this.release(claimed, cursor, isComplete);
    }
    if (isComplete) this.caughtUp = true;
  }

  private async row(): Promise<CursorRow> {
    await this.store.query('insert into feed_cursor (name) values ($1) on conflict do nothing', [this.options.name]);
    const [row] = await this.store.query<CursorRow>('select cursor, marks, clock_timestamp() as now from feed_cursor where name = $1', [this.options.name]);
    if (row === undefined) throw new Error(`reading the feed ${this.options.name}: its cursor is gone`);
    return row;
  }

  private async claim(): Promise<CursorRow | undefined> {
    const [row] = await this.store.query<CursorRow>(
      `update feed_cursor set busy_until = clock_timestamp() + ${LEASE} where name = $1 and (busy_until is null or busy_until < clock_timestamp())
       returning cursor, marks, clock_timestamp() as now`, [this.options.name]);
    return row;
  }

  /** A renewal that fails costs a second reader, and every change may be taken twice. */
  private async renew(): Promise<void> {
    await this.store.query(`update feed_cursor set busy_until = clock_timestamp() + ${LEASE} where name = $1 and busy_until is not null`, [this.options.name]).catch(() => undefined);
  }

  private async release(claimed: CursorRow, cursor: number, isComplete: boolean): Promise<void> {
    const last = claimed.marks.at(-1);
    const at = claimed.now.getTime();
    const marks = last !== undefined && at - last[0] < MARK_EVERY_MS ? claimed.marks : [...claimed.marks.slice(1 - MARKS_MAX), [at, claimed.cursor]];
    await this.store.query(
      'update feed_cursor set busy_until = null, marks = $2, caught_up_at = case when $3 then clock_timestamp() else caught_up_at end where name = $1',
      [this.options.name, JSON.stringify(marks), isComplete],
    );
  }

  private async wasReadSince(started: Date): Promise<boolean> {
    const [row] = await this.store.query<{ done: boolean }>('select caught_up_at >= $2 as done from feed_cursor where name = $1', [this.options.name, started]);
    return row?.done === true;
  }
}
