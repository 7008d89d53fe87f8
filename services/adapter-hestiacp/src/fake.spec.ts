import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { askDnsServer } from '@vmdns/provider-kit';
import { Agent, request } from 'undici';
import type { FakeHestia } from '../fake/fake-hestia.js';
import { loadFault } from '../fake/fake-named.js';
import { KEY, PASSWORD, startFake, USER } from '../fake/hestiacp-harness.js';

const ZONE = 'example.com';
const never = new AbortController().signal;

/** The fake is no kinder than the panel: what PROVIDERS §2 says of the real ones. */
describe('the fake HestiaCP', () => {
  let fake: FakeHestia;
  let agent: Agent;
  const begin = async (version: '1.9.4' | '1.10.3'): Promise<void> => {
    fake = await startFake(version);
    agent = new Agent({ connect: { ca: fake.tls.cert } });
    fake.commands.addZone(USER, ZONE);
  };
  beforeEach(() => begin('1.10.3'));
  afterEach(async () => { await agent.destroy(); await fake.stop(); });
  const again = async (version: '1.9.4' | '1.10.3'): Promise<void> => { await agent.destroy(); await fake.stop(); await begin(version); };
  const post = async (fields: Readonly<Record<string, string>>, form = true): Promise<readonly [number, string | undefined, string]> => {
    const answer = await request(`${fake.url}/api/`, {
      method: 'POST', dispatcher: agent, headers: { 'content-type': form ? 'application/x-www-form-urlencoded' : 'application/json' }, body: form ? new URLSearchParams(fields).toString() : JSON.stringify(fields),
    });
    const header = answer.headers['hestia-exit-code'];
    return [answer.statusCode, header === undefined ? undefined : String(header), (await answer.body.text()).trim()];
  };
  const args = (list: readonly string[]): Record<string, string> => Object.fromEntries(list.map((arg, at) => [`arg${at + 1}`, arg]));
  const legacy = (cmd: string, list: readonly string[], returncode?: string) => post({ user: 'admin', password: PASSWORD, cmd, ...args(list), ...(returncode === undefined ? {} : { returncode }) });
  const keyed = (cmd: string, list: readonly string[], returncode?: string) => post({ hash: `${KEY.id}:${KEY.secret}`, cmd, ...args(list), ...(returncode === undefined ? {} : { returncode }) }, false);
  const rows = (): readonly string[] => fake.commands.zones.get(ZONE)?.rows.filter((row) => row.TYPE !== 'NS').map((row) => `${row.ID} ${row.RECORD} ${row.TYPE} ${row.PRIORITY} ${row.VALUE} ${row.TTL ?? ''}`.trim()) ?? [];
  const add = (...list: readonly string[]) => keyed('v-add-dns-record', [USER, ZONE, ...list]);

  it('answers as the table of envelopes says', async () => {
    const bad = ['v-delete-dns-record', [USER, ZONE, '77']] as const;
    expect(await legacy('v-add-dns-record', [USER, ZONE, 'a', 'A', '192.0.2.1'])).toEqual([200, undefined, 'OK']);
    expect(await legacy('v-add-dns-record', [USER, ZONE, 'b', 'A', '192.0.2.1'], 'yes')).toEqual([200, undefined, '0']);
    expect(await legacy(...bad)).toEqual([200, undefined, "Error: dns id 77 doesn't exist"]);
    expect(await legacy(...bad, 'yes')).toEqual([200, undefined, '3']);
    expect(await legacy('v-no-such', [])).toEqual([200, undefined, 'OK']);
    expect(await legacy('v-no-such', [], 'yes')).toEqual([200, undefined, '1']);
    expect(await legacy('v-list-dns-domain', [USER, ZONE, 'json'], 'yes')).toEqual([200, undefined, '0']);
    expect(await legacy('v-make-tmp-file', ['x', 'y'], 'yes')).toEqual([200, undefined, '']);
    expect(await keyed('v-add-dns-record', [USER, ZONE, 'c', 'A', '192.0.2.1'])).toEqual([204, '0', '']);
    expect(await keyed('v-add-dns-record', [USER, ZONE, 'd', 'A', '192.0.2.1'], 'yes')).toEqual([200, '0', '0']);
    expect(await keyed(...bad)).toEqual([400, '3', "Error: dns id 77 doesn't exist"]);
    expect(await keyed(...bad, 'yes')).toEqual([200, '3', '3']);
    expect((await keyed('v-no-such', [])).slice(0, 2)).toEqual([401, '10']);
    expect(await post({ user: 'admin', password: 'wrong', cmd: 'v-list-dns-domains' })).toEqual([401, '9', 'Error: authentication failed']);
    expect((await post({ cmd: 'v-list-dns-domains' }))[0]).toBe(405);
    fake.api = false;
    expect(await legacy(...bad, 'yes')).toEqual([400, '11', 'Error: API has been disabled11']);
  });

  it('add duplicates, and never looks for an equal record; a chosen id that is taken is code 4', async () => {
    for (const id of ['', '', '500', '500']) await add('a', 'A', '192.0.2.1', '', id, 'no', '300');
    expect(rows()).toEqual(['3 a A  192.0.2.1 300', '4 a A  192.0.2.1 300', '500 a A  192.0.2.1 300']);
    expect(await add('a', 'A', '192.0.2.1', '', '500')).toEqual([400, '4', 'Error: ID=500 already exists']);
  });

  it('nobody locks: eight at once leave fewer rows, or one id twice', async () => {
    fake.commands.latencyMs = 300;
    await Promise.all(Array.from({ length: 8 }, (_, at) => add(`p${at}`, 'A', '192.0.2.1')));
    const ids = rows().map((row) => row.split(' ')[0]);
    expect(ids.length < 8 || new Set(ids).size < ids.length).toBe(true);
  });

  it('change: equal is code 4, without a TTL the zone\'s comes back, a lower-case type is none; add lowers names, change does not', async () => {
    await add('WEB', 'A', '192.0.2.1', '', '9', 'no', '300');
    const change = (...list: readonly string[]) => keyed('v-change-dns-record', [USER, ZONE, '9', ...list]);
    expect((await change('web', 'A', '192.0.2.1', '', 'no', '300'))[2]).toBe('Error: No pending changes in DNS entry.');
    expect((await change('web', 'a', '192.0.2.2'))[1]).toBe('2');
    await change('Web', 'A', '192.0.2.2', '', 'no');
    expect(rows()).toEqual(['9 Web A  192.0.2.2']);
    expect((await change('web', 'A', '192.0.2.3', '', 'perhaps'))[1]).toBe('2');
  });

  it('the last A and the last NS cannot be deleted; a missing id is code 3; an id that two have takes both', async () => {
    await add('a', 'A', '192.0.2.1', '', '9');
    expect(await keyed('v-delete-dns-record', [USER, ZONE, '9'])).toEqual([422, '2', 'Error: at least one A record should remain active']);
    const zone = fake.commands.zones.get(ZONE);
    zone?.rows.push(zone.row({ ID: '10', RECORD: 'x', TYPE: 'TXT', VALUE: 'x' }), zone.row({ ID: '10', RECORD: 'y', TYPE: 'TXT', VALUE: 'y' }));
    await keyed('v-delete-dns-record', [USER, ZONE, '10']);
    expect(rows()).toEqual(['9 a A  192.0.2.1']);
  });

  it.each([['EXAMPLE.COM', '3'], ['example.com.', '2'], ['a/b', '2'], ['example.org', '3']])('zone %s is code %s', async (name, code) => expect((await keyed('v-list-dns-domain', [USER, name, 'json']))[1]).toBe(code));

  it.each([
    ['1.10.3', 'TXT', 'a "b" c', '"a b c"'], ['1.10.3', 'CAA', '0 issue "x"', '0 issue "x"'], ['1.10.3', 'PTR', 'a.example.net', 'a.example.net.'], ['1.10.3', 'AAAA', '2001:DB8::0001', '2001:DB8::0001'],
    ['1.10.3', 'PTR', 'localhost', null], ['1.10.3', 'NS', 'ns.example', null], ['1.10.3', 'TXT', 'schön', null], ['1.10.3', 'MX', '20 mail.example.com', null], ['1.10.3', 'DS', '1 2 3 4', '"1 2 3 4"'], ['1.9.4', 'DS', '1 2 3 4', null],
    ['1.10.3', 'SRV', '0 5 5060 sip.example.com.', '5 5060 sip.example.com.'], ['1.10.3', 'SRV', '5 5060 sip.example.com.', null], ['1.9.4', 'SRV', '5 5060 sip.example.com.', '5 5060 sip.example.com.'], ['1.9.4', 'SRV', '0 5 5060 sip.example.com.', '0 5 5060 sip.example.com.'],
  ] as const)('%s %s %j is stored as %j', async (version, type, value, stored) => {
    if (version === '1.9.4') await again(version);
    const [, code] = await add('x', type, value);
    expect([code === '0', fake.commands.zones.get(ZONE)?.rows.find((row) => row.TYPE === type && row.RECORD === 'x')?.VALUE ?? null]).toEqual([stored !== null, stored]);
  });

  it('1.9: one apostrophe, and the zone can neither be listed nor changed any more', async () => {
    await again('1.9.4');
    expect((await add('x', 'TXT', "it's"))[1]).toBe('0');
    const [status, code, text] = await keyed('v-list-dns-records', [USER, ZONE, 'json']);
    expect([status, code, text.startsWith('{'), text.includes('Error:')]).toEqual([422, '2', true, true]);
    expect((await add('y', 'A', '192.0.2.1'))[1]).toBe('2');
  });

  it('1.10 counts serials up from 3,000,000,000; 1.9 writes the day and goes on past 99', async () => {
    await add('a', 'A', '192.0.2.1');
    expect(fake.commands.zones.get(ZONE)?.serial).toBe('3000000001');
    await again('1.9.4');
    const zone = fake.commands.zones.get(ZONE);
    const day = new Date().toISOString().slice(0, 10).replaceAll('-', '');
    if (zone !== undefined) zone.serial = `${day}99`;
    await add('a', 'A', '192.0.2.1');
    expect([zone?.serial, zone === undefined ? '' : loadFault(zone)]).toEqual([`${day}100`, expect.stringContaining('out of range')]);
  });

  it('a full package is code 8, in zones and in records; a new reverse zone has the template\'s records', async () => {
    const user = fake.commands.users.get(USER);
    if (user !== undefined) user.recordsMax = 2;
    expect((await add('a', 'A', '192.0.2.1'))[1]).toBe('8');
    expect((await keyed('v-add-dns-domain', [USER, '2.0.192.in-addr.arpa', '192.0.2.1']))[1]).toBe('0');
    expect(fake.commands.zones.get('2.0.192.in-addr.arpa')?.rows.map((row) => row.TYPE)).toEqual(expect.arrayContaining(['A', 'CNAME', 'MX', 'TXT', 'SRV']));
    if (user !== undefined) user.zonesMax = 2;
    expect((await keyed('v-add-dns-domain', [USER, 'example.org', '192.0.2.1']))[1]).toBe('8');
  });

  it('a stuck zone: the API says success for ever, BIND serves what it had, by UDP and TCP', async () => {
    const server = { host: '127.0.0.1', port: fake.named.port };
    await add('a', 'A', '192.0.2.1');
    await add('a', 'CNAME', 'b.example.net.');
    expect((await add('c', 'A', '192.0.2.3'))[0]).toBe(204);
    expect(await askDnsServer(server, [{ name: 'a.example.com.', type: 'A' }, { name: 'c.example.com.', type: 'A' }], never)).toMatchObject([{ rcode: 'NOERROR', values: ['192.0.2.1'] }, { rcode: 'NXDOMAIN', values: [] }]);
  });

  it('a row with an empty name is the line\'s before', async () => {
    await add('a', 'A', '192.0.2.1');
    await add('', 'A', '192.0.2.2');
    const [answer] = await askDnsServer({ host: '127.0.0.1', port: fake.named.port }, [{ name: 'a.example.com.', type: 'A' }], never);
    expect(answer).toMatchObject({ values: ['192.0.2.1', '192.0.2.2'] });
  });

  it('a raw file is taken as it is; one that is not there is not missed', async () => {
    await keyed('v-make-tmp-file', ["ID='9' RECORD='z' TYPE='A' PRIORITY='' VALUE='nonsense' SUSPENDED='no' TTL='99999999999'", 'vmdns-x']);
    expect((await keyed('v-insert-dns-records', [USER, ZONE, '/tmp/vmdns-x', 'no']))[1]).toBe('0');
    expect((await keyed('v-insert-dns-records', [USER, ZONE, '/tmp/vmdns-x', 'no']))[1]).toBe('0');
    expect(rows()).toEqual(['9 z A  nonsense 99999999999']);
  });

  it('cost grows with the zone', async () => {
    fake.commands.latencyPerRecordMs = 30;
    const timed = async (): Promise<number> => { const at = performance.now(); await add('a', 'A', '192.0.2.1'); return performance.now() - at; };
    const before = await timed();
    for (let at = 0; at < 30; at += 1) { const zone = fake.commands.zones.get(ZONE); zone?.rows.push(zone.row({ ID: zone.nextId, RECORD: `x${at}`, TYPE: 'A', VALUE: '192.0.2.5' })); }
    expect(await timed()).toBeGreaterThan(before);
  });
});
