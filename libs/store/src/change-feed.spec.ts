import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, it } from '@jest/globals';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { type OwnPostgres, startPostgres, until } from '../testing/servers.js';
import { ChangeFeed, type FeedChange } from './change-feed.js';
import { FeedReader } from './feed-reader.js';
import { Store, type Tx } from './store.js';

interface Body { readonly v: number }

class CreateFeed1764000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [...ChangeFeed.ddl(), ...ChangeFeed.compactionDdl(), ...FeedReader.ddl()]) await runner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error('forward only');
  }
}

/** A transaction that goes on step by step, when told. */
class StepwiseTransaction {
  private readonly steps: { readonly step: (tx: Tx) => Promise<unknown>; readonly done: () => void }[] = [];
  private wake = (): void => undefined;
  private isOver = false;
  readonly committed: Promise<void>;

  constructor(store: Store) {
    this.committed = store.transaction(async (tx) => {
      while (!this.isOver || this.steps.length > 0) {
        const next = this.steps.shift();
        if (next === undefined) await new Promise<void>((resolve) => { this.wake = resolve; });
        else {
          await next.step(tx);
          next.done();
        }
      }
    });
  }

  do(step: (tx: Tx) => Promise<unknown>): Promise<void> {
    return new Promise((resolve) => {
      this.steps.push({ step, done: resolve });
      this.wake();
    });
  }

  commit(): Promise<void> {
    this.isOver = true;
    this.wake();
    return this.committed;
  }
}

