import { afterEach, describe, expect, it } from '@jest/globals';
import { ProviderError } from '@vmdns/provider-kit';
import { pause, until } from '@vmdns/test/support';
import { command, connectionFact, Door, ScriptedProvider, take, wish, World, zoneFact, type Replica } from '../spec/support.js';

const A = 'a.example.com.';
const APEX = 'example.com.';
/** A lease that ends sooner, for tests that wait for it. */
const SHORT = { leaseMs: 900, renewMs: 250, sendWithinMs: 350 };
/** A replica that is paused: it neither renews nor looks. */
const PAUSED = { ...SHORT, renewMs: 3_600_000, pollMs: 3_600_000 };

let world: World;
afterEach(() => world.end());

async function begin(provider?: ScriptedProvider, ...timings: readonly Parameters<World['replica']>[0][]): Promise<readonly Replica[]> {
  world = await World.make(provider);
  const replicas: Replica[] = [];
  for (const timing of timings.length === 0 ? [{}] : timings) replicas.push(await world.replica(timing));
  await replicas[0]?.adapter.takeZones([connectionFact(), zoneFact()]);
  return replicas;
}

describe('one writer a zone', () => {
  it('L5 two replicas and many commands: writes to one zone never overlap, and the last wish stands', async () => {
    const [one, two] = await begin(undefined, {}, {});
    if (one === undefined || two === undefined) throw new Error('two replicas');
    const zones = ['n1', 'n2', 'n3', 'n4'].map((id) => zoneFact({ zoneId: id, apex: `${id}.example.` }));
    await one.adapter.takeZones(zones);
    world.provider.script = async ({ apply }) => { await pause(2); apply(); await pause(1); };
    const rounds = Array.from({ length: 40 }, (_, at) => at + 1);
    await Promise.all(rounds.flatMap((generation) => zones.map(async ({ zoneId, apex }) => {
      await pause(generation * 5);
      const replica = generation % 2 === 0 ? one : two;
      await take(replica, command([wish(`a.${apex}`, generation, [`192.0.2.${generation}`]), wish(`b.${apex}`, generation, [`192.0.2.${generation}`])], { zoneId, apex }));
    })));
    for (const { apex } of zones) await until(() => world.provider.values(apex, `a.${apex}`)?.[0] === '192.0.2.40' && world.provider.values(apex, `b.${apex}`)?.[0] === '192.0.2.40', { what: `the last wish in ${apex}` });
    await until(async () => (await world.rows('select 1 from name n where due_at is not null')).length === 0);
    expect(world.provider.overlaps).toBe(0);
    expect(world.provider.writes.length).toBeGreaterThan(zones.length);
  });

  it('L5 a call that outlasts the lease keeps the lane', async () => {
    const [one] = await begin(undefined, { timing: SHORT }, { timing: SHORT });
    if (one === undefined) throw new Error('a replica');
    const door = new Door();
    world.provider.script = async ({ apply }) => { await door.pass(); apply(); };
    await take(one, command([wish(A, 1, ['192.0.2.1'])]));
    await until(() => door.arrived === 1);
    const [before] = await world.rows<{ until: Date }>('select until from lane l');
    await until(async () => (await world.rows('select 1 from lane l where until > $1::timestamptz + interval \'1200 ms\'', [before?.until])).length === 1);
    door.unlock();
    await world.settled(A);
    expect(world.provider.writes).toHaveLength(1);
  });

  it('L5 a dead replica\'s zone is free when its lease is over, and what it was about to write is ours (L4)', async () => {
    const [one, two] = await begin(undefined, { timing: SHORT }, { timing: SHORT });
    if (one === undefined || two === undefined) throw new Error('two replicas');
    const door = new Door();
    world.provider.script = async ({ apply }) => { apply(); await door.pass(); };
    await take(one, command([wish(A, 1, ['192.0.2.1'])]));
    await until(() => door.arrived === 1);
    await one.kill();
    world.provider.script = async ({ apply }) => apply();
    expect(await world.settled(A, 'unconfirmed')).toMatchObject({ generation: 1, reason: { code: 'unconfirmed' } });
    const result = await world.settled(A);
    expect(result).toMatchObject({ generation: 1, wrote: false });
    expect(world.provider.writes).toHaveLength(1);
    expect(Object.keys((await world.row(A))?.owned ?? {})).toEqual(['A']);
    door.unlock();
  });

  it.each([
    ['a newer generation', wish(A, 2, ['192.0.2.2']), ['192.0.2.2']],
    ['a deletion', wish(A, 2, []), undefined],
  ])('L4 killed after the provider applied, with %s in between: our record is not foreign', async (_, name, values) => {
    const [one, two] = await begin(undefined, { timing: SHORT }, { timing: SHORT });
    if (one === undefined || two === undefined) throw new Error('two replicas');
    const door = new Door();
    world.provider.script = async ({ apply }) => { apply(); await door.pass(); };
    await take(one, command([wish(A, 1, ['192.0.2.1'])]));
    await until(() => door.arrived === 1);
    await one.kill();
    world.provider.script = async ({ apply }) => apply();
    await take(two, command([name]));
    expect(await world.settled(A)).toMatchObject({ generation: 2 });
    expect(world.provider.values(APEX, A)).toEqual(values);
    door.unlock();
  });

  it('L4 killed before the provider applied, with a foreign record of another value there: refused', async () => {
    const [one, two] = await begin(undefined, { timing: SHORT }, { timing: SHORT });
    if (one === undefined || two === undefined) throw new Error('two replicas');
    const door = new Door();
    world.provider.script = async () => { await door.pass(); };
    await take(one, command([wish(A, 1, ['192.0.2.1'])]));
    await until(() => door.arrived === 1);
    await one.kill();
    world.provider.put(APEX, { name: A, type: 'A', ttl: 60, values: ['198.51.100.1'] });
    world.provider.script = async ({ apply }) => apply();
    expect(await world.settled(A, 'refused')).toMatchObject({ reason: { code: 'foreign-record' } });
    expect(world.provider.values(APEX, A)).toEqual(['198.51.100.1']);
    door.unlock();
  });

  it('L5 a paused writer whose call lands late is refused at its commit, and repaired', async () => {
    const [one, two] = await begin(new ScriptedProvider('harmless', 1500), { timing: PAUSED }, { timing: SHORT });
    if (one === undefined || two === undefined) throw new Error('two replicas');
    const door = new Door();
    world.provider.script = async ({ apply, changes }) => {
      if (changes.some((change) => change.kind === 'put' && change.rrset.values[0] === '192.0.2.5')) await door.pass();
      apply();
    };
    await take(one, command([wish(A, 5, ['192.0.2.5'])]));
    await until(() => door.arrived === 1);
    await take(two, command([wish(A, 6, ['192.0.2.6'])]));
    await world.settled(A, 'unconfirmed');
    expect(world.provider.values(APEX, A)).toEqual(['192.0.2.6']);
    const applied = await world.settled(A);
    expect(applied.generation).toBe(6);
    door.unlock();
    await until(() => world.bus.of(A).filter((result) => result.state === 'applied' && result.generation === 6).length === 2, { withinMs: 15_000, what: 'the repair' });
    expect(world.provider.values(APEX, A)).toEqual(['192.0.2.6']);
    expect(world.bus.of(A).some((result) => result.generation === 5)).toBe(false);
  });

  it('a provider that cannot bear two writers is left alone until the lost call is dead', async () => {
    const callLifeMs = 1500;
    const [one, two] = await begin(new ScriptedProvider('harmful', callLifeMs), { timing: SHORT }, { timing: SHORT });
    if (one === undefined || two === undefined) throw new Error('two replicas');
    const door = new Door();
    world.provider.script = async () => { await door.pass(); };
    await take(one, command([wish(A, 1, ['192.0.2.1'])]));
    await until(() => door.arrived === 1);
    await one.kill();
    const [lane] = await world.rows<{ dead_at: Date }>('select dead_at from lane l');
    let wroteAt = 0;
    world.provider.script = async ({ apply }) => { wroteAt = Date.now(); apply(); };
    await take(two, command([wish(A, 2, ['192.0.2.2'])]));
    await world.settled(A);
    expect(wroteAt).toBeGreaterThanOrEqual(lane?.dead_at.getTime() ?? Infinity);
    door.unlock();
  });

  it('a call of a large zone lives longer: that is stored before the call is sent, and waited for', async () => {
    const provider = new ScriptedProvider('harmful', 500);
    provider.lifeOfZoneMs = 3000;
    const [one, two] = await begin(provider, { timing: SHORT }, { timing: SHORT });
    if (one === undefined || two === undefined) throw new Error('two replicas');
    const door = new Door();
    let life = 0;
    world.provider.script = async () => {
      const [lane] = await world.rows<{ left: number }>('select extract(epoch from dead_at - clock_timestamp())::float8 as left from lane l');
      life = lane?.left ?? 0;
      await door.pass();
    };
    await take(one, command([wish(A, 1, ['192.0.2.1'])]));
    await until(() => door.arrived === 1);
    expect(life).toBeGreaterThan(2.5);
    await one.kill();
    const [lane] = await world.rows<{ dead_at: Date }>('select dead_at from lane l');
    let wroteAt = 0;
    world.provider.script = async ({ apply }) => { wroteAt = Date.now(); apply(); };
    await take(two, command([wish(A, 2, ['192.0.2.2'])]));
    await world.settled(A);
    expect(wroteAt).toBeGreaterThanOrEqual(lane?.dead_at.getTime() ?? Infinity);
    door.unlock();
  });
});

