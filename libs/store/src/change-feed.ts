import { jsonbArray, textArray } from './arrays.js';
import type { Store, Tx } from './store.js';

export interface FeedRow<B> { readonly key: string; readonly body: B; readonly topic?: string }
export interface FeedChange<B> { readonly sequence: number; readonly key: string; readonly body: B }
export interface FeedPage<B> { readonly changes: FeedChange<B>[]; readonly cursor: number; readonly more: boolean }

const TABLE = /^[a-z][a-z0-9_]{0,40}$/;
/** How far to go back by sequence when a cursor's row is gone; transactions that were open together drew about these. */
const STEP_BACK = 1000;
const REBASE_ROWS = 10_000;
/** Below the payload that NATS takes by default (1 MiB), with room for what JSON's escapes add. */
const PAGE_BYTES = 524_288;

/** Where a cursor stands in the order of the feed. */
interface Position { readonly xid: string; readonly sequence: number }

/**
 * An append-only table of changes (PROTOCOL §1). Readers see a row only when every transaction that began before its own
 * has ended, in the order (transaction, sequence): a late commit leaves no gap. Of one key the order may differ from the
 * order of commits, so bodies carry a revision.
 *
 * ```text
 * T1 begins (xid 10)   T2 begins (xid 11)   T1 draws 2, T2 draws 1   T2 commits → nothing to read: 10 is open
 * T1 commits → 2 (xid 10), then 1 (xid 11). By sequence alone a reader at 2 would never see 1.
 * ```
 */
export class ChangeFeed<B> {
  constructor(readonly store: Store, readonly table = 'change') {
    if (!TABLE.test(table)) throw new Error(`a change feed: "${table}" is no table name`);
  }

  /** The statements of a migration: table, partitions for a week, indexes. */
  static ddl(table = 'change'): readonly string[] {
    return [
      `create table ${table} (
        sequence bigint generated always as identity,
        xid xid8 not null default pg_current_xact_id(),
        key text collate "C" not null,
        topic text collate "C" not null default '',
        body jsonb not null,
        at timestamptz not null default clock_timestamp(),
        primary key (sequence, at)
      ) partition by range (at)`,
      `create table ${table}_default partition of ${table} default`,
      `create index ${table}_order on ${table} (xid, sequence)`,
      `create index ${table}_topic on ${table} (topic, xid, sequence) where topic <> ''`,
      makePartitions(table, 7),
    ];
  }

  /** Writes rows within the caller's transaction; gives them back with their sequences, in the same order. */
  async append(tx: Tx, rows: readonly FeedRow<B>[]): Promise<readonly FeedChange<B>[]> {
    if (rows.length === 0) return [];
    const drawn = await tx.query<{ sequence: number }>(
      `insert into ${this.table} (key, topic, body)
       select r.key, r.topic, r.body from unnest($1::text[], $2::text[], $3::jsonb[]) with ordinality as r(key, topic, body, place) order by r.place
       returning sequence`,
      [textArray(rows.map((row) => row.key)), textArray(rows.map((row) => row.topic ?? '')), jsonbArray(rows.map((row) => JSON.stringify(row.body)))],
    );
    const sequences = drawn.map((row) => row.sequence).sort((a, b) => a - b);
    return rows.map((row, index) => ({ sequence: sequences[index] ?? 0, key: row.key, body: row.body }));
  }

  /** A statement that appends what `from` holds, for the end of one that has written what it tells of (`with from as (…)`). */
  static appendFrom(from: string, columns: { readonly key: string; readonly body: string }, table = 'change'): string {
    return `insert into ${table} (key, topic, body) select ${columns.key}, '', ${columns.body} from ${from}`;
  }

  /**
   * The changes after a cursor (0: from the beginning), at most `limit` and about half a mebibyte of them. `cursor` of
   * the page is where to go on, also when it is empty; it is lower than the one asked where Postgres lost the row it
   * stood on.
   */
  async after(cursor: number, limit: number, topic?: string): Promise<FeedPage<B>> {
    const position = await this.positionOf(cursor);
    const rows = await this.store.query<{ readonly sequence: number; readonly key: string; readonly text: string }>(
      `select sequence, key, body::text as text from ${this.table}
       where (xid, sequence) > ($1::xid8, $2) and xid < pg_snapshot_xmin(pg_current_snapshot()) ${topic === undefined ? '' : "and topic = $4 and topic <> ''"}
       order by xid, sequence limit $3`,
      [position.xid, position.sequence, limit, ...(topic === undefined ? [] : [topic])],
    );
    let size = 0;
    // The first row always goes: a page that holds nothing would be the end.
    const fitting = rows.findIndex((row, index) => (size += row.text.length) > PAGE_BYTES && index > 0);
    const page = fitting === -1 ? rows : rows.slice(0, fitting);
    const changes = page.map((row) => ({ sequence: row.sequence, key: row.key, body: JSON.parse(row.text) as B }));
    const last = changes.at(-1)?.sequence ?? (position.xid === '0' ? 0 : cursor);
    return { changes, cursor: last, more: fitting !== -1 || rows.length === limit };
  }

  /** Partitions for yesterday, today and so many days ahead. May run twice; call it at start and daily. */
  async ensurePartitions(days = 7): Promise<void> {
    await this.store.query(makePartitions(this.table, days));
  }

