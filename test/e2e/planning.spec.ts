import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { startStack, until, type GatewayClient, type HttpAnswer, type RecordedCall, type Stack } from '../support/index.js';
import type { RecordStatus, VmDns, VmFact, Zone } from '@vmdns/contracts';

// Who gets which name and address, and what zones that come and go do to them, down to what name servers answer.

// Longer than any wait in here, so that a failure says what was waited for.
jest.setTimeout(200_000);

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
}, 120_000);
afterAll(() => stack?.stop());

const zone = (name: string, entry: { readonly reservedNames?: string[] } = {}): Promise<Zone> => stack.addZone(name, { entry });

const publish = (vmId: string, fact: VmFact): Promise<VmDns> => stack.gateway.publish(vmId, fact, 40_000);
const gone = async (vmId: string): Promise<VmDns> => {
  const { revision } = await stack.gateway.deleteVm(vmId);
  return stack.gateway.reaches(vmId, revision, (dns) => dns.state === 'gone', 'gone', 40_000);
};
const becomes = (vmId: string, is: (dns: VmDns) => boolean, what: string): Promise<VmDns> => stack.gateway.reaches(vmId, 1, is, what, 40_000);
const of = (dns: VmDns, type: RecordStatus['type']): RecordStatus | undefined => dns.records.find((record) => record.type === type);
const answers = async (name: string, type: 'A' | 'AAAA' | 'PTR'): Promise<readonly string[]> => (await stack.dns(name, type)).values;
const writesOf = (name: string): readonly RecordedCall[] => stack.proxy.patchesOf().filter((call) => call.names.includes(name));

describe('an address that is recycled', () => {
  it('is the new VM\'s by one command at the same owner name; the old PTR never outlives it, and comes back when the new VM leaves', async () => {
    await zone('100.51.198.in-addr.arpa');
    await publish('old', { fqdn: 'old.example', addresses: [{ ip: '198.51.100.1' }] });
    expect(await answers('1.100.51.198.in-addr.arpa', 'PTR')).toEqual(['old.example.']);
    const before = writesOf('1.100.51.198.in-addr.arpa.').length;
    await publish('new', { fqdn: 'new.example', addresses: [{ ip: '198.51.100.1' }] });
    expect(await answers('1.100.51.198.in-addr.arpa', 'PTR')).toEqual(['new.example.']);
    const since = writesOf('1.100.51.198.in-addr.arpa.').slice(before);
    expect(since.map((call) => call.rrsets)).toEqual([[{ name: '1.100.51.198.in-addr.arpa.', type: 'PTR', changetype: 'REPLACE', values: ['new.example.'] }]]);
    expect(of(await becomes('old', (dns) => dns.state === 'attention', 'attention'), 'PTR')).toMatchObject({ state: 'refused', reason: { code: 'address-conflict' } });
    await gone('new');
    await becomes('old', (dns) => dns.state === 'live', 'live');
    expect(await answers('1.100.51.198.in-addr.arpa', 'PTR')).toEqual(['old.example.']);
  });

  it('by a VM that wants no PTR: the old one goes all the same', async () => {
    await publish('old-2', { fqdn: 'old-2.example', addresses: [{ ip: '198.51.100.2' }] });
    await publish('nameless', { addresses: [{ ip: '198.51.100.2' }] });
    await until(async () => (await answers('2.100.51.198.in-addr.arpa', 'PTR')).length === 0, { withinMs: 40_000, what: 'the old PTR to go' });
  });

  it('the customer\'s PTR is dropped with the address and does not come back with it', async () => {
    const fact = (ip: string): VmFact => ({ fqdn: 'moving.example', addresses: [{ ip }] });
    await publish('moving', fact('198.51.100.3'));
    const set = await stack.gateway.setPtr('moving', '198.51.100.3', 'mine.customer.example');
    await stack.gateway.live('moving', set.revision);
    await publish('moving', fact('198.51.100.4'));
    expect(await answers('3.100.51.198.in-addr.arpa', 'PTR')).toEqual([]);
    await publish('moving', fact('198.51.100.3'));
    expect(await answers('3.100.51.198.in-addr.arpa', 'PTR')).toEqual(['moving.example.']);
  });
});

