import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { formSchemaOf, type RrsetChange, type ZonePort } from '@vmdns/provider-kit';
import { rr, statesOf, Story } from '@vmdns/provider-kit/testing';
import { FakePowerdns } from '../fake/fake-powerdns.js';
import { powerdns, powerdnsProvider } from './powerdns.provider.js';
import { PowerdnsConnection, PowerdnsZoneSettings } from './powerdns.settings.js';

const APEX = 'example.com.', KEY = 'fake-key-0123456789';
const never = new AbortController().signal;
const a = (label: string, ip = '192.0.2.1', apex = APEX) => rr(`${label}.${apex}`, 'A', 300, ip);

describe('one zone on a PowerDNS', () => {
  let fake: FakePowerdns;
  let connection: PowerdnsConnection;
  beforeEach(async () => {
    fake = await FakePowerdns.start(KEY);
    connection = PowerdnsConnection.parse({ url: fake.api, apiKey: KEY });
  });
  afterEach(() => fake.stop());

  const settings = (rectify: 'auto' | 'off' | 'server' = 'auto') => PowerdnsZoneSettings.parse({ rectify });
  const storyOf = (apex = APEX, rectify: 'auto' | 'off' | 'server' = 'auto') => new Story(powerdnsProvider(), apex, { connection, settings: settings(rectify) });
  const portOf = (apex = APEX): ZonePort => powerdnsProvider().open(connection, apex, settings());
  const callsOf = (method: string): readonly string[] => fake.calls.filter((call) => call.method === method).map((call) => call.path.replace('/api/v1/servers/localhost', ''));

  it('takes the zone id from the list', async () => {
    fake.addZone('0/26.2.0.192.in-addr.arpa.');
    const story = storyOf('0/26.2.0.192.in-addr.arpa.');
    expect(statesOf(await story.want({ '5.0/26.2.0.192.in-addr.arpa.': [rr('5.0/26.2.0.192.in-addr.arpa.', 'PTR', 3600, 'vm5.example.com.')] }))).toEqual(['applied']);
    expect(callsOf('PATCH')).toEqual(['/zones/0=2F26.2.0.192.in-addr.arpa.']);
  });

  it('a second turn looks nothing up again: one reading, one PATCH, one flush', async () => {
    fake.addZone(APEX);
    const story = storyOf();
    await story.want({ [`vm1.${APEX}`]: [a('vm1')] });
    fake.calls.length = 0;
    await story.want({ [`vm1.${APEX}`]: [a('vm1', '192.0.2.2')] });
    expect(fake.calls.map((call) => `${call.method} ${call.path.replace('/api/v1/servers/localhost', '')}`)).toEqual([
      'GET /zones/example.com.?rrset_name=vm1.example.com.&include_disabled=true', 'PATCH /zones/example.com.', 'PUT /cache/flush?domain=example.com.',
    ]);
  });

  it('leaks of other names in a filtered answer are not believed', async () => {
    fake.addZone(APEX).leaks = [`other.${APEX}`, `vm1.${APEX}`];
    expect((await portOf().readNames([`vm1.${APEX}`], never)).held.get(`vm1.${APEX}`)).toEqual([]);
  });

  it('asks for no more than it needs: a list without DNSSEC, a zone without its RRsets', async () => {
    fake.addZone(APEX);
    const zone = portOf();
    await zone.changeToken?.read(never);
    expect(callsOf('GET')).toEqual([`/zones?zone=${APEX}&dnssec=false`, `/zones/${APEX}?rrsets=false`]);
  });

  it.each(['4.7.3', '4.9.17', '5.0.2', '5.1.3'])('only REPLACE and DELETE leave, whole and without what the server adds, to %s', async (version) => {
    await fake.stop();
    fake = await FakePowerdns.start(KEY, { version });
    connection = PowerdnsConnection.parse({ url: fake.api, apiKey: KEY });
    const zone = fake.addZone(APEX);
    zone.put({ name: `vm2.${APEX}`, type: 'A', ttl: 300, records: [{ content: '192.0.2.200', disabled: true }] });
    const story = storyOf();
    for (const ip of ['192.0.2.1', '192.0.2.2']) await story.want({ [`vm1.${APEX}`]: [a('vm1', ip)] });
    zone.patch([{ name: `vm1.${APEX}`, type: 'A', ttl: 300, changetype: 'REPLACE', records: [{ content: '192.0.2.2' }, { content: '192.0.2.99', disabled: true }] }]);
    for (const ips of [['192.0.2.3'], []]) await story.want({ [`vm1.${APEX}`]: ips.map((ip) => a('vm1', ip)) });
    const sent = fake.calls.filter((call) => call.method === 'PATCH').flatMap((call) => (JSON.parse(call.body) as { rrsets: { changetype: string; records?: object[] }[] }).rrsets);
    expect(sent.length).toBe(4);
    expect(new Set(sent.map((entry) => entry.changetype))).toEqual(new Set(['REPLACE']));
    expect(new Set(sent.flatMap((entry) => Object.keys(entry)))).toEqual(new Set(['name', 'type', 'changetype', 'ttl', 'records']));
    expect(new Set(sent.flatMap((entry) => (entry.records ?? []).flatMap((record) => Object.keys(record))))).toEqual(new Set(['content', 'disabled']));
  });

  it('the zone test writes nothing, not even an empty PATCH, and moves no serial', async () => {
    const zone = fake.addZone(APEX);
    const before = zone.serial;
    for await (const step of powerdns.testZone(connection, APEX, settings(), never)) expect(step.ok).toBe(true);
    expect([zone.serial, callsOf('PATCH'), callsOf('PUT')]).toEqual([before, [], []]);
  });

  it('a recursor is no place for zones', async () => {
    await fake.stop();
    fake = await FakePowerdns.start(KEY, { daemon: 'recursor' });
    const steps: string[] = [];
    for await (const step of powerdns.testZone(PowerdnsConnection.parse({ url: fake.api, apiKey: KEY }), APEX, settings(), never)) steps.push(`${step.step} ${String(step.ok)} ${step.text}`);
    expect(steps).toEqual([expect.stringMatching(/^server false .* is a PowerDNS recursor, not an authoritative server\.$/)]);
  });

  it('a key that goes over the network in clear is warned about', async () => {
    fake.addZone(APEX);
    const warned: (string | undefined)[] = [];
    // Any address of this machine that is not named as its own.
    const far = PowerdnsConnection.parse({ url: fake.api.replace('127.0.0.1', '0.0.0.0'), apiKey: KEY });
    for await (const step of powerdns.testZone(far, APEX, settings(), never)) if (step.step === 'server') warned.push(step.hint);
    expect(warned).toEqual(['Put a TLS proxy before the API.']);
  });

  it('a server that writes the key into its log is warned about', async () => {
    await fake.stop();
    fake = await FakePowerdns.start(KEY, { config: { 'webserver-loglevel': 'detailed' } });
    fake.addZone(APEX);
    const steps: unknown[] = [];
    for await (const step of powerdns.testZone(PowerdnsConnection.parse({ url: fake.api, apiKey: KEY }), APEX, settings(), never)) steps.push(step);
    expect(steps[0]).toMatchObject({ step: 'server', ok: true, warning: true, hint: 'Set webserver-loglevel to normal, and make a new key.' });
  });

  it('a zone that does not exist is never made, and found when somebody makes it', async () => {
    const story = storyOf();
    const outcome = await story.want({ [`vm1.${APEX}`]: [a('vm1')] });
    expect([statesOf(outcome), outcome.failure?.kind]).toEqual([['failed zone-missing'], 'missing-zone']);
    expect(callsOf('POST')).toEqual([]);
    fake.addZone(APEX);
    expect(statesOf(await story.want({ [`vm1.${APEX}`]: [a('vm1')] }))).toEqual(['applied']);
  });

  it.each([['Slave'], ['Consumer'], ['Secondary']])('a zone of kind %s is refused with a hint, and not written', async (kind) => {
    fake.addZone(APEX, { kind });
    const outcome = await storyOf().want({ [`vm1.${APEX}`]: [a('vm1')] });
    expect(outcome.names[0]).toMatchObject({ state: 'failed', reason: { code: 'zone-missing', text: expect.stringContaining(kind), hint: 'Point vmdns at the primary server of this zone.' } });
    expect(callsOf('PATCH')).toEqual([]);
  });

  it('a presigned zone is refused', async () => {
    fake.addZone(APEX, { presigned: true });
    expect(statesOf(await storyOf().want({ [`vm1.${APEX}`]: [a('vm1')] }))).toEqual(['failed zone-missing']);
    expect(callsOf('PATCH')).toEqual([]);
  });

  it('SOA and NS at the apex never leave this house, whoever asks', async () => {
    fake.addZone(APEX);
    const changes: RrsetChange[] = [{ kind: 'remove', name: APEX, type: 'NS' }];
    await expect(portOf().write(changes, new Map(), never)).rejects.toMatchObject({ kind: 'refused' });
    expect(callsOf('PATCH')).toEqual([]);
  });

  it('L3: comments beside ours stay', async () => {
    const zone = fake.addZone(APEX);
    const story = storyOf();
    await story.want({ [`vm1.${APEX}`]: [a('vm1')] });
    zone.put({ name: `vm1.${APEX}`, type: 'A', ttl: 300, records: [{ content: '192.0.2.1' }], comments: [{ account: 'ops', content: 'keep' }] });
    await story.want({ [`vm1.${APEX}`]: [a('vm1', '192.0.2.2')] });
    expect((zone.answer(true, `vm1.${APEX}`)['rrsets'] as unknown[])[0]).toMatchObject({ records: [{ content: '192.0.2.2' }], comments: [{ content: 'keep' }] });
  });

  it.each([['4.7.3', [1, 1, 1, 2, 2]], ['5.0.1', [0, 0, 0, 0, 0]]] as const)('L6: %s is read whole at the first contact and when somebody else changed the zone, where names do not show what is switched off; never for our own changes', async (version, expected) => {
    await fake.stop();
    fake = await FakePowerdns.start(KEY, { version });
    connection = PowerdnsConnection.parse({ url: fake.api, apiKey: KEY });
    const zone = fake.addZone(APEX);
    const story = storyOf();
    const wholeReads: number[] = [];
    for (const ip of ['192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4', '192.0.2.5']) {
      if (ip === '192.0.2.4') zone.patch([{ name: `vm9.${APEX}`, type: 'TXT', ttl: 60, changetype: 'REPLACE', records: [{ content: '"theirs"' }] }]);
      await story.want({ [`vm1.${APEX}`]: [a('vm1', ip)] });
      wholeReads.push(callsOf('GET').filter((path) => path === `/zones/${APEX}`).length);
    }
    expect(wholeReads).toEqual(expected);
  });

  it('a serial that cannot move is no token: names are read each time', async () => {
    fake.addZone(APEX, { soaEditApi: '' });
    const outcome = await storyOf().want({ [`vm1.${APEX}`]: [a('vm1')] });
    expect([statesOf(outcome), outcome.knowledge.token]).toEqual([['applied'], null]);
  });

  it('a locked database (500 in plain text) is tried again at once', async () => {
    fake.addZone(APEX);
    fake.troubles.push({ status: 500, body: 'Internal Server Error' });
    expect(statesOf(await storyOf().want({ [`vm1.${APEX}`]: [a('vm1')] }))).toEqual(['applied']);
  });

  it('L7: one bad record among 5,000 is parked with the server\'s words, in four calls', async () => {
    fake.addZone(APEX);
    const zone = portOf();
    const wishes = Object.fromEntries(Array.from({ length: 5_000 }, (_, at) => [`vm${at}.${APEX}`, [rr(`vm${at}.${APEX}`, 'PTR', 300, at === 3_333 ? 'no dot' : `host${at}.example.net.`)]]));
    expect(zone.chunk.changesMax).toBe(5_000);
    const outcome = await storyOf().want(wishes);
    const refused = outcome.names.filter((one) => one.state !== 'applied');
    expect(refused.map((one) => [one.name, one.state, one.providerText?.slice(0, 30)])).toEqual([[`vm3333.${APEX}`, 'refused', 'Record vm3333.example.com./PTR']]);
    expect(outcome.calls.writes).toBe(3);
  });

  it('no call comes near the server\'s body limit', async () => {
    fake.addZone(APEX);
    const wishes = Object.fromEntries(Array.from({ length: 6_000 }, (_, at) => [`${'x'.repeat(50)}${at}.${APEX}`, [a(`${'x'.repeat(50)}${at}`)]]));
    expect(new Set(statesOf(await storyOf().want(wishes)))).toEqual(new Set(['applied']));
    expect(Math.max(...fake.calls.map((call) => call.body.length))).toBeLessThanOrEqual(1_000_000);
  });

  describe('rectifying', () => {
    const V6 = '8.b.d.0.1.0.0.2.ip6.arpa.';
    const ptr = `${'0.'.repeat(24)}${V6}`;
    it.each([
      ['auto, flat name, server rectifies by default', 'auto', {}, 'yes', `vm1.${APEX}`, { off: 1, untidy: false }],
      ['auto, flat name, server does not', 'auto', {}, 'no', `vm1.${APEX}`, { off: 0, untidy: false }],
      ['auto, the zone says on', 'auto', { apiRectify: true }, 'no', `vm1.${APEX}`, { off: 1, untidy: false }],
      ['auto, a name with names in between', 'auto', {}, 'no', `a.b.${APEX}`, { off: 0, untidy: true }],
      ['off, a name with names in between', 'off', {}, 'yes', `a.b.${APEX}`, { off: 1, untidy: false }],
      ['server', 'server', {}, 'yes', `a.b.${APEX}`, { off: 0, untidy: false }],
      ['auto, a signed zone that the server rectifies', 'auto', { dnssec: true, apiRectify: true }, 'yes', `a.b.${APEX}`, { off: 0, untidy: false }],
    ] as const)('%s', async (_why, rectify, zone, byDefault, name, expected) => {
      await fake.stop();
      fake = await FakePowerdns.start(KEY, { config: { 'default-api-rectify': byDefault } });
      connection = PowerdnsConnection.parse({ url: fake.api, apiKey: KEY });
      fake.addZone(APEX, zone);
      const story = storyOf(APEX, rectify);
      const outcome = await story.want({ [name]: [rr(name, 'A', 300, '192.0.2.1')] });
      await story.want({ [name]: [] });
      expect({ off: callsOf('PUT').filter((path) => path === '/zones/example.com.').length, untidy: outcome.untidy }).toEqual(expected);
    });

    it('tidying rectifies once and flushes what was answered meanwhile', async () => {
      const zone = fake.addZone(V6);
      const story = storyOf(V6);
      expect((await story.want({ [ptr]: [rr(ptr, 'PTR', 3600, 'vm1.example.com.')] })).untidy).toBe(true);
      expect(zone.rectified).toBe(0);
      fake.calls.length = 0;
      await story.open().tidy?.(never);
      expect([zone.rectified, callsOf('PUT')]).toEqual([1, [`/zones/${V6}/rectify`, `/cache/flush?domain=${V6}`]]);
    });
  });

  it('learns from the server that sqlite bears one change at a time', async () => {
    expect(await powerdns.learnInFlightMax?.(connection, never)).toBeNull();
    await fake.stop();
    fake = await FakePowerdns.start(KEY, { config: { launch: 'gsqlite3' } });
    const sqlite = PowerdnsConnection.parse({ url: fake.api, apiKey: KEY });
    expect([await powerdns.learnInFlightMax?.(sqlite, never), powerdns.limiter(sqlite).inFlightMax, powerdns.limiter({ ...sqlite, backend: 'gsqlite3' }).inFlightMax]).toEqual([1, 8, 1]);
  });

  it('never has more than 8 calls at the server', async () => {
    const definition = powerdnsProvider();
    const apexes = Array.from({ length: 30 }, (_, at) => `z${at}.example.`);
    for (const apex of apexes) fake.addZone(apex);
    await Promise.all(apexes.map((apex) => definition.open(connection, apex, settings()).readNames(Array.from({ length: 8 }, (_, at) => `vm${at}.${apex}`), never)));
    expect(fake.atOnceMax).toBeLessThanOrEqual(8);
  });
});

