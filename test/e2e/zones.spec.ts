import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { dnsAsk, startStack, until, type FaultProxy, type GatewayClient, type PowerdnsServer, type RecordedCall, type Stack } from '../support/index.js';
import type { VmDns, VmFact, Zone } from '@vmdns/contracts';

// Zones that come, go, overlap, and stand at two servers.

// Longer than any wait in here, so that a failure says what was waited for.
jest.setTimeout(200_000);

let stack: Stack;
let second: { readonly powerdns: PowerdnsServer; readonly proxy: FaultProxy };
let firstId: string;
let secondId: string;
beforeAll(async () => {
  stack = await startStack();
  firstId = (await stack.connect('first')).id;
  second = await stack.secondPowerdns({ rectify: false });
  secondId = (await stack.connectTo(second.powerdns, { name: 'second', api: second.proxy.url })).id;
}, 120_000);
afterEach(() => {
  stack?.proxy.clear();
  second?.proxy.clear();
});
afterAll(() => stack?.stop());

type Entry = Parameters<GatewayClient['addZone']>[0];
async function zone(name: string, on: 'first' | 'second' = 'first', entry: Partial<Entry> = {}): Promise<Zone> {
  await (on === 'first' ? stack.powerdns : second.powerdns).createZone(`${name}.`, { apiRectify: false });
  return stack.gateway.addZone({ connectionId: on === 'first' ? firstId : secondId, ...entry, name: `${name}.` });
}

const publish = (vmId: string, fact: VmFact): Promise<VmDns> => stack.gateway.publish(vmId, fact, 40_000);
const becomes = (vmId: string, is: (dns: VmDns) => boolean, what: string): Promise<VmDns> => stack.gateway.reaches(vmId, 1, is, what, 40_000);
type Asked = 'A' | 'AAAA' | 'PTR' | 'CNAME';
const answers = async (name: string, type: Asked): Promise<readonly string[]> => (await stack.dns(name, type)).values;
const secondAnswers = async (name: string, type: Asked): Promise<readonly string[]> => (await dnsAsk(second.powerdns.dns, name, type)).values;
const holds = async (server: PowerdnsServer, apex: string, name: string): Promise<boolean> => (await server.rrsets(`${apex}.`)).some((rrset) => rrset.name === `${name}.`);
const callWith = (proxy: FaultProxy, apex: string, name: string, changetype: string): RecordedCall | undefined =>
  proxy.patchesOf(`${apex}.`).find((call) => call.rrsets.some((rrset) => rrset.name === `${name}.` && rrset.changetype === changetype));

describe('a zone inside another', () => {
  it('takes its names in: added there before they are removed outside; removed, it gives them back and leaves what it has', async () => {
    await zone('out.test');
    await publish('in-1', { fqdn: 'vm.in.out.test', addresses: [{ ip: '192.0.2.10' }] });
    const inner = await zone('in.out.test', 'second');
    await until(async () => !(await holds(stack.powerdns, 'out.test', 'vm.in.out.test')), { withinMs: 40_000, what: 'the name to leave the outer zone' });
    expect(await secondAnswers('vm.in.out.test', 'A')).toEqual(['192.0.2.10']);
    const added = callWith(second.proxy, 'in.out.test', 'vm.in.out.test', 'REPLACE');
    const removed = callWith(stack.proxy, 'out.test', 'vm.in.out.test', 'DELETE');
    expect(added?.appliedAt).toBeLessThanOrEqual(removed?.startedAt ?? 0);
    await becomes('in-1', (dns) => dns.state === 'live' && dns.records.some((record) => record.zone === 'in.out.test.'), 'live in the inner zone');

    await stack.gateway.removeZone(inner.id);
    await until(async () => holds(stack.powerdns, 'out.test', 'vm.in.out.test'), { withinMs: 40_000, what: 'the name to come back' });
    await becomes('in-1', (dns) => dns.state === 'live' && dns.records.some((record) => record.zone === 'out.test.'), 'live in the outer zone');
    expect(await secondAnswers('vm.in.out.test', 'A')).toEqual(['192.0.2.10']);
    expect((await stack.gateway.zones('in.out.test.')).items).toEqual([]);
  });

  it('that cannot be written takes nothing away: the outer one keeps the name until the inner one has it', async () => {
    await zone('safe.test');
    await publish('safe-1', { fqdn: 'vm.in.safe.test', addresses: [{ ip: '192.0.2.11' }] });
    const down = second.proxy.down();
    await zone('in.safe.test', 'second');
    await becomes('safe-1', (dns) => dns.reason?.code === 'provider-unreachable', 'unreachable inside');
    expect(await answers('vm.in.safe.test', 'A')).toEqual(['192.0.2.11']);
    down.remove();
    await becomes('safe-1', (dns) => dns.state === 'live', 'live');
    expect(await secondAnswers('vm.in.safe.test', 'A')).toEqual(['192.0.2.11']);
    await until(async () => !(await holds(stack.powerdns, 'safe.test', 'vm.in.safe.test')), { withinMs: 40_000, what: 'the name to leave the outer zone' });
  });

  it('by whole labels: 1.2.13.0 is not in 3.2.1', async () => {
    await zone('18.198.in-addr.arpa');
    await zone('8.198.in-addr.arpa', 'second');
    await publish('labels', { fqdn: 'labels.example', addresses: [{ ip: '198.18.7.7' }] });
    expect([await answers('7.7.18.198.in-addr.arpa', 'PTR'), await holds(second.powerdns, '8.198.in-addr.arpa', '7.7.18.198.in-addr.arpa')]).toEqual([['labels.example.'], false]);
  });
});

