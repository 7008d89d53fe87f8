import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { until } from '@vmdns/test/support';
import { command, connectionFact, take, wish, World, zoneFact, type Replica } from '../spec/support.js';
import { messagesOf, outcomeOf, type OutcomeRow } from './outcome.js';
import { Traces } from './traces.js';

const A = 'a.example.com.';
let world: World;
let replica: Replica;
beforeEach(async () => {
  world = await World.make();
  replica = await world.replica();
  await replica.adapter.takeZones([connectionFact(), zoneFact()]);
});
afterEach(() => world.end());

const overdue = () => world.rows(`update unsaid set since = since - interval '1 minute'`);

describe('an outcome that nobody heard', () => {
  it('is said again when the bus hears, and the lane was not held up', async () => {
    world.bus.isDeaf = true;
    await take(replica, command([wish(A, 1, ['192.0.2.1'])]));
    await until(async () => (await world.row(A))?.state === 'applied');
    await take(replica, command([wish('b.example.com.', 1, ['192.0.2.1'])]));
    await until(async () => (await world.row('b.example.com.'))?.state === 'applied');
    expect(world.bus.results).toEqual([]);
    world.bus.isDeaf = false;
    await overdue();
    await world.settled(A);
    await world.settled('b.example.com.');
    expect(world.bus.results.at(-1)?.again).toBe(true);
    await until(async () => (await world.rows('select 1 from unsaid')).length === 0);
  });

  it('is said by another replica when its own is dead', async () => {
    world.bus.isDeaf = true;
    await take(replica, command([wish(A, 1, ['192.0.2.1'])]));
    await until(async () => (await world.row(A))?.state === 'applied');
    await replica.kill();
    world.bus.isDeaf = false;
    await world.replica();
    await overdue();
    expect(await world.settled(A)).toMatchObject({ turn: 1, generation: 1 });
  });
});

describe('many outcomes', () => {
  const row = (values: readonly string[]): OutcomeRow => ({
    owner_name: A, zone_id: 'z1', timeline: 1, generation: 1, digest: 'd', wanted: JSON.stringify([{ type: 'AAAA', ttl: 300, values }]), vms: '[]', state: 'applied', reason: null, provider_text: null, wrote: true,
    turn: 1, attempts: 1, outcome_at: new Date(0), next_try_at: null,
  });
  const said = (zoneId: string, values: readonly string[] = []) => outcomeOf({ zoneId, apex: 'example.com.', connectionId: 'c1', target: 't' }, row(values), new Date(0));

  it('are said in messages of one zone and at most 500 names', () => {
    const outcomes = Array.from({ length: 1100 }, (_, at) => said(at % 11 === 0 ? 'z1' : 'z2'));
    expect(messagesOf(outcomes).map((message) => [message.first.zoneId, message.names.length])).toEqual([['z1', 100], ['z2', 500], ['z2', 500]]);
  });

  it('are said in messages that NATS takes, however long each is', () => {
    const values = Array.from({ length: 1000 }, (_, n) => `2001:db8:ffff:ffff:ffff:ffff:ffff:${n.toString(16)}`);
    const messages = messagesOf(Array.from({ length: 60 }, () => said('z1', values)));
    expect(messages.flatMap((message) => message.names)).toHaveLength(60);
    expect(Math.max(...messages.map((message) => message.names.join().length))).toBeLessThan(500_000);
  });
});

describe('traces', () => {
  it('forget the oldest', () => {
    const traces = new Traces(2);
    for (const name of ['a', 'b', 'c']) traces.remember('z', [name], `trace-${name}`);
    expect([traces.find('z', 'a'), traces.find('z', 'b'), traces.find('z', 'c')]).toEqual([undefined, 'trace-b', 'trace-c']);
  });
});
