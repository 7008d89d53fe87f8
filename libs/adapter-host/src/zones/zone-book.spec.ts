import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CompactEncrypt, importJWK } from 'jose';
import { until } from '@vmdns/test/support';
import { KeyRing } from '../keys/key-ring.js';
import { command, connectionFact, Door, take, wish, World, zoneFact, type Replica } from '../spec/support.js';

const A = 'a.example.com.';
const B = 'b.example.com.';
let world: World;
let replica: Replica;
beforeEach(async () => {
  world = await World.make();
  replica = await world.replica();
  await replica.adapter.takeZones([connectionFact(), zoneFact()]);
});
afterEach(() => world.end());

describe('a pause', () => {
  it.each([
    ['of the zone', () => zoneFact({ paused: true, revision: 2 }), () => zoneFact({ revision: 3 })],
    ['of the connection', () => connectionFact({ paused: true, revision: 2 }), () => connectionFact({ revision: 3 })],
  ])('%s stops writing, its names are told once, and they are written when it ends', async (_, pauses, ends) => {
    await replica.adapter.takeZones([pauses()]);
    await take(replica, command([wish(A, 1, ['192.0.2.1'])]));
    expect(await world.settled(A, 'waiting')).toMatchObject({ reason: { code: 'paused' }, wrote: false, turn: 1 });
    await take(replica, command([wish(A, 1, ['192.0.2.1'])]));
    await until(() => world.bus.of(A).length === 2);
    expect(world.bus.last(A)).toMatchObject({ state: 'waiting', turn: 1 });
    expect(world.provider.writes).toEqual([]);
    await replica.adapter.takeZones([ends()]);
    expect(await world.settled(A)).toMatchObject({ turn: 2 });
  });

  it('that comes while names are due tells them, and nothing more is sent', async () => {
    const other = await world.replica({ lanesMax: 1 });
    const door = new Door();
    world.provider.script = async ({ apply }) => { await door.pass(); apply(); };
    await take(other, command([wish(A, 1, ['192.0.2.1'])]));
    await until(() => door.arrived === 1);
    await take(other, command([wish(B, 1, ['192.0.2.1'])]));
    await replica.adapter.takeZones([zoneFact({ paused: true, revision: 2 })]);
    expect(await world.settled(B, 'waiting')).toMatchObject({ reason: { code: 'paused' } });
    door.unlock();
    await until(() => world.bus.last(A)?.state === 'applied');
    expect(world.provider.writes).toHaveLength(1);
  });
});

describe('a zone that is only observed', () => {
  it('is planned, not written; mode write releases it', async () => {
    await replica.adapter.takeZones([zoneFact({ mode: 'observe', revision: 2 })]);
    await take(replica, command([wish(A, 1, ['192.0.2.1'])]));
    expect(await world.settled(A, 'observed')).toMatchObject({ wrote: false, reason: { code: 'observed' } });
    expect(await world.row(A)).toMatchObject({ due_at: null });
    expect(world.provider.writes).toEqual([]);
    await replica.adapter.takeZones([zoneFact({ revision: 3 })]);
    expect(await world.settled(A)).toMatchObject({ turn: 2, wrote: true });
  });
});

describe('a connection that leads elsewhere', () => {
  it('makes a zone wait whose records we own, until it leads back', async () => {
    await take(replica, command([wish(A, 1, ['192.0.2.1'])]));
    await world.settled(A);
    await replica.adapter.takeZones([connectionFact({ settings: { server: 's9' }, revision: 2 })]);
    await take(replica, command([wish(A, 2, ['192.0.2.2'])]));
    expect(await world.settled(A, 'waiting')).toMatchObject({ reason: { code: 'target-changed' } });
    expect(world.provider.writes).toHaveLength(1);
    await replica.adapter.takeZones([connectionFact({ revision: 3 })]);
    expect(await world.settled(A)).toMatchObject({ generation: 2 });
  });

  it('goes along, with all that is ours, when a person says that it is the same server', async () => {
    await take(replica, command([wish(A, 1, ['192.0.2.1']), wish(B, 1, ['192.0.2.8'])]));
    await world.settled(B);
    await replica.adapter.takeZones([connectionFact({ settings: { server: 's9' }, revision: 2 })]);
    await take(replica, command([wish(A, 2, ['192.0.2.2'])]));
    await world.settled(A, 'waiting');
    await replica.adapter.takeZones([connectionFact({ settings: { server: 's9' }, sameServer: true, revision: 3 })]);
    expect(await world.settled(A)).toMatchObject({ generation: 2, wrote: true });
    expect(world.provider.values('example.com.', A)).toEqual(['192.0.2.2']);
    await take(replica, command([wish(B, 2, [])]));
    await until(() => world.bus.last(B)?.generation === 2);
    expect(world.provider.values('example.com.', B)).toBeUndefined();
    expect(await world.rows('select l.target from lane l')).toEqual([{ target: 'scripted|s9|example.com.' }]);
    // Said once, it counts once: another address is another question.
    await replica.adapter.takeZones([connectionFact({ settings: { server: 's10' }, revision: 4 })]);
    await take(replica, command([wish(A, 3, ['192.0.2.3'])]));
    expect(await world.settled(A, 'waiting')).toMatchObject({ reason: { code: 'target-changed' } });
  });

  it('waits with that until a call that is out has ended: what it writes is ours at the new address', async () => {
    const door = new Door();
    world.provider.script = async ({ apply }) => { apply(); await door.pass(); };
    await take(replica, command([wish(A, 1, ['192.0.2.1'])]));
    await until(() => door.arrived === 1);
    await replica.adapter.takeZones([connectionFact({ settings: { server: 's9' }, sameServer: true, revision: 2 })]);
    door.unlock();
    await world.settled(A);
    await replica.adapter.takeZones([zoneFact({ revision: 2 })]);
    await take(replica, command([wish(A, 2, ['192.0.2.2'])]));
    await until(() => world.bus.last(A)?.generation === 2 && world.bus.last(A)?.state === 'applied');
    expect(await world.rows('select n.target, n.owned from name n')).toEqual([{ target: 'scripted|s9|example.com.', owned: { A: expect.any(String) } }]);
  });

  it('takes a zone along where nothing is ours yet', async () => {
    await replica.adapter.takeZones([zoneFact({ paused: true, revision: 2 })]);
    await take(replica, command([wish(A, 1, ['192.0.2.1'])]));
    await world.settled(A, 'waiting');
    await replica.adapter.takeZones([connectionFact({ settings: { server: 's9' }, revision: 2 }), zoneFact({ revision: 3 })]);
    await world.settled(A);
    expect(await world.rows('select target from lane l')).toEqual([{ target: 'scripted|s9|example.com.' }]);
  });
});

