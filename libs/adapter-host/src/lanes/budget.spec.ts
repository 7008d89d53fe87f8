import { afterEach, describe, expect, it } from '@jest/globals';
import { ProviderError, type CallRate } from '@vmdns/provider-kit';
import { pause, until } from '@vmdns/test/support';
import { command, connectionFact, ScriptedProvider, take, wish, World, zoneFact, type Replica } from '../spec/support.js';

const APEX = 'example.com.';
const BULK = { priority: 2 as const };

let world: World;
afterEach(() => world.end());

async function begin(rate: CallRate | undefined, replicas = 1, inFlightMax = 4): Promise<readonly Replica[]> {
  const provider = new ScriptedProvider('harmless', 1000, inFlightMax);
  provider.rate = rate;
  provider.changesMax = 10;
  world = await World.make(provider);
  const all: Replica[] = [];
  for (let n = 0; n < replicas; n += 1) all.push(await world.replica());
  await all[0]?.adapter.takeZones([connectionFact(), zoneFact()]);
  return all;
}

/** A server that counts as strictly as it says: a bucket, and each call beyond it is refused. */
function strictServer({ callsPerSecond, burst }: CallRate): { readonly refused: () => number; readonly calls: () => number } {
  let level = burst;
  let at = performance.now();
  let [calls, refused] = [0, 0];
  world.provider.onCall = () => {
    const now = performance.now();
    level = Math.min(burst, level + ((now - at) / 1000) * callsPerSecond);
    at = now;
    calls += 1;
    level -= 1;
    if (level >= 0) return;
    refused += 1;
    throw new ProviderError('throttled', 'asking', { until: Date.now() + 60_000 });
  };
  return { refused: () => refused, calls: () => calls };
}

const bulk = (count: number, apex = APEX, generation = 1) => Array.from({ length: count }, (_, at) => wish(`b${at}.${apex}`, generation, ['192.0.2.1'], BULK));
const stateOf = async (states: string): Promise<number> => (await world.rows<{ count: number }>('select count(*)::int as count from name where state = $1', [states]))[0]?.count ?? 0;