describe('the form of a connection to PowerDNS', () => {
  it.each([
    ['http://127.0.0.1:8081', 'http://127.0.0.1:8081'], ['https://ns1.example.net/pdns/', 'https://ns1.example.net/pdns'], ['http://127.0.0.1:8081/api/v1/', 'http://127.0.0.1:8081'],
  ])('%s', (typed, url) => {
    const connection = PowerdnsConnection.parse({ url: typed, apiKey: 'x' });
    expect([connection.url, powerdns.target(connection, 'example.com.', PowerdnsZoneSettings.parse({}))]).toEqual([url, `powerdns|${url}|localhost|example.com.`]);
  });

  it.each([{ url: 'ftp://x', apiKey: 'k' }, { url: 'http://x' }, { url: 'http://x', apiKey: 'k', dnsServer: 'a b' }, { url: 'http://x', apiKey: 'k', serverId: '../x' }, { url: 'http://x', apiKey: 'k', typo: 1 }])('refuses %j', (typed) => {
    expect(PowerdnsConnection.safeParse(typed).success).toBe(false);
  });

  it('L10: the key is write-only', () => {
    expect(formSchemaOf(powerdns.connectionSchema)).toMatchObject({ properties: { apiKey: { writeOnly: true } }, required: ['url', 'apiKey'] });
  });
});