describe('two VMs want one name or address', () => {
  const tokenOf = async (tenant: string): Promise<GatewayClient> => {
    const made = await stack.gateway.ask('POST', '/v1/tokens', { body: { name: `team-${tenant}`, role: 'publisher', tenant } });
    return stack.gateway.as((made.body as { readonly token: string }).token);
  };

  /** An answer that is one: sent again while vmdns cannot right now. */
  const asked = (client: GatewayClient, method: string, path: string, body?: unknown): Promise<HttpAnswer> =>
    until(async () => { const given = await client.ask(method, path, body === undefined ? {} : { body }); return given.status === 503 ? undefined : given; }, { withinMs: 20_000, what: `${method} ${path} to be answered` });

  it('L11 of two tenants: the first has the name, the newest the address, and no reason names the other\'s VM', async () => {
    await zone('names.test');
    const [red, blue] = await Promise.all([tokenOf('red'), tokenOf('blue')]);
    await red.publish('red-secret-7', { fqdn: 'shop.names.test', addresses: [{ ip: '198.51.100.10' }] });
    const loser = await blue.publish('blue-vm', { fqdn: 'shop.names.test', addresses: [{ ip: '198.51.100.10' }] });
    expect(of(loser, 'A')).toMatchObject({ state: 'refused', reason: { code: 'name-conflict' } });
    expect(of(await becomes('red-secret-7', (dns) => dns.state === 'attention', 'attention'), 'PTR')).toMatchObject({ reason: { code: 'address-conflict' } });
    expect(await answers('shop.names.test', 'A')).toEqual(['198.51.100.10']);
    const seenByBlue = JSON.stringify([await blue.dns('blue-vm'), await blue.explain('blue-vm'), await blue.explain('shop.names.test'), await blue.explain('198.51.100.10'), await blue.findVms({ name: 'shop.names.test' })]);
    expect(seenByBlue).not.toMatch(/red/);
    expect(JSON.stringify([await red.dns('red-secret-7'), await red.explain('shop.names.test'), await red.explain('198.51.100.10')])).not.toMatch(/blue/);
    // No door tells blue that there is another: asked by id, by its beginning, by name and by address.
    for (const path of ['/v1/vms/red-secret-7', '/v1/vms/red-secret-7/dns']) expect((await asked(blue, 'GET', path)).status).toBe(404);
    expect(await blue.explain('red-secret-7')).toMatchObject({ kind: 'unknown', vms: [], names: [] });
    const found = async (query: string) => ((await asked(blue, 'GET', `/v1/search/vms?q=${query}`)).body as { readonly items: readonly { readonly vmId: string }[] }).items.map(({ vmId }) => vmId);
    expect([await found('red-'), await found('shop.names.test'), await found('198.51.100.10'), await found('')]).toEqual([[], ['blue-vm'], ['blue-vm'], ['blue-vm']]);
    await gone('red-secret-7');
    await becomes('blue-vm', (dns) => dns.state === 'live', 'live');
    expect(await answers('shop.names.test', 'A')).toEqual(['198.51.100.10']);
  });

  it('L11 an id that another tenant had: the new one learns nothing of it, the old one nothing more', async () => {
    const [red, blue] = await Promise.all([tokenOf('red'), tokenOf('blue')]);
    const { vmId, revision } = await red.publish('recycled-id', { fqdn: 'red-before.names.test', addresses: [{ ip: '198.51.100.12' }] }, 40_000);
    await gone(vmId);
    expect((await asked(blue, 'GET', `/v1/vms/${vmId}/dns`)).status).toBe(404);
    const now = await blue.publish(vmId, { fqdn: 'blue-after.names.test', addresses: [{ ip: '198.51.100.12' }] }, 40_000);
    expect(now.revision).toBeGreaterThan(revision);
    expect(JSON.stringify([now, await blue.explain(vmId), (await asked(blue, 'GET', `/v1/vms/${vmId}`)).body, await blue.explain('198.51.100.12')])).not.toMatch(/red-/);
    expect(await answers('12.100.51.198.in-addr.arpa', 'PTR')).toEqual(['blue-after.names.test.']);
    expect((await asked(red, 'GET', `/v1/vms/${vmId}`)).status).toBe(404);
    expect((await asked(red, 'DELETE', `/v1/vms/${vmId}`)).status).toBe(403);
  });

  it('L11 a tenant with limits: what lies outside is not-permitted and answers nowhere, stands in nobody\'s way, and comes when they are lifted', async () => {
    const [green, blue] = await Promise.all([tokenOf('green'), tokenOf('blue')]);
    const limited = (domains: string[] | null, ranges: string[] | null, as: GatewayClient = stack.gateway) => asked(as, 'PUT', '/v1/tenants/green/limits', { domains, ranges });
    expect((await limited(['green.names.test'], ['198.51.100.64/26'])).status).toBe(200);
    expect((await limited(null, null, green)).status).toBe(403);
    expect((await green.publish('green-in', { fqdn: 'web.green.names.test', addresses: [{ ip: '198.51.100.65' }] }, 40_000)).state).toBe('live');
    await green.putVm('green-out', { fqdn: 'out.names.test', addresses: [{ ip: '198.51.100.20' }] });
    const refused = await becomes('green-out', (dns) => dns.state === 'attention', 'attention');
    expect([of(refused, 'A'), of(refused, 'PTR')]).toMatchObject([{ state: 'refused', reason: { code: 'not-permitted' } }, { state: 'refused', reason: { code: 'not-permitted' } }]);
    expect([await answers('out.names.test', 'A'), await answers('20.100.51.198.in-addr.arpa', 'PTR')]).toEqual([[], []]);
    // Whoever may have the name has it, and learns nothing of who said it before.
    const holder = await blue.publish('blue-out', { fqdn: 'out.names.test', addresses: [{ ip: '198.51.100.21' }] }, 40_000);
    expect([holder.state, await answers('out.names.test', 'A')]).toEqual(['live', ['198.51.100.21']]);
    expect(JSON.stringify([holder, await blue.explain('out.names.test')])).not.toMatch(/green/);
    await gone('blue-out');
    expect((await limited(null, null)).status).toBe(200);
    await becomes('green-out', (dns) => dns.state === 'live', 'live');
    expect([await answers('out.names.test', 'A'), await answers('20.100.51.198.in-addr.arpa', 'PTR')]).toEqual([['198.51.100.20'], ['out.names.test.']]);
  });

  it('of one tenant: the reason names the holder; with shareName on both, both answer', async () => {
    await zone('shared.test');
    const fact = (ip: string, shareName: boolean): VmFact => ({ fqdn: 'pool.shared.test', tenant: 'green', shareName, addresses: [{ ip }] });
    await publish('pool-1', fact('192.0.2.1', false));
    const lost = await publish('pool-2', fact('192.0.2.2', true));
    expect(of(lost, 'A')?.reason).toMatchObject({ code: 'name-conflict', text: expect.stringContaining('pool-1'), hint: expect.stringContaining('shareName') });
    expect(await answers('pool.shared.test', 'A')).toEqual(['192.0.2.1']);
    await publish('pool-1', fact('192.0.2.1', true));
    await becomes('pool-2', (dns) => dns.state === 'live', 'live');
    expect(await answers('pool.shared.test', 'A')).toEqual(['192.0.2.1', '192.0.2.2']);
    await gone('pool-1');
    expect(await answers('pool.shared.test', 'A')).toEqual(['192.0.2.2']);
  });
});

