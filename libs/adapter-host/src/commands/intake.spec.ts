import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { until } from '@vmdns/test/support';
import { command, connectionFact, Door, take, wish, World, zoneFact, type Replica } from '../spec/support.js';

const A = 'a.example.com.';

describe('taking commands in', () => {
  let world: World;
  let replica: Replica;
  beforeEach(async () => {
    world = await World.make();
    replica = await world.replica();
    await replica.adapter.takeZones([connectionFact(), zoneFact()]);
  });
  afterEach(() => world.end());

  it('writes a new name, says its outcome, and forgets that it was unsaid', async () => {
    await take(replica, command([wish(A, 1, ['192.0.2.1'])]));
    const result = await world.settled(A);
    expect(result).toMatchObject({ generation: 1, turn: 1, wrote: true, attempts: 1, vms: ['vm1'] });
    expect(world.provider.values('example.com.', A)).toEqual(['192.0.2.1']);
    expect(await world.row(A)).toMatchObject({ state: 'applied', due_at: null, turn: '1' });
    await until(async () => (await world.rows('select 1 from unsaid')).length === 0);
  });

  describe('of a settled name', () => {
    beforeEach(async () => {
      await take(replica, command([wish(A, 5, ['192.0.2.5'], { timeline: 2 })]));
      await world.settled(A);
    });

    it.each([
      ['the equal pair and digest', wish(A, 5, ['192.0.2.5'], { timeline: 2 }), { state: 'applied', generation: 5, turn: 1 }],
      ['the equal pair with another digest', wish(A, 5, ['192.0.2.6'], { timeline: 2 }), { state: 'behind', timeline: 2, generation: 5 }],
      ['a lower generation', wish(A, 4, ['192.0.2.4'], { timeline: 2 }), { state: 'behind', timeline: 2, generation: 5 }],
      ['a higher generation of a lower timeline', wish(A, 9, ['192.0.2.4'], { timeline: 1 }), { state: 'behind', timeline: 2, generation: 5 }],
      ['a higher generation', wish(A, 6, ['192.0.2.6'], { timeline: 2 }), { state: 'applied', generation: 6, turn: 2 }],
      ['a lower generation of a higher timeline', wish(A, 1, ['192.0.2.6'], { timeline: 3 }), { state: 'applied', timeline: 3, generation: 1, turn: 2 }],
    ])('L3 %s is answered as the table says, and changes nothing but forwards', async (_, name, answer) => {
      const before = world.bus.of(A).length;
      await take(replica, command([name]));
      await until(() => world.bus.of(A).length > before);
      expect(world.bus.last(A)).toMatchObject(answer);
      const isNewer = 'turn' in answer && answer.turn === 2;
      expect([world.provider.values('example.com.', A), world.provider.writes.length]).toEqual(isNewer ? [['192.0.2.6'], 2] : [['192.0.2.5'], 1]);
    });

    it('L12 the second run writes nothing and changes no row', async () => {
      const rows = () => world.rows('select *, xmin from name n');
      const lanes = () => world.rows('select *, xmin from lane l');
      await until(async () => (await world.rows('select 1 from unsaid')).length === 0);
      const before = [await rows(), await lanes()];
      const [writes, reads] = [world.provider.writes.length, world.provider.reads];
      await take(replica, command([wish(A, 5, ['192.0.2.5'], { timeline: 2 })]));
      await until(() => world.bus.results.some((result) => result.again === true));
      expect([await rows(), await lanes()]).toEqual(before);
      expect([world.provider.writes.length, world.provider.reads]).toEqual([writes, reads]);
    });

    it('L3 a removal takes away what is ours, and no other type', async () => {
      world.provider.put('example.com.', { name: A, type: 'MX', ttl: 60, values: ['10 mail.example.com.'] });
      await take(replica, command([wish(A, 6, [], { timeline: 2 })]));
      await until(() => world.bus.last(A)?.generation === 6);
      expect(world.provider.values('example.com.', A)).toBeUndefined();
      expect(world.provider.values('example.com.', A, 'MX')).toEqual(['10 mail.example.com.']);
      expect((await world.row(A))?.owned).toEqual({});
    });
  });

  it('of several generations in one batch only the highest is written', async () => {
    await take(replica, command([wish(A, 1, ['192.0.2.1'])]), command([wish(A, 3, ['192.0.2.3'])]), command([wish(A, 2, ['192.0.2.2'])]));
    expect(await world.settled(A)).toMatchObject({ generation: 3 });
    expect(world.provider.writes).toHaveLength(1);
  });

  it('a repeat of a name that is being written says nothing and writes nothing', async () => {
    const door = new Door();
    world.provider.script = async ({ apply }) => { await door.pass(); apply(); };
    await take(replica, command([wish(A, 1, ['192.0.2.1'])]));
    await until(() => door.arrived === 1);
    await take(replica, command([wish(A, 1, ['192.0.2.1'])]));
    expect(world.bus.of(A)).toEqual([]);
    door.unlock();
    await world.settled(A);
    expect(world.provider.writes).toHaveLength(1);
  });

  it('a newer generation that comes while the older is written is written next, and both outcomes are said', async () => {
    const door = new Door();
    world.provider.script = async ({ apply }) => { await door.pass(); apply(); };
    await take(replica, command([wish(A, 1, ['192.0.2.1'])]));
    await until(() => door.arrived === 1);
    await take(replica, command([wish(A, 2, ['192.0.2.2'])]));
    door.unlock();
    await until(() => world.bus.last(A)?.generation === 2);
    expect(world.bus.of(A).map((result) => [result.generation, result.state, result.turn])).toEqual([[1, 'applied', 1], [2, 'applied', 2]]);
    expect(world.provider.values('example.com.', A)).toEqual(['192.0.2.2']);
    expect(world.provider.overlaps).toBe(0);
  });

  it('commands of a zone that the feed has not told of are kept, and written when it has', async () => {
    let asked = 0;
    replica.adapter.onUnknownZone(() => { asked += 1; });
    await take(replica, command([wish('b.example.net.', 1, ['192.0.2.1'])], { zoneId: 'z2', apex: 'example.net.' }));
    expect(asked).toBe(1);
    expect(await world.row('b.example.net.')).toMatchObject({ target: '?z2', state: 'pending' });
    await replica.adapter.takeZones([zoneFact({ zoneId: 'z2', apex: 'example.net.' })]);
    await world.settled('b.example.net.');
    expect(await world.rows('select target, owner_name from name n')).toEqual([{ target: 'scripted|s1|example.net.', owner_name: 'b.example.net.' }]);
    expect(await world.rows('select target from lane l order by 1')).toEqual([{ target: 'scripted|s1|example.com.' }, { target: 'scripted|s1|example.net.' }]);
  });

  it('an entry that another entry of the same target has replaced removes nothing', async () => {
    await take(replica, command([wish(A, 1, ['192.0.2.1'])]));
    await world.settled(A);
    await replica.adapter.takeZones([connectionFact({ connectionId: 'c2' }), zoneFact({ zoneId: 'z2', connectionId: 'c2' }), zoneFact({ state: 'leaving', revision: 2 })]);
    await take(replica, command([wish(A, 2, ['192.0.2.1'])], { zoneId: 'z2', connectionId: 'c2' }));
    await until(() => world.bus.results.some((result) => result.zoneId === 'z2'));
    await take(replica, command([wish(A, 3, [])]));
    await until(() => world.bus.results.some((result) => result.zoneId === 'z1' && result.names[0]?.generation === 3));
    expect(world.bus.last(A)).toMatchObject({ state: 'applied', wrote: false, rrsets: [] });
    expect(world.provider.values('example.com.', A)).toEqual(['192.0.2.1']);
  });

  it('a zone that another replica has paused since its last command is not written by a guess', async () => {
    await take(replica, command([wish(A, 1, ['192.0.2.1'])]));
    await world.settled(A);
    await world.rows(`update lane set paused = true returning 1`);
    await take(replica, command([wish(A, 2, ['192.0.2.2'])]));
    await until(() => world.bus.last(A)?.generation === 2);
    expect(world.bus.last(A)).toMatchObject({ state: 'waiting', reason: { code: 'paused' } });
    await world.rows(`update lane set paused = false returning 1`);
    replica.adapter.wake();
    await until(() => world.bus.last(A)?.state === 'applied');
    expect(world.provider.values('example.com.', A)).toEqual(['192.0.2.2']);
  });

  it('takes thousands of names at once, in few writes', async () => {
    const names = Array.from({ length: 3000 }, (_, at) => wish(`vm${at}.example.com.`, 1, [`192.0.2.${at % 250}`]));
    await take(replica, ...[0, 1, 2, 3, 4, 5].map((part) => command(names.slice(part * 500, part * 500 + 500))));
    await until(() => world.bus.results.reduce((sum, result) => sum + result.names.length, 0) === 3000);
    expect(world.provider.writes).toHaveLength(1);
    expect(Math.max(...world.bus.results.map((result) => result.names.length))).toBe(500);
    expect(await world.rows(`select count(*)::int as count from name n where state = 'applied' and due_at is null`)).toEqual([{ count: 3000 }]);
  });
});
