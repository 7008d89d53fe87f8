import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type OwnPostgres, startPostgres, until } from '../testing/servers.js';
import { Store } from './store.js';
import { Timeline } from './timeline.js';

describe('the timeline', () => {
  let postgres: OwnPostgres;
  const stores: Store[] = [];

  beforeAll(async () => { postgres = await startPostgres(); });
  afterAll(async () => {
    await Promise.all(stores.map((store) => store.close()));
    await postgres.dispose();
  });

  it('is one number for the roles of all services, and rises once for a failover or a restore', async () => {
    const database = await postgres.freshDatabase();
    const timelineOf = async (schema: string): Promise<Timeline> => {
      const store = await Store.open({ url: await database.urlAs(`vmdns_${schema}`), schema, applicationName: 'test' }, []);
      stores.push(store);
      await store.whenMigrated(10_000);
      return new Timeline(store);
    };
    const [inventory, planner] = [await timelineOf('inventory'), await timelineOf('planner')];
    expect(await Promise.all([inventory.current(), planner.current(), inventory.current()])).toEqual([1, 1, 1]);
    const told: number[] = [];
    planner.onRaise((timeline) => void told.push(timeline));
    const stop = planner.watch(10);
    // Its first look: a service that is new begins with what is, and is told of nothing before.
    await until(async () => (await database.asRoot("select 1 from vmdns_shared.timeline_told where listener = 'planner/service'")).length === 1);
    expect(await inventory.raise()).toBe(2);
    await until(() => told.length > 0);
    await until(async () => (await database.asRoot("select timeline from vmdns_shared.timeline_told where listener = 'planner/service' and timeline = 2")).length === 1);
    stop();
    // What a promoted standby or a restored dump looks like: another cluster than the one remembered.
    await database.asRoot("update vmdns_shared.timeline set cluster = 'another/00000001'");
    expect(await Promise.all([inventory.current(), planner.current()])).toEqual([3, 3]);
    expect(told).toEqual([2]);

    const restarted = await timelineOf('planner');
    restarted.onRaise((timeline) => void told.push(timeline));
    const stopAgain = restarted.watch(10);
    await until(() => told.length === 2);
    stopAgain();
    expect(told).toEqual([2, 3]);
  });
});