describe('what no VM gets', () => {
  it.each(['www', 'mail', 'ns1', 'ns', 'wpad', 'autodiscover', 'localhost', '@'])('the reserved name %s is refused with what to do', async (label) => {
    if ((await stack.gateway.zones('reserved.test.')).items.length === 0) await zone('reserved.test');
    const vmId = `reserved-${label === '@' ? 'apex' : label}`;
    const dns = await publish(vmId, { fqdn: label === '@' ? 'reserved.test' : `${label}.reserved.test`, addresses: [{ ip: '192.0.2.3' }] });
    expect(of(dns, 'A')).toMatchObject({ state: 'refused', reason: { code: 'reserved-name', hint: expect.any(String) } });
    expect(await answers(label === '@' ? 'reserved.test' : `${label}.reserved.test`, 'A')).toEqual([]);
  });

  it('reserved names are the zone\'s own where it has some', async () => {
    await zone('own-list.test', { reservedNames: ['db*'] });
    expect((await publish('own-www', { fqdn: 'www.own-list.test', addresses: [{ ip: '192.0.2.4' }] })).state).toBe('live');
    expect(of(await publish('own-db', { fqdn: 'db7.own-list.test', addresses: [{ ip: '192.0.2.5' }] }), 'A')?.reason?.code).toBe('reserved-name');
  });

  it('a wildcard name answers forward and gets no PTR', async () => {
    await zone('wild.test');
    const dns = await publish('wild', { fqdn: '*.apps.wild.test', addresses: [{ ip: '198.51.100.20' }] });
    expect(dns.state).toBe('live');
    expect([await answers('any.apps.wild.test', 'A'), await answers('20.100.51.198.in-addr.arpa', 'PTR')]).toEqual([['198.51.100.20'], []]);
  });
});

