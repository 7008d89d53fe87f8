import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ProviderError } from '@vmdns/provider-kit';
import { pause, until } from '@vmdns/test/support';
import { command, connectionFact, take, wish, World, zoneFact, type Replica } from '../spec/support.js';

const A = 'a.example.com.';
let world: World;
let replica: Replica;
beforeEach(async () => {
  world = await World.make();
  replica = await world.replica();
  await replica.adapter.takeZones([connectionFact(), zoneFact()]);
});
afterEach(() => world.end());

const zonesOf = (ids: readonly string[], connectionId = 'c1') => ids.map((id) => zoneFact({ zoneId: id, apex: `${id}.example.`, connectionId }));
const writeTo = (id: string, generation = 1) => take(replica, command([wish(`a.${id}.example.`, generation, [`192.0.2.${generation}`])], { zoneId: id, apex: `${id}.example.` }));

describe('a refused record', () => {
  it('L7 stands alone with its reason, and the rest has landed', async () => {
    world.provider.refuses = (rrset) => rrset.name.startsWith('bad');
    const names = [...Array.from({ length: 30 }, (_, at) => wish(`n${at}.example.com.`, 1, ['192.0.2.1'])), wish('bad.example.com.', 1, ['192.0.2.2'])];
    await take(replica, command(names));
    expect(await world.settled('bad.example.com.', 'refused')).toMatchObject({ reason: { code: 'refused-by-provider' }, providerText: 'no such thing' });
    for (let at = 0; at < 30; at += 1) await world.settled(`n${at}.example.com.`);
    expect(await world.row('bad.example.com.')).toMatchObject({ state: 'refused', due_at: null });
  });

  it('L4 a foreign record is refused, looked at again much later, and not told twice', async () => {
    world.provider.put('example.com.', { name: A, type: 'A', ttl: 60, values: ['198.51.100.1'] });
    await take(replica, command([wish(A, 1, ['192.0.2.1'])]));
    const refused = await world.settled(A, 'refused');
    expect(refused).toMatchObject({ reason: { code: 'foreign-record' }, wrote: false, turn: 1 });
    expect(new Date(refused.nextTryAt ?? 0).getTime()).toBeGreaterThan(Date.now() + 3_000_000);
    await world.rows('update name set due_at = clock_timestamp() where owner_name = $1', [A]);
    await world.rows('update lane set due_at = clock_timestamp()');
    await until(async () => (await world.row(A))?.attempts === 2);
    expect(world.bus.of(A)).toHaveLength(1);
    world.provider.zone('example.com.').clear();
    await world.rows('update name set due_at = clock_timestamp() where owner_name = $1', [A]);
    await world.rows('update lane set due_at = clock_timestamp()');
    await world.settled(A);
  });

  it('L4 an equal foreign record is applied, not written and not ours', async () => {
    world.provider.put('example.com.', { name: A, type: 'A', ttl: 300, values: ['192.0.2.1'] });
    await take(replica, command([wish(A, 1, ['192.0.2.1'])]));
    expect(await world.settled(A)).toMatchObject({ wrote: false });
    expect((await world.row(A))?.owned).toEqual({});
    await take(replica, command([wish(A, 2, ['192.0.2.2'])]));
    expect(await world.settled(A, 'refused')).toMatchObject({ reason: { code: 'foreign-record' } });
  });
});

