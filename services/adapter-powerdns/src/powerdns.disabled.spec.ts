import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { rr, statesOf, Story } from '@vmdns/provider-kit/testing';
import { startPowerdns } from '@vmdns/test/support';
import { FakePowerdns } from '../fake/fake-powerdns.js';
import { powerdnsProvider } from './powerdns.provider.js';
import { PowerdnsConnection, PowerdnsZoneSettings } from './powerdns.settings.js';

/** A server to try. */
interface Server { readonly api: string; readonly apiKey: string; createZone(apex: string): Promise<void>; stop(): Promise<void> }

const KEY = 'fake-key-0123456789';

async function fakeServer(version: string): Promise<Server> {
  const fake = await FakePowerdns.start(KEY, { version });
  return {
    api: fake.api, apiKey: KEY, stop: () => fake.stop(),
    createZone: (apex) => { fake.addZone(apex); return Promise.resolve(); },
  };
}

async function realServer(backend: 'lmdb' | 'gsqlite3' | 'gpgsql'): Promise<Server> {
  const server = await startPowerdns({ backend });
  return { api: server.api, apiKey: server.apiKey, createZone: async (apex) => { await server.createZone(apex); }, stop: async () => { await server.stop(); } };
}

const SERVERS: readonly (readonly [string, () => Promise<Server>])[] = [
  ...['4.7.3', '4.9.17', '5.0.2'].map((version) => [`the fake of ${version}`, () => fakeServer(version)] as const),
  ...(['lmdb', 'gsqlite3', 'gpgsql'] as const).map((backend) => [`real, ${backend}`, () => realServer(backend)] as const),
];

interface WireRrset { readonly name: string; readonly type: string; readonly ttl: number; readonly records: readonly { readonly content: string; readonly disabled: boolean }[] }
const off = (content: string) => ({ content, disabled: true });
const on = (content: string) => ({ content, disabled: false });

