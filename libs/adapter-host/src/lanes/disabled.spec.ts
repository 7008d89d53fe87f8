import { afterEach, describe, expect, it } from '@jest/globals';
import { disabledType } from '@vmdns/provider-kit';
import { until } from '@vmdns/test/support';
import { command, connectionFact, take, wish, World, zoneFact, type Replica } from '../spec/support.js';

const APEX = 'example.com.', A = 'a.example.com.', B = 'b.example.com.', C = 'c.example.com.';
const OFF = disabledType('A');

let world: World;
afterEach(() => world.end());

async function begin(): Promise<Replica> {
  world = await World.make();
  world.provider.namesHideDisabled = true;
  const replica = await world.replica();
  await replica.adapter.takeZones([connectionFact(), zoneFact()]);
  return replica;
}

const switchedOff = (name: string) => ({ name, type: OFF, ttl: 60, values: ['198.51.100.1'] });

describe('what somebody switched off at a provider that shows it in whole readings only', () => {
  it('L4 is remembered: the name is refused without another whole reading, by another replica too', async () => {
    const replica = await begin();
    world.provider.put(APEX, switchedOff(A));
    await take(replica, command([wish(B, 1, ['192.0.2.1'])]));
    await world.settled(B);
    expect(await world.rows('select owner_name, types from held_foreign')).toEqual([{ owner_name: A, types: `["${OFF}"]` }]);
    await take(await world.replica(), command([wish(A, 1, ['192.0.2.1'])]));
    expect(await world.settled(A, 'refused')).toMatchObject({ reason: { code: 'foreign-record', text: expect.stringMatching(/switched off \(disabled\)/) } });
    expect([world.provider.wholeReads, world.provider.values(APEX, A), world.provider.values(APEX, A, OFF)]).toEqual([1, undefined, ['198.51.100.1']]);
  });

  it('L6 costs nothing with our own changes, and one whole reading when somebody else changed the zone', async () => {
    const replica = await begin();
    for (let generation = 1; generation <= 5; generation += 1) {
      await take(replica, command([wish(A, generation, [`192.0.2.${generation}`])]));
      await until(() => world.bus.last(A)?.generation === generation);
    }
    expect(world.provider.wholeReads).toBe(1);
    world.provider.put(APEX, switchedOff(B));
    await take(replica, command([wish(B, 1, ['192.0.2.1'])]));
    await world.settled(B, 'refused');
    await take(replica, command([wish(C, 1, ['192.0.2.1'])]));
    await world.settled(C);
    expect(world.provider.wholeReads).toBe(2);
  });

  it('rows of the foreign table that stay are not written again', async () => {
    const replica = await begin();
    for (const name of ['x', 'y', 'z']) world.provider.put(APEX, switchedOff(`${name}.${APEX}`));
    await take(replica, command([wish(A, 1, ['192.0.2.1'])]));
    await world.settled(A);
    const rows = () => world.rows<{ owner_name: string; xmin: string }>('select owner_name, xmin::text from held_foreign order by 1');
    const before = await rows();
    world.provider.zone(APEX).delete(`y.${APEX} ${OFF}`);
    world.provider.put(APEX, switchedOff(`w.${APEX}`));
    await take(replica, command([wish(A, 2, ['192.0.2.2'])]));
    await until(() => world.bus.last(A)?.generation === 2);
    const after = await rows();
    expect(after.map((row) => row.owner_name)).toEqual(['w', 'x', 'z'].map((name) => `${name}.${APEX}`));
    expect(after.slice(1)).toEqual(before.filter((row) => row.owner_name !== `y.${APEX}`));
  });

  it('is looked for once a minute in a large zone whose change token stands still', async () => {
    const replica = await begin();
    world.provider.hasToken = false;
    for (let at = 0; at < 900; at += 1) world.provider.put(APEX, { name: `n${at}.${APEX}`, type: 'TXT', ttl: 60, values: ['"x"'] });
    const change = async (name: string, generation: number, state: 'applied' | 'refused' = 'applied') => {
      await take(replica, command([wish(name, generation, [`192.0.2.${generation}`])]));
      await until(() => world.bus.last(name)?.generation === generation && world.bus.last(name)?.state === state);
    };
    await change(A, 1);
    await change(A, 2);
    expect(world.provider.wholeReads).toBe(1);
    world.provider.put(APEX, switchedOff(B));
    await world.rows(`update lane set read_whole_at = read_whole_at - interval '1 hour'`);
    await change(B, 1, 'refused');
    // And remembered, although the token vouches for nothing.
    await change(B, 2, 'refused');
    expect(world.provider.wholeReads).toBe(2);
  });
});