describe('a removal of a zone', () => {
  it('drops what was not done, without a write; our records stay', async () => {
    await take(replica, command([wish(A, 1, ['192.0.2.1'])]));
    await world.settled(A);
    await replica.adapter.takeZones([zoneFact({ paused: true, revision: 2 })]);
    await take(replica, command([wish(A, 2, []), wish(B, 1, ['192.0.2.1'])]));
    await world.settled(B, 'waiting');
    await replica.adapter.takeZones([zoneFact({ state: 'removed', revision: 3 })]);
    await take(replica, command([wish(B, 2, ['192.0.2.9'])]));
    expect(await world.rows('select 1 from name n where due_at is not null')).toEqual([]);
    expect(world.provider.values('example.com.', A)).toEqual(['192.0.2.1']);
    expect(world.provider.writes).toHaveLength(1);
  });

  it('and a new entry of the same target finds our records ours', async () => {
    await take(replica, command([wish(A, 7, ['192.0.2.1'])]));
    await world.settled(A);
    await replica.adapter.takeZones([zoneFact({ state: 'removed', revision: 2 }), zoneFact({ zoneId: 'z2' })]);
    await take(replica, command([wish(A, 1, ['192.0.2.5'])], { zoneId: 'z2' }));
    await until(() => world.bus.last(A)?.state === 'behind');
    expect(world.bus.last(A)).toMatchObject({ generation: 7 });
    await take(replica, command([wish(A, 8, ['192.0.2.5'])], { zoneId: 'z2' }));
    await until(() => world.bus.last(A)?.generation === 8);
    expect(world.bus.last(A)).toMatchObject({ state: 'applied', wrote: true });
  });

  it('is a tombstone; an absence is not, and an old fact is no news', async () => {
    await replica.adapter.takeZones([zoneFact({ revision: 5 })]);
    await replica.adapter.takeZones([zoneFact({ state: 'removed', revision: 4 }), connectionFact({ removed: true, revision: 1 })]);
    await take(replica, command([wish(A, 1, ['192.0.2.1'])]));
    await world.settled(A);
  });

  it('L12 the same facts again change no row', async () => {
    const rows = async () => [await world.rows('select *, xmin from zone'), await world.rows('select *, xmin from lane l'), await world.rows('select *, xmin from connection'), await world.rows('select *, xmin from limiter')];
    const before = await rows();
    await replica.adapter.takeZones([connectionFact(), zoneFact()]);
    await (await world.replica()).stop();
    expect(await rows()).toEqual(before);
  });
});

describe('a sealed secret', () => {
  const seal = async (secret: string, header: Record<string, string> = {}) => {
    const { publicKey } = await KeyRing.open(world.keyFile);
    const key = await importJWK(publicKey as Parameters<typeof importJWK>[0], 'ECDH-ES');
    return new CompactEncrypt(new TextEncoder().encode(secret)).setProtectedHeader({ alg: 'ECDH-ES', enc: 'A256GCM', kid: String(publicKey['kid']), provider: 'scripted', field: 'key', ...header }).encrypt(key);
  };

  it('L10 is opened in memory only', async () => {
    world.provider.wrongKeys.add('wrong');
    await replica.adapter.takeZones([connectionFact({ sealed: { key: await seal('super-secret-key') }, revision: 2 })]);
    await take(replica, command([wish(A, 1, ['192.0.2.1'])]));
    await world.settled(A);
    const everything = JSON.stringify([await world.rows('select * from connection'), await world.rows('select * from lane l'), await world.rows('select * from name n'), world.bus.results]);
    expect(everything).not.toContain('super-secret-key');
  });

  it('that is not for this field, or for a key that is gone, fails its names with what to do', async () => {
    await replica.adapter.takeZones([connectionFact({ sealed: { key: await seal('s', { field: 'other' }) }, revision: 2 })]);
    await take(replica, command([wish(A, 1, ['192.0.2.1'])]));
    expect(await world.settled(A, 'failed')).toMatchObject({ reason: { code: 'credentials', hint: expect.stringContaining('again') } });
    await replica.adapter.takeZones([connectionFact({ sealed: { key: await seal('right') }, revision: 3 })]);
    await world.settled(A);
  });
});