describe('a server that is away', () => {
  const away = () => new ProviderError('retry', 'connecting to the server', {});

  it('costs one turn at a time, not one for each zone, and is told to every name from the third failure', async () => {
    const ids = ['d1', 'd2', 'd3', 'd4', 'd5', 'd6'];
    await replica.adapter.takeZones(zonesOf(ids));
    let calls = 0;
    let now = 0;
    let most = 0;
    world.provider.beforeRead = async () => {
      now += 1;
      most = Math.max(most, now);
      await pause(20);
      now -= 1;
    };
    world.provider.down = () => { calls += 1; return away(); };
    await writeTo('d1');
    await until(async () => calls >= 1 && (await world.rows('select 1 from limiter where failures > 0')).length === 1);
    for (const id of ids.slice(1)) await writeTo(id);
    for (const id of ids) await until(() => world.bus.last(`a.${id}.example.`)?.reason?.code === 'provider-unreachable', { what: `${id} to be told` });
    expect(world.bus.last('a.d6.example.')).toMatchObject({ state: 'failed', wrote: false });
    expect(world.bus.last('a.d6.example.')?.nextTryAt).toBeDefined();
    const [limiter] = await world.rows<{ failures: number }>('select failures from limiter');
    expect(limiter?.failures).toBeGreaterThanOrEqual(3);
    expect(most).toBe(1);
    world.provider.down = () => undefined;
    for (const id of ids) await world.settled(`a.${id}.example.`);
    expect((await world.rows<{ failures: number }>('select failures, blocked_until from limiter'))[0]).toEqual({ failures: 0, blocked_until: null });
  });

  it('names since when', async () => {
    world.provider.down = away;
    await take(replica, command([wish(A, 1, ['192.0.2.1'])]));
    await until(() => /since \d{4}-/.test(world.bus.last(A)?.reason?.text ?? ''));
    expect(world.bus.last(A)?.attempts).toBeGreaterThan(1);
  });

  it('L8 slows no other server', async () => {
    await replica.adapter.takeZones([connectionFact({ connectionId: 'c2', settings: { server: 's2' } }), ...zonesOf(['up'], 'c2')]);
    world.provider.down = (apex) => (apex === 'example.com.' ? away() : undefined);
    await take(replica, command([wish(A, 1, ['192.0.2.1'])]));
    await until(() => world.bus.last(A)?.state === 'failed');
    await writeTo('up');
    await world.settled('a.up.example.');
  });

  it('one zone\'s trouble at a server that answers stops no other zone', async () => {
    await replica.adapter.takeZones(zonesOf(['ok']));
    world.provider.down = (apex) => (apex === 'example.com.' ? new ProviderError('retry', 'writing', { answered: true }) : undefined);
    await take(replica, command([wish(A, 1, ['192.0.2.1'])]));
    await until(() => world.bus.last(A)?.state === 'failed');
    expect((await world.rows<{ failures: number }>('select failures from limiter'))[0]?.failures).toBe(0);
    await writeTo('ok');
    await world.settled('a.ok.example.');
  });
});

describe('bad credentials', () => {
  it('L8 stop one connection, not another at the same server, and end at once when the connection changes', async () => {
    world.provider.wrongKeys.add('old');
    await replica.adapter.takeZones([
      connectionFact({ connectionId: 'c2', settings: { server: 's1', key: 'old' } }), connectionFact({ connectionId: 'c3', settings: { server: 's1', key: 'good' } }),
      ...zonesOf(['k1', 'k2'], 'c2'), ...zonesOf(['g1'], 'c3'),
    ]);
    await writeTo('k1');
    expect(await world.settled('a.k1.example.', 'failed')).toMatchObject({ reason: { code: 'credentials' } });
    await writeTo('k2');
    expect(await world.settled('a.k2.example.', 'failed')).toMatchObject({ reason: { code: 'credentials' } });
    await writeTo('g1');
    await world.settled('a.g1.example.');
    await replica.adapter.takeZones([connectionFact({ connectionId: 'c2', settings: { server: 's1', key: 'new' }, revision: 2 })]);
    await world.settled('a.k1.example.');
    await world.settled('a.k2.example.');
  });
});

describe('a provider that says not now', () => {
  it('is left alone until then, and its names are told', async () => {
    await replica.adapter.takeZones(zonesOf(['t1']));
    let calls = 0;
    world.provider.down = () => { calls += 1; return new ProviderError('throttled', 'asking', { until: Date.now() + 1500 }); };
    await take(replica, command([wish(A, 1, ['192.0.2.1'])]));
    expect(await world.settled(A, 'waiting')).toMatchObject({ reason: { code: 'throttled' }, nextTryAt: expect.any(String) });
    world.provider.down = () => { calls += 1; return undefined; };
    const before = calls;
    await writeTo('t1');
    expect(await world.settled('a.t1.example.', 'waiting')).toMatchObject({ reason: { code: 'throttled' } });
    await pause(300);
    expect(calls).toBe(before);
    await world.settled(A);
    await world.settled('a.t1.example.');
  });
});

