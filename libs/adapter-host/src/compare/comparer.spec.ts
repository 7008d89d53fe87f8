import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ZoneDrift } from '@vmdns/contracts';
import { ProviderError } from '@vmdns/provider-kit';
import { until } from '@vmdns/test/support';
import { command, connectionFact, type Replica, take, wish, World, zoneFact } from '../spec/support.js';

const ZONE = 'example.com.';
let world: World;
let replica: Replica;
beforeEach(async () => {
  world = await World.make();
  replica = await world.replica();
  await replica.adapter.takeZones([connectionFact(), zoneFact()]);
  world.provider.put(ZONE, { name: ZONE, type: 'SOA', ttl: 60, values: ['ns1. h. 1 1 1 1 1'] });
});
afterEach(() => world.end());

const names = ['a', 'b', 'c', 'd'].map((label) => `${label}.${ZONE}`);
/** Four names of ours are there. */
async function written(): Promise<void> {
  await take(replica, command(names.map((name, at) => wish(name, 1, [`192.0.2.${at + 1}`]))));
  for (const name of names) await world.settled(name);
}
async function compared(trust = false): Promise<ZoneDrift> {
  const before = (await replica.adapter.desk.drift({ zoneId: 'z1', limit: 1 })).beganAt;
  const asked = await replica.adapter.desk.reconcile('z1', trust);
  return until(async () => {
    const drift = await replica.adapter.desk.drift({ zoneId: 'z1', limit: 100 });
    const isDone = drift.state === 'failed' || (drift.state === 'compared' && drift.beganAt !== before);
    return isDone && drift.askedAt === asked.askedAt ? drift : undefined;
  }, { what: 'the comparison' });
}
const writes = (): number => world.provider.writes.length;

describe('reconciling', () => {
  it('L12 a zone that is as wanted gets no write, and none the second time', async () => {
    await written();
    const before = [writes(), world.provider.serial.get(ZONE)];
    for (let i = 0; i < 2; i += 1) expect(await compared()).toMatchObject({ state: 'compared', counts: { equal: 4, differs: 0, missing: 0, foreign: 1, repaired: 0 } });
    expect([writes(), world.provider.serial.get(ZONE)]).toEqual(before);
  });

  it('puts right what is ours and was changed or removed, and leaves what others made', async () => {
    await written();
    const zone = world.provider.zone(ZONE);
    world.provider.put(ZONE, { name: names[0] ?? '', type: 'A', ttl: 300, values: ['203.0.113.9'] });
    zone.delete(`${names[1]} A`);
    world.provider.put(ZONE, { name: `hand.${ZONE}`, type: 'A', ttl: 60, values: ['203.0.113.1'] });
    const drift = await compared();
    expect(drift.counts).toMatchObject({ equal: 2, differs: 1, missing: 1, foreign: 2, repaired: 2 });
    expect(drift.items.find((entry) => entry.kind === 'differs')).toMatchObject({ name: names[0], ours: true, wanted: { values: ['192.0.2.1'] }, held: { values: ['203.0.113.9'] } });
    await until(() => world.provider.values(ZONE, names[0] ?? '')?.[0] === '192.0.2.1' && world.provider.values(ZONE, names[1] ?? '')?.[0] === '192.0.2.2', { what: 'both to be right again' });
    expect(world.provider.values(ZONE, `hand.${ZONE}`)).toEqual(['203.0.113.1']);
    // At the provider before its outcome is stored: not counted in between.
    await until(async () => { const { counts } = await compared(); return counts?.equal === 4 && counts.differs === 0 && counts.missing === 0; }, { withinMs: 30_000, what: 'all to be equal' });
    expect(world.bus.notices.some((notice) => notice.text.includes('it is being put right'))).toBe(true);
  });

  it('lists what is ours and wanted no more, and removes nothing', async () => {
    await written();
    await replica.adapter.takeZones([zoneFact({ state: 'removed', revision: 2 }), zoneFact({ zoneId: 'z2', revision: 1 })]);
    const asked = await replica.adapter.desk.reconcile('z2', false);
    const drift = await until(async () => { const one = await replica.adapter.desk.drift({ zoneId: 'z2', limit: 100 }); return one.state === 'compared' && one.askedAt === asked.askedAt ? one : undefined; }, { what: 'the comparison' });
    expect(drift.counts).toMatchObject({ equal: 0, orphans: 4, foreign: 1 });
    expect(drift.items.filter((entry) => entry.kind === 'orphan').map((entry) => entry.name)).toEqual(names);
    expect(world.provider.zone(ZONE).size).toBe(5);
  });

  it('in mode observe only tells', async () => {
    await written();
    await replica.adapter.takeZones([zoneFact({ mode: 'observe', revision: 2 })]);
    world.provider.zone(ZONE).delete(`${names[1]} A`);
    const before = writes();
    expect(await compared()).toMatchObject({ mode: 'observe', counts: { missing: 1, repaired: 0 } });
    expect(writes()).toBe(before);
  });

  it.each([
    ['credentials', new ProviderError('credentials', 'reading the zone')],
    ['zone-missing', new ProviderError('missing-zone', 'reading the zone')],
    ['provider-unreachable', new ProviderError('retry', 'reading the zone')],
  ] as const)('L2 a listing that fails (%s) is a fault and changes nothing', async (code, error) => {
    await written();
    const before = writes();
    world.provider.down = () => error;
    expect(await compared()).toMatchObject({ state: 'failed', fault: { code } });
    world.provider.down = () => undefined;
    expect(writes()).toBe(before);
    expect(await compared()).toMatchObject({ state: 'compared', counts: { equal: 4 } });
  });

  it('L2 an empty listing, and one that lacks most of ours, change nothing; a person may say that it is right', async () => {
    await written();
    const before = writes();
    const there = new Map(world.provider.zone(ZONE));
    world.provider.zone(ZONE).clear();
    expect(await compared(true)).toMatchObject({ state: 'failed', fault: { code: 'zone-missing' } });
    for (const [key, rrset] of there) if (rrset.type === 'SOA') world.provider.zone(ZONE).set(key, rrset);
    expect(await compared()).toMatchObject({ state: 'failed', fault: { code: 'unconfirmed' }, counts: { missing: 4, repaired: 0 } });
    expect(writes()).toBe(before);
    expect(await compared(true)).toMatchObject({ state: 'compared', counts: { missing: 4, repaired: 4 } });
    await until(() => names.every((name) => world.provider.values(ZONE, name) !== undefined), { what: 'all four to be back' });
  });

  it('L2 a listing that lacks most of ours is believed when it is seen again some minutes later', async () => {
    await written();
    for (const name of names) world.provider.zone(ZONE).delete(`${name} A`);
    expect((await compared()).state).toBe('failed');
    await world.database.query(`update adapter_scripted.comparison set suspect_at = clock_timestamp() - interval '6 minutes'`);
    expect(await compared()).toMatchObject({ state: 'compared', counts: { repaired: 4 } });
  });
});

