import { afterEach, describe, expect, it } from '@jest/globals';
import { pause, until } from '@vmdns/test/support';
import { command, connectionFact, Door, take, wish, World, zoneFact, type Replica } from '../spec/support.js';

const A = 'a.example.com.';
const APEX = 'example.com.';
const many = (prefix: string, generation = 1) => Array.from({ length: 12 }, (_, at) => wish(`${prefix}${at}.example.com.`, generation, [`192.0.2.${generation}`]));

let world: World;
afterEach(() => world.end());

async function begin(options: Parameters<World['replica']>[0] = {}): Promise<Replica> {
  world = await World.make();
  const replica = await world.replica(options);
  await replica.adapter.takeZones([connectionFact(), zoneFact()]);
  return replica;
}

describe('what is known of a zone', () => {
  it('L6 a batch reads the zone whole once; while its change token is ours, nothing is read again', async () => {
    const replica = await begin();
    await take(replica, command(many('a')));
    await world.settled('a11.example.com.');
    expect(world.provider.wholeReads).toBe(1);
    await take(replica, command(many('b')));
    await world.settled('b11.example.com.');
    expect([world.provider.wholeReads, world.provider.reads]).toEqual([1, 1]);
  });

  it('L4 foreign names of the whole reading are refused without another one, and remembered by a second replica', async () => {
    const replica = await begin();
    world.provider.put(APEX, { name: 'b3.example.com.', type: 'A', ttl: 60, values: ['198.51.100.1'] });
    world.provider.put(APEX, { name: 'b4.example.com.', type: 'MX', ttl: 60, values: ['10 mail.example.com.'] });
    await take(replica, command(many('a')));
    await world.settled('a11.example.com.');
    expect(await world.rows('select owner_name, types from held_foreign order by 1')).toEqual([{ owner_name: 'b3.example.com.', types: '["A"]' }, { owner_name: 'b4.example.com.', types: '["MX"]' }]);
    const other = await world.replica();
    await take(other, command(many('b')));
    expect(await world.settled('b3.example.com.', 'refused')).toMatchObject({ reason: { code: 'foreign-record' } });
    await world.settled('b4.example.com.');
    expect(world.provider.wholeReads).toBe(1);
    expect(world.provider.values(APEX, 'b4.example.com.', 'MX')).toEqual(['10 mail.example.com.']);
  });

  it('what somebody else changed is overwritten by the next command, and people are told', async () => {
    const replica = await begin();
    await take(replica, command([wish(A, 1, ['192.0.2.1'])]));
    await world.settled(A);
    world.provider.put(APEX, { name: A, type: 'A', ttl: 60, values: ['203.0.113.9'] });
    await take(replica, command([wish(A, 2, ['192.0.2.2'], { vms: ['vm1', 'vm2'] })]));
    await until(() => world.bus.last(A)?.generation === 2 && world.bus.notices.length === 1);
    expect(world.bus.notices).toEqual([{
      service: 'adapter-scripted', code: 'drift', zone: APEX, zoneId: 'z1', provider: 'scripted', name: A, vms: ['vm1', 'vm2'], at: expect.any(String),
      text: `${A} A was changed to 203.0.113.9 (TTL 60) by somebody else; vmdns owns it and puts 192.0.2.2 (TTL 300).`,
    }]);
    expect(world.provider.values(APEX, A)).toEqual(['192.0.2.2']);
  });

  it('nobody is accused where only the zone moved: names that are written in the turn of a whole reading are not missing', async () => {
    const replica = await begin();
    await take(replica, command(many('a')));
    await world.settled('a11.example.com.');
    world.provider.put(APEX, { name: 'www.example.com.', type: 'A', ttl: 60, values: ['198.51.100.1'] });
    await take(replica, command(many('a', 2)));
    await until(() => world.bus.last('a11.example.com.')?.generation === 2);
    await take(replica, command([wish(A, 1, ['192.0.2.1'])]));
    await world.settled(A);
    expect([world.provider.wholeReads, world.bus.notices]).toEqual([2, []]);
  });

  it('who wrote a whole zone over is told of in some sentences, not in thousands', async () => {
    const replica = await begin();
    const names = (generation: number) => Array.from({ length: 300 }, (_, at) => wish(`n${at}.example.com.`, generation, [`192.0.2.${generation}`]));
    await take(replica, command(names(1)));
    await world.settled('n299.example.com.');
    for (let at = 0; at < 300; at += 1) world.provider.put(APEX, { name: `n${at}.example.com.`, type: 'A', ttl: 60, values: ['203.0.113.9'] });
    await take(replica, command(names(2)));
    await until(() => world.bus.last('n299.example.com.')?.generation === 2 && world.bus.notices.length > 0);
    expect(world.bus.notices).toHaveLength(21);
    expect(world.bus.notices.at(-1)).toMatchObject({ code: 'drift', text: 'as much was met 280 times more in the same turn' });
  });

  it('a record of ours that somebody took away is written by the next command, although the ledger has it', async () => {
    const replica = await begin();
    await take(replica, command([...many('a'), wish(A, 1, ['192.0.2.1'])]));
    await world.settled(A);
    world.provider.zone(APEX).delete(`${A} A`);
    world.provider.put(APEX, { name: 'www.example.com.', type: 'A', ttl: 60, values: ['198.51.100.1'] });
    await take(replica, command(many('b')));
    await world.settled('b11.example.com.');
    expect(world.provider.wholeReads).toBe(2);
    expect(await world.row(A)).toMatchObject({ must_read: true, due_at: null });
    await until(() => world.bus.notices.length === 1);
    expect(world.bus.notices).toMatchObject([{ code: 'drift', name: A, text: `what vmdns wrote was changed or removed by somebody else at ${A}; it is put right with the next change of each name` }]);
    await take(replica, command([...many('c'), wish(A, 2, ['192.0.2.1'])]));
    await until(() => world.bus.last(A)?.generation === 2);
    expect(world.provider.values(APEX, A)).toEqual(['192.0.2.1']);
    expect(await world.row(A)).toMatchObject({ must_read: false });
  });
});