describe('a zone that the provider does not have', () => {
  it('fails with its reason, and other zones go on', async () => {
    await replica.adapter.takeZones(zonesOf(['there']));
    world.provider.down = (apex) => (apex === 'example.com.' ? new ProviderError('missing-zone', 'reading example.com.', { answered: true }) : undefined);
    await take(replica, command([wish(A, 1, ['192.0.2.1'])]));
    expect(await world.settled(A, 'failed')).toMatchObject({ reason: { code: 'zone-missing' } });
    await writeTo('there');
    await world.settled('a.there.example.');
    await take(replica, command([wish('b.example.com.', 1, ['192.0.2.1'])]));
    expect(await world.settled('b.example.com.', 'failed')).toMatchObject({ reason: { code: 'zone-missing' } });
    world.provider.down = () => undefined;
    await replica.adapter.takeZones([zoneFact({ revision: 2 })]);
    await world.settled(A);
    await world.settled('b.example.com.');
  });
});

describe('a full zone', () => {
  it('takes one call to find out, again and again with all that waits; what does not grow it goes on; when there is room, all is written', async () => {
    const grown = Array.from({ length: 30 }, (_, at) => wish(`n${at}.example.com.`, 1, ['192.0.2.1']));
    await take(replica, command([wish(A, 1, ['192.0.2.1']), wish('b.example.com.', 1, ['192.0.2.1'])]));
    await world.settled('b.example.com.');
    world.provider.recordsMax = 2;
    world.provider.writes.length = 0;
    await take(replica, command([...grown, wish(A, 2, ['192.0.2.2'])]));
    await until(() => world.bus.last(A)?.generation === 2);
    expect(world.provider.values('example.com.', A)).toEqual(['192.0.2.2']);
    await until(() => grown.every(({ name }) => world.bus.last(name)?.reason?.code === 'zone-full'));
    // The refused call, and what is left of it.
    expect(world.provider.writes.map((write) => write.names.length)).toEqual([31, 1]);
    await until(() => grown.every(({ name }) => (world.bus.last(name)?.attempts ?? 0) >= 2));
    expect(world.provider.writes.slice(2).every((write) => write.names.length === 30)).toBe(true);
    world.provider.recordsMax = 31;
    await take(replica, command([wish('b.example.com.', 2, [])]));
    for (const { name } of grown) await world.settled(name);
    expect(world.provider.zone('example.com.').size).toBe(31);
  });

  it('is judged by the name servers that the provider tells, where it lists no NS records of the zone\'s own', async () => {
    const judged = async () => (await replica.tester.test({ zoneId: 'z1', probe: false })).steps.find((step) => step.step === 'name servers');
    expect(await judged()).toMatchObject({ warning: true, text: expect.stringContaining('names no name server') });
    world.provider.nameServers = ['ns1.example.net.'];
    expect(await judged()).toMatchObject({ warning: false, text: 'example.com. names ns1.example.net. as its name servers.' });
  });

  it('shows in the zone test what is used, what is needed and what fits', async () => {
    await take(replica, command([wish(A, 1, ['192.0.2.1'])]));
    await world.settled(A);
    world.provider.recordsMax = 2;
    await take(replica, command([wish('b.example.com.', 1, ['192.0.2.1', '192.0.2.2']), wish('c.example.com.', 1, ['192.0.2.3'])]));
    await until(() => world.bus.last('c.example.com.')?.reason?.code === 'zone-full');
    const roomOf = async (at: typeof replica) => (await at.tester.test({ zoneId: 'z1', probe: false })).steps.find((step) => step.step === 'room');
    expect(await roomOf(replica)).toMatchObject({ step: 'room', ok: true, warning: true, text: '1 of 2 records are used. vmdns has 3 more to write here, 2 of which do not fit.' });
    world.provider.recordsMax = 9;
    expect(await roomOf(replica)).toMatchObject({ warning: false, text: '1 of 9 records are used. vmdns has 3 more to write here.' });
  });
});
