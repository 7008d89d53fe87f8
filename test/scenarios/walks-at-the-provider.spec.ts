import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { isPatch, patches, until } from '../support/index.js';
import type { VmDns } from '@vmdns/contracts';
import { World } from './world.js';

// Longer than any wait in here, so that a failure says what was waited for.
jest.setTimeout(200_000);

// The walks of PROTOCOL §10 in which a call to the provider is late, lost or raced. One adapter, a proxy before PowerDNS.
let world: World;
beforeAll(async () => { world = await World.start(); }, 120_000);
afterEach(() => world?.clear());
afterAll(() => world?.stop());

/** The states of the records that a configured zone encloses; the reverse names here have none. */
const zoned = (dns: VmDns): readonly string[] => dns.records.filter((record) => record.zone !== null).map((record) => record.state);

describe('walks at the provider', () => {
  it('(b) the bus is wiped after generation 7 was settled, and 7 is issued again: said again, nothing written', async () => {
    const zone = await world.zone('b.walk.test');
    const put = await world.put('b1', { fqdn: 'vm.b.walk.test', addresses: [{ ip: '198.51.100.10' }] });
    await world.live('b1', put.revision);
    const command = await world.lastMessage('COMMAND', `vmdns.command.powerdns.${zone.id}`);
    const serial = await world.powerdns.serial('b.walk.test.');
    const turn = await world.turnOf('vm.b.walk.test.');
    const writes = world.proxy.writes.length;

    await world.wipeBus();
    const results = world.follow(`vmdns.result.powerdns.${zone.id}`);
    await world.publish(`vmdns.command.powerdns.${zone.id}`, command);
    const result = await until(() => results.find((one) => one.data.names[0]?.name === 'vm.b.walk.test.'), { withinMs: 20_000, what: 'the outcome said again' });

    expect(result?.data.names[0]).toMatchObject({ state: 'applied', turn });
    expect([world.proxy.writes.length, await world.powerdns.serial('b.walk.test.')]).toEqual([writes, serial]);
    const next = await world.put('b1', { fqdn: 'vm.b.walk.test', addresses: [{ ip: '198.51.100.11' }] });
    await world.live('b1', next.revision);
    expect(await world.answers('vm.b.walk.test', 'A')).toEqual(['198.51.100.11']);
  });

  it('(i) a PATCH is applied, the answer is lost, the wish has changed meanwhile: the newest lands, and nothing of ours is foreign', async () => {
    await world.zone('i.walk.test');
    const barrier = world.proxy.hold(patches('vm.i.walk.test.'), { at: 'answer' });
    await world.put('i1', { fqdn: 'vm.i.walk.test', addresses: [{ ip: '198.51.100.20' }] });
    await barrier.reached();
    const second = await world.put('i1', { fqdn: 'vm.i.walk.test', addresses: [{ ip: '198.51.100.21' }] });
    barrier.drop();
    const dns = await world.live('i1', second.revision);
    expect(zoned(dns)).toEqual(['applied']);
    expect(await world.answers('vm.i.walk.test', 'A')).toEqual(['198.51.100.21']);
  });

  it('(j) a foreign record appears between our read and our write: what nobody can prevent there is noticed and said', async () => {
    await world.zone('j.walk.test');
    const barrier = world.proxy.hold(patches('vm.j.walk.test.'));
    const put = await world.put('j1', { fqdn: 'vm.j.walk.test', addresses: [{ ip: '198.51.100.30' }] });
    await barrier.reached();
    await world.powerdns.putRrsets('j.walk.test.', [{ name: 'vm.j.walk.test.', type: 'A', ttl: 60, records: [{ content: '203.0.113.99', disabled: false }] }]);
    barrier.release();
    await world.live('j1', put.revision);
    await until(() => world.adapterLog().includes('Somebody else changed j.walk.test. while vmdns wrote it'), { withinMs: 20_000, what: 'a word about the overwritten record' });
    expect(await world.answers('vm.j.walk.test', 'A')).toEqual(['198.51.100.30']);
  });

  describe('(k) killed after the provider applied and before the commit', () => {
    async function killedAfterApplied(zone: string, vmId: string): Promise<void> {
      await world.zone(zone);
      const barrier = world.proxy.hold(patches(`vm.${zone}.`), { at: 'answer' });
      await world.put(vmId, { fqdn: `vm.${zone}`, addresses: [{ ip: '198.51.100.40' }] });
      await barrier.reached();
      await world.adapter.kill();
      barrier.drop();
      expect(await world.answers(`vm.${zone}`, 'A')).toEqual(['198.51.100.40']);
    }

    it('our own record never looks foreign afterwards', async () => {
      await killedAfterApplied('k1.walk.test', 'k1');
      await world.adapter.restart();
      const dns = await world.live('k1');
      expect(zoned(dns)).toEqual(['applied']);
      const next = await world.put('k1', { fqdn: 'vm.k1.walk.test', addresses: [{ ip: '198.51.100.41' }] });
      await world.live('k1', next.revision);
      expect(await world.answers('vm.k1.walk.test', 'A')).toEqual(['198.51.100.41']);
    });

    it('with a newer generation in between, the newer one lands', async () => {
      await killedAfterApplied('k2.walk.test', 'k2');
      const next = await world.put('k2', { fqdn: 'vm.k2.walk.test', addresses: [{ ip: '198.51.100.42' }] });
      await world.adapter.restart();
      const dns = await world.live('k2', next.revision);
      expect(zoned(dns)).toEqual(['applied']);
      expect(await world.answers('vm.k2.walk.test', 'A')).toEqual(['198.51.100.42']);
    });

    it('with a delete in between, our record goes; re-added, it comes', async () => {
      await killedAfterApplied('k3.walk.test', 'k3');
      await world.delete('k3');
      await world.adapter.restart();
      await world.state('k3', 'gone');
      expect(await world.answers('vm.k3.walk.test', 'A')).toEqual([]);
      const again = await world.put('k3', { fqdn: 'vm.k3.walk.test', addresses: [{ ip: '198.51.100.43' }] });
      await world.live('k3', again.revision);
      expect(await world.answers('vm.k3.walk.test', 'A')).toEqual(['198.51.100.43']);
    });

    it('with a delete and a re-add in between, the re-added one stands', async () => {
      await killedAfterApplied('k4.walk.test', 'k4');
      await world.delete('k4');
      const again = await world.put('k4', { fqdn: 'vm.k4.walk.test', addresses: [{ ip: '198.51.100.44' }] });
      await world.adapter.restart();
      const dns = await world.live('k4', again.revision);
      expect(zoned(dns)).toEqual(['applied']);
      expect(await world.answers('vm.k4.walk.test', 'A')).toEqual(['198.51.100.44']);
    });

    it('L4 with a foreign record of another value put there meanwhile, that one stays and is named', async () => {
      await killedAfterApplied('k5.walk.test', 'k5');
      await world.powerdns.putRrsets('k5.walk.test.', [{ name: 'vm.k5.walk.test.', type: 'A', ttl: 77, records: [{ content: '203.0.113.50', disabled: false }] }]);
      await world.adapter.restart();
      const dns = await until(async () => {
        const seen = await world.dns('k5');
        return seen.records.some((record) => record.reason?.code === 'foreign-record') ? seen : undefined;
      }, { withinMs: 30_000, what: 'foreign-record' });
      expect(dns?.state).toBe('attention');
      expect(await world.answers('vm.k5.walk.test', 'A')).toEqual(['203.0.113.50']);
    });
  });
});