describe('the change feed', () => {
  let postgres: OwnPostgres;
  let store: Store;
  let feed: ChangeFeed<Body>;
  const other: Store[] = [];

  const say = (v: number, topic?: string) => store.transaction((tx) => feed.append(tx, [{ key: `k${v}`, body: { v }, ...(topic === undefined ? {} : { topic }) }]));
  const sayBefore = (days: number, key: string, v: number) => store.query('insert into change (key, body, at) values ($1, $2, now() - make_interval(days => $3))', [key, JSON.stringify({ v }), days]);
  /** A partition for the day so long ago. */
  const makeDay = (days: number) => store.query(`do $$ declare day date := (now() at time zone 'utc')::date - ${days}; begin execute format('create table %I partition of change for values from (%L) to (%L)', 'change_' || to_char(day, 'YYYYMMDD'), day::text || ' 00:00+00', (day + 1)::text || ' 00:00+00'); end $$`);
  const readAll = async (from = 0, limit = 3, topic?: string): Promise<number[]> => {
    const found: number[] = [];
    for (let cursor = from, more = true; more;) {
      const page = await feed.after(cursor, limit, topic);
      found.push(...page.changes.map((change) => change.body.v));
      ({ cursor, more } = page);
    }
    return found;
  };

  beforeAll(async () => { postgres = await startPostgres(); });
  beforeEach(async () => {
    store = await Store.open({ url: (await postgres.freshDatabase()).url, schema: 'feeding', applicationName: 'test' }, [CreateFeed1764000000000]);
    await store.whenMigrated(10_000);
    feed = new ChangeFeed<Body>(store);
  });
  afterEach(async () => { await Promise.all([store, ...other.splice(0)].map((one) => one.close())); });
  afterAll(() => postgres.dispose());

  it('gives back what was appended with rising sequences, and reads it in pages', async () => {
    const appended = await store.transaction((tx) => feed.append(tx, Array.from({ length: 7 }, (_, v) => ({ key: `k${v}`, body: { v } }))));
    expect(appended.map((row) => [row.sequence, row.key, row.body.v])).toEqual([0, 1, 2, 3, 4, 5, 6].map((v) => [v + 1, `k${v}`, v]));
    expect(await readAll()).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(await feed.after(7, 3)).toEqual({ changes: [], cursor: 7, more: false });
  });

  it('L1 leaves no gap when the older transaction commits last', async () => {
    const [first, second] = [new StepwiseTransaction(store), new StepwiseTransaction(store)];
    await first.do((tx) => feed.append(tx, [{ key: 'a', body: { v: 1 } }]));
    await second.do((tx) => feed.append(tx, [{ key: 'b', body: { v: 2 } }]));
    await second.commit();
    const early = await feed.after(0, 10);
    expect(early.changes).toEqual([]);
    await first.commit();
    expect(await readAll(early.cursor)).toEqual([1, 2]);
  });

  it('L1 leaves no gap when the transaction that began first draws the later number and commits first', async () => {
    const [first, second] = [new StepwiseTransaction(store), new StepwiseTransaction(store)];
    await first.do((tx) => tx.query('select pg_current_xact_id()'));
    await second.do((tx) => feed.append(tx, [{ key: 'b', body: { v: 1 } }]));
    await first.do((tx) => feed.append(tx, [{ key: 'a', body: { v: 2 } }]));
    await first.commit();
    // The first's number is 2; a reader that only remembered 2 would never see 1.
    const early = await feed.after(0, 10);
    expect(early.changes.map((change) => [change.sequence, change.body.v])).toEqual([[2, 2]]);
    await second.commit();
    expect(await readAll(early.cursor)).toEqual([1]);
    expect(await readAll(1)).toEqual([]);
  });

  it('L1 loses nothing under many writers and a reader', async () => {
    const seen = new Map<number, number>();
    let cursor = 0;
    const pull = async (): Promise<void> => {
      const page = await feed.after(cursor, 7);
      for (const change of page.changes) seen.set(change.sequence, (seen.get(change.sequence) ?? 0) + 1);
      cursor = page.cursor;
    };
    const writer = async (from: number): Promise<void> => {
      for (let v = from; v < from + 40; v += 1) {
        await store.transaction(async (tx) => {
          if (v % 3 === 0) await tx.query('select pg_current_xact_id()');
          await feed.append(tx, [{ key: 'x', body: { v } }, { key: 'y', body: { v } }]);
          if (v % 5 === 0) await tx.query('select pg_sleep(0.003)');
        });
      }
    };
    const writers = Promise.all([0, 100, 200, 300].map(writer));
    let isOver = false;
    const reading = (async () => { while (!isOver) await pull(); })();
    await writers;
    isOver = true;
    await reading;
    await until(async () => { await pull(); return seen.size === 320; });
    expect([...seen.values()].every((times) => times === 1)).toBe(true);
  });

  it('ends a page before it is too large for one message', async () => {
    const wide = new ChangeFeed<{ readonly text: string }>(store);
    await store.transaction((tx) => wide.append(tx, Array.from({ length: 5 }, (_, n) => ({ key: `k${n}`, body: { text: String(n).repeat(300_000) } }))));
    const first = await wide.after(0, 100);
    expect(first).toMatchObject({ changes: [{ sequence: 1 }], cursor: 1, more: true });
    expect((await wide.after(4, 100))).toMatchObject({ changes: [{ sequence: 5 }], more: false });
  });

  it('reads one topic alone', async () => {
    for (const [v, topic] of [[1, 'powerdns'], [2, 'memory'], [3, 'powerdns'], [4, 'powerdns'], [5, 'powerdns']] as const) await say(v, topic);
    expect(await readAll(0, 2, 'powerdns')).toEqual([1, 3, 4, 5]);
    expect(await readAll(0, 2, 'memory')).toEqual([2]);
    expect(await readAll()).toEqual([1, 2, 3, 4, 5]);
  });

  it('goes back a little when the row of a cursor is lost, and to the beginning when all are', async () => {
    for (const v of [1, 2, 3]) await say(v);
    await store.query('delete from change where sequence = 3');
    expect(await readAll(3)).toEqual([1, 2]);
    await store.query('delete from change');
    expect(await feed.after(3, 10)).toEqual({ changes: [], cursor: 0, more: false });
  });

  it('keeps a day in a partition, survives a missing one, and drops old days that are empty', async () => {
    await say(1);
    await store.query("insert into change (key, body, at) values ('old', '{\"v\":0}', now() - interval '40 days'), ('late', '{\"v\":9}', now() + interval '20 days')");
    await makeDay(30);
    await makeDay(29);
    await sayBefore(30, 'older', 2);
    await feed.ensurePartitions(10);
    await feed.ensurePartitions(25);
    expect(await readAll()).toEqual([1, 0, 9, 2]);
    expect(await feed.dropEmptyDays(14)).toBe(1);
    expect(await readAll()).toEqual([1, 0, 9, 2]);
    await store.transaction((tx) => feed.forget(tx, ['older']));
    expect(await feed.dropEmptyDays(14)).toBe(1);
    expect(await feed.dropEmptyDays(14)).toBe(0);
    expect(await readAll()).toEqual([1, 0, 9]);
  });

  it('cuts what was said anew since, page by page; the newest of each key stays, whatever its age', async () => {
    const compactAll = async (): Promise<number> => {
      let total = 0;
      for (let more = true; more;) {
        const page = await feed.compact({ days: 7, newestBy: ['v'], limit: 2 });
        total += page.cut;
        ({ more } = page);
      }
      return total;
    };
    // Of b the order of sequences is not that of what it says.
    for (const [days, key, v] of [[40, 'a', 1], [39, 'b', 3], [38, 'b', 2], [30, 'a', 4], [29, 'c', 5], [3, 'a', 6]] as const) await sayBefore(days, key, v);
    expect(await readAll()).toEqual([1, 3, 2, 4, 5, 6]);
    expect(await compactAll()).toBe(2);
    expect(await readAll()).toEqual([3, 4, 5, 6]);
    expect(await compactAll()).toBe(0);
    // What is too young to cut anything today does so when it is old: 4 is cut by 6.
    await store.query("update change set at = now() - interval '8 days' where at > now() - interval '4 days'");
    expect(await compactAll()).toBe(1);
    expect(await readAll()).toEqual([3, 5, 6]);
    // A reader that stood on a row that is gone reads on, and learns the rest.
    expect((await readAll(4)).at(-1)).toBe(6);
  });

  it('is compacted by one replica at a time, and a page that fails is cut again', async () => {
    for (const v of [1, 2]) await sayBefore(20, 'a', v);
    await expect(store.transaction(async (tx) => {
      await tx.query('select 1 from change_compaction for update');
      expect(await feed.compact({ days: 7, newestBy: ['v'] })).toEqual({ cut: 0, more: false });
      throw new Error('the other one died');
    })).rejects.toThrow('the other one died');
    expect(await feed.compact({ days: 7, newestBy: ['v'] })).toEqual({ cut: 1, more: false });
    expect(await readAll()).toEqual([2]);
  });

  it('shows old rows again after a dump was read into a cluster with lower transaction ids', async () => {
    for (const v of [1, 2]) await say(v);
    await store.query("update change set xid = '900000000'");
    await say(3);
    expect(await readAll()).toEqual([3]);
    expect(await feed.rebase()).toBe(2);
    expect(await readAll()).toEqual([1, 2, 3]);
    expect(await feed.rebase()).toBe(0);
  });

  describe('and its reader', () => {
    const readers: FeedReader<Body>[] = [];
    const reader = (taken: number[], take?: (changes: readonly FeedChange<Body>[]) => Promise<void>, on: Store = store): FeedReader<Body> => {
      const made = new FeedReader<Body>(on, { name: 'inventory', pageSize: 2, page: (cursor, limit) => feed.after(cursor, limit), take: take ?? (async (changes) => void taken.push(...changes.map((change) => change.body.v))) });
      readers.push(made);
      return made;
    };
    afterEach(async () => { await Promise.all(readers.splice(0).map((one) => one.stop())); });

    it('reads to the end at start, and when poked only what is new', async () => {
      for (const v of [1, 2, 3, 4, 5]) await say(v);
      const taken: number[] = [];
      const one = reader(taken);
      one.start();
      await until(() => one.isCaughtUp);
      expect(taken).toEqual([1, 2, 3, 4, 5]);
      await say(6);
      await one.poke();
      expect(taken).toEqual([1, 2, 3, 4, 5, 6]);
    });

    it('keeps its cursor when taking fails, and tries again by itself', async () => {
      for (const v of [1, 2, 3]) await say(v);
      const taken: number[] = [];
      let failures = 1;
      const one = reader(taken, async (changes) => {
        if (changes.some((change) => change.body.v === 3) && failures-- > 0) throw new Error('not now');
        taken.push(...changes.map((change) => change.body.v));
      });
      one.start();
      await until(() => one.isCaughtUp);
      expect(taken).toEqual([1, 2, 3]);
    });

    it('reads in one replica at a time', async () => {
      for (const v of [1, 2, 3, 4]) await say(v);
      const taken: number[] = [];
      const [one, two] = [reader(taken), reader(taken)];
      one.start();
      two.start();
      await until(() => one.isCaughtUp && two.isCaughtUp);
      expect(taken).toEqual([1, 2, 3, 4]);
    });

    it('holds the others up while a page takes long, and for seconds only when it is killed in the middle', async () => {
      await say(1);
      let go = (): void => undefined;
      const long = new Promise<void>((resolve) => { go = resolve; });
      const taken: number[] = [];
      const [slow, other] = [reader([], () => long), reader(taken)];
      const busy = async (): Promise<{ ends: number; leftMs: number } | undefined> => (await store.query<{ ends: number; leftMs: number }>(
        `select extract(epoch from busy_until)::float8 as ends, extract(epoch from busy_until - clock_timestamp())::float8 * 1000 as "leftMs" from feed_cursor where busy_until is not null`))[0];
      slow.start();
      const first = await until(busy);
      other.start();
      const renewed = await until(async () => { const seen = await busy(); return seen !== undefined && seen.ends > first.ends ? seen : undefined; });
      expect(Math.max(first.leftMs, renewed.leftMs)).toBeLessThanOrEqual(5000);
      expect(taken).toEqual([]);
      go();
      await until(() => other.isCaughtUp);
      expect(taken).toEqual([]);
    });

    it('goes back to where it stood', async () => {
      const taken: number[] = [];
      const one = reader(taken);
      one.start();
      await until(() => one.isCaughtUp);
      for (const v of [1, 2]) await say(v);
      await one.poke();
      await one.rewind(0);
      await one.rewind(3_600_000);
      expect(taken).toEqual([1, 2, 1, 2, 1, 2]);
    });
  });
});