describe('a budget of calls', () => {
  it('B8: two replicas and many zones stay below what the server takes, to the call', async () => {
    const rate = { callsPerSecond: 45, burst: 8 };
    const [one, two] = await begin(rate, 2);
    if (one === undefined || two === undefined) throw new Error('two replicas');
    const zones = Array.from({ length: 10 }, (_, at) => zoneFact({ zoneId: `z${at + 10}`, apex: `z${at}.example.` }));
    await one.adapter.takeZones(zones);
    const server = strictServer({ callsPerSecond: 50, burst: 9 });
    await Promise.all(zones.map(({ zoneId, apex }, at) => take(at % 2 === 0 ? one : two, command(bulk(30, apex), { zoneId, apex }))));
    await until(async () => (await stateOf('applied')) === 300, { withinMs: 25_000, what: 'all 300 applied' });
    // One reading and three writes for each zone, and nothing beside.
    expect([server.refused(), server.calls()]).toEqual([0, 40]);
  });

  it.each([['in the same zone', APEX, 'z1'], ['in another zone', 'other.example.', 'z2']])("B8': an urgent change %s waits one call's turn behind the bulk of all zones", async (_where, apex, zoneId) => {
    const [one] = await begin({ callsPerSecond: 10, burst: 12 }, 1, 1);
    if (one === undefined) throw new Error('a replica');
    await one.adapter.takeZones([zoneFact({ zoneId: 'z2', apex: 'other.example.' }), zoneFact({ zoneId: 'z3', apex: 'third.example.' })]);
    await take(one, command(bulk(400)), command(bulk(400, 'third.example.'), { zoneId: 'z3', apex: 'third.example.' }));
    await until(() => world.provider.writes.length >= 3, { what: 'bulk under way, the burst used up' });
    await take(one, command([wish(`urgent.${apex}`, 1, ['192.0.2.7'])], { zoneId, apex }));
    const stored = world.provider.writes.length;
    await world.settled(`urgent.${apex}`);
    const at = world.provider.writes.findIndex((write) => write.names.includes(`urgent.${apex}`));
    // Alone in its call; once it is stored, at most a call of the bulk's that had its place already, and one beside.
    expect(world.provider.writes[at]?.names).toEqual([`urgent.${apex}`]);
    expect(at - stored).toBeLessThanOrEqual(2);
  });

  it('a turn of bulk that gave way goes on where it was', async () => {
    const [one] = await begin({ callsPerSecond: 60, burst: 8 }, 1, 1);
    if (one === undefined) throw new Error('a replica');
    await take(one, command(bulk(200)));
    await until(() => world.provider.writes.length >= 2, { what: 'bulk under way' });
    await take(one, command([wish(`urgent.${APEX}`, 1, ['192.0.2.7'])]));
    await until(async () => (await stateOf('applied')) === 201, { withinMs: 20_000, what: 'everything applied' });
    const written = world.provider.writes.flatMap((write) => write.names);
    expect(written.length).toBe(new Set(written).size);
  });

  it('L11: "not now" is a wait and no failure: told with its time, nobody calls until then, then all goes on', async () => {
    const [one, two] = await begin({ callsPerSecond: 50, burst: 10 }, 2);
    if (one === undefined || two === undefined) throw new Error('two replicas');
    let calls = 0;
    world.provider.onCall = () => { calls += 1; throw new ProviderError('throttled', 'asking', { until: Date.now() + 2000 }); };
    await take(one, command([wish(`a.${APEX}`, 1, ['192.0.2.1'])]));
    const told = await world.settled(`a.${APEX}`, 'waiting');
    expect([told.reason?.code, told.nextTryAt]).toEqual(['throttled', expect.any(String)]);
    world.provider.onCall = () => { calls += 1; };
    const before = calls;
    await take(two, command([wish(`b.${APEX}`, 1, ['192.0.2.1'])]));
    expect((await world.settled(`b.${APEX}`, 'waiting')).reason?.code).toBe('throttled');
    expect(calls).toBe(before);
    await world.settled(`a.${APEX}`);
    await world.settled(`b.${APEX}`);
    expect(world.bus.of(`a.${APEX}`).map((result) => result.state)).toEqual(['waiting', 'applied']);
  });

  it('what the provider says is left counts, whoever used it up: bulk waits and is told, urgent changes go on', async () => {
    const [one] = await begin({ callsPerSecond: 50, burst: 20 });
    if (one === undefined) throw new Error('a replica');
    let left = 9;
    world.provider.onCall = (_apex, budget) => { left -= 1; budget?.heard({ left: { calls: left, forMs: 60_000 } }); };
    await take(one, command(bulk(300)));
    await until(async () => (await stateOf('waiting')) > 0, { what: 'bulk told to wait' });
    const waiting = world.bus.results.flatMap((result) => result.names).find((name) => name.state === 'waiting');
    expect([waiting?.reason?.code, Date.parse(waiting?.nextTryAt ?? '') - Date.now() > 20_000]).toEqual(['throttled', true]);
    // A quarter of the burst is theirs.
    expect(left).toBeGreaterThanOrEqual(4);
    await take(one, command([wish(`urgent.${APEX}`, 1, ['192.0.2.7'])]));
    await world.settled(`urgent.${APEX}`);
    expect(world.bus.of(`urgent.${APEX}`).map((result) => result.state)).toEqual(['applied']);
  });

  it('a policy that is stricter than what was declared is kept to', async () => {
    const [one] = await begin({ callsPerSecond: 1000, burst: 4 });
    if (one === undefined) throw new Error('a replica');
    world.provider.onCall = (_apex, budget) => budget?.heard({ callsPerSecond: 20 });
    await take(one, command(bulk(40)));
    await until(async () => (await stateOf('applied')) === 40, { what: 'all applied' });
    const [limiter] = await world.rows<{ told: number; tokens: number }>('select told_per_second as told, tokens from limiter');
    expect([limiter?.told, (limiter?.tokens ?? 4) < 3]).toEqual([20, true]);
  });

  it('L6: a provider that counts nothing costs nothing: its limiter is not touched by calls', async () => {
    const [one] = await begin(undefined);
    if (one === undefined) throw new Error('a replica');
    const seen: unknown[] = [];
    world.provider.onCall = (_apex, budget) => { seen.push(budget); };
    const [before] = await world.rows<{ version: string }>('select xmin::text as version from limiter');
    await take(one, command(bulk(40)));
    await until(async () => (await stateOf('applied')) === 40, { what: 'all applied' });
    expect([new Set(seen), await world.rows('select n from slot where n = 0')]).toEqual([new Set([undefined]), []]);
    expect((await world.rows<{ version: string }>('select xmin::text as version from limiter'))[0]).toEqual(before);
  });

  it('a pause reaches a turn that waits for its place: nothing more is sent', async () => {
    const [one] = await begin({ callsPerSecond: 4, burst: 4 }, 1, 1);
    if (one === undefined) throw new Error('a replica');
    await take(one, command(bulk(400)));
    await until(() => world.provider.writes.length >= 1, { what: 'bulk under way' });
    await one.adapter.takeZones([zoneFact({ paused: true, revision: 2 })]);
    const before = world.provider.writes.length;
    await pause(900);
    expect(world.provider.writes.length - before).toBeLessThanOrEqual(1);
  });

  it('the shortest rate of connections that share a budget holds', async () => {
    const [one] = await begin({ callsPerSecond: 50, burst: 10 });
    if (one === undefined) throw new Error('a replica');
    world.provider.rate = { callsPerSecond: 5, burst: 3 };
    await one.adapter.takeZones([connectionFact({ connectionId: 'c2', name: 'two' }), zoneFact({ zoneId: 'z9', apex: 'nine.example.', connectionId: 'c2' })]);
    expect(await world.rows('select per_second, burst from limiter')).toEqual([{ per_second: 5, burst: 3 }]);
  });
});