describe('kill -9 at the named points', () => {
  it('between claim and call: what was claimed is done by the next, and nothing is in doubt for ever', async () => {
    await world.zone('p1.walk.test');
    const barrier = world.proxy.hold(isPatch);
    const put = await world.put('p1', { fqdn: 'vm.p1.walk.test', addresses: [{ ip: '198.51.100.60' }] });
    await barrier.reached();
    await world.adapter.kill();
    barrier.drop();
    expect(await world.answers('vm.p1.walk.test', 'A')).toEqual([]);
    await world.adapter.restart();
    await world.live('p1', put.revision);
    expect(await world.answers('vm.p1.walk.test', 'A')).toEqual(['198.51.100.60']);
  });

  it('after the commit and before the publish: the planner asks again and hears the outcome', async () => {
    await world.zone('p2.walk.test');
    const barrier = world.proxy.hold(patches('vm.p2.walk.test.'), { at: 'answer' });
    const put = await world.put('p2', { fqdn: 'vm.p2.walk.test', addresses: [{ ip: '198.51.100.61' }] });
    await barrier.reached();
    world.adapterBus.pause('up');
    barrier.release();
    await until(async () => (await world.adapterRow('vm.p2.walk.test.'))?.['state'] === 'applied', { withinMs: 20_000, what: 'the adapter to commit' });
    await world.adapter.kill();
    world.adapterBus.resume();
    world.adapterBus.cut();
    const writes = world.proxy.patchesOf('p2.walk.test.').length;
    await world.adapter.restart();
    await world.live('p2', put.revision);
    expect(world.proxy.patchesOf('p2.walk.test.')).toHaveLength(writes);
  });

  it('(g) the planner dies between result and settling: it settles when it is back', async () => {
    await world.zone('g.walk.test');
    const barrier = world.proxy.hold(patches('vm.g.walk.test.'), { at: 'answer' });
    const put = await world.put('g1', { fqdn: 'vm.g.walk.test', addresses: [{ ip: '198.51.100.70' }] });
    await barrier.reached();
    world.planner.freeze();
    barrier.release();
    await until(async () => (await world.adapterRow('vm.g.walk.test.'))?.['state'] === 'applied', { withinMs: 20_000, what: 'the adapter to commit' });
    await world.planner.kill();
    await world.planner.restart();
    await world.live('g1', put.revision);
    expect(await world.answers('vm.g.walk.test', 'A')).toEqual(['198.51.100.70']);
  });

  it('(h) a failed outcome that is delivered again after the applied one changes nothing', async () => {
    const zone = await world.zone('h.walk.test');
    const fault = world.proxy.answer(patches('vm.h.walk.test.'), { status: 500, body: 'no luck' });
    const results = world.follow(`vmdns.result.powerdns.${zone.id}`);
    const put = await world.put('h1', { fqdn: 'vm.h.walk.test', addresses: [{ ip: '198.51.100.80' }] });
    const failed = await until(() => results.find((one) => one.data.names[0]?.state === 'failed'), { withinMs: 20_000, what: 'a failed outcome' });
    fault.remove();
    await world.live('h1', put.revision);
    await world.publish(`vmdns.result.powerdns.${zone.id}`, JSON.stringify(failed?.event));
    const marker = await world.put('h2', { fqdn: 'marker.h.walk.test', addresses: [{ ip: '198.51.100.81' }] });
    await world.live('h2', marker.revision);
    expect(await world.dns('h1')).toMatchObject({ live: true, state: 'live' });
  });
});