describe('a call without an answer', () => {
  it('that was applied is found, read once more when it is dead, and only then live', async () => {
    const [one] = await begin(new ScriptedProvider('harmless', 500), { timing: SHORT });
    if (one === undefined) throw new Error('a replica');
    let lost = 0;
    world.provider.script = async ({ apply }) => {
      apply();
      lost += 1;
      if (lost === 1) throw new ProviderError('retry', 'writing example.com.', { inDoubt: true });
    };
    await take(one, command([wish(A, 1, ['192.0.2.1'])]));
    await world.settled(A);
    expect(world.bus.of(A).slice(0, -1).every((result) => result.state === 'unconfirmed' || result.state === 'failed')).toBe(true);
    expect(world.bus.of(A).length).toBeGreaterThanOrEqual(3);
    expect(world.provider.writes).toHaveLength(1);
    expect(await world.row(A)).toMatchObject({ doubt: null, doubt_until: null, due_at: null });
  });

  it('L4 is not forgotten while the server cannot be read, however long that lasts', async () => {
    const [one] = await begin(new ScriptedProvider('harmless', 300), { timing: SHORT });
    if (one === undefined) throw new Error('a replica');
    let calls = 0;
    world.provider.script = async ({ apply }) => {
      calls += 1;
      apply();
      if (calls > 1) return;
      world.provider.down = () => new ProviderError('retry', 'asking example.com.');
      throw new ProviderError('retry', 'writing example.com.', { inDoubt: true });
    };
    await take(one, command([wish(A, 1, ['192.0.2.1'])]));
    await until(async () => Number((await world.row(A))?.attempts) >= 3 && (await world.rows('select 1 from name where doubt_until > clock_timestamp()')).length === 0);
    await take(one, command([wish(A, 2, ['192.0.2.2'])]));
    world.provider.down = () => undefined;
    expect(await world.settled(A)).toMatchObject({ generation: 2 });
    expect(world.provider.values(APEX, A)).toEqual(['192.0.2.2']);
  });

  it('L4 that was answered as failed and was applied all the same is our own', async () => {
    const [one] = await begin(new ScriptedProvider('harmless', 500), { timing: SHORT });
    if (one === undefined) throw new Error('a replica');
    let failures = 0;
    world.provider.script = async ({ apply }) => {
      apply();
      if (failures >= 2) return;
      failures += 1;
      throw new ProviderError('retry', 'writing example.com.', { answered: true });
    };
    await take(one, command([wish(A, 1, ['192.0.2.1'])]));
    await until(async () => failures === 2 && (await world.row(A))?.state === 'failed');
    await take(one, command([wish(A, 2, [])]));
    expect(await world.settled(A)).toMatchObject({ generation: 2 });
    expect(world.provider.values(APEX, A)).toBeUndefined();
    expect(await world.row(A)).toMatchObject({ doubt: null, due_at: null });
  });

  it('L4 that was applied while the wish changed: the newer wish is written over our own record', async () => {
    const [one] = await begin(new ScriptedProvider('harmless', 500), { timing: SHORT });
    if (one === undefined) throw new Error('a replica');
    const door = new Door();
    let calls = 0;
    world.provider.script = async ({ apply }) => {
      calls += 1;
      if (calls > 1) return apply();
      await door.pass();
      apply();
      throw new ProviderError('retry', 'writing example.com.', { inDoubt: true });
    };
    await take(one, command([wish(A, 1, ['192.0.2.1'])]));
    await until(() => door.arrived === 1);
    await take(one, command([wish(A, 2, ['192.0.2.2'])]));
    door.unlock();
    expect(await world.settled(A)).toMatchObject({ generation: 2 });
    expect(world.provider.values(APEX, A)).toEqual(['192.0.2.2']);
  });
});

