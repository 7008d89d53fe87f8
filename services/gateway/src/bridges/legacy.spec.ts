import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { World } from '../../testing/world.js';
import { problem } from '../../testing/scripted-services.js';
import { AddressList, callerAddress, isListed } from './caller-address.js';

const PATHS = ['/legacy/dns.php', '/modules/servers/puqProxmoxKVM/lib/dns/dns.php'];
const entries = [{ forward: 'vm1.example.com', ip: '10.0.0.1', reverse: 'mail.example.net' }, { forward: 'vm2.example.com', ip: '2001:db8::2', reverse: 'vm2.example.com' }];

describe('where a caller is', () => {
  const proxies = AddressList.parse('127.0.0.1, 10.0.0.0/8, ::1');
  const from = (remoteAddress: string, forwarded?: string) => callerAddress({ headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }, socket: { remoteAddress } } as unknown as Parameters<typeof callerAddress>[0], proxies);

  it.each<[string, string, string | undefined, string | undefined]>([
    ['who calls by himself', '192.0.2.7', undefined, '192.0.2.7'],
    ['IPv4 on a socket for both', '::ffff:192.0.2.7', undefined, '192.0.2.7'],
    ['a stranger who forges the header', '192.0.2.7', '198.51.100.1', '192.0.2.7'],
    ['by a proxy of ours', '127.0.0.1', '198.51.100.1', '198.51.100.1'],
    ['by two proxies of ours', '127.0.0.1', '198.51.100.1, 10.1.2.3', '198.51.100.1'],
    ['by a proxy of ours, with a forged beginning', '10.0.0.1', '192.0.2.99, 198.51.100.1', '198.51.100.1'],
    ['a proxy of ours that tells nothing', '127.0.0.1', undefined, '127.0.0.1'],
    ['a proxy of ours that tells nonsense', '127.0.0.1', 'unknown', undefined],
    ['IPv6', '::1', '2001:DB8::0001', '2001:db8::1'],
  ])('%s', (_, remote, forwarded, expected) => expect(from(remote, forwarded)).toBe(expected));

  it('is in a list by family and prefix', () => {
    const list = AddressList.parse('192.0.2.0/24,2001:db8::/32');
    expect(['192.0.2.255', '192.0.3.0', '2001:db8:ffff::', '2001:db9::', undefined].map((address) => isListed(address, list))).toEqual([true, false, true, false, false]);
    expect([AddressList.parse(undefined), AddressList.safeParse('192.0.2.1/24').success, AddressList.safeParse('example.com').success]).toEqual([[], false, false]);
  });
});

describe('the legacy feed', () => {
  let world: World;
  beforeAll(async () => { world = await World.begin({ LEGACY_ALLOW: '198.51.100.0/24', TRUSTED_PROXIES: '127.0.0.0/8, ::1' }); }, 60_000);
  afterEach(() => world.services.stopAll());
  afterAll(() => world.end());
  const ask = (path: string, from: string | undefined, token: string | null = null) => world.door.ask('GET', path, { token, headers: from === undefined ? {} : { 'x-forwarded-for': from } });

  it.each(PATHS)('answers at %s who is on the list, page by page as one array', async (path) => {
    await world.services.on('planner.legacy-feed', ({ cursor }) => cursor === undefined ? { items: entries.slice(0, 1), next: 'vm1' } : { items: entries.slice(1) });
    const answer = await ask(path, '198.51.100.20');
    expect([answer.status, answer.headers['content-type'], answer.body]).toEqual([200, expect.stringContaining('application/json'), entries]);
  });
  it.each(PATHS)('refuses at %s who is not; an operator or viewer may look by token', async (path) => {
    await world.services.on('planner.legacy-feed', () => ({ items: entries }));
    for (const from of ['192.0.2.1', undefined, 'nonsense', '198.51.100.20, 192.0.2.1']) expect((await ask(path, from)).status).toBe(401);
    expect((await ask(path, undefined, await world.tokenOf('viewer'))).body).toEqual(entries);
    expect((await ask(path, undefined, await world.tokenOf('publisher'))).status).toBe(403);
    expect((await world.door.ask('POST', path, { token: null, headers: { 'x-forwarded-for': '198.51.100.20' } })).status).toBe(401);
  });
  it('is never told in part', async () => {
    await world.services.on('planner.legacy-feed', ({ cursor }) => cursor === undefined ? { items: entries, next: 'vm1' } : problem(503, 'unavailable', 'busy'));
    expect((await ask('/legacy/dns.php', '198.51.100.20')).status).toBe(503);
  });
});
