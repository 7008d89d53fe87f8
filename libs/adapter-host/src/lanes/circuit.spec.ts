import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ProviderError } from '@vmdns/provider-kit';
import { until } from '@vmdns/test/support';
import { command, connectionFact, Door, take, wish, World, zoneFact, type Replica } from '../spec/support.js';

const ZONES = Array.from({ length: 30 }, (_, at) => `d${at}`);
const nameOf = (zone: string): string => `a.${zone}.example.`;

let world: World;
let replica: Replica;
beforeEach(async () => {
  world = await World.make();
  replica = await world.replica({ lanesMax: 64 });
  await replica.adapter.takeZones([connectionFact(), ...ZONES.map((id) => zoneFact({ zoneId: id, apex: `${id}.example.` }))]);
});
afterEach(() => world.end());

const writeToAll = (generation = 1) => take(replica, ...ZONES.map((id) => command([wish(nameOf(id), generation, [`192.0.2.${generation}`])], { zoneId: id, apex: `${id}.example.` })));
const limiter = async () => (await world.rows<{ failures: number; blocked_until: Date | null }>('select failures, blocked_until from limiter'))[0];
const away = (): ProviderError => new ProviderError('retry', 'connecting to the server');

describe('the circuit of a server that 30 zones wait for', () => {
  it('L8: what was in flight when it died is one failure, then one read shows from time to time whether it is back', async () => {
    const door = new Door();
    world.provider.beforeCall = () => door.pass();
    world.provider.down = away;
    await writeToAll();
    // As many as the server bears at once.
    await until(() => door.arrived === 8);
    expect(await limiter()).toMatchObject({ failures: 0 });
    // From now on a probe stands in its first call.
    const probe = new Door();
    world.provider.beforeCall = () => probe.pass();
    door.unlock();
    await until(() => probe.arrived === 1, { what: 'the first probe' });
    expect(await limiter()).toMatchObject({ failures: 1 });
    // Eight calls to learn that it is away, and one to see whether it is back.
    expect(world.provider.calls).toBe(9);
    world.provider.beforeCall = () => Promise.resolve();
    probe.unlock();
    await until(async () => ((await limiter())?.failures ?? 0) >= 4);
    // Another probe may just be out.
    expect(world.provider.calls - 8).toBeLessThanOrEqual(4);
  });

  it('every name says what is wrong and when the next try is; when it is back, all zones go on at once', async () => {
    world.provider.down = away;
    await writeToAll();
    for (const id of ZONES) await until(() => world.bus.last(nameOf(id))?.reason?.code === 'provider-unreachable', { withinMs: 20_000, what: `${id} to be told` });
    expect(ZONES.every((id) => world.bus.last(nameOf(id))?.nextTryAt !== undefined)).toBe(true);
    world.provider.down = () => undefined;
    for (const id of ZONES) await world.settled(nameOf(id));
    expect(await limiter()).toEqual({ failures: 0, blocked_until: null });
  });
});