describe('a zone that goes', () => {
  it('purged, it takes our records with it and nothing else', async () => {
    const purged = await zone('purged.test');
    await stack.powerdns.putRrsets('purged.test.', [{ name: 'hand.purged.test.', type: 'A', ttl: 60, records: [{ content: '203.0.113.1', disabled: false }] }, { name: 'vm-1.purged.test.', type: 'TXT', ttl: 60, records: [{ content: '"hand"', disabled: false }] }]);
    const before = (await stack.powerdns.rrsets('purged.test.')).filter((rrset) => rrset.type !== 'SOA');
    for (const i of [1, 2]) await publish(`purged-${i}`, { fqdn: `vm-${i}.purged.test`, addresses: [{ ip: `192.0.2.2${i}` }, { ip: `2001:db8::2${i}` }] });
    await stack.gateway.removeZone(purged.id, { purge: true });
    await until(async () => (await stack.gateway.zones('purged.test.')).items.length === 0, { withinMs: 40_000, what: 'the entry to go' });
    expect((await stack.powerdns.rrsets('purged.test.')).filter((rrset) => rrset.type !== 'SOA')).toEqual(before);
    expect(await stack.powerdns.hasZone('purged.test.')).toBe(true);
  });

  it('L2 just removed, its records stay as they are; added again, they are ours again', async () => {
    const removed = await zone('removed.test');
    await publish('removed-1', { fqdn: 'vm.removed.test', addresses: [{ ip: '192.0.2.30' }] });
    const before = await stack.powerdns.rrsets('removed.test.');
    await stack.gateway.removeZone(removed.id);
    await becomes('removed-1', (dns) => dns.records.every((record) => record.state === 'outside'), 'outside');
    expect(await stack.powerdns.rrsets('removed.test.')).toEqual(before);
    await stack.gateway.addZone({ name: 'removed.test.', connectionId: firstId });
    await becomes('removed-1', (dns) => dns.records.some((record) => record.state === 'applied'), 'applied again');
    expect((await publish('removed-1', { fqdn: 'vm.removed.test', addresses: [{ ip: '192.0.2.31' }] })).state).toBe('live');
    expect(await answers('vm.removed.test', 'A')).toEqual(['192.0.2.31']);
  });
});

