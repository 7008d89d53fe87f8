import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { startStack, until, type Stack } from '../support/index.js';
import type { VmDns, VmFact } from '@vmdns/contracts';
import { accepted } from './accepted.js';

// What others put into our zones stays as it is. On sqlite, which keeps comments and disabled records.

// Longer than any wait in here, so that a failure says what was waited for.
jest.setTimeout(200_000);

let stack: Stack;
beforeAll(async () => { stack = await startStack({ powerdns: { backend: 'gsqlite3' } }); }, 120_000);
afterEach(() => stack?.proxy.clear());
afterAll(() => stack?.stop());

/** An RRset as the API gives it, with everything on it. */
interface Whole {
  readonly name: string;
  readonly type: string;
  readonly ttl: number;
  readonly records: readonly { readonly content: string; readonly disabled: boolean }[];
  readonly comments: readonly { readonly content: string; readonly account: string; readonly modified_at: number }[];
}

const comments = (content: string) => [{ content, account: 'a person', modified_at: 1_700_000_000 }];
const record = (content: string, disabled = false) => ({ content, disabled });

/** Writes RRsets past vmdns, as a person or a panel does. */
async function byHand(zone: string, rrsets: readonly Partial<Whole>[]): Promise<void> {
  await stack.powerdns.call('PATCH', `/zones/${zone}.`, { rrsets: rrsets.map((rrset) => ({ ttl: 60, ...rrset, changetype: 'REPLACE' })) });
}

/** Everything at a name, byte for byte; RRsets, records and comments sorted. */
async function held(zone: string, name: string, type?: string): Promise<readonly Whole[]> {
  const { rrsets } = await stack.powerdns.call('GET', `/zones/${zone}.`) as { readonly rrsets: readonly Whole[] };
  return rrsets.filter((rrset) => rrset.name === name && (type === undefined || rrset.type === type))
    .map((rrset) => ({ ...rrset, records: [...rrset.records].sort((a, b) => a.content.localeCompare(b.content)) }))
    .sort((a, b) => a.type.localeCompare(b.type));
}

const publish = (vmId: string, fact: VmFact): Promise<VmDns> => stack.gateway.publish(vmId, fact, 40_000);
async function remove(vmId: string): Promise<VmDns> {
  const { revision } = await stack.gateway.deleteVm(vmId);
  return stack.gateway.reaches(vmId, revision, (dns) => dns.state === 'gone', 'gone', 40_000);
}
/** `m-0.mixed.test` and so on, all at once. */
async function many(zone: string, prefix: string, count: number): Promise<void> {
  const body = Array.from({ length: count }, (_, i) => ({ specversion: '1.0', id: `${prefix}-${i}`, source: 'many', type: 'vmdns.vm.changed.v1', data: { vmId: `${prefix}-${i}`, fqdn: `${prefix}-${i}.${zone}`, addresses: [{ ip: `192.0.2.${i}` }] } }));
  await accepted(() => stack.gateway.ask('POST', '/v1/events', { body, headers: { 'content-type': 'application/cloudevents-batch+json' } }));
}
const recordOf = (dns: VmDns, type: string) => dns.records.find((one) => one.type === type);