describe('the pace of comparing', () => {
  const nextAt = async (): Promise<number | null> => {
    const [row] = await world.database.query<{ seconds: number | null }>(`select extract(epoch from next_at - clock_timestamp())::float8 as seconds from adapter_scripted.comparison`);
    return row?.seconds ?? null;
  };

  it('begins soon after a zone came, goes on daily, follows the zone, and stops when told', async () => {
    expect(await nextAt()).toBeLessThan(90);
    await compared();
    expect(await nextAt()).toBeGreaterThan(70_000);
    await replica.adapter.takeZones([zoneFact({ revision: 2, reconcileEverySeconds: 3600 })]);
    expect(await nextAt()).toBeLessThan(4000);
    await replica.adapter.takeZones([zoneFact({ revision: 3, reconcileEverySeconds: 0 })]);
    expect(await nextAt()).toBeNull();
    expect((await compared()).state).toBe('compared');
    expect(await nextAt()).toBeNull();
  });
});

describe('adopting what is there', () => {
  async function foreign(mode: 'write' | 'observe'): Promise<void> {
    await replica.adapter.takeZones([zoneFact({ mode, revision: 2 })]);
    world.provider.put(ZONE, { name: names[0] ?? '', type: 'A', ttl: 300, values: ['192.0.2.1'] });
    world.provider.put(ZONE, { name: names[1] ?? '', type: 'A', ttl: 60, values: ['203.0.113.2'] });
    world.provider.put(ZONE, { name: names[2] ?? '', type: 'A', ttl: 60, values: ['203.0.113.3'] });
    world.provider.put(ZONE, { name: names[1] ?? '', type: 'MX', ttl: 60, values: ['10 mail.'] });
    await take(replica, command(names.slice(0, 3).map((name, at) => wish(name, 1, [`192.0.2.${at + 1}`]))));
    await world.settled(names[1] ?? '', mode === 'write' ? 'refused' : 'observed').catch(async () => world.settled(names[1] ?? '', 'refused'));
  }
  const owned = async (name: string | undefined): Promise<unknown> => (await world.row(name ?? ''))?.['owned'];

  it('a dry run says what is equal, different and foreign, and changes nothing', async () => {
    await foreign('write');
    const before = writes();
    expect(await replica.adapter.desk.adopt('z1', 'none', true)).toMatchObject({ dryRun: true, equal: 1, different: 0, left: 2, foreign: 2 });
    expect(await replica.adapter.desk.adopt('z1', 'all', true)).toMatchObject({ equal: 1, different: 2, left: 0 });
    expect([writes(), await owned(names[0])]).toEqual([before, {}]);
  });

  it('takes the equal over without a write, the different where asked, and leaves the rest', async () => {
    await foreign('write');
    const before = writes();
    await replica.adapter.desk.adopt('z1', 'none', false);
    await until(async () => Object.keys(await owned(names[0]) as object).length === 1, { what: 'the equal one to be ours' });
    expect([writes(), world.provider.values(ZONE, names[1] ?? '')]).toEqual([before, ['203.0.113.2']]);
    await replica.adapter.desk.adopt('z1', [names[1] ?? ''], false);
    await until(() => world.provider.values(ZONE, names[1] ?? '')?.[0] === '192.0.2.2', { what: 'the adopted one to be as wanted' });
    expect(world.provider.values(ZONE, names[2] ?? '')).toEqual(['203.0.113.3']);
    expect(world.provider.values(ZONE, names[1] ?? '', 'MX')).toEqual(['10 mail.']);
    await expect(replica.adapter.desk.adopt('z1', [`nothing.${ZONE}`], false)).rejects.toMatchObject({ problem: { status: 409 } });
  });

  it('in mode observe writes nothing; mode write then makes what was adopted as wanted', async () => {
    await foreign('observe');
    await replica.adapter.desk.adopt('z1', 'all', false);
    await until(async () => Object.keys(await owned(names[2]) as object).length === 1, { what: 'the different ones to be ours' });
    expect(writes()).toBe(0);
    await replica.adapter.takeZones([zoneFact({ revision: 3 })]);
    await until(() => names.slice(0, 3).every((name, at) => world.provider.values(ZONE, name)?.[0] === `192.0.2.${at + 1}`), { what: 'all as wanted' });
  });

  it('a zone that is handed back is nobody\'s: records stay, and are foreign', async () => {
    await written();
    await expect(replica.adapter.desk.release('z1', 1)).rejects.toMatchObject({ problem: { status: 409 } });
    await replica.adapter.takeZones([zoneFact({ mode: 'observe', revision: 2 })]);
    await until(() => replica.adapter.desk.release('z1', 2).then((done) => done.released === 4, () => false), { what: 'the release' });
    expect(await compared()).toMatchObject({ counts: { equal: 4, adoptable: 4 } });
    await replica.adapter.takeZones([zoneFact({ revision: 3 })]);
    await take(replica, command([wish(names[0] ?? '', 2, ['192.0.2.99'])]));
    expect((await world.settled(names[0] ?? '', 'refused')).reason?.code).toBe('foreign-record');
  });
});

describe('a released name', () => {
  it('is answered at once, left alone, and ours again when it is given back', async () => {
    await written();
    const [name = ''] = names;
    await take(replica, command([wish(name, 2, ['192.0.2.50'], { released: true })]));
    expect((await world.settled(name, 'refused')).reason?.code).toBe('released');
    expect([world.provider.values(ZONE, name), (await world.row(name))?.['owned']]).toEqual([['192.0.2.1'], {}]);
    await take(replica, command([wish(name, 3, ['192.0.2.51'], { released: true })]));
    await until(() => world.bus.last(name)?.generation === 3, { what: 'the next answer' });
    expect(world.provider.values(ZONE, name)).toEqual(['192.0.2.1']);
    expect((await compared()).counts).toMatchObject({ equal: 3, foreign: 2 });
    await take(replica, command([wish(name, 4, ['192.0.2.52'], { adopt: true })]));
    await until(() => world.provider.values(ZONE, name)?.[0] === '192.0.2.52', { what: 'it to be written again' });
    expect((await world.settled(name)).generation).toBe(4);
  });
});

