import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Bus, cloudEvent } from '@vmdns/bus';
import { type LogEntry, streams, subjects, ToldEntries } from '@vmdns/contracts';
import { freshDatabase, type NatsServer, startNats, type TestDatabase, until } from '@vmdns/test/support';
import { nameResult, Replica, resultOf, Speaker } from '../testing/replica.js';
import { EntryPartitions } from './results/entry-partitions.js';
import { entriesOfResult } from './results/entry.js';

const ago = (seconds: number): string => new Date(Date.now() - seconds * 1000).toISOString();
const DAY = 86_400;

describe('the log on real servers', () => {
  let nats: NatsServer;
  let database: TestDatabase;
  let postgres: string;
  let bus: Bus;
  let speaker: Speaker;
  let replica: Replica;
  let heard: LogEntry[];

  beforeAll(async () => { nats = await startNats(); });
  afterAll(() => nats.stop());
  beforeEach(async () => {
    database = await freshDatabase();
    postgres = await database.urlFor('log');
    bus = await Bus.connect({ url: nats.url, name: 'watcher' });
    await bus.ensureStreams(Object.values(streams));
    await bus.whenReady(10_000);
    for (const stream of ['RESULT', 'DEADLETTER'] as const) await bus.connection.current?.manager.streams.purge(stream);
    speaker = new Speaker(bus);
    heard = [];
    bus.subscribe(subjects.logEntry, (body) => heard.push(...ToldEntries.parse(body)));
    replica = await Replica.start({ nats: nats.url, postgres });
  });
  afterEach(async () => {
    await replica.close();
    await bus.close();
    await database.drop();
  });

  const stored = async (): Promise<number> => (await database.query<{ n: number }>('select count(*)::int as n from log.entry'))[0]?.n ?? 0;
  const settled = () => until(async () => {
    const infos = await Promise.all([['RESULT', 'log'], ['DEADLETTER', 'log-dead-letter'], ['DEADLETTER', 'log-notice']].map(([stream = '', durable = '']) => bus.connection.current?.manager.consumers.info(stream, durable)));
    return infos.every((info) => info?.num_pending === 0 && info.num_ack_pending === 0);
  });

  it('stores every outcome once, however often it is delivered, and says it once to those who follow', async () => {
    const first = resultOf([nameResult({ name: 'a.example.com.', at: ago(3) }), nameResult({ name: 'b.example.com.', at: ago(3) })]);
    await speaker.say(first);
    await speaker.say(first);
    await speaker.say({ ...first, again: true });
    await speaker.say(resultOf([nameResult({ name: 'a.example.com.', turn: 2, at: ago(1) })]));
    await until(async () => (await stored()) === 3 && heard.length === 3);
    await settled();
    expect(await stored()).toBe(3);
    expect(heard.map((entry) => [entry.name, entry.turn]).sort()).toEqual([['a.example.com.', 1], ['a.example.com.', 2], ['b.example.com.', 1]]);
    expect((await speaker.search({})).items.map((entry) => entry.id).sort()).toEqual(heard.map((entry) => entry.id).sort());
  });

  it('stores every outcome once also when two replicas take it at the same time', async () => {
    const second = await Replica.start({ nats: nats.url, postgres });
    const entries = () => entriesOfResult(resultOf(Array.from({ length: 300 }, (_, n) => nameResult({ name: `n${n}.example.com.`, at: '2026-01-01T00:00:00.000Z' }))), undefined)
      .map((of) => ({ ...of, entry: { ...of.entry, at: today } }));
    const today = ago(60);
    const fresh = await Promise.all([replica, second, replica, second].map((of) => of.recorder.record(entries())));
    await second.close();
    expect(fresh.flat()).toHaveLength(300);
    expect(await stored()).toBe(300);
  });

  it('tells thousands of large outcomes to those who follow, whatever fits into a message', async () => {
    const values = Array.from({ length: 1000 }, (_, n) => `2001:db8:ffff:ffff:ffff:ffff:ffff:${n.toString(16)}`);
    await replica.recorder.record(entriesOfResult(resultOf(Array.from({ length: 250 }, (_, n) => nameResult({ name: `n${n}.example.com.`, at: ago(5), rrsets: n % 10 === 0 ? [{ type: 'AAAA', ttl: 300, values }] : [] }))), undefined));
    await until(() => heard.length === 250);
    expect(heard.map((entry) => entry.name)).toEqual(Array.from({ length: 250 }, (_, n) => `n${n}.example.com.`));
  });

  it('keeps the outcome although a “behind” with the same turn came first', async () => {
    const at = ago(1);
    await speaker.say(resultOf([nameResult({ name: 'a.example.com.', state: 'behind', at })]));
    await until(async () => (await stored()) === 1);
    await speaker.say(resultOf([nameResult({ name: 'a.example.com.', at })]));
    await until(async () => (await stored()) === 2);
    expect((await speaker.search({ name: 'a.example.com.' })).items.map((entry) => entry.status).sort()).toEqual(['applied', 'behind']);
  });

  it('shows dead letters and notices, found by the VM they speak of, even with what Postgres cannot store', async () => {
    const dead = { service: 'inventory', subject: 'vmdns.ingest.vm', reason: 'addresses[0].ip: bad\u0000', payload: JSON.stringify({ data: { vmId: 'vm-7', odd: '\ud800' } }), headers: {}, at: ago(2) };
    const letter = cloudEvent('vmdns.message.dead.v1', 'test', dead, { id: 'inventory:INGEST:1' });
    await bus.publish(subjects.deadLetter.of('inventory'), letter, { msgId: 'one' });
    await bus.publish(subjects.deadLetter.of('inventory'), letter, { msgId: 'two' });
    await bus.publish(subjects.notice.of('inventory'), cloudEvent('vmdns.fact.ignored.v1', 'test', { service: 'inventory', vmId: 'vm-7', code: 'stale', text: 'version 1 is older than 2', source: 'p', at: ago(1) }));
    await until(async () => (await stored()) === 2);
    await settled();
    expect((await speaker.search({ vmId: 'vm-7' })).items).toMatchObject([
      { kind: 'notice', status: 'ignored', vms: ['vm-7'], text: expect.stringMatching(/VM vm-7 from p was not acted on \(stale\)/) },
      { kind: 'dead-letter', status: 'dead', vms: ['vm-7'], text: expect.stringMatching(/put aside: addresses\[0\]\.ip: bad/) },
    ]);
    expect((await speaker.search({ status: 'dead' })).items).toHaveLength(1);
  });

  it('shows what an adapter noticed in a zone, found by its zone, provider, name and VM', async () => {
    const text = 'vm1.example.com. A was changed to 203.0.113.9 (TTL 60) by somebody else; vmdns owns it and puts 192.0.2.1 (TTL 300)';
    const notice = { service: 'adapter-powerdns', code: 'drift', text, at: ago(1), zone: 'example.com.', zoneId: 'z1', provider: 'powerdns', name: 'vm1.example.com.', vms: ['vm-1', 'vm-2'] };
    await bus.publish(subjects.notice.of('adapter-powerdns'), cloudEvent('vmdns.fact.ignored.v1', 'test', notice));
    await until(async () => (await stored()) === 1);
    for (const ask of [{ zone: 'example.com' }, { zone: 'z1', status: 'noticed' }, { provider: 'powerdns' }, { name: 'vm1.example.com' }, { vmId: 'vm-2' }]) {
      expect((await speaker.search(ask)).items).toMatchObject([{ kind: 'notice', status: 'noticed', zone: 'example.com.', zoneId: 'z1', name: 'vm1.example.com.', vms: ['vm-1', 'vm-2'], text: `In the zone example.com. at powerdns: ${text}.` }]);
    }
  });

  it('finds by zone, provider, VM, name, status and time, newest first', async () => {
    await speaker.say(resultOf([nameResult({ name: 'a.example.com.', vms: ['vm-1'], at: ago(5) }), nameResult({ name: 'b.example.com.', vms: ['vm-1', 'vm-2'], state: 'failed', at: ago(4) })]));
    await speaker.say(resultOf([nameResult({ name: '1.2.0.192.in-addr.arpa.', vms: ['vm-2'], at: ago(3) })], { zoneId: 'z2', apex: '2.0.192.in-addr.arpa.', provider: 'cloudflare', target: 't2' }));
    await speaker.say(resultOf([nameResult({ name: 'a.example.com.', vms: [], rrsets: [], turn: 2, at: ago(2 * DAY) })]));
    await until(async () => (await stored()) === 4);
    const found = async (ask: object) => (await speaker.search(ask)).items.map((entry) => `${entry.name} ${entry.status} ${entry.turn}`);
    const [a, b, c, old] = ['a.example.com. applied 1', 'b.example.com. failed 1', '1.2.0.192.in-addr.arpa. applied 1', 'a.example.com. applied 2'];
    expect(await found({})).toEqual([c, b, a, old]);
    expect(await found({ zone: 'Example.com' })).toEqual([b, a, old]);
    expect(await found({ zone: 'z2' })).toEqual([c]);
    expect(await found({ provider: 'cloudflare' })).toEqual([c]);
    expect(await found({ vmId: 'vm-1' })).toEqual([b, a]);
    expect(await found({ vmId: 'vm-2', status: 'applied' })).toEqual([c]);
    expect(await found({ name: 'A.example.com' })).toEqual([a, old]);
    expect(await found({ status: 'failed' })).toEqual([b]);
    expect(await found({ since: ago(DAY) })).toEqual([c, b, a]);
    expect(await found({ vmId: 'vm-9' })).toEqual([]);
  });

  it.each([['everything', {}], ['one name', { name: 'n.example.com.' }]])('pages through %s without a gap or a repeat', async (_, ask) => {
    const at = ago(90);
    const names = Array.from({ length: 25 }, (_value, n) => nameResult({ name: 'n.example.com.', turn: n, at: n < 10 ? at : ago(n * 600) }));
    await speaker.say(resultOf(names));
    await until(async () => (await stored()) === 25);
    const turns: (number | undefined)[] = [];
    let cursor: string | undefined;
    do {
      const page = await speaker.search({ ...ask, limit: 4, ...(cursor === undefined ? {} : { cursor }) });
      turns.push(...page.items.map((entry) => entry.turn));
      cursor = page.next;
    } while (cursor !== undefined);
    expect([...turns].sort((x, y) => (x ?? 0) - (y ?? 0))).toEqual(names.map((of) => of.turn));
    expect(turns.slice(10)).toEqual(Array.from({ length: 15 }, (_value, n) => n + 10));
    expect(await speaker.refusal({ cursor: 'x' })).toMatchObject({ status: 400, faults: [{ path: 'cursor' }] });
  });

  it('keeps days for as long as the retention says, and drops whole days after it', async () => {
    await speaker.say(resultOf([
      nameResult({ name: 'fresh.example.com.', at: ago(1) }),
      nameResult({ name: 'old.example.com.', at: ago(20 * DAY) }),
      nameResult({ name: 'ancient.example.com.', at: ago(40 * DAY) }),
      nameResult({ name: 'impossible.example.com.', at: ago(-400 * DAY) }),
    ]));
    await until(async () => (await stored()) === 3);
    await settled();
    expect((await speaker.search({ name: 'ancient.example.com.' })).items).toEqual([]);
    await replica.close();
    replica = await Replica.start({ nats: nats.url, postgres, retentionDays: 10 });
    await until(async () => (await stored()) === 2);
    expect((await database.query('select from pg_inherits where inhparent = \'log.entry\'::regclass'))).toHaveLength(2);
    expect(await replica.service.app.get(EntryPartitions).dropOld()).toEqual([]);
  });

  it('moves a day out of the default partition when its time has come', async () => {
    await database.query(`insert into log.entry_default select gen_random_uuid(), now(), 'notice', 'ignored', '', 'x', 0, 0, 0, null, null, null, '{}', '{}'`);
    await speaker.say(resultOf([nameResult({ name: 'a.example.com.', at: new Date().toISOString() })]));
    await until(async () => (await stored()) === 2);
    expect(await database.query('select from log.entry_default')).toEqual([]);
  });
});
