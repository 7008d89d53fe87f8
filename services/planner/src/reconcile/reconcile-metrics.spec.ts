import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '@vmdns/test/support';
import { silent, type FakeAdapter } from '../testing/fake-adapter.js';
import { Rig } from '../testing/rig.js';

describe('what a person watches of the planner', () => {
  let rig: Rig;
  let adapter: FakeAdapter;
  let zone: string;
  beforeAll(async () => {
    rig = await Rig.start();
    await rig.planner();
    adapter = rig.adapter();
    zone = (await rig.zone('example.com', await rig.connection())).id;
  });
  afterAll(async () => { await rig.stop(); });

  const text = async () => (await fetch(`${rig.planners[0]?.url ?? ''}/metrics`)).text();
  const value = async (metric: string) => Number(new RegExp(`^${metric.replace(/[{}]/g, '\\$&')} (.+)$`, 'm').exec(await text())?.[1] ?? Number.NaN);
  const row = (name: string) => rig.row(zone, `${name}.example.com.`);

  it('says how old the oldest pending name is, and 0 when none is', async () => {
    expect(await value('vmdns_oldest_pending_seconds')).toBe(0);
    adapter.script = silent;
    await rig.tell(rig.fact('a', { fqdn: 'a.example.com.', ips: ['192.0.2.1'] }));
    await adapter.hears('a.example.com.');
    await rig.store.query(`update name set since = since - interval '1 hour' where zone_id = $1`, [zone]);
    const age = await value('vmdns_oldest_pending_seconds');
    expect(age).toBeGreaterThanOrEqual(3600);
    expect(age).toBeLessThan(3900);
  });

  it('L6 finds it by the first entry of an index', async () => {
    const plan = await rig.store.transaction(async (tx) => {
      await tx.query('set local enable_seqscan = off');
      return tx.query<{ 'QUERY PLAN': string }>('explain select since from name where settled_generation < generation order by since limit 1');
    });
    const lines = plan.map((line) => line['QUERY PLAN']).join('\n');
    expect(lines).toContain('using name_pending');
    expect(lines).not.toContain('Sort');
  });

  it('counts outcomes that are not as wished by the code of their reason, and others not', async () => {
    await adapter.answer('a.example.com.', { state: 'failed', turn: 1, reason: { code: 'throttled', text: 'slow down' } });
    await until(async () => (await row('a'))?.state === 'failed');
    await until(async () => await value('vmdns_failed_total{reason="throttled"}') === 1);
    await adapter.answer('a.example.com.', { state: 'applied', turn: 2 });
    await until(async () => (await row('a'))?.state === 'applied');
    expect(await value('vmdns_failed_total{reason="throttled"}')).toBe(1);
    await until(async () => await value('vmdns_oldest_pending_seconds') === 0);
  });

  it('says how long ago inventory\'s feed was read to its end', async () => {
    expect(await value('vmdns_feed_lag_seconds')).toBeLessThan(60);
    await rig.store.query(`update feed_cursor set caught_up_at = caught_up_at - interval '1 hour'`);
    expect(await value('vmdns_feed_lag_seconds')).toBeGreaterThanOrEqual(3600);
  });
});