describe('a foreign RRset at a wanted name', () => {
  it('L4 is refused with both sides told, and stays byte for byte through create, change and delete', async () => {
    await stack.addZone('foreign.test');
    await byHand('foreign.test', [{ name: 'vm.foreign.test.', type: 'A', ttl: 77, records: [record('203.0.113.1'), record('203.0.113.2', true)], comments: comments('the old web server') }]);
    const before = await held('foreign.test', 'vm.foreign.test.');
    expect(before).toMatchObject([{ ttl: 77, comments: [{ content: 'the old web server' }] }]);

    const created = await publish('f1', { fqdn: 'vm.foreign.test', addresses: [{ ip: '192.0.2.1' }] });
    expect(created).toMatchObject({ live: true, state: 'attention', reason: { code: 'foreign-record' } });
    const { sentences } = await stack.gateway.explain('f1');
    expect(sentences.join('\n')).toMatch(/A vm\.foreign\.test\. → 192\.0\.2\.1 in foreign\.test\. \(powerdns\) is refused since \S+Z: .*203\.0\.113\.1.*TTL 77.*192\.0\.2\.1.*Remove that record at the provider/);
    expect(await held('foreign.test', 'vm.foreign.test.')).toEqual(before);

    const changed = await publish('f1', { fqdn: 'vm.foreign.test', addresses: [{ ip: '192.0.2.2' }] });
    expect(recordOf(changed, 'A')).toMatchObject({ state: 'refused', reason: { code: 'foreign-record' } });
    expect(await held('foreign.test', 'vm.foreign.test.')).toEqual(before);

    await remove('f1');
    expect(await held('foreign.test', 'vm.foreign.test.')).toEqual(before);
    expect(stack.proxy.patchesOf('foreign.test.').filter((call) => call.names.includes('vm.foreign.test.'))).toEqual([]);
  });

  it('L4 a foreign A does not keep our AAAA away: ownership is by RRset', async () => {
    await stack.addZone('halves.test');
    await byHand('halves.test', [{ name: 'vm.halves.test.', type: 'A', records: [record('203.0.113.1')] }]);
    const dns = await publish('h1', { fqdn: 'vm.halves.test', addresses: [{ ip: '192.0.2.1' }, { ip: '2001:db8::1' }] });
    expect(dns.state).toBe('attention');
    expect((await stack.dns('vm.halves.test', 'AAAA')).values).toEqual(['2001:db8::1']);
    await remove('h1');
    expect((await held('halves.test', 'vm.halves.test.')).map((rrset) => rrset.type)).toEqual(['A']);
  });

  it('L4 what is wanted already stands there: answered as wished, never ours, and left by the delete', async () => {
    await stack.addZone('equal.test');
    await byHand('equal.test', [{ name: 'vm.equal.test.', type: 'A', ttl: 300, records: [record('192.0.2.1')], comments: comments('mine') }]);
    const before = await held('equal.test', 'vm.equal.test.');
    const dns = await publish('e1', { fqdn: 'vm.equal.test', addresses: [{ ip: '192.0.2.1' }] });
    expect(recordOf(dns, 'A')?.state).toBe('applied');
    const changed = await publish('e1', { fqdn: 'vm.equal.test', addresses: [{ ip: '192.0.2.2' }] });
    expect(recordOf(changed, 'A')).toMatchObject({ state: 'refused', reason: { code: 'foreign-record' } });
    await remove('e1');
    expect(await held('equal.test', 'vm.equal.test.')).toEqual(before);
  });

  it('L4 a foreign PTR is refused as well', async () => {
    await stack.addZone('100.51.198.in-addr.arpa');
    await byHand('100.51.198.in-addr.arpa', [{ name: '7.100.51.198.in-addr.arpa.', type: 'PTR', records: [record('old.example.')], comments: comments('the old one') }]);
    const before = await held('100.51.198.in-addr.arpa', '7.100.51.198.in-addr.arpa.');
    const dns = await publish('d1', { fqdn: 'vm.elsewhere.example', addresses: [{ ip: '198.51.100.7' }] });
    expect(recordOf(dns, 'PTR')).toMatchObject({ state: 'refused', reason: { code: 'foreign-record' } });
    await remove('d1');
    expect(await held('100.51.198.in-addr.arpa', '7.100.51.198.in-addr.arpa.')).toEqual(before);
  });

  it('L4 many at once: the foreign ones stay, the others land', async () => {
    const zone = await stack.addZone('mixed.test');
    await byHand('mixed.test', [3, 14, 15].map((i) => ({ name: `m-${i}.mixed.test.`, type: 'A', records: [record('203.0.113.9')], comments: comments(`number ${i}`) })));
    await many('mixed.test', 'm', 40);
    await until(async () => (await stack.gateway.zone(zone.id)).counts['applied'] === 37, { withinMs: 40_000, what: '37 applied names' });
    await until(async () => (await stack.gateway.zone(zone.id)).counts['refused'] === 3, { withinMs: 40_000, what: '3 refused names' });
    for (const i of [3, 14, 15]) expect(await held('mixed.test', `m-${i}.mixed.test.`)).toMatchObject([{ ttl: 60, records: [{ content: '203.0.113.9' }], comments: [{ content: `number ${i}` }] }]);
  });
});

describe('a CNAME in the way', () => {
  it('is refused with what stands there and what to do; once it is gone, the next change lands', async () => {
    await stack.addZone('cname.test');
    await byHand('cname.test', [{ name: 'vm.cname.test.', type: 'CNAME', records: [record('elsewhere.example.')], comments: comments('do not touch') }]);
    const before = await held('cname.test', 'vm.cname.test.');
    const dns = await publish('c1', { fqdn: 'vm.cname.test', addresses: [{ ip: '192.0.2.1' }] });
    expect(recordOf(dns, 'A')).toMatchObject({ state: 'refused', reason: { code: 'cname-conflict', text: expect.stringContaining('elsewhere.example.') } });
    expect((await stack.gateway.explain('vm.cname.test')).sentences.join(' ')).toMatch(/CNAME.*Remove one of the two/);
    expect(await held('cname.test', 'vm.cname.test.')).toEqual(before);
    await stack.powerdns.deleteRrset('cname.test.', 'vm.cname.test.', 'CNAME');
    const next = await publish('c1', { fqdn: 'vm.cname.test', addresses: [{ ip: '192.0.2.2' }] });
    expect(next.state).toBe('live');
    expect((await stack.dns('vm.cname.test', 'A')).values).toEqual(['192.0.2.2']);
  });
});

