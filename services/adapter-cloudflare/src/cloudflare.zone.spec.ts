import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { formSchemaOf, runTurn, type RateNews, type ReadRrset } from '@vmdns/provider-kit';
import { rr, statesOf, Story } from '@vmdns/provider-kit/testing';
import { plantRrset, TOKEN } from '../fake/cloudflare-harness.js';
import { FakeCloudflare, type FakeTrouble } from '../fake/fake-cloudflare.js';
import type { FakeZone } from '../fake/fake-zone.js';
import { cloudflare, cloudflareProvider } from './cloudflare.provider.js';
import { CloudflareConnection, CloudflareZoneSettings } from './cloudflare.settings.js';

const APEX = 'example.com.';
const never = new AbortController().signal;
const name = (label: string): string => `${label}.${APEX}`;
const a = (label: string, ip = '192.0.2.1', ttl = 300) => rr(name(label), 'A', ttl, ip);
const many = (count: number, ip: (at: number) => string = (at) => `10.0.${at >> 8}.${at & 255}`, prefix = 'vm'): Record<string, ReturnType<typeof a>[]> =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [name(`${prefix}${at}`), [a(`${prefix}${at}`, ip(at))]]));

describe('one zone at Cloudflare', () => {
  let fake: FakeCloudflare;
  let zone: FakeZone;
  let connection: CloudflareConnection;
  let clock = 0;
  beforeEach(async () => {
    clock = 0;
    fake = await FakeCloudflare.start({ policies: [{ kind: 'window', name: 'default', calls: 100_000, seconds: 300 }] });
    fake.addToken(TOKEN);
    zone = fake.addZone(APEX);
    connection = CloudflareConnection.parse({ url: fake.url, apiToken: TOKEN });
  });
  afterEach(() => fake.stop());

  /** One replica: its own process, its own cache. */
  const replica = (deadlineMs = 3_000) => cloudflareProvider({ deadlineMs, trust: { forMs: 10_000, atMostMs: 300_000, now: () => clock } });
  const settings = (given: Record<string, unknown> = {}) => CloudflareZoneSettings.parse(given);
  const storyOf = (given: Record<string, unknown> = {}, definition = replica()) => new Story(definition, APEX, { connection, settings: settings(given) });
  const records = (label: string): readonly string[] => [...zone.records.values()].filter((record) => record.name === `${label}.example.com`).map((record) => `${record.type} ${record.content} ${record.ttl}${record.proxied ? ' proxied' : ''} ${record.comment ?? ''}`).sort();
  const calls = (): readonly string[] => fake.calls.map((call) => `${call.method} ${call.path.replace('/client/v4', '').replace(zone.id, 'ID').replace(/\?.*/, '')}`);
  const forget = (): void => { fake.calls.length = 0; };

  describe('calls', () => {
    it('a steady stream of changes costs one call for each turn, a look at the zone every ten seconds beside', async () => {
      const story = storyOf();
      for (let at = 0; at < 40; at += 1) {
        clock += 500;
        expect(statesOf(await story.want({ [name(`vm${at % 7}`)]: [a(`vm${at % 7}`, `192.0.2.${at}`)] }))).toEqual(['applied']);
      }
      expect(calls().filter((call) => call.startsWith('POST'))).toHaveLength(40);
      // The zone's id once, and the zone whole at the beginning and once more.
      expect(calls().filter((call) => call.startsWith('GET'))).toEqual(['GET /zones', 'GET /zones/ID/dns_records', 'GET /zones/ID/dns_records']);
    });

    it('30 times 200 changes on a free plan are 30 batches, the zone read once', async () => {
      const story = storyOf();
      await story.want({ [name('warm')]: [a('warm')] });
      forget();
      expect(new Set(statesOf(await story.want(many(3_000))))).toEqual(new Set(['applied']));
      expect(new Set(statesOf(await story.want(many(3_000, (at) => `10.1.${at >> 8}.${at & 255}`))))).toEqual(new Set(['applied']));
      expect(new Set(calls())).toEqual(new Set(['POST /zones/ID/dns_records/batch']));
      expect(fake.calls).toHaveLength(30);
    });

    it.each([['pro', 'auto', 1], ['free', 'auto', 3], ['untold', 'auto', 3], ['free', 'paid', 3], ['pro', 'free', 3]] as const)('plan %s at Cloudflare, %s in the connection: %i batches for 500 records', async (plan, said, batches) => {
      zone.plan = plan;
      const story = new Story(replica(), APEX, { connection: { ...connection, plan: said }, settings: settings() });
      const outcome = await story.want(many(500));
      const posts = fake.calls.filter((call) => call.method === 'POST' && call.status === 200);
      // More than Cloudflare takes is split until it fits: it is slower, not wrong.
      expect([new Set(statesOf(outcome)), posts.length]).toEqual([new Set(['applied']), said === 'paid' ? 4 : batches]);
    });

    it('a change of many values counts as many records of a batch', async () => {
      const wishes = Object.fromEntries(Array.from({ length: 30 }, (_, at) => [name(`vm${at}`), [rr(name(`vm${at}`), 'A', 300, ...Array.from({ length: 20 }, (__, n) => `10.0.${at}.${n}`))]]));
      expect(new Set(statesOf(await storyOf().want(wishes)))).toEqual(new Set(['applied']));
      expect(zone.records.size).toBe(600);
      expect(calls().filter((call) => call.startsWith('POST'))).toHaveLength(3);
    });

    it('each call takes its place in the budget before it is made, and what Cloudflare says of its limits is passed on', async () => {
      const seen: string[] = [];
      const news: RateNews[] = [];
      const budget = { take: () => { seen.push(`take after ${fake.calls.length}`); return Promise.resolve(); }, heard: (one: RateNews) => { news.push(one); } };
      const port = replica().open(connection, APEX, settings(), budget);
      await port.readZone(() => undefined, never);
      await port.write([{ kind: 'put', rrset: a('vm1') }], new Map(), never);
      expect(seen).toEqual(['take after 0', 'take after 1', 'take after 2']);
      expect(news.at(-1)).toEqual({ callsPerSecond: 100_000 / 300, left: { calls: 99_997, forMs: 300_000 } });
    });
  });

  describe('the cache is only a matter of calls', () => {
    it('L4: what another hand did is seen within ten seconds: a record of theirs is refused, not joined', async () => {
      const story = storyOf();
      await story.want({ [name('vm1')]: [a('vm1')] });
      plantRrset(zone, a('www', '198.51.100.1'));
      clock += 10_001;
      expect(statesOf(await story.want({ [name('www')]: [a('www')] }))).toEqual(['refused foreign-record']);
      expect(records('www')).toEqual(['A 198.51.100.1 300 by hand']);
    });

    it('L4: two replicas in turns read what the other did', async () => {
      const [one, two] = [replica(), replica()];
      const story = storyOf({}, one);
      const other = new Story(two, APEX, { connection, settings: settings() });
      await other.want({ [name('other')]: [a('other')] });
      await story.want({ [name('vm1')]: [a('vm1')] });
      // The same ledger, another process: as after a restart or a failover.
      const moved = story.goOnWith(two);
      expect(statesOf(await moved.want({ [name('vm1')]: [a('vm1', '192.0.2.2')] }))).toEqual(['applied']);
      expect(statesOf(await moved.goOnWith(one).want({ [name('vm1')]: [a('vm1', '192.0.2.3')] }))).toEqual(['applied']);
      expect(records('vm1')).toEqual(['A 192.0.2.3 300 vmdns']);
    });

    it.each([
      ['81044: the record that is changed is gone', () => zone.uproot((record) => record.name === 'vm1.example.com')],
      ['81058: the record that is made is there', () => plantRrset(zone, a('vm2'))],
    ])('%s: read again, then decided', async (_what, meanwhile) => {
      const story = storyOf();
      await story.want({ [name('vm1')]: [a('vm1')] });
      fake.beforeBatch = meanwhile;
      const outcome = await story.want({ [name('vm1')]: [a('vm1', '192.0.2.9')], [name('vm2')]: [a('vm2')], [name('vm3')]: [a('vm3')] });
      expect(statesOf(outcome)).toEqual(['applied', 'applied', 'applied']);
      expect([records('vm1'), records('vm2').length, records('vm3')]).toEqual([['A 192.0.2.9 300 vmdns'], 1, ['A 192.0.2.1 300 vmdns']]);
      expect((await story.want({ [name('vm1')]: [a('vm1', '192.0.2.9')] })).calls.writes).toBe(0);
    });

    it('81044 at a removal is a success', async () => {
      const story = storyOf();
      await story.want({ [name('vm1')]: [a('vm1')], [name('vm2')]: [a('vm2')] });
      zone.uproot((record) => record.name === 'vm1.example.com');
      expect(statesOf(await story.want({ [name('vm1')]: [], [name('vm2')]: [] }))).toEqual(['applied', 'applied']);
      expect(zone.records.size).toBe(0);
    });

    it('a record that somebody gave another name gets ours back', async () => {
      const story = storyOf();
      await story.want({ [name('vm1')]: [a('vm1')] });
      const [record] = [...zone.records.values()];
      if (record !== undefined) zone.records.set(record.id, { ...record, name: 'elsewhere.example.com' });
      expect(statesOf(await story.want({ [name('vm1')]: [a('vm1', '192.0.2.2')] }))).toEqual(['applied']);
      expect([records('vm1'), records('elsewhere')]).toEqual([['A 192.0.2.2 300 vmdns'], []]);
    });

    it('L2: a zone that changes while its pages are read is read again, never taken in part', async () => {
      for (let at = 0; at < 5_100; at += 1) zone.plant({ name: `n${String(at).padStart(5, '0')}.example.com`, type: 'A', content: '192.0.2.1', ttl: 300 });
      const port = replica().open(connection, APEX, settings());
      fake.afterPage = (page) => { if (page === 1) zone.uproot((record) => record.name === 'n00000.example.com'); };
      let held = 0;
      await port.readZone((piece) => { held += piece.length; }, never);
      expect(held).toBe(5_099);
    });

    it('a comparison that reads the zone while a lane writes it neither spoils what the lane knows nor looks like another writer', async () => {
      const definition = replica();
      const story = storyOf({}, definition);
      await story.want(many(30));
      fake.latencyMs = 60;
      const comparing = definition.open(connection, APEX, settings()).readZone(() => undefined, never);
      const outcome = await story.want(many(250, () => '192.0.2.9'));
      await comparing;
      expect([outcome.reports, new Set(statesOf(outcome))]).toEqual([[], new Set(['applied'])]);
      forget();
      expect((await story.want({ [name('vm3')]: [a('vm3', '192.0.2.10')] })).reports).toEqual([]);
      expect(fake.calls.map((call) => call.method)).toEqual(['POST']);
    });

    it('of a zone of more than a page, ten seconds later the number of records is asked, not all of them', async () => {
      for (let at = 0; at < 5_100; at += 1) zone.plant({ name: `n${at}.example.com`, type: 'A', content: '192.0.2.1', ttl: 300 });
      const story = storyOf();
      await story.want(many(20));
      forget();
      clock += 20_000;
      await story.want(many(20, () => '192.0.2.7'));
      expect(fake.calls.map((call) => `${call.method} ${/per_page=\d+/.exec(call.path)?.[0] ?? ''}`)).toEqual(['GET per_page=5', 'POST ']);
      clock += 20_000;
      plantRrset(zone, a('vm3', '198.51.100.1'));
      forget();
      await story.want(many(20, () => '192.0.2.8'));
      expect(fake.calls.filter((call) => call.method === 'GET').length).toBeGreaterThan(1);
    });
  });

  describe('trouble', () => {
    it.each([['silence'], ['half-answer'], ['edge-error']] as const)('L4: %s after the change was applied: in doubt, and known as ours when read', async (trouble: FakeTrouble) => {
      const story = storyOf({}, replica(400));
      fake.troubles.writes.push(trouble);
      const outcome = await story.want(many(12));
      expect(outcome.names.every((one) => one.inDoubt && one.state === 'unconfirmed')).toBe(true);
      expect(new Set(statesOf(await story.want(many(12, () => '192.0.2.99'))))).toEqual(new Set(['applied']));
      expect([...zone.records.values()].map((record) => record.content)).toEqual(Array.from({ length: 12 }, () => '192.0.2.99'));
    });

    it.each([['internal-error'], ['unavailable'], ['conflict'], ['request-timeout']] as const)('%s: not applied, tried once more, without the SDK trying by itself', async (trouble) => {
      fake.troubles.writes.push(trouble);
      expect(statesOf(await storyOf().want({ [name('vm1')]: [a('vm1')] }))).toEqual(['applied']);
      expect(fake.calls.filter((call) => call.method === 'POST').map((call) => call.status)).toEqual([{ 'internal-error': 500, unavailable: 503, conflict: 409, 'request-timeout': 408 }[trouble], 200]);
    });

    it('a page of HTML with status 200 is nothing that was done', async () => {
      const story = storyOf();
      fake.troubles.writes.push('html');
      expect((await story.want({ [name('vm1')]: [a('vm1')] })).failure).toMatchObject({ kind: 'retry', detail: { inDoubt: true } });
      expect(statesOf(await story.want({ [name('vm1')]: [a('vm1')] }))).toEqual(['applied']);
    });

    it.each([[1, false, 2 * 9], [5, false, 2 * 9], [1, true, 2], [5, true, 2]])('L7: %i bad records among 500 in one batch stand alone after O(log n) calls each (errors point at them: %s)', async (bad, pointsAtErrors, callsForEach) => {
      await fake.stop();
      fake = await FakeCloudflare.start({ pointsAtErrors });
      fake.addToken(TOKEN);
      zone = fake.addZone(APEX, { plan: 'pro' });
      connection = CloudflareConnection.parse({ url: fake.url, apiToken: TOKEN });
      const culprits = new Set(Array.from({ length: bad }, (_, at) => `vm${37 + at * 97}`));
      for (const label of culprits) plantRrset(zone, rr(name(label), 'NS', 300, 'ns.example.org.'));
      zone.refuses = (record) => (culprits.has(record.name.split('.')[0] ?? '') && record.type === 'A' ? 'NS records cannot exist on the same name as any other record type.' : undefined);
      const outcome = await storyOf().want(many(500));
      const refused = outcome.names.filter((one) => one.state !== 'applied');
      expect([new Set(refused.map((one) => one.name)), new Set(refused.map((one) => one.state))]).toEqual([new Set([...culprits].map(name)), new Set(['refused'])]);
      expect(refused.every((one) => one.providerText?.includes('NS records cannot exist'))).toBe(true);
      expect(fake.calls.filter((call) => call.method === 'POST').length).toBeLessThanOrEqual(1 + bad * callsForEach);
    });

    it('L8: a zone that the API may not change is a missing zone with one refused call, and stops no other zone of the token', async () => {
      fake.addZone('example.tk.');
      const definition = replica();
      const story = new Story(definition, 'example.tk.', { connection, settings: settings() });
      const outcome = await story.want(Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`vm${at}.example.tk.`, [rr(`vm${at}.example.tk.`, 'A', 300, '192.0.2.1')]])));
      expect([new Set(statesOf(outcome)), outcome.failure?.kind, outcome.names[0]?.reason?.hint]).toEqual([new Set(['failed zone-missing']), 'missing-zone', expect.stringContaining('another provider')]);
      expect(fake.calls.filter((call) => call.method === 'POST')).toHaveLength(1);
      expect(statesOf(await storyOf({}, definition).want({ [name('vm1')]: [a('vm1')] }))).toEqual(['applied']);
    });

    it('a name with more values than Cloudflare takes is refused with its words, alone', async () => {
      const values = Array.from({ length: 700 }, (_, at) => `192.168.${Math.floor(at / 250)}.${at % 250}`).sort();
      expect(values.join('').length).toBeGreaterThan(8_192);
      zone.plan = 'pro';
      const outcome = await storyOf().want({ [name('vm1')]: [a('vm1')], [name('vm2')]: [rr(name('vm2'), 'A', 300, ...values)] });
      expect([statesOf(outcome), outcome.names[1]?.providerText]).toEqual([['applied', 'refused refused-by-provider'], expect.stringContaining('too long')]);
    });

    it('a full zone is found with few calls; replacements and removals still go through', async () => {
      const story = storyOf();
      await story.want(many(150));
      zone.quota = 150;
      fake.calls.length = 0;
      const wishes = { ...many(50, () => '192.0.2.50'), ...Object.fromEntries(Array.from({ length: 10 }, (_, at) => [name(`vm${100 + at}`), []])), ...many(100, () => '192.0.2.60', 'new') };
      const outcome = await story.want(wishes);
      const states = statesOf(outcome);
      expect(new Set(states)).toEqual(new Set(['applied', 'failed zone-full']));
      expect(states.filter((state) => state === 'failed zone-full')).toHaveLength(100);
      expect(outcome.names.find((one) => one.state === 'failed')?.reason?.hint).toContain('plan');
      expect(fake.calls.filter((call) => call.method === 'POST').length).toBeLessThanOrEqual(3);
    });

    it('a zone that the token may not see is a missing zone, and stops no other zone of the connection', async () => {
      fake.tokens.clear();
      fake.addToken(TOKEN, { zones: ['example.org'] });
      const outcome = await storyOf({ zoneId: zone.id }).want({ [name('vm1')]: [a('vm1')] });
      expect([statesOf(outcome), outcome.failure?.kind]).toEqual([['failed zone-missing'], 'missing-zone']);
      fake.tokens.clear();
      expect((await storyOf({ zoneId: zone.id }).want({ [name('vm1')]: [a('vm1')] })).failure?.kind).toBe('credentials');
    });

    it('a token that may not write is a matter of credentials, with what to do', async () => {
      fake.addToken(TOKEN, { mayWrite: false });
      const { failure, names } = await storyOf().want({ [name('vm1')]: [a('vm1')] });
      expect([failure?.kind, names[0]?.reason?.hint]).toEqual(['credentials', expect.stringContaining('DNS:Edit')]);
    });

    it('too many calls: everything of that user waits as long as Cloudflare says, and asking meanwhile is refused too', async () => {
      await fake.stop();
      let now = 0;
      fake = await FakeCloudflare.start({ policies: [{ kind: 'window', name: 'default', calls: 4, seconds: 300 }], now: () => now });
      fake.addToken(TOKEN);
      zone = fake.addZone(APEX);
      connection = CloudflareConnection.parse({ url: fake.url, apiToken: TOKEN });
      const story = storyOf();
      await story.want({ [name('vm1')]: [a('vm1')] });
      fake.budgetOf().spend(1);
      const { failure } = await story.want({ [name('vm1')]: [a('vm1', '192.0.2.2')] });
      expect([failure?.kind, Math.round(((failure?.detail.until ?? 0) - Date.now()) / 1_000)]).toEqual(['throttled', 300]);
      now += 299_000;
      expect((await story.want({ [name('vm1')]: [a('vm1', '192.0.2.2')] })).failure?.kind).toBe('throttled');
      now += 2_000;
      expect(statesOf(await story.want({ [name('vm1')]: [a('vm1', '192.0.2.2')] }))).toEqual(['applied']);
    });
  });

  describe('what is beside the records', () => {
    it('a proxied flag that somebody set stays, as do comment and tags; an automatic TTL is no difference', async () => {
      zone.tagQuota = 20;
      const story = storyOf();
      await story.want({ [name('vm1')]: [a('vm1')] });
      const [record] = [...zone.records.values()];
      if (record !== undefined) zone.records.set(record.id, { ...record, proxied: true, ttl: 1, comment: 'do not touch', tags: ['team:web'] });
      clock += 11_000;
      expect((await story.want({ [name('vm1')]: [a('vm1')] })).calls.writes).toBe(0);
      await story.want({ [name('vm1')]: [a('vm1', '192.0.2.2')] });
      expect([records('vm1'), [...zone.records.values()][0]?.tags]).toEqual([['A 192.0.2.2 1 proxied do not touch'], ['team:web']]);
    });

    it('who compares is shown the flag and the comments; adopted with other values, a record keeps both and its tags, and other types at its name stay', async () => {
      zone.tagQuota = 20;
      const theirs = { name: 'vm1.example.com', ttl: 1, tags: ['team:web'] };
      zone.plant({ ...theirs, type: 'A', content: '203.0.113.7', proxied: true, comment: 'behind the shield' });
      zone.plant({ ...theirs, type: 'MX', content: 'mail.example.com', priority: 10, comment: 'by hand' });
      zone.plant({ ...theirs, type: 'AAAA', content: '2001:db8::7' });
      const read: ReadRrset[] = [];
      await replica().open(connection, APEX, settings()).readZone((piece) => read.push(...piece), never);
      expect(read.map(({ type, remarks }) => [type, remarks]).sort()).toEqual([['A', { proxied: true, comments: ['behind the shield'] }], ['AAAA', { proxied: false }], ['MX', { comments: ['by hand'] }]]);

      const definition = replica();
      forget();
      const due = { name: name('vm1'), wanted: [a('vm1')], owned: {}, writing: [], foreign: [], mustRead: true, takeOver: 'any' as const };
      const outcome = await runTurn({ provider: 'cloudflare', apex: APEX, zone: definition.open(connection, APEX, settings()), capabilities: definition.capabilities, due: [due], knowledge: { token: null, zoneSize: null }, mode: 'write' }, never);
      expect(statesOf(outcome)).toEqual(['applied']);
      expect(fake.calls.filter((call) => call.method === 'POST').map((call) => Object.keys(JSON.parse(call.body) as object))).toEqual([['patches']]);
      expect(records('vm1')).toEqual(['A 192.0.2.1 1 proxied behind the shield', 'AAAA 2001:db8::7 1 ', 'MX mail.example.com 1 by hand']);
      expect([...zone.records.values()].map((record) => record.tags)).toEqual([['team:web'], ['team:web'], ['team:web']]);
    });

    it('with another TTL than the automatic one, a proxied record is not written again and again', async () => {
      const story = storyOf({ proxied: true });
      for (let at = 0; at < 3; at += 1) {
        clock += 11_000;
        expect(statesOf(await story.want({ [name('vm1')]: [a('vm1', '192.0.2.1', 600)] }))).toEqual(['applied']);
      }
      expect(calls().filter((call) => call.startsWith('POST'))).toHaveLength(1);
      const even = storyOf({ proxied: true, autoTtlSeconds: 600 });
      await even.want({ [name('vm2')]: [a('vm2', '192.0.2.1', 600)] });
      expect((await even.want({ [name('vm2')]: [a('vm2', '192.0.2.1', 600)] })).calls.writes).toBe(0);
    });

    it('nothing is proxied unless the zone says so', async () => {
      await storyOf().want({ [name('vm1')]: [a('vm1')] });
      expect(records('vm1')).toEqual(['A 192.0.2.1 300 vmdns']);
      await storyOf({ proxied: true, comment: '' }).want({ [name('vm2')]: [a('vm2')] });
      expect(records('vm2')).toEqual(['A 192.0.2.1 1 proxied ']);
    });

    it('a name that changes from CNAME to A and back is one batch each time', async () => {
      const story = storyOf();
      await story.want({ [name('vm1')]: [rr(name('vm1'), 'CNAME', 300, 'web.example.org.')] });
      forget();
      expect(statesOf(await story.want({ [name('vm1')]: [a('vm1')] }))).toEqual(['applied']);
      expect(statesOf(await story.want({ [name('vm1')]: [rr(name('vm1'), 'CNAME', 300, 'web.example.org.')] }))).toEqual(['applied']);
      expect([calls(), records('vm1')]).toEqual([['POST /zones/ID/dns_records/batch', 'POST /zones/ID/dns_records/batch'], ['CNAME web.example.org 300 vmdns']]);
    });
  });

  describe('where the zone is', () => {
    it('by id, whose name must be the zone\'s', async () => {
      const other = fake.addZone('example.org.');
      const outcome = await storyOf({ zoneId: other.id }).want({ [name('vm1')]: [a('vm1')] });
      expect([outcome.failure?.kind, outcome.names[0]?.reason?.text]).toEqual(['missing-zone', expect.stringContaining('is example.org')]);
      expect(statesOf(await storyOf({ zoneId: zone.id }).want({ [name('vm1')]: [a('vm1')] }))).toEqual(['applied']);
    });

    it('by name and account: one name in two accounts is not guessed', async () => {
      const second = fake.addZone(APEX, { accountId: 'f'.repeat(32) });
      expect((await storyOf().want({ [name('vm1')]: [a('vm1')] })).names[0]?.reason?.hint).toContain('account id');
      const story = new Story(replica(), APEX, { connection: { ...connection, accountId: 'f'.repeat(32) }, settings: settings() });
      expect(statesOf(await story.want({ [name('vm1')]: [a('vm1')] }))).toEqual(['applied']);
      expect([second.records.size, zone.records.size]).toEqual([1, 0]);
    });

    it('a zone that is gone is looked for again: it may come back under another id', async () => {
      const story = storyOf();
      await story.want({ [name('vm1')]: [a('vm1')] });
      fake.zones.clear();
      clock += 11_000;
      expect((await story.want({ [name('vm1')]: [a('vm1', '192.0.2.2')] })).failure?.kind).toBe('missing-zone');
      zone = fake.addZone(APEX);
      expect(statesOf(await story.want({ [name('vm1')]: [a('vm1', '192.0.2.2')] }))).toEqual(['applied']);
    });

    it('the target is the zone id, or the account and name', () => {
      const id = 'a'.repeat(32);
      expect([
        cloudflare.target(CloudflareConnection.parse({ apiToken: 'x' }), APEX, settings({ zoneId: id })),
        cloudflare.target(CloudflareConnection.parse({ apiToken: 'y', accountId: id }), APEX, settings()),
      ]).toEqual([`cloudflare|https://api.cloudflare.com|${id}`, `cloudflare|https://api.cloudflare.com|${id}|example.com.`]);
    });

    it('one budget for a user, all tokens together, below what is documented', () => {
      const limiterOf = (given: Record<string, unknown>) => cloudflare.limiter(CloudflareConnection.parse({ apiToken: 'x', ...given }));
      expect(limiterOf({ apiToken: 'a' }).key).toBe(limiterOf({ apiToken: 'b' }).key);
      expect(limiterOf({ user: 'anna' }).key).not.toBe(limiterOf({ user: 'bob' }).key);
      const { rate } = limiterOf({});
      // In any five minutes: 90 % of 1,200.
      expect((rate?.burst ?? 0) + 300 * (rate?.callsPerSecond ?? 0)).toBeCloseTo(1_080);
      expect(limiterOf({ apiToken: 'secret' }).key).not.toContain('secret');
    });

    it('the forms say which field is secret', () => {
      expect(formSchemaOf(cloudflare.connectionSchema)).toMatchObject({ properties: { apiToken: { writeOnly: true } }, required: ['apiToken'] });
      expect(formSchemaOf(cloudflare.zoneSchema)).toMatchObject({ properties: { proxied: { default: false } } });
    });
  });
});
