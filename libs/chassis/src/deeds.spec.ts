import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Bus } from '@vmdns/bus';
import { NoticeEvent, streams, subjects } from '@vmdns/contracts';
import { Store, type Tx } from '@vmdns/store';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { z } from 'zod';
import { type OwnServers, startServers, until } from '../testing/servers.js';
import { Deeds, type Heal } from './deeds.js';
import { Log } from './log.js';

class CreateLamp1764000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> { for (const statement of ['create table lamp (name text primary key, isOn boolean not null, switched int not null default 0)', ...Deeds.ddl()]) await runner.query(statement); }
  async down(): Promise<void> { throw new Error('forward only'); }
}

/** A lamp that people switch: the deed, and how it is done again. */
async function switchLamp(tx: Tx, name: string, isOn: boolean): Promise<void> {
  await tx.query('insert into lamp as l (name, isOn, switched) values ($1, $2, 1) on conflict (name) do update set isOn = excluded.isOn, switched = l.switched + 1', [name, isOn]);
}
const lampOf = (body: unknown) => body as { readonly name: string; readonly isOn: boolean };
const heal: Heal = async (tx, { body }) => {
  const { name, isOn } = lampOf(body);
  await switchLamp(tx, name, isOn);
  return { outcome: 'it was switched again' };
};

describe('what people decided and PostgreSQL lost', () => {
  let servers: OwnServers;
  let bus: Bus;
  let store: Store;
  let deeds: Deeds;
  beforeAll(async () => {
    servers = await startServers();
    bus = await Bus.connect({ url: servers.nats.url, name: 'deeds' });
    await bus.ensureStreams([streams.DEED, streams.DEADLETTER]);
    store = await Store.open({ url: servers.postgres.url(), schema: 'lamps', applicationName: 'test' }, [CreateLamp1764000000000]);
    await store.whenMigrated(20_000);
    await bus.whenReady(20_000);
    deeds = new Deeds(store, bus, { name: 'planner' }, Log.to({ level: 'silent', base: {} }));
  }, 60_000);
  afterAll(async () => {
    await bus.close();
    await store.close();
    await servers.dispose();
  });
  beforeEach(async () => {
    for (const stream of ['DEED', 'DEADLETTER']) await bus.connection.current?.manager.streams.purge(stream);
    await store.query('delete from deed');
    await store.query('delete from lamp');
  });

  const decide = async (name: string, isOn: boolean, by = 'alice'): Promise<void> => {
    deeds.say(await store.transaction(async (tx) => {
      await switchLamp(tx, name, isOn);
      return deeds.note(tx, { kind: 'switched', key: `lamp:${name}`, what: `the switch of ${name}`, by, body: { name, isOn } });
    }));
    expect(await bus.whenPosted(10_000)).toBe(true);
  };
  /** As a promoted standby has it: without the rows of these lamps, and as another history. */
  const lose = async (...names: readonly string[]): Promise<void> => {
    await store.query('delete from deed where key = any($1::text[])', [names.map((name) => `lamp:${name}`)]);
    await store.query('delete from lamp where name = any($1::text[])', [names]);
    await store.query(`update deed set history = 'before'`);
  };
  const lamps = () => store.query<{ name: string; ison: boolean; switched: number }>('select * from lamp order by name');
  const said = async (): Promise<readonly string[]> => {
    const texts: string[] = [];
    for await (const page of bus.readBack('DEADLETTER', 3_600_000)) texts.push(...page.flatMap(({ subject, body }) => { const notice = NoticeEvent.safeParse(body); return notice.success && subject === subjects.notice.of('planner') ? [`${notice.data.id} ${notice.data.data.code} ${notice.data.data.text}`] : []; }));
    return texts;
  };
  const takeBack = (of: Deeds = deeds) => of.takeBack(2, { switched: heal });

  it('L1 is done again and said once, whoever is first of two replicas; what was not lost is left alone', async () => {
    await decide('hall', true);
    await decide('attic', true);
    await lose('attic');
    await Promise.all([takeBack(), takeBack(new Deeds(store, bus, { name: 'planner' }, Log.to({ level: 'silent', base: {} })))]);
    expect(await lamps()).toEqual([{ name: 'attic', ison: true, switched: 1 }, { name: 'hall', ison: true, switched: 1 }]);
    const [text, ...others] = await said();
    expect(others).toEqual([]);
    expect(text).toMatch(/^lost-[0-9a-f-]+ lost PostgreSQL lost the switch of attic, by alice at \S+Z: it was switched again$/);
    expect(await takeBack()).toBe(0);
  });

  it('of several that were lost the last one counts', async () => {
    await decide('hall', true);
    await decide('hall', false, 'bob');
    await lose('hall');
    expect(await takeBack()).toBe(2);
    expect(await lamps()).toEqual([{ name: 'hall', ison: false, switched: 1 }]);
    expect((await said()).map((text) => text.replace(/^\S+ /, '').replace(/ at \S+:/, ':'))).toEqual(['lost PostgreSQL lost the switch of hall, by bob: it was switched again']);
  });

  it('never takes the place of what was decided since, told or not', async () => {
    await decide('hall', true);
    await decide('attic', true);
    await lose('hall', 'attic');
    await decide('hall', false, 'bob');
    // Its word is still on its way.
    await store.transaction(async (tx) => { await switchLamp(tx, 'attic', false); await deeds.note(tx, { kind: 'switched', key: 'lamp:attic', what: 'the switch of attic', by: 'bob' }); });
    await takeBack();
    expect(await lamps()).toEqual([{ name: 'attic', ison: false, switched: 1 }, { name: 'hall', ison: false, switched: 1 }]);
    expect((await said()).map((text) => text.replace(/^.* at \S+: /, ''))).toEqual(['it was decided anew since, and that counts']);
  });

  it('is not done by halves: what could not be done again is tried again, and nothing was said of it', async () => {
    await decide('hall', true);
    await lose('hall');
    await expect(deeds.takeBack(2, { switched: () => Promise.reject(new Error('not now')) })).rejects.toThrow('not now');
    expect([await lamps(), await said()]).toEqual([[], []]);
    await takeBack();
    expect(await lamps()).toEqual([{ name: 'hall', ison: true, switched: 1 }]);
    await until(async () => (await said()).length === 1, { withinMs: 10_000, what: 'it to be said' });
  });

  it('holds nothing up where it cannot be read: whoever decided it is told', async () => {
    await decide('hall', true);
    await lose('hall');
    expect(await deeds.takeBack(2, { switched: (_, { body }) => Promise.reject(z.object({ watts: z.number() }).safeParse(body).error ?? new Error('it was read')) })).toBe(1);
    expect((await said()).map((text) => text.replace(/^.* at \S+: /, ''))).toEqual(['it cannot be read by this version. Look how it stands, and decide it once more']);
  });

  it('leaves what another service decided to that service', async () => {
    const others = new Deeds(store, bus, { name: 'inventory' }, Log.to({ level: 'silent', base: {} }));
    others.say(await store.transaction((tx) => others.note(tx, { kind: 'switched', key: 'lamp:hall', what: 'the switch of hall', by: 'alice', body: { name: 'hall', isOn: true } })));
    expect(await bus.whenPosted(10_000)).toBe(true);
    await lose('hall');
    expect(await takeBack()).toBe(0);
  });
});
