import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { until } from '@vmdns/test/support';
import { command, connectionFact, Door, take, wish, World, zoneFact, type Replica } from '../spec/support.js';

const A = 'a.example.com.';
/** Longer than any wait in here would need. */
const LONG_MS = 10_000;
const names = (count: number, generation = 1) => Array.from({ length: count }, (_, at) => wish(`n${at}.example.com.`, generation, [`192.0.2.${generation}`]));

let world: World;
let replica: Replica;
beforeEach(async () => {
  world = await World.make();
  replica = await world.replica();
  await replica.adapter.takeZones([connectionFact(), zoneFact()]);
});
afterEach(() => world.end());

/** A turn of three calls that stands in its first. */
async function turnOfThree(at: Replica = replica): Promise<Door> {
  const door = new Door();
  world.provider.changesMax = 4;
  world.provider.script = async ({ apply }) => { await door.pass(); apply(); };
  await take(at, command(names(12)));
  await until(() => door.arrived === 1);
  return door;
}

describe.each([
  ['a pause of the zone', zoneFact({ paused: true, revision: 2 })],
  ['a pause of the connection', connectionFact({ paused: true, revision: 2 })],
  ['mode observe', zoneFact({ mode: 'observe', revision: 2 })],
] as const)('%s', (_what, fact) => {
  it('is answered when the call that is out has ended, and no other is sent', async () => {
    const door = await turnOfThree();
    const stopped = replica.adapter.stopZones([fact], LONG_MS);
    await until(async () => (await world.rows('select 1 from lane l where l.paused or l.observe')).length === 1);
    door.unlock();
    expect(await stopped).toEqual([]);
    expect(world.provider.writes).toHaveLength(1);
    await take(replica, command([wish(A, 1, ['192.0.2.9'])]));
    await until(() => world.bus.last(A) !== undefined);
    expect([world.bus.last(A)?.reason?.code, world.provider.writes.length]).toEqual([fact.kind === 'zone' && fact.mode === 'observe' ? 'observed' : 'paused', 1]);
  });

  it('reaches a turn of another replica at once, not with its next renewal', async () => {
    const other = await world.replica({ timing: { renewMs: 60_000, leaseMs: 60_000, sendWithinMs: 60_000 } });
    const door = await turnOfThree(other);
    const leasedUntil = async (): Promise<number | undefined> => (await world.rows<{ until: Date | null }>('select until from lane'))[0]?.until?.getTime();
    const before = await leasedUntil();
    const stopped = replica.adapter.stopZones([fact], LONG_MS);
    // The other has looked at its lane, long before it would have.
    await until(async () => (await leasedUntil()) !== before);
    door.unlock();
    expect(await stopped).toEqual([]);
    expect(world.provider.writes).toHaveLength(1);
  });

  it('says which zone a call is still out to, when it does not end in time', async () => {
    const door = await turnOfThree();
    expect(await replica.adapter.stopZones([fact], 50)).toEqual(['z1']);
    expect(await replica.adapter.stopZones([fact], 50)).toEqual(['z1']);
    door.unlock();
    expect(await replica.adapter.stopZones([fact], LONG_MS)).toEqual([]);
    expect(world.provider.writes).toHaveLength(1);
  });
});

describe('a zone that is released to be written while it is looked at', () => {
  it('is written by the next turn: what was only seen settles nothing', async () => {
    await replica.adapter.takeZones([zoneFact({ mode: 'observe', revision: 2 })]);
    const door = new Door();
    world.provider.beforeRead = () => door.pass();
    await take(replica, command([wish(A, 1, ['192.0.2.1'])]));
    await until(() => door.arrived === 1);
    await replica.adapter.takeZones([zoneFact({ revision: 3 })]);
    door.unlock();
    await world.settled(A);
    expect(world.bus.of(A).map((result) => result.state)).toEqual(['applied']);
  });
});

describe('an adapter that comes up', () => {
  it('writes nothing before it knows what was told meanwhile', async () => {
    const door = new Door();
    world.provider.script = async () => door.pass();
    await take(replica, command([wish(A, 1, ['192.0.2.1'])]));
    await until(() => door.arrived === 1);
    await replica.kill();
    const next = await world.replica({ heard: false });
    await world.rows(`update lane set until = clock_timestamp(), dead_at = clock_timestamp()`);
    // Commands are taken in, and that is all.
    await take(next, command([wish('b.example.com.', 1, ['192.0.2.2'])]));
    await next.adapter.takeZones([zoneFact({ paused: true, revision: 2 })]);
    next.adapter.beginWriting();
    await take(next, command([wish('c.example.com.', 1, ['192.0.2.3'])]));
    await until(() => world.bus.last('c.example.com.')?.reason?.code === 'paused');
    expect(world.provider.writes).toHaveLength(1);
    door.unlock();
  });
});
