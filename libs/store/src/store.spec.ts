import { type AddressInfo, createServer, type Server } from 'node:net';
import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { type OwnPostgres, startPostgres, until } from '../testing/servers.js';
import { bigintArray, booleanArray, jsonbArray, textArray, timestampArray } from './arrays.js';
import { type MigrationClass, Store, type Tx } from './store.js';

class CreateCount1764000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('create table counter (id int primary key, n bigint not null, body jsonb)');
    await runner.query('select pg_sleep(0.2)');
    await runner.query('insert into counter values (1, 0), (2, 0)');
  }

  async down(): Promise<void> {
    throw new Error('forward only');
  }
}
class Broken1764000000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> { await runner.query('create tabel oops ()'); }
  async down(): Promise<void> { throw new Error('forward only'); }
}

/** A barrier for two transactions. */
function meeting(): () => Promise<void> {
  let came = 0;
  let open = (): void => undefined;
  const both = new Promise<void>((resolve) => { open = resolve; });
  return () => {
    came += 1;
    if (came === 2) open();
    return both;
  };
}

describe('the store', () => {
  let postgres: OwnPostgres;
  const stores: Store[] = [];
  const open = async (url: string, schema = 'counting', migrations: readonly MigrationClass[] = [CreateCount1764000000000], poolMax = 4): Promise<Store> => {
    const store = await Store.open({ url, schema, applicationName: 'test', poolMax, asksByKey: true }, migrations);
    stores.push(store);
    return store;
  };
  const ready = async (): Promise<Store> => {
    const store = await open((await postgres.freshDatabase()).url);
    await store.whenMigrated(10_000);
    return store;
  };

  beforeAll(async () => { postgres = await startPostgres(); });
  afterEach(async () => { await Promise.all(stores.splice(0).map((store) => store.close())); });
  afterAll(() => postgres.dispose());

  it('migrates once when several replicas start together, each as an ordinary role', async () => {
    const database = await postgres.freshDatabase();
    const url = await database.urlAs('vmdns_counting');
    const replicas = await Promise.all(Array.from({ length: 5 }, () => open(url)));
    await Promise.all(replicas.map((store) => store.whenMigrated(20_000)));
    for (const store of replicas) expect(await store.query('select id from counter')).toHaveLength(2);
    expect(await database.asRoot('select name from counting.migration')).toHaveLength(1);
    await (await open(url)).whenMigrated(5000);
  });

  it('says which migration is wrong, and is never ready', async () => {
    const store = await open((await postgres.freshDatabase()).url, 'broken', [Broken1764000000001]);
    await expect(store.whenMigrated(10_000)).rejects.toThrow(/syntax error/);
    await expect(store.query('select 1')).rejects.toMatchObject({ name: 'TransientStoreError' });
  });

  it('gives int8 as number, timestamptz as Date, jsonb parsed', async () => {
    const store = await ready();
    const rows = await store.query('select 9007199254740991::bigint as n, array[1, null]::bigint[] as list, now() as at, \'{"a":1}\'::jsonb as body, current_schema() as schema');
    expect(rows).toEqual([{ n: 9_007_199_254_740_991, list: [1, null], at: expect.any(Date), body: { a: 1 }, schema: 'counting' }]);
  });

  it('asks anew where a prepared statement outlived the columns it was prepared for, alone and in a transaction', async () => {
    const store = await ready();
    const ask = (tx: Tx) => tx.query('select * from counter where id = $1', [1]);
    // On every connection of the pool.
    await Promise.all(Array.from({ length: 4 }, () => store.transaction(async (tx) => { await ask(tx); await tx.query('select pg_sleep(0.1)'); })));
    await store.query('alter table counter add column more text');
    expect(await ask(store)).toEqual([{ id: 1, n: 0, body: null, more: null }]);
    await store.query('alter table counter drop column more');
    await Promise.all(Array.from({ length: 4 }, () => store.transaction(async (tx) => { await ask(tx); await tx.query('select pg_sleep(0.1)'); })));
    await store.query('alter table counter add column more text');
    expect(await store.transaction(ask)).toHaveLength(1);
  });

  it('runs statements that are asked together in their order, and none of them alone', async () => {
    const store = await ready();
    const add = (tx: Tx, n: number) => tx.query<{ n: number }>('update counter set n = n * 10 + $1 where id = 1 returning n', [n]);
    const seen = await store.transaction((tx) => Promise.all([1, 2, 3].map((n) => add(tx, n))));
    expect(seen.map((rows) => rows[0]?.n)).toEqual([1, 12, 123]);
    await expect(store.transaction((tx) => Promise.all([add(tx, 4), tx.query('select 1 / $1::int', [0]), add(tx, 5)]))).rejects.toThrow('division by zero');
    expect(await store.query('select n from counter where id = 1')).toEqual([{ n: 123 }]);
  });

  it('commits statements that are known beforehand in the same round trip, all of them or none', async () => {
    const store = await ready();
    const set = (tx: Tx, n: number) => tx.query<{ n: number }>('update counter set n = $1 where id = 1 returning n', [n]);
    expect(await store.atOnce((tx) => Promise.all([set(tx, 7), set(tx, 8)]))).toEqual([[{ n: 7 }], [{ n: 8 }]]);
    await expect(store.atOnce((tx) => Promise.all([set(tx, 9), tx.query('select 1 / $1::int', [0]), set(tx, 10)]))).rejects.toThrow('division by zero');
    await expect(store.atOnce(async (tx) => { await set(tx, 11); await set(tx, 12); })).rejects.toThrow('the transaction has ended');
    expect(await store.query('select n from counter where id = 1')).toEqual([{ n: 11 }]);
  });

  it('reads by key although the plan was made while the table was empty', async () => {
    const store = await ready();
    await store.query('create table thing (id text primary key, body text)');
    const find = (id: string) => store.query('select t.body from unnest($1::text[]) k cross join lateral (select body from thing where id = k limit 1) t', [textArray([id])]);
    for (let n = 0; n < 8; n += 1) await find('x');
    await store.query(`insert into thing select 'x' || n, 'body ' || n from generate_series(1, 20000) n`);
    const scans = async () => (await store.query<{ n: number }>(`select seq_scan as n from pg_stat_user_tables where relname = 'thing'`))[0]?.n ?? 0;
    const before = await scans();
    for (let n = 0; n < 20; n += 1) expect(await find(`x${n + 1}`)).toEqual([{ body: `body ${n + 1}` }]);
    expect(await scans()).toBe(before);
    expect(await store.survey(`select count(*)::int as n from thing where body <> $1`, [''])).toEqual([{ n: 20_000 }]);
    await until(async () => await scans() > before);
  });

  it('takes arrays in binary as they are', async () => {
    const store = await ready();
    const texts = ['', 'a', 'é€😀', 'with "quotes", {braces} and \\', null, 'x'.repeat(5000)];
    const numbers = [0, -1, 1, null, 2 ** 31, -(2 ** 31) - 1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER];
    const bodies = [{ a: ['é', null, 1.5] }, 'text', 0];
    const times = [Date.UTC(2026, 0, 1, 0, 0, 0, 123), 0, Date.UTC(1969, 0, 1)];
    const [row] = await store.query(
      `select $1::text[] as texts, $2::bigint[] as numbers, $3::jsonb[] as bodies, (select array_agg(extract(epoch from t)::float8 * 1000) from unnest($4::timestamptz[]) t) as times, $5::boolean[] as flags, $6::text[] as none`,
      [textArray(texts), bigintArray(numbers), jsonbArray(bodies.map((body) => JSON.stringify(body))), timestampArray(times), booleanArray([true, false]), textArray([])]);
    expect(row).toEqual({ texts, numbers, bodies, times, flags: [true, false], none: [] });
  });

  it('answers a dead Postgres with a TransientStoreError, and recovers by itself', async () => {
    const own = await startPostgres();
    const store = await open(own.server.url());
    await store.whenMigrated(10_000);
    await store.query('select 1');
    await own.server.kill();
    for (let tries = 0; tries < 6; tries += 1) await expect(store.query('select 1')).rejects.toMatchObject({ name: 'TransientStoreError', isTransient: true });
    await expect(store.transaction((tx) => tx.query('select 1'))).rejects.toMatchObject({ name: 'TransientStoreError' });
    await own.server.restart();
    await until(async () => (await store.query('select 1')).length === 1);
    await store.close();
    await own.dispose();
  });

  it('knows a silent Postgres from a busy one', async () => {
    const store = await ready();
    const held = Promise.all(Array.from({ length: 4 }, () => store.query('select pg_sleep(1)')));
    expect(await store.answers()).toBe(true);
    const mute = createServer();
    mute.listen(0, '127.0.0.1');
    await once(mute, 'listening');
    const silent = await open(`postgres://nobody@127.0.0.1:${(mute.address() as AddressInfo).port}/none`);
    expect(await silent.answers()).toBe(false);
    const refused = await open((await postgres.freshDatabase()).url.replace('postgres:test@', 'nobody:wrong@'));
    expect(await refused.answers()).toBe(true);
    mute.close();
    await held;
  });

  it('bears a Postgres that dies under a query: the query rejects, the process lives', async () => {
    const own = await startPostgres();
    const store = await open(own.server.url());
    await store.whenMigrated(10_000);
    const under = expect(store.query('select pg_sleep(20)')).rejects.toMatchObject({ name: 'TransientStoreError' });
    await until(async () => (await store.query("select 1 from pg_stat_activity where query = 'select pg_sleep(20)' and state = 'active'")).length === 1);
    await own.server.kill();
    await under;
    await store.close();
    await own.dispose();
  });

  it('survives a connection that is cut during a statement, and between two of a transaction', async () => {
    const database = await postgres.freshDatabase();
    const store = await open(database.url);
    await store.whenMigrated(10_000);
    const cut = () => database.asRoot("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'test' and datname = current_database()");
    const isAsleep = async () => (await database.asRoot("select 1 from pg_stat_activity where application_name = 'test' and query like '%pg_sleep(60)%'")).length > 0;
    const sleeping = store.query('select pg_sleep(60)');
    const failed = expect(sleeping).rejects.toMatchObject({ name: 'TransientStoreError' });
    await until(isAsleep);
    await cut();
    await failed;
    await expect(store.transaction(async (tx) => {
      await tx.query('update counter set n = 7');
      await cut();
      await until(async () => (await database.asRoot("select 1 from pg_stat_activity where application_name = 'test' and datname = current_database()")).length === 0);
      await tx.query('update counter set n = 8');
    })).rejects.toMatchObject({ name: 'TransientStoreError' });
    expect(await store.query('select n from counter')).toEqual([{ n: 0 }, { n: 0 }]);
  });

  it('waits for a Postgres that comes later, and answers at once meanwhile', async () => {
    const own = await startPostgres();
    await own.server.kill();
    const store = await open(own.server.url());
    await expect(store.query('select 1')).rejects.toMatchObject({ name: 'TransientStoreError' });
    await expect(store.whenMigrated(10)).rejects.toMatchObject({ name: 'TransientStoreError' });
    await own.server.restart();
    await store.whenMigrated(10_000);
    expect(store.isMigrated).toBe(true);
    await store.close();
    await own.dispose();
  });

  it('does not hang on a server that accepts and says nothing', async () => {
    const silent: Server = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const address = silent.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const store = await open(`postgres://x:y@127.0.0.1:${port}/z`);
    await expect(store.query('select 1')).rejects.toMatchObject({ name: 'TransientStoreError' });
    await store.close();
    silent.close();
  });

  it('does not wait long for a connection when all are taken', async () => {
    const store = await open((await postgres.freshDatabase()).url, 'counting', [CreateCount1764000000000], 1);
    await store.whenMigrated(10_000);
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => { release = resolve; });
    const taken = store.transaction(async () => held);
    await expect(store.query('select 1')).rejects.toMatchObject({ name: 'TransientStoreError' });
    release();
    await taken;
    await store.query('select 1');
  });

  it('tries a deadlock again', async () => {
    const store = await ready();
    const meet = meeting();
    let runs = 0;
    const add = (first: number, second: number) => async (tx: Tx): Promise<void> => {
      runs += 1;
      await tx.query('update counter set n = n + 1 where id = $1', [first]);
      if (runs <= 2) await meet();
      await tx.query('update counter set n = n + 1 where id = $1', [second]);
    };
    await Promise.all([store.transaction(add(1, 2)), store.transaction(add(2, 1))]);
    expect(runs).toBe(3);
    expect(await store.query('select id, n from counter order by id')).toEqual([{ id: 1, n: 2 }, { id: 2, n: 2 }]);
  });

  it('says what failed first, and tries that again, however late its asker hears of it: the statements behind it only say that the transaction is over', async () => {
    const store = await ready();
    let runs = 0;
    const late = (rows: Promise<readonly object[]>) => rows.then((them) => them).then((them) => them).then((them) => them);
    await store.transaction(async (tx) => {
      runs += 1;
      if (runs === 1) await Promise.all([late(tx.query(`do $$ begin raise exception 'not now' using errcode = '40001'; end $$`)), tx.query('select 1')]);
    });
    expect(runs).toBe(2);
    await expect(store.transaction((tx) => Promise.all([late(tx.query('select 1 / $1::int', [0])), tx.query('select 1')]))).rejects.toThrow('division by zero');
  });

  it('rolls back what throws, keeps the error as it was, and keeps the connection', async () => {
    const store = await open((await postgres.freshDatabase()).url, 'counting', [CreateCount1764000000000], 1);
    await store.whenMigrated(10_000);
    const [before] = await store.query('select pg_backend_pid() as pid');
    const ours = new Error('connection timeout of something else, terminated');
    await expect(store.transaction(async (tx) => {
      await tx.query('update counter set n = 99');
      throw ours;
    })).rejects.toBe(ours);
    await expect(store.query('insert into counter values (1, 5)')).rejects.toMatchObject({ code: '23505' });
    expect(await store.query('select n from counter')).toEqual([{ n: 0 }, { n: 0 }]);
    expect(await store.query('select pg_backend_pid() as pid')).toEqual([before]);
  });
});