describe('what others put beside ours', () => {
  it('L3 a hand-made MX, TXT and CAA at our name are untouched through create, change, rename and delete', async () => {
    await stack.addZone('beside.test');
    await byHand('beside.test', [
      { name: 'vm.beside.test.', type: 'MX', ttl: 61, records: [record('10 mail.example.')], comments: comments('mail') },
      { name: 'vm.beside.test.', type: 'TXT', ttl: 62, records: [record('"v=spf1 -all"'), record('"second"', true)] },
      { name: 'vm.beside.test.', type: 'CAA', ttl: 63, records: [record('0 issue "ca.example"')] },
    ]);
    const before = await held('beside.test', 'vm.beside.test.');
    const others = async () => (await held('beside.test', 'vm.beside.test.')).filter((rrset) => rrset.type !== 'A');
    await publish('b1', { fqdn: 'vm.beside.test', addresses: [{ ip: '192.0.2.1' }] });
    expect(await others()).toEqual(before);
    await publish('b1', { fqdn: 'vm.beside.test', addresses: [{ ip: '192.0.2.2' }] });
    expect(await others()).toEqual(before);
    await publish('b1', { fqdn: 'other.beside.test', addresses: [{ ip: '192.0.2.2' }] });
    expect(await held('beside.test', 'vm.beside.test.')).toEqual(before);
    await publish('b1', { fqdn: 'vm.beside.test', addresses: [{ ip: '192.0.2.3' }] });
    await remove('b1');
    expect(await held('beside.test', 'vm.beside.test.')).toEqual(before);
  });

  it('L3 what was there before in the zone is there after: SOA but for its serial, NS, other names, comments', async () => {
    await stack.addZone('whole.test');
    await byHand('whole.test', [
      { name: 'whole.test.', type: 'MX', records: [record('10 mail.example.')] },
      { name: 'www.whole.test.', type: 'CNAME', records: [record('web.example.')], comments: comments('the site') },
      { name: '*.whole.test.', type: 'TXT', records: [record('"any"')] },
    ]);
    const picture = async () => ((await stack.powerdns.call('GET', '/zones/whole.test.')) as { readonly rrsets: readonly Whole[] }).rrsets
      .map((rrset) => JSON.stringify(rrset.type === 'SOA' ? { ...rrset, records: rrset.records.map((one) => one.content.replace(/ \d+ /, ' serial ')) } : rrset)).sort();
    const before = await picture();
    await publish('w1', { fqdn: 'vm.whole.test', addresses: [{ ip: '192.0.2.1' }, { ip: '2001:db8::1' }] });
    expect((await picture()).filter((rrset) => !rrset.includes('"vm.whole.test."'))).toEqual(before);
    await remove('w1');
    expect(await picture()).toEqual(before);
  });

  it('L4 what somebody switched off is his: refused with a reason, byte for byte, among many names and alone', async () => {
    const zone = await stack.addZone('disabled.test');
    await byHand('disabled.test', ['o-3', 'single'].map((name) => ({ name: `${name}.disabled.test.`, type: 'A', ttl: 300, records: [record('203.0.113.1', true)], comments: comments('back in spring') })));
    const before = [await held('disabled.test', 'o-3.disabled.test.'), await held('disabled.test', 'single.disabled.test.')];
    await many('disabled.test', 'o', 12);
    await until(async () => (await stack.gateway.zone(zone.id)).counts['applied'] === 11, { withinMs: 40_000, what: '11 applied names' });
    await publish('single', { fqdn: 'single.disabled.test', addresses: [{ ip: '192.0.2.77' }] });
    for (const vmId of ['o-3', 'single']) expect(recordOf(await stack.gateway.dns(vmId), 'A')).toMatchObject({ state: 'refused', reason: { code: 'foreign-record', text: expect.stringContaining('switched off') } });
    expect([await held('disabled.test', 'o-3.disabled.test.'), await held('disabled.test', 'single.disabled.test.')]).toEqual(before);
  });

  it('our own record that somebody changed is drift: overwritten by the next change, and the word is given', async () => {
    await stack.addZone('drift.test');
    await publish('r1', { fqdn: 'vm.drift.test', addresses: [{ ip: '192.0.2.1' }] });
    await byHand('drift.test', [{ name: 'vm.drift.test.', type: 'A', records: [record('203.0.113.1')] }]);
    const dns = await publish('r1', { fqdn: 'vm.drift.test', addresses: [{ ip: '192.0.2.2' }] });
    expect(dns.state).toBe('live');
    expect((await stack.dns('vm.drift.test', 'A')).values).toEqual(['192.0.2.2']);
    expect(stack.service('adapter-powerdns').logs()).toContain('vm.drift.test. A was changed to 203.0.113.1');
  });
});