describe('a raised timeline', () => {
  it('makes equals ours for a while: what the lost seconds wrote is not foreign', async () => {
    let raise: (timeline: number) => void | Promise<void> = () => undefined;
    const replica = await begin({ onRaise: (listener) => { raise = listener; return () => undefined; } });
    world.provider.put(APEX, { name: A, type: 'A', ttl: 300, values: ['192.0.2.1'] });
    await raise(2);
    await raise(2);
    await take(replica, command([wish(A, 1, ['192.0.2.1'], { timeline: 2 })]));
    await world.settled(A);
    await take(replica, command([wish(A, 2, ['192.0.2.2'], { timeline: 2 })]));
    await until(() => world.bus.last(A)?.generation === 2);
    expect(world.bus.last(A)).toMatchObject({ state: 'applied', wrote: true });
  });

  it('L4 finds what commands of the lost seconds may have put to be ours, and nothing else', async () => {
    let raise: (timeline: number) => void | Promise<void> = () => undefined;
    const replica = await begin({ onRaise: (listener) => { raise = listener; return () => undefined; } });
    const B = 'b.example.com.';
    await take(replica, command([wish(B, 1, ['192.0.2.20'])]));
    await world.settled(B);
    const C = 'c.example.com.';
    // At the provider as the lost seconds left it; what is at C is somebody's.
    for (const [name, value] of [[A, '192.0.2.2'], [B, '192.0.2.21'], [C, '192.0.2.99']] as const) world.provider.put(APEX, { name, type: 'A', ttl: 300, values: [value] });
    world.bus.commands = [command([wish(A, 2, ['192.0.2.2']), wish(B, 2, ['192.0.2.21']), wish(C, 1, ['192.0.2.30'])]), command([wish(A, 1, ['192.0.2.1'])]), command([wish(A, 9, ['192.0.2.9'])], { zoneId: 'unknown' })];
    world.bus.isDeaf = true;
    await expect(Promise.resolve(raise(2))).rejects.toThrow('deaf');
    world.bus.isDeaf = false;
    await raise(2);
    await take(replica, command([wish(A, 1, ['192.0.2.3'], { timeline: 2 }), wish(B, 1, [], { timeline: 2 }), wish(C, 1, ['192.0.2.31'], { timeline: 2 })]));
    await until(() => [A, B, C].every((name) => world.bus.last(name)?.timeline === 2 && world.bus.last(name)?.state !== 'pending'));
    expect(world.bus.last(A)).toMatchObject({ state: 'applied', wrote: true });
    expect(world.bus.last(C)).toMatchObject({ state: 'refused', reason: { code: 'foreign-record' } });
    expect([A, B, C].map((name) => world.provider.values(APEX, name))).toEqual([['192.0.2.3'], undefined, ['192.0.2.99']]);
  });

  it('L1 does what commands of the lost seconds asked: the planner may have heard that it was done, and not say it again', async () => {
    let raise: (timeline: number) => void | Promise<void> = () => undefined;
    const replica = await begin({ onRaise: (listener) => { raise = listener; return () => undefined; } });
    const [B, C] = ['b.example.com.', 'c.example.com.'];
    await take(replica, command([wish(A, 1, ['192.0.2.1']), wish(B, 1, ['192.0.2.2'])]));
    await world.settled(A);
    await world.settled(B);
    // Newest first, as the stream is read; in between C was made and removed.
    world.bus.commands = [command([wish(A, 3, []), wish(B, 2, ['192.0.2.22']), wish(C, 2, [])]), command([wish(A, 2, ['192.0.2.11']), wish(C, 1, ['192.0.2.3'])]), command([wish(A, 1, ['192.0.2.1']), wish(B, 1, ['192.0.2.2'])])];
    await raise(2);
    await until(() => [[A, 3], [B, 2], [C, 2]].every(([name, generation]) => world.bus.last(String(name))?.generation === generation && world.bus.last(String(name))?.state === 'applied'));
    expect([A, B, C].map((name) => world.provider.values(APEX, name))).toEqual([undefined, ['192.0.2.22'], undefined]);
  });

  it('L4 finds what was waiting then, and may have been put in the lost seconds, to be ours', async () => {
    let raise: (timeline: number) => void | Promise<void> = () => undefined;
    const replica = await begin({ onRaise: (listener) => { raise = listener; return () => undefined; } });
    const B = 'b.example.com.';
    await take(replica, command([wish(A, 1, ['192.0.2.1'])]));
    await world.settled(A);
    // Heard, but not yet claimed, as far as PostgreSQL remembers; of the bus, one command is left.
    world.bus.commands = [command([wish(B, 2, ['192.0.2.22'])])];
    await replica.adapter.takeZones([zoneFact({ paused: true, revision: 2 })]);
    await take(replica, command([wish(A, 2, ['192.0.2.11']), wish(B, 1, ['192.0.2.2'])]));
    for (const [name, value] of [[A, '192.0.2.11'], [B, '192.0.2.2']] as const) world.provider.put(APEX, { name, type: 'A', ttl: 300, values: [value] });
    await raise(2);
    await take(replica, command([wish(A, 1, [], { timeline: 2 }), wish(B, 1, ['192.0.2.3'], { timeline: 2 })]));
    await replica.adapter.takeZones([zoneFact({ revision: 3 })]);
    await until(() => [A, B].every((name) => world.bus.last(name)?.timeline === 2 && world.bus.last(name)?.state === 'applied'));
    expect([A, B].map((name) => world.provider.values(APEX, name))).toEqual([undefined, ['192.0.2.3']]);
    expect(world.bus.notices).toEqual([]);
  });

  it('is told before any command is taken, any lane claimed, any outcome stored', async () => {
    const timeline = { isTold: true };
    const replica = await begin({ timeline });
    const door = new Door();
    world.provider.script = async ({ apply }) => { apply(); await door.pass(); };
    await take(replica, command([wish(A, 1, ['192.0.2.1'])]));
    await until(() => door.arrived === 1);
    timeline.isTold = false;
    door.unlock();
    await expect(take(replica, command([wish(A, 2, ['192.0.2.2'])]))).rejects.toMatchObject({ isTransient: true });
    await world.rows(`update lane set due_at = clock_timestamp()`);
    expect(world.bus.of(A)).toEqual([]);
    timeline.isTold = true;
    await world.settled(A);
    expect(world.provider.writes).toHaveLength(1);
  });
});

describe('an untidy zone', () => {
  it('is tidied once when it has been quiet', async () => {
    const replica = await begin();
    world.provider.isUntidy = true;
    for (const name of ['a', 'b', 'c', 'd'].map((label) => `${label}.${APEX}`)) {
      await take(replica, command([wish(name, 1, ['192.0.2.1'])]));
      await world.settled(name);
    }
    await until(() => world.provider.tidied === 1);
    await until(async () => (await world.rows('select 1 from lane l where due_at is null and tidy_at is null and owner is null')).length === 1);
    await pause(300);
    expect(world.provider.tidied).toBe(1);
  });
});

describe('Postgres away', () => {
  it('between call and commit: the outcome is kept until it can be stored', async () => {
    const replica = await begin();
    const door = new Door();
    world.provider.script = async ({ apply }) => { apply(); await door.pass(); };
    await take(replica, command([wish(A, 1, ['192.0.2.1'])]));
    await until(() => door.arrived === 1);
    await world.database.cutConnections();
    door.unlock();
    expect(await world.settled(A)).toMatchObject({ wrote: true, turn: 1 });
    expect(world.provider.writes).toHaveLength(1);
  });
});