describe('order and budgets', () => {
  it('the highest priority goes first, then the oldest', async () => {
    const [one] = await begin(new ScriptedProvider('harmless', 1000, 1));
    if (one === undefined) throw new Error('a replica');
    const zones = ['p2', 'p1', 'p0'].map((id) => zoneFact({ zoneId: id, apex: `${id}.example.` }));
    await one.adapter.takeZones(zones);
    const door = new Door();
    world.provider.script = async ({ apply }) => { if (door.arrived === 0) await door.pass(); apply(); };
    await take(one, command([wish(A, 1, ['192.0.2.1'])]));
    await until(() => door.arrived === 1);
    for (const [at, { zoneId, apex }] of zones.entries()) await take(one, command([wish(`a.${apex}`, 1, ['192.0.2.1'], { priority: (2 - at) as 0 | 1 | 2 })], { zoneId, apex }));
    door.unlock();
    for (const { apex } of zones) await world.settled(`a.${apex}`);
    expect(world.provider.writes.map((write) => write.zone)).toEqual([APEX, 'p0.example.', 'p1.example.', 'p2.example.']);
  });

  it('within a zone too, so many names a turn', async () => {
    const [one] = await begin(undefined, { namesPerTurn: 2 });
    if (one === undefined) throw new Error('a replica');
    await take(one, command([wish('c.example.com.', 1, ['192.0.2.1'], { priority: 2 }), wish('b.example.com.', 1, ['192.0.2.1']), wish('a.example.com.', 1, ['192.0.2.1'], { priority: 0 })]));
    await world.settled('c.example.com.');
    expect(world.provider.writes.map((write) => [...write.names].sort())).toEqual([['a.example.com.', 'b.example.com.'], ['c.example.com.']]);
  });

  it('no more calls at once than the server bears, over all replicas', async () => {
    const [one, two] = await begin(new ScriptedProvider('harmless', 1000, 3), {}, {});
    if (one === undefined || two === undefined) throw new Error('two replicas');
    const zones = Array.from({ length: 12 }, (_, at) => zoneFact({ zoneId: `w${at}`, apex: `w${at}.example.` }));
    await one.adapter.takeZones(zones);
    let now = 0;
    let most = 0;
    world.provider.script = async ({ apply }) => {
      now += 1;
      most = Math.max(most, now);
      await until(() => most === 3, { what: 'as many calls as the server bears' });
      await pause(20);
      apply();
      now -= 1;
    };
    await Promise.all(zones.map(({ zoneId, apex }, at) => take(at % 2 === 0 ? one : two, command([wish(`a.${apex}`, 1, ['192.0.2.1'])], { zoneId, apex }))));
    for (const { apex } of zones) await world.settled(`a.${apex}`);
    expect(most).toBe(3);
  });
});