describe.each(SERVERS)('records that somebody switched off, at %s', (_title, start) => {
  let server: Server;
  let zones = 0;
  const definition = powerdnsProvider();
  beforeAll(async () => { server = await start(); });
  afterAll(async () => { await server.stop(); });

  const call = async (method: string, path: string, body?: unknown): Promise<Response> => fetch(`${server.api}/api/v1/servers/localhost${path}`, { method, headers: { 'x-api-key': server.apiKey }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  /** A zone of its own, another hand on it, and what the server has at a name. */
  const begin = async (settings?: object) => {
    zones += 1;
    const apex = `off${zones}.example.`;
    await server.createZone(apex);
    if (settings !== undefined) await call('PUT', `/zones/${apex}`, settings);
    const at = (label: string): string => `${label}.${apex}`;
    const a = (label: string, ...ips: readonly string[]) => rr(at(label), 'A', 300, ...ips);
    const connection = PowerdnsConnection.parse({ url: server.api, apiKey: server.apiKey });
    return {
      at, a, story: new Story(definition, apex, { connection, settings: PowerdnsZoneSettings.parse({}) }),
      hand: async (label: string, type: string, ...records: readonly { content: string; disabled: boolean }[]) => {
        const rrset = records.length === 0 ? { changetype: 'DELETE' } : { changetype: 'REPLACE', ttl: 300, records };
        expect((await call('PATCH', `/zones/${apex}`, { rrsets: [{ name: at(label), type, ...rrset }] })).status).toBe(204);
      },
      held: async (label: string): Promise<readonly string[]> => {
        const zone = await (await call('GET', `/zones/${apex}`)).json() as { rrsets: readonly WireRrset[] };
        return zone.rrsets.filter((rrset) => rrset.name === at(label)).flatMap((rrset) => rrset.records.map((record) => `${rrset.type} ${rrset.ttl} ${record.content}${record.disabled ? ' off' : ''}`)).sort();
      },
    };
  };

  it.each([1, 12])('L4: a foreign one is refused and stays, by a turn of %i names that is the first at the zone', async (names) => {
    const { at, a, story, hand, held } = await begin();
    await hand('vm0', 'A', off('192.0.2.200'));
    const wishes = Object.fromEntries(Array.from({ length: names }, (_, n) => [at(`vm${n}`), [a(`vm${n}`, '192.0.2.1')]]));
    const outcome = await story.want(wishes);
    expect(statesOf(outcome)).toEqual(Array.from({ length: names }, (_, n) => (n === 0 ? 'refused foreign-record' : 'applied')));
    expect(outcome.names[0]?.reason?.text).toMatch(/A exists at the provider, switched off \(disabled\)/);
    expect(await held('vm0')).toEqual(['A 300 192.0.2.200 off']);
    expect(statesOf(await story.want({ [at('vm0')]: [] }))).toEqual(['applied']);
    expect(await held('vm0')).toEqual(['A 300 192.0.2.200 off']);
  });

  it('L4: one that came after our last look is refused too; when it is gone, the name is written', async () => {
    const { at, a, story, hand, held } = await begin();
    await story.want({ [at('vm1')]: [a('vm1', '192.0.2.1')] });
    await hand('vm2', 'A', off('192.0.2.2'));
    // Equal to what is wanted, but switched off: a hand wanted it so.
    for (let again = 0; again < 2; again += 1) expect(statesOf(await story.want({ [at('vm2')]: [a('vm2', '192.0.2.2')] }))).toEqual(['refused foreign-record']);
    expect(await held('vm2')).toEqual(['A 300 192.0.2.2 off']);
    await hand('vm2', 'A');
    expect(statesOf(await story.want({ [at('vm2')]: [a('vm2', '192.0.2.2')] }))).toEqual(['applied']);
    expect(await held('vm2')).toEqual(['A 300 192.0.2.2']);
  });

  it('L3: one of another type stays, and is in nobody\'s way', async () => {
    const { at, a, story, hand, held } = await begin();
    await hand('vm1', 'MX', off('10 mail.example.net.'));
    await hand('vm1', 'CNAME', off('elsewhere.example.net.'));
    for (const ip of ['192.0.2.1', '192.0.2.2']) expect(statesOf(await story.want({ [at('vm1')]: [a('vm1', ip)] }))).toEqual(['applied']);
    expect(await held('vm1')).toEqual(['A 300 192.0.2.2', 'CNAME 300 elsewhere.example.net. off', 'MX 300 10 mail.example.net. off']);
    await story.want({ [at('vm1')]: [] });
    expect(await held('vm1')).toEqual(['CNAME 300 elsewhere.example.net. off', 'MX 300 10 mail.example.net. off']);
  });

  it.each([['the same value', '192.0.2.1'], ['another value', '192.0.2.9']])('ours is drift: the next command puts %s and says so', async (_what, ip) => {
    const { at, a, story, hand, held } = await begin();
    await story.want({ [at('vm1')]: [a('vm1', '192.0.2.1', '192.0.2.2')] });
    await hand('vm1', 'A', off('192.0.2.1'), on('192.0.2.2'));
    const outcome = await story.want({ [at('vm1')]: [a('vm1', ip)] });
    expect([statesOf(outcome), outcome.reports.map((report) => report.kind), outcome.reports[0]?.text]).toEqual([['applied'], ['drift'], expect.stringMatching(/was switched off \(disabled\) at the provider by somebody else/)]);
    expect([await held('vm1'), story.owns(at('vm1'))]).toEqual([[`A 300 ${ip}`], ['A']]);
  });

  it('ours is removed with our RRset', async () => {
    const { at, a, story, hand, held } = await begin();
    await story.want({ [at('vm1')]: [a('vm1', '192.0.2.1')] });
    await hand('vm1', 'A', off('192.0.2.1'));
    expect(statesOf(await story.want({ [at('vm1')]: [] }))).toEqual(['applied']);
    expect([await held('vm1'), story.owns(at('vm1'))]).toEqual([[], []]);
  });

  it('one that somebody put beside ours stays through changes and removal of ours', async () => {
    const { at, a, story, hand, held } = await begin();
    await story.want({ [at('vm1')]: [a('vm1', '192.0.2.1')] });
    await hand('vm1', 'A', on('192.0.2.1'), off('192.0.2.99'));
    for (const ip of ['192.0.2.2', '192.0.2.3']) {
      expect(statesOf(await story.want({ [at('vm1')]: [a('vm1', ip)] }))).toEqual(['applied']);
      expect(await held('vm1')).toEqual([`A 300 ${ip}`, 'A 300 192.0.2.99 off']);
    }
    await story.want({ [at('vm1')]: [] });
    expect(await held('vm1')).toEqual(['A 300 192.0.2.99 off']);
    expect(statesOf(await story.want({ [at('vm1')]: [a('vm1', '192.0.2.4')] }))).toEqual(['refused foreign-record']);
  });

  it('where the serial stands still they are looked for in every turn of a small zone', async () => {
    const { at, a, story, hand, held } = await begin({ soa_edit_api: '' });
    await story.want({ [at('vm1')]: [a('vm1', '192.0.2.1')] });
    await hand('vm2', 'A', off('192.0.2.200'));
    expect(statesOf(await story.want({ [at('vm2')]: [a('vm2', '192.0.2.2')] }))).toEqual(['refused foreign-record']);
    expect(await held('vm2')).toEqual(['A 300 192.0.2.200 off']);
  });
});
