import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { reverseName } from '@vmdns/domain';
import { askDnsServer, type TestStep } from '@vmdns/provider-kit';
import { rr, statesOf, Story } from '@vmdns/provider-kit/testing';
import { startPowerdns, until, type PowerdnsServer } from '@vmdns/test/support';
import { powerdnsProvider } from './powerdns.provider.js';
import { PowerdnsConnection, PowerdnsZoneSettings } from './powerdns.settings.js';

const never = new AbortController().signal;
const a = (name: string, ip: string) => rr(name, 'A', 300, ip);
const range = (n: number): readonly number[] => Array.from({ length: n }, (_, at) => at);

async function stepsOf(steps: AsyncIterable<TestStep>): Promise<readonly TestStep[]> {
  const all: TestStep[] = [];
  for await (const step of steps) all.push(step);
  return all;
}

describe('a real PowerDNS with LMDB', () => {
  let server: PowerdnsServer;
  let connection: PowerdnsConnection;
  const definition = powerdnsProvider();
  const settings = PowerdnsZoneSettings.parse({});
  const storyOf = (apex: string, more: Partial<PowerdnsConnection> = {}) => new Story(definition, apex, { connection: { ...connection, ...more }, settings });
  const ask = async (name: string, type: string) => (await askDnsServer(server.dns, [{ name, type }], never))[0];
  beforeAll(async () => {
    server = await startPowerdns({ backend: 'lmdb', settings: { 'zone-cache-refresh-interval': '0' } });
    connection = PowerdnsConnection.parse({ url: server.api, apiKey: server.apiKey, dnsServer: `${server.dns.host}:${server.dns.port}` });
  });
  afterAll(async () => { await server.stop(); });

  it.each([1, 5])('L7: %i bad records among 500 are parked, and the rest has landed', async (bad) => {
    const apex = `bad${bad}.example.`;
    await server.createZone(apex);
    const culprits = new Set(range(bad).map((at) => `vm${at * 83 + 11}.${apex}`));
    const wishes = Object.fromEntries(range(500).map((at) => `vm${at}.${apex}`).map((name) => [name, [rr(name, 'PTR', 300, culprits.has(name) ? 'no dot' : 'host.example.net.')]]));
    const outcome = await storyOf(apex).want(wishes);
    const refused = outcome.names.filter((one) => one.state === 'refused');
    expect(new Set(refused.map((one) => one.name))).toEqual(culprits);
    expect(refused[0]?.providerText).toMatch(/no dot/);
    expect(outcome.names.filter((one) => one.state === 'applied').length).toBe(500 - bad);
    expect(outcome.calls.writes).toBeLessThanOrEqual(1 + 2 * bad);
  });

  it('L12: the second run writes nothing and moves no serial', async () => {
    await server.createZone('same.example.');
    const story = storyOf('same.example.');
    const wishes = Object.fromEntries(range(40).map((at) => [`vm${at}.same.example.`, [a(`vm${at}.same.example.`, '192.0.2.1')]]));
    await story.want(wishes);
    const serial = await server.serial('same.example.');
    for (const some of [wishes, { 'vm1.same.example.': [a('vm1.same.example.', '192.0.2.1')] }]) expect((await story.want(some)).calls.writes).toBe(0);
    expect(await server.serial('same.example.')).toBe(serial);
  });

  it('somebody else\'s write between two turns is noticed by the serial', async () => {
    await server.createZone('moved.example.');
    const story = storyOf('moved.example.');
    const wishes = (ip: string) => Object.fromEntries(range(40).map((at) => [`vm${at}.moved.example.`, [a(`vm${at}.moved.example.`, ip)]]));
    expect((await story.want(wishes('192.0.2.1'))).knowledge.token).toBe(String(await server.serial('moved.example.')));
    await server.putRrsets('moved.example.', [{ name: 'vm7.moved.example.', type: 'A', ttl: 60, records: [{ content: '192.0.2.66', disabled: false }] }]);
    const outcome = await story.want(wishes('192.0.2.2'));
    expect([new Set(statesOf(outcome)), outcome.reports.map((report) => report.name)]).toEqual([new Set(['applied']), ['vm7.moved.example.']]);
  });

  it('a name that is polled while it changes answers the new value when the turn is over', async () => {
    await server.createZone('polled.example.');
    const name = 'vm1.polled.example.';
    const story = storyOf('polled.example.', { dnsServer: undefined });
    let polls = true;
    const polling = (async () => { while (polls) await ask(name, 'A'); })();
    const stale: string[] = [];
    for (const at of range(60)) {
      const ip = `192.0.2.${at + 1}`;
      await story.want({ [name]: [a(name, ip)] });
      const answer = await ask(name, 'A');
      if (answer?.kind !== 'answer' || answer.values[0] !== ip) stale.push(ip);
    }
    polls = false;
    await polling;
    expect(stale).toEqual([]);
  });

  it('names in between answer once the zone was tidied, and no change rectified the zone', async () => {
    const apex = '8.b.d.0.1.0.0.2.ip6.arpa.';
    await server.createZone(apex);
    const name = reverseName('2001:db8:0:1::1');
    const between = name.split('.').slice(10).join('.');
    const story = storyOf(apex);
    const outcome = await story.want({ [name]: [rr(name, 'PTR', 3600, 'vm1.example.com.')] });
    expect([statesOf(outcome), outcome.untidy, await ask(between, 'PTR')]).toMatchObject([['applied'], true, { rcode: 'NXDOMAIN' }]);
    const serial = await server.serial(apex);
    await story.open().tidy?.(never);
    expect(await ask(between, 'PTR')).toMatchObject({ rcode: 'NOERROR', values: [] });
    expect(await server.serial(apex)).toBe(serial);
  });

  it('a signed zone answers, and goes on being rectified by the server', async () => {
    const apex = 'signed.example.';
    await server.createZone(apex);
    await server.call('PUT', `/zones/${apex}`, { dnssec: true, api_rectify: true });
    const outcome = await storyOf(apex).want({ [`a.b.${apex}`]: [a(`a.b.${apex}`, '192.0.2.1')] });
    expect([statesOf(outcome), outcome.untidy, await ask(`b.${apex}`, 'A')]).toMatchObject([['applied'], false, { rcode: 'NOERROR' }]);
    expect(await server.call('GET', `/zones/${apex}?rrsets=false`)).toMatchObject({ api_rectify: true });
  });

  it('L3, L4: a hand-made CNAME, comments beside others and TXT with odd quotes survive all that happens at their names', async () => {
    const apex = 'hand.example.';
    await server.createZone(apex);
    await server.putRrsets(apex, [{ name: `www.${apex}`, type: 'CNAME', ttl: 60, records: [{ content: `x.${apex}`, disabled: false }] }]);
    const story = storyOf(apex);
    const outcome = await story.want({ [`www.${apex}`]: [a(`www.${apex}`, '192.0.2.1')] });
    expect(outcome.names[0]).toMatchObject({ state: 'refused', reason: { code: 'cname-conflict' } });
    expect(outcome.calls.writes).toBe(0);
  });

  it('a call that was given up takes no effect when a stopped server wakes', async () => {
    const apex = 'frozen.example.', name = `vm1.${apex}`;
    await server.createZone(apex);
    const hasty = new Story(powerdnsProvider({ deadlineMs: 300 }), apex, { connection, settings });
    await hasty.want({ [name]: [a(name, '192.0.2.1')] });
    const serial = await server.serial(apex);
    server.freeze();
    // The signal takes a moment to reach every thread.
    await until(() => fetch(server.api, { signal: AbortSignal.timeout(200) }).then(() => false, () => true));
    await expect(hasty.open().write([{ kind: 'put', rrset: a(name, '192.0.2.2') }], new Map(), never)).rejects.toMatchObject({ kind: 'retry', detail: { inDoubt: true } });
    server.thaw();
    // What stood before these in the server's queue has been served when they answer.
    for (const _ of range(10)) expect(await server.serial(apex)).toBe(serial);
    expect(statesOf(await hasty.want({ [name]: [a(name, '192.0.2.3')] }))).toEqual(['applied']);
  });

  describe('testing a zone', () => {
    const test = (apex: string, more: Partial<PowerdnsConnection> = {}) => stepsOf(definition.testZone({ ...connection, ...more }, apex, settings, never));
    const shortOf = (steps: readonly TestStep[]) => steps.map((step) => `${step.step}: ${step.ok ? (step.warning === true ? 'warning' : 'ok') : 'failed'}`);

    it('tells each step', async () => {
      await server.createZone('good.example.');
      expect(shortOf(await test('good.example.'))).toEqual(['server: ok', 'zone: ok', 'kind: ok', 'serial: ok', 'rectify: ok', 'empty non-terminals: ok', 'name server: ok']);
    });

    it.each<[string, string, Partial<PowerdnsConnection>, string, RegExp]>([
      ['a wrong key', 'good.example.', { apiKey: 'wrong-key-123456' }, 'server: failed', /key was not accepted/],
      ['a wrong server id', 'good.example.', { serverId: 'nowhere' }, 'server: failed', /no such server id/],
      ['nobody there', 'good.example.', { url: 'http://127.0.0.1:1' }, 'server: failed', /refused/],
      ['no such zone', 'no.example.', {}, 'zone: failed', /does not exist/],
    ])('%s ends it, with a hint or the server\'s words', async (_why, apex, more, last, text) => {
      const steps = await test(apex, more);
      expect([shortOf(steps).at(-1), steps.at(-1)?.text]).toEqual([last, expect.stringMatching(text)]);
      expect(JSON.stringify(steps)).not.toContain('wrong-key-123456');
    });

    it('a secondary zone is refused, and a serial that cannot move is warned about', async () => {
      await server.createZone('slave.example.', { kind: 'Slave', masters: ['127.0.0.1'] });
      expect(shortOf(await test('slave.example.')).at(-1)).toBe('kind: failed');
      await server.createZone('still.example.');
      await server.call('PUT', '/zones/still.example.', { soa_edit_api: '' });
      expect(shortOf(await test('still.example.'))).toContain('serial: warning');
    });

    it('an IPv6 reverse zone is warned about its limit of empty non-terminals', async () => {
      const apex = '9.b.d.0.1.0.0.2.ip6.arpa.';
      await server.createZone(apex);
      await server.putRrsets(apex, [{ name: `${'1.'.repeat(24)}${apex}`, type: 'PTR', ttl: 60, records: [{ content: 'x.example.', disabled: false }] }]);
      const step = (await test(apex)).find((one) => one.step === 'empty non-terminals');
      expect(step).toMatchObject({ ok: true, warning: true, text: expect.stringMatching(/^23 empty non-terminals of at most 100000 .* room for about 6248 more/) });
    });
  });
});

describe('a real PowerDNS with sqlite', () => {
  it('zones written at the same time all come out right, whatever is locked meanwhile', async () => {
    const server = await startPowerdns({ backend: 'gsqlite3' });
    const connection = PowerdnsConnection.parse({ url: server.api, apiKey: server.apiKey });
    const definition = powerdnsProvider();
    expect(await definition.learnInFlightMax?.(connection, never)).toBe(1);
    const apexes = range(4).map((at) => `z${at}.example.`);
    for (const apex of apexes) await server.createZone(apex);
    const ends = await Promise.all(apexes.map(async (apex) => {
      const story = new Story(definition, apex, { connection, settings: PowerdnsZoneSettings.parse({}) });
      const wishes = Object.fromEntries(range(30).map((at) => [`vm${at}.${apex}`, [a(`vm${at}.${apex}`, '192.0.2.1')]]));
      for (let attempt = 0; attempt < 20; attempt += 1) if ((await story.want(wishes)).names.every((one) => one.state === 'applied')) return true;
      return false;
    }));
    expect(ends).toEqual(apexes.map(() => true));
    await server.stop();
  });
});