describe('two servers with one apex', () => {
  it('both get every record and every change; one that is down waits alone and catches up', async () => {
    await zone('both.test');
    await zone('both.test', 'second');
    const dns = await publish('both-1', { fqdn: 'vm.both.test', addresses: [{ ip: '192.0.2.40' }] });
    expect(dns.records.filter((record) => record.type === 'A').map((record) => [record.zone, record.state])).toEqual([['both.test.', 'applied'], ['both.test.', 'applied']]);
    expect([await answers('vm.both.test', 'A'), await secondAnswers('vm.both.test', 'A')]).toEqual([['192.0.2.40'], ['192.0.2.40']]);
    const down = second.proxy.down();
    const { revision } = await stack.gateway.putVm('both-1', { fqdn: 'vm.both.test', addresses: [{ ip: '192.0.2.41' }] });
    await until(async () => (await answers('vm.both.test', 'A'))[0] === '192.0.2.41', { withinMs: 40_000, what: 'the first to have it' });
    expect([(await stack.gateway.dns('both-1', { revision })).live, await secondAnswers('vm.both.test', 'A')]).toEqual([false, ['192.0.2.40']]);
    down.remove();
    await stack.gateway.live('both-1', revision, 40_000);
    expect(await secondAnswers('vm.both.test', 'A')).toEqual(['192.0.2.41']);
    const gone = await stack.gateway.deleteVm('both-1');
    await stack.gateway.reaches('both-1', gone.revision, (seen) => seen.state === 'gone', 'gone', 40_000);
    expect([await answers('vm.both.test', 'A'), await secondAnswers('vm.both.test', 'A')]).toEqual([[], []]);
  });

  it('each takes the addresses that its filter lets through', async () => {
    await zone('split.test', 'first', { addresses: 'public' });
    await zone('split.test', 'second', { addresses: { ranges: ['10.0.0.0/8'] } });
    const dns = await publish('split-1', { fqdn: 'vm.split.test', addresses: [{ ip: '9.9.9.9', forward: true }, { ip: '10.1.2.3', forward: true }] });
    expect(dns.state).toBe('live');
    expect([await answers('vm.split.test', 'A'), await secondAnswers('vm.split.test', 'A')]).toEqual([['9.9.9.9'], ['10.1.2.3']]);
  });
});

describe('re-homing more than its share of a zone', () => {
  it.each(['approve', 'reject'] as const)('L13 waits for a person; %s', async (decision) => {
    const apex = `${decision}.test`;
    await stack.gateway.changeZone((await zone(apex)).id, { limits: { rehomeNames: 3 } });
    for (const i of [1, 2, 3]) await publish(`${decision}-${i}`, { fqdn: `vm-${i}.in.${apex}`, addresses: [{ ip: `192.0.2.6${i}` }] });
    await publish(`${decision}-4`, { fqdn: `vm-4.${apex}`, addresses: [{ ip: '192.0.2.64' }] });
    await zone(`in.${apex}`, 'second');
    await until(async () => (await secondAnswers(`vm-1.in.${apex}`, 'A')).length === 1, { withinMs: 40_000, what: 'the names in the inner zone' });
    const hold = await until(async () => (await stack.gateway.holds('open')).items.find((one) => one.kind === 're-homing' && one.text.includes(apex) && one.members === 3), { withinMs: 40_000, what: 'the hold' });
    expect(hold.text).toContain('3 of 4');
    expect((await stack.gateway.hold(hold.holdId)).members.map((member) => member.name).sort()).toEqual([1, 2, 3].map((i) => `vm-${i}.in.${apex}.`));
    expect(await holds(stack.powerdns, apex, `vm-1.in.${apex}`)).toBe(true);
    await stack.gateway.decide(hold.holdId, decision);
    if (decision === 'approve') await until(async () => !(await holds(stack.powerdns, apex, `vm-1.in.${apex}`)) && !(await holds(stack.powerdns, apex, `vm-3.in.${apex}`)), { withinMs: 40_000, what: 'the outer records to go' });
    const marker = await publish(`${decision}-5`, { fqdn: `vm-5.${apex}`, addresses: [{ ip: '192.0.2.65' }] });
    expect(marker.state).toBe('live');
    expect(await holds(stack.powerdns, apex, `vm-2.in.${apex}`)).toBe(decision === 'reject');
    expect((await stack.gateway.holds('open')).items.filter((one) => one.text.includes(apex))).toEqual([]);
  });
});

describe('a classless reverse zone', () => {
  it('holds the PTRs of its block, and its parent points there (RFC 2317)', async () => {
    await zone('100.51.198.in-addr.arpa');
    await zone('0/26.100.51.198.in-addr.arpa', 'second');
    await publish('classless', { fqdn: 'classless.example', addresses: [{ ip: '198.51.100.5' }, { ip: '198.51.100.70' }] });
    expect(await secondAnswers('5.0/26.100.51.198.in-addr.arpa', 'PTR')).toEqual(['classless.example.']);
    expect(await answers('5.100.51.198.in-addr.arpa', 'CNAME')).toEqual(['5.0/26.100.51.198.in-addr.arpa.']);
    expect(await answers('70.100.51.198.in-addr.arpa', 'PTR')).toEqual(['classless.example.']);
    const gone = await stack.gateway.deleteVm('classless');
    await stack.gateway.reaches('classless', gone.revision, (dns) => dns.state === 'gone', 'gone', 40_000);
    expect([await secondAnswers('5.0/26.100.51.198.in-addr.arpa', 'PTR'), await answers('5.100.51.198.in-addr.arpa', 'CNAME')]).toEqual([[], []]);
  });
});
