import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { until } from '@vmdns/test/support';
import { command, connectionFact, Door, take, wish, World, zoneFact, type Replica } from '../spec/support.js';

const A = 'a.example.com.';
const OLD = '1.example.com.';
const NEW = '2.example.com.';
const MINUTE_MS = 60_000;

describe('names that change again and again', () => {
  let world: World;
  let replica: Replica;
  const start = async (timing: { readonly restMs?: number } = {}): Promise<void> => {
    replica = await world.replica({ timing });
    await replica.adapter.takeZones([connectionFact(), zoneFact()]);
  };
  /** A pause that does not end by itself while a test looks. */
  const startPaused = (): Promise<void> => start({ restMs: 10 * MINUTE_MS });
  const waitMs = async (name: string): Promise<number> =>
    Number((await world.rows<{ ms: string }>('select extract(epoch from due_at - clock_timestamp()) * 1000 as ms from name where owner_name = $1', [name]))[0]?.ms);
  const pass = (ms: number): Promise<unknown> => world.rows(`update name set due_at = due_at - $1::int * interval '1 ms', paced_from = paced_from - $1::int * interval '1 ms' where paced_from is not null returning 1`, [ms]);

  beforeEach(async () => { world = await World.make(); });
  afterEach(() => world.end());

  it('are written at once the first time, and then seldom, their last value always', async () => {
    await start();
    for (let generation = 1; generation <= 20; generation += 1) await take(replica, command([wish(A, generation, [`192.0.2.${generation}`])]));
    await until(() => world.bus.last(A)?.generation === 20 && world.bus.last(A)?.state === 'applied');
    expect(world.provider.values('example.com.', A)).toEqual(['192.0.2.20']);
    expect(world.bus.of(A)[0]).toMatchObject({ state: 'applied' });
  });

  it('wait for the rest of a second after their last write, however often they change', async () => {
    await startPaused();
    await take(replica, command([wish(A, 1, ['192.0.2.1'])]));
    await world.settled(A);
    await take(replica, command([wish(A, 2, ['192.0.2.2'])]));
    expect(await waitMs(A)).toBeGreaterThan(8 * MINUTE_MS);
    for (const generation of [3, 4]) {
      await pass(4 * MINUTE_MS);
      await take(replica, command([wish(A, generation, [`192.0.2.${generation}`])]));
      expect(await world.row(A)).toMatchObject({ generation: String(generation), state: 'pending' });
    }
    expect(await waitMs(A)).toBeLessThan(3 * MINUTE_MS);
    expect(world.provider.writes).toHaveLength(1);
    await pass(5 * MINUTE_MS);
    await world.rows('update lane set due_at = clock_timestamp() returning 1');
    await until(() => world.bus.last(A)?.generation === 4);
    expect(world.provider.values('example.com.', A)).toEqual(['192.0.2.4']);
    expect(world.provider.writes).toHaveLength(2);
  });

  it('wait also where they changed while they were written', async () => {
    await startPaused();
    const door = new Door();
    world.provider.script = async ({ apply }) => { await door.pass(); apply(); };
    await take(replica, command([wish(A, 1, ['192.0.2.1'])]));
    await until(() => door.arrived === 1);
    await take(replica, command([wish(A, 2, ['192.0.2.2'])]));
    door.unlock();
    await until(() => world.bus.last(A)?.generation === 1);
    expect(await waitMs(A)).toBeGreaterThan(8 * MINUTE_MS);
    expect(world.provider.values('example.com.', A)).toEqual(['192.0.2.1']);
    await pass(11 * MINUTE_MS);
    await world.rows('update lane set due_at = clock_timestamp() returning 1');
    await until(() => world.bus.last(A)?.generation === 2);
    expect(world.provider.values('example.com.', A)).toEqual(['192.0.2.2']);
  });

  it('wait together with what comes for the same VM', async () => {
    await startPaused();
    await take(replica, command([wish(OLD, 1, ['192.0.2.1'])]));
    await world.settled(OLD);
    await take(replica, command([wish(OLD, 2, []), wish(NEW, 1, ['192.0.2.2'])]));
    expect([await waitMs(OLD), await waitMs(NEW)].every((ms) => ms > 8 * MINUTE_MS)).toBe(true);
    await take(replica, command([wish(NEW, 2, []), wish('3.example.com.', 1, ['192.0.2.3'])]));
    expect(await waitMs('3.example.com.')).toBeGreaterThan(8 * MINUTE_MS);
    expect(world.provider.writes).toHaveLength(1);
  });

  it('go with a call that is made for others anyway', async () => {
    await startPaused();
    await take(replica, command([wish(A, 1, ['192.0.2.1'])]));
    await world.settled(A);
    await take(replica, command([wish(A, 2, ['192.0.2.2'])]));
    expect(world.provider.writes).toHaveLength(1);
    await take(replica, command([wish('b.example.com.', 1, ['192.0.2.3'], { vms: ['vm2'] })]));
    await until(() => world.bus.last(A)?.generation === 2);
    expect(world.provider.writes.map((write) => [...write.names].sort())).toEqual([[A], [A, 'b.example.com.']]);
  });

  it('L3 a repeat of what waits is no change, and a new process goes on where the last one was', async () => {
    await startPaused();
    await take(replica, command([wish(A, 1, ['192.0.2.1'])]));
    await world.settled(A);
    await take(replica, command([wish(A, 2, ['192.0.2.2'])]));
    const before = await world.row(A);
    await take(replica, command([wish(A, 2, ['192.0.2.2'])]), command([wish(A, 1, ['192.0.2.1'])]));
    expect(await world.row(A)).toEqual(before);
    await replica.kill();
    await world.replica();
    await pass(20 * MINUTE_MS);
    await world.rows('update lane set due_at = clock_timestamp() returning 1');
    await until(() => world.bus.last(A)?.generation === 2 && world.bus.last(A)?.state === 'applied');
    expect(world.provider.values('example.com.', A)).toEqual(['192.0.2.2']);
  });
});