describe('settings', () => {
  afterEach(() => stack?.gateway.putSettings({}));

  it('no zone for a configured domain: it waits and says so, and comes with its zone; elsewhere it is outside and settled', async () => {
    await stack.gateway.putSettings({ ownDomains: ['soon.test'], ownRanges: ['203.0.113.0/24'] });
    const dns = await publish('soon', { fqdn: 'vm.soon.test', addresses: [{ ip: '203.0.113.1' }] });
    expect(dns.state).toBe('attention');
    expect(dns.records.map((record) => [record.type, record.state, record.reason?.code]).sort()).toEqual([['A', 'waiting', 'no-zone'], ['PTR', 'waiting', 'no-zone']]);
    const elsewhere = await publish('elsewhere', { fqdn: 'vm.customer.example', addresses: [{ ip: '192.0.2.6' }] });
    expect([elsewhere.state, elsewhere.records.map((record) => record.reason?.code)]).toEqual(['live', ['outside', 'outside']]);
    await zone('soon.test');
    await zone('113.0.203.in-addr.arpa');
    await becomes('soon', (seen) => seen.state === 'live', 'live');
    expect([await answers('vm.soon.test', 'A'), await answers('1.113.0.203.in-addr.arpa', 'PTR')]).toEqual([['203.0.113.1'], ['vm.soon.test.']]);
  });

  it('a range\'s template gives a PTR to who has no name; a name, a publisher\'s and a customer\'s PTR come before it', async () => {
    await zone('18.198.in-addr.arpa');
    await zone('9.9.9.9.8.b.d.0.1.0.0.2.ip6.arpa');
    await stack.gateway.putSettings({ ptrTemplates: [{ range: '198.18.0.0/15', pattern: '{ip-dashed}.dyn.example' }, { range: '2001:db8:9999::/48', pattern: 'v6-{ip-dashed}.dyn.example' }] });
    const ptr = (): Promise<readonly string[]> => answers('7.0.18.198.in-addr.arpa', 'PTR');
    await publish('template', { addresses: [{ ip: '198.18.0.7' }, { ip: '2001:db8:9999::7' }] });
    expect(await ptr()).toEqual(['198-18-0-7.dyn.example.']);
    expect(await answers(`7.${'0.'.repeat(19)}9.9.9.9.8.b.d.0.1.0.0.2.ip6.arpa`, 'PTR')).toEqual(['v6-2001-0db8-9999-0000-0000-0000-0000-0007.dyn.example.']);
    await publish('template', { fqdn: 'named.example', addresses: [{ ip: '198.18.0.7' }] });
    expect(await ptr()).toEqual(['named.example.']);
    await publish('template', { fqdn: 'named.example', addresses: [{ ip: '198.18.0.7', ptr: 'publisher.example' }] });
    expect(await ptr()).toEqual(['publisher.example.']);
    const set = await stack.gateway.setPtr('template', '198.18.0.7', 'customer.example');
    await stack.gateway.live('template', set.revision);
    expect(await ptr()).toEqual(['customer.example.']);
    await publish('template', { fqdn: 'named.example', addresses: [{ ip: '198.18.0.7' }] });
    const reset = await stack.gateway.setPtr('template', '198.18.0.7', null);
    await stack.gateway.live('template', reset.revision);
    // Absent meant untouched: the publisher's own stands until null is said.
    expect(await ptr()).toEqual(['publisher.example.']);
    await publish('template', { fqdn: 'named.example', addresses: [{ ip: '198.18.0.7', ptr: null }] });
    expect(await ptr()).toEqual(['named.example.']);
  });

  it('a host name without a domain takes its tenant\'s, else the main one; without either it waits, and comes once one is set', async () => {
    await zone('main.test');
    await zone('purple.test');
    const dns = await publish('plain', { hostname: 'Plain', addresses: [{ ip: '192.0.2.7' }] });
    expect(dns).toMatchObject({ state: 'attention', reason: { code: 'no-zone', text: expect.stringContaining('plain') } });
    await publish('violet', { hostname: 'violet', tenant: 'purple', addresses: [{ ip: '192.0.2.8' }] });
    await stack.gateway.putSettings({ mainDomain: 'main.test', tenantDomains: { purple: 'purple.test' } });
    await becomes('plain', (seen) => seen.state === 'live', 'live');
    await becomes('violet', (seen) => seen.state === 'live', 'live');
    expect([await answers('plain.main.test', 'A'), await answers('violet.purple.test', 'A'), await answers('violet.main.test', 'A')]).toEqual([['192.0.2.7'], ['192.0.2.8'], []]);
    await stack.gateway.putSettings({ mainDomain: 'purple.test', tenantDomains: { purple: 'main.test' } });
    await until(async () => (await answers('plain.purple.test', 'A')).length === 1 && (await answers('plain.main.test', 'A')).length === 0 && (await answers('violet.main.test', 'A')).length === 1, { withinMs: 40_000, what: 'both to move' });
  });

  it('A and AAAA are made for the first address of each family and those with forward, or for all where that is set', async () => {
    await zone('forward.test');
    const addresses = [{ ip: '192.0.2.30' }, { ip: '192.0.2.31' }, { ip: '192.0.2.32', forward: true }, { ip: '2001:db8::30' }, { ip: '2001:db8::31' }];
    await publish('forward', { fqdn: 'vm.forward.test', addresses });
    expect([await answers('vm.forward.test', 'A'), await answers('vm.forward.test', 'AAAA')]).toEqual([['192.0.2.30', '192.0.2.32'], ['2001:db8::30']]);
    await stack.gateway.putSettings({ forwardAddresses: 'all' });
    await until(async () => (await answers('vm.forward.test', 'AAAA')).length === 2, { withinMs: 40_000, what: 'all addresses' });
    expect(await answers('vm.forward.test', 'A')).toEqual(['192.0.2.30', '192.0.2.31', '192.0.2.32']);
  });
});

