import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '@vmdns/test/support';
import { applied, silent, type FakeAdapter } from '../testing/fake-adapter.js';
import { Rig, value } from '../testing/rig.js';
import { lockZoneSetExclusive } from './zone-set.lock.js';

describe('work in pages is seen', () => {
  let rig: Rig;
  let adapter: FakeAdapter;
  let connectionId: string;
  beforeAll(async () => {
    rig = await Rig.start({ REISSUE_FIRST_MS: '60000', PLAN_PAGE_NAMES: '4' });
    await rig.planner();
    adapter = rig.adapter();
    connectionId = await rig.connection();
  });
  afterAll(async () => { await rig.stop(); });

  const progressOf = async (id: string) => value(await rig.rpc['zone-get']({ id })).progress;

  it('of names that waited for a zone: until their provider has answered for each', async () => {
    for (let n = 1; n <= 5; n += 1) await rig.tell(rig.fact(`vm${n}`, { fqdn: `vm${n}.new.example.`, ips: [`198.51.100.${n}`] }));
    adapter.script = silent;
    const zone = await rig.zone('new.example', connectionId);
    await until(async () => (await progressOf(zone.id))?.total === 5 && (await progressOf(zone.id))?.state === 'writing');
    expect(await progressOf(zone.id)).toMatchObject({ state: 'writing', done: 0, total: 5 });
    for (const n of [1, 2]) {
      await adapter.hears(`vm${n}.new.example.`);
      await adapter.answer(`vm${n}.new.example.`, { state: 'applied' });
    }
    await until(async () => (await progressOf(zone.id))?.done === 2);
    adapter.script = applied;
    for (const n of [3, 4, 5]) {
      await adapter.hears(`vm${n}.new.example.`);
      await adapter.answer(`vm${n}.new.example.`, { state: 'applied' });
    }
    await until(async () => (await progressOf(zone.id)) === undefined);
    // One event more is no work in pages.
    adapter.script = silent;
    await rig.tell(rig.fact('vm1', { ips: ['198.51.100.77'] }));
    expect(await progressOf(zone.id)).toBeUndefined();
    adapter.script = applied;
  });

  it('of planning: waiting for its turn, then so many keys of so many; also in the zone around it', async () => {
    const outer = await rig.zone('outer.example', connectionId);
    const inner = await rig.zone('in.outer.example', connectionId);
    const other = await rig.zone('other.example', connectionId);
    await until(async () => (await rig.store.query('select 1 from job')).length === 0);
    await rig.store.transaction(async (tx) => {
      // No page runs while the set is being changed.
      await lockZoneSetExclusive(tx);
      const range = JSON.stringify({ kind: 'keys', from: 'example.outer.in.', to: 'example.outer.in/', why: 'a test', filling: [] });
      await rig.store.query(`insert into job (kind, body) values ('keys', $1)`, [range]);
      expect(await progressOf(inner.id)).toMatchObject({ state: 'waiting', done: 0, total: null, why: 'a test' });
      await rig.store.query(`insert into job (kind, body, done, total) values ('keys', $1, 500, 1200)`, [range]);
      await rig.store.query('delete from job where total is null and done = 0');
      expect(await progressOf(inner.id)).toMatchObject({ state: 'planning', done: 500, total: 1200 });
      expect(await progressOf(outer.id)).toMatchObject({ state: 'planning', done: 500 });
      expect(await progressOf(other.id)).toBeUndefined();
    });
    await until(async () => (await rig.store.query('select 1 from job')).length === 0);
  });

  it('a small zone does not wait for a large one that began before it', async () => {
    const replica = rig.planners.pop();
    await replica?.close();
    await rig.store.query(`insert into job (kind, body, done) values ('keys', $1, 4), ('keys', $2, 0)`, [
      JSON.stringify({ kind: 'keys', from: 'example.large.', to: 'example.large/', why: 'large', filling: [] }),
      JSON.stringify({ kind: 'keys', from: 'example.small.', to: 'example.small/', why: 'small', filling: [] })]);
    await rig.store.query(`create function went() returns trigger language plpgsql as $$ begin insert into went_job (why) values (old.body->>'why'); return old; end $$`);
    await rig.store.query('create table went_job (at bigint generated always as identity, why text)');
    await rig.store.query('create trigger job_went after delete on job for each row execute function went()');
    await rig.planner();
    await until(async () => (await rig.store.query('select 1 from job')).length === 0);
    expect((await rig.store.query<{ why: string }>('select why from went_job order by at')).map((row) => row.why)).toEqual(['small', 'large']);
  });
});