  /** The statements of a migration for a feed that is compacted. */
  static compactionDdl(table = 'change'): readonly string[] {
    return [
      `create index ${table}_key on ${table} (key)`,
      `create table ${table}_compaction (one boolean primary key default true check (one), cursor bigint not null default 0)`,
      `insert into ${table}_compaction default values`,
    ];
  }

  /**
   * Cuts what a later change of the same key has said anew: one page of rows older than so many days. Of each key the
   * newest by these numbers of the body stays, whatever its age, so that who reads from the beginning learns everything.
   * Each row is walked once, when it gets old, and takes away those it has overtaken (L6). May be stopped anywhere, and
   * run in several replicas: one of them works.
   */
  async compact({ days, newestBy, limit = 1000 }: { readonly days: number; readonly newestBy: readonly string[]; readonly limit?: number }): Promise<{ readonly cut: number; readonly more: boolean }> {
    const newest = newestBy.map((field) => `(body->>'${field}')::bigint desc, `).join('');
    return this.store.transaction(async (tx) => {
      const [at] = await tx.query<{ cursor: number }>(`select cursor from ${this.table}_compaction for update skip locked`);
      if (at === undefined) return { cut: 0, more: false };
      const old = await tx.query<{ sequence: number; key: string }>(
        `select sequence, key from ${this.table} where sequence > $1 and at < clock_timestamp() - make_interval(days => $2) order by sequence limit $3`, [at.cursor, days, limit]);
      const last = old.at(-1);
      if (last === undefined) return { cut: 0, more: false };
      const cut = await tx.query(
        `delete from ${this.table} where (sequence, at) in (
           select sequence, at from (
             select sequence, at, row_number() over (partition by key order by ${newest}sequence desc) as place
               from ${this.table} where key = any($1::text[]) and at < clock_timestamp() - make_interval(days => $2)) ranked where place > 1) returning 1`,
        [textArray([...new Set(old.map((row) => row.key))]), days]);
      await tx.query(`update ${this.table}_compaction set cursor = $1`, [last.sequence]);
      return { cut: cut.length, more: old.length === limit };
    });
  }

  /** Cuts all that was ever said of these keys: nobody is to learn of them any more. Needs what compaction needs. */
  async forget(tx: Tx, keys: readonly string[]): Promise<void> {
    if (keys.length > 0) await tx.query(`delete from ${this.table} where key = any($1::text[])`, [textArray(keys)]);
  }

  /** Drops days older than so many that hold nothing any more; gives how many. */
  async dropEmptyDays(days: number): Promise<number> {
    const old = await this.store.query<{ name: string }>(
      `select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
       where i.inhparent = $1::regclass and c.relname ~ '_[0-9]{8}$'
         and to_date(right(c.relname, 8), 'YYYYMMDD') < (now() at time zone 'utc')::date - $2::int order by 1`,
      [this.table, days],
    );
    let dropped = 0;
    for (const { name } of old) {
      if ((await this.store.query(`select 1 from ${name} limit 1`)).length > 0) continue;
      await this.store.query(`drop table if exists ${name}`);
      dropped += 1;
    }
    return dropped;
  }

  /**
   * After a dump was read into another cluster: transaction ids began anew there, so that old rows would look as if
   * their transactions were still to come. Gives how many rows it took to the beginning; may run twice.
   */
  async rebase(): Promise<number> {
    for (let total = 0; ;) {
      const moved = await this.store.query(
        `update ${this.table} set xid = '3' where (sequence, at) in (
           select sequence, at from ${this.table} where xid >= pg_snapshot_xmax(pg_current_snapshot()) limit ${REBASE_ROWS}) returning sequence`,
      );
      total += moved.length;
      if (moved.length < REBASE_ROWS) return total;
    }
  }

  private async positionOf(cursor: number): Promise<Position> {
    if (cursor === 0) return { xid: '0', sequence: 0 };
    const [exact] = await this.store.query<{ xid: string }>(`select xid::text from ${this.table} where sequence = $1`, [cursor]);
    if (exact !== undefined) return { xid: exact.xid, sequence: cursor };
    const [before] = await this.store.query<{ xid: string }>(
      `select xid::text from (select xid from ${this.table} where sequence < $1 order by sequence desc limit ${STEP_BACK}) as near order by near.xid limit 1`, [cursor]);
    return { xid: before?.xid ?? '0', sequence: 0 };
  }
}

/** One statement, so that it needs no lock where nothing is missing; a day that already has rows in the default stays there. */
function makePartitions(table: string, days: number): string {
  return `do $$
    declare day date;
    begin
      for day in select generate_series((now() at time zone 'utc')::date - 1, (now() at time zone 'utc')::date + ${Math.trunc(days)}, '1 day')::date loop
        if to_regclass(format('%I', '${table}_' || to_char(day, 'YYYYMMDD'))) is null then
          begin
            execute format('create table %I partition of ${table} for values from (%L) to (%L)',
              '${table}_' || to_char(day, 'YYYYMMDD'), day::text || ' 00:00+00', (day + 1)::text || ' 00:00+00');
          exception when check_violation or duplicate_table then null;
          end;
        end if;
      end loop;
    end $$`;
}