describe('POST /v1/plans', () => {
  /** Everything that facts leave behind, row by row. */
  const stored = async (): Promise<string> => {
    const tables = ['inventory.vm', 'inventory.change', 'inventory.deletion', 'inventory.hold', 'inventory.hold_member', 'planner.vm', 'planner.wish', 'planner.name', 'planner.hold', 'planner.hold_member', 'planner.job', 'planner.removal', 'planner.change', 'planner.zone'];
    const sums = await Promise.all(tables.map((table) => stack.database.query<{ sum: string }>(`select md5(coalesce(string_agg(t::text, ',' order by t::text), '')) as sum from ${table} t`)));
    return JSON.stringify(sums);
  };

  it('says what facts would do, and nothing of it is written; then they do it', async () => {
    await zone('plan.test');
    await zone('7.99.10.in-addr.arpa');
    await publish('planned-1', { fqdn: 'one.plan.test', addresses: [{ ip: '10.99.7.1' }] });
    await until(async () => (await stack.database.query('select 1 from planner.name where settled_generation < generation union all select 1 from planner.job')).length === 0, { withinMs: 40_000, what: 'all to be settled' });
    const [before, calls] = [await stored(), stack.proxy.patchesOf().length];
    const facts = [
      { vmId: 'planned-1', fqdn: 'one.plan.test', addresses: [{ ip: '10.99.7.2' }] },
      { vmId: 'planned-2', fqdn: 'www.plan.test', addresses: [{ ip: '10.99.7.1' }] },
      { vmId: 'planned-3', fqdn: 'bad..test', addresses: [] }, { vmId: 'planned-4', deleted: true },
    ];
    const answer = await until(async () => { const given = await stack.gateway.ask('POST', '/v1/plans', { body: { facts } }); return given.status === 503 ? undefined : given; }, { withinMs: 20_000, what: 'a plan' });
    expect({ status: answer.status, text: (answer.body as { text?: string }).text }).toMatchInlineSnapshot(`
     {
       "status": 200,
       "text": "7.99.10.in-addr.arpa. (powerdns)
       ~ 1.7.99.10.in-addr.arpa. 3600 PTR one.plan.test. → www.plan.test.
       + 2.7.99.10.in-addr.arpa. 3600 PTR one.plan.test.
     plan.test. (powerdns)
       ~ one.plan.test. 300 A 10.99.7.1 → 10.99.7.2
       ! www.plan.test. A of planned-2: www.plan.test. is reserved in the zone plan.test. (by 'www') (reserved-name)
     facts
       ! planned-3: refused: fqdn: 'bad..test' has an empty label
       ! planned-4: ignored: no VM planned-4 is known
     1 added, 2 changed, 0 removed. 1 not granted.",
     }
    `);
    expect([await stored(), stack.proxy.patchesOf().length]).toEqual([before, calls]);

    await publish('planned-1', { fqdn: 'one.plan.test', addresses: [{ ip: '10.99.7.2' }] });
    await publish('planned-2', { fqdn: 'www.plan.test', addresses: [{ ip: '10.99.7.1' }] });
    expect([await answers('one.plan.test', 'A'), await answers('2.7.99.10.in-addr.arpa', 'PTR'), await answers('1.7.99.10.in-addr.arpa', 'PTR'), await answers('www.plan.test', 'A')])
      .toEqual([['10.99.7.2'], ['one.plan.test.'], ['www.plan.test.'], []]);
  });
});
