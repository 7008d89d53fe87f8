import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { aFact, anAddress, aZone, someSettings } from '../testing/samples.js';
import type { Fact } from './fact.js';
import { decideName, type NameDecision } from './name-decision.js';
import type { PlanningSettings } from './planning-settings.js';
import { wishesOf } from './wish.js';
import { ZoneSet } from './zone-set.js';
import type { ZoneView } from './zone-view.js';

interface House { readonly zones: readonly ZoneView[]; readonly facts: readonly Fact[]; readonly settings?: PlanningSettings }
const decide = ({ zones, facts, settings = someSettings() }: House, ownerName: string, at = 0): NameDecision => {
  const zone = zones[at];
  if (zone === undefined) throw new Error('no such zone');
  return decideName({ zones: ZoneSet.of(zones), zone, ownerName, wishes: facts.flatMap((fact) => wishesOf(fact, settings)), settings });
};
const records = (decision: NameDecision) => decision.rrsets.map((rrset) => `${rrset.ttl} ${rrset.type} ${rrset.values.join(' ')}`);
const lost = (decision: NameDecision) => decision.losers.map((loser) => `${loser.vmId} ${loser.reason.code}`);
const vm = (vmId: string, over: Partial<Fact> = {}) => aFact({ vmId, ...over });

const forwardZone = aZone('example.com.');
const reverseZone = aZone('2.0.192.in-addr.arpa.');
const web = 'web.example.com.';
const five = '5.2.0.192.in-addr.arpa.';

describe('a name', () => {
  it('gets A and AAAA of its VM, with the zone\'s TTL', () => {
    const decision = decide({ zones: [aZone('example.com.', { ttl: { forward: 60, reverse: 70 } })], facts: [vm('a', { addresses: [anAddress('2001:db8::1'), anAddress('192.0.2.5')] })] }, web);
    expect(decision).toMatchObject({ state: 'wanted', holder: 'a', vms: ['a'], losers: [] });
    expect(decision.rrsets).toEqual([{ name: web, type: 'A', ttl: 60, values: ['192.0.2.5'] }, { name: web, type: 'AAAA', ttl: 60, values: ['2001:db8::1'] }]);
  });
  it('gets only the addresses that the entry takes', () => {
    const facts = [vm('a', { addresses: [anAddress('192.0.2.5'), anAddress('10.0.0.1', { forward: true })] })];
    const zones = [aZone('example.com.', { zoneId: 'pub', addresses: 'public' }), aZone('example.com.', { zoneId: 'priv', addresses: 'private' })];
    expect([0, 1].map((at) => records(decide({ zones, facts }, web, at)))).toEqual([['300 A 192.0.2.5'], ['300 A 10.0.0.1']]);
  });
  it('gets nothing when nobody wants it', () => expect(decide({ zones: [forwardZone], facts: [] }, web)).toMatchObject({ state: 'wanted', rrsets: [], holder: null, vms: [], losers: [] }));
  it('gets nothing in a zone that is not its home (any more): inner, leaving, removed', () => {
    const facts = [vm('a', { fqdn: 'a.vm.example.com.' })];
    expect(decide({ zones: [forwardZone, aZone('vm.example.com.')], facts }, 'a.vm.example.com.').rrsets).toEqual([]);
    expect(decide({ zones: [aZone('example.com.', { leaving: true })], facts }, 'a.vm.example.com.').rrsets).toEqual([]);
    expect(decideName({ zones: ZoneSet.of([]), zone: forwardZone, ownerName: 'a.vm.example.com.', wishes: wishesOf(facts[0] ?? vm('a'), someSettings()), settings: someSettings() }).rrsets).toEqual([]);
  });
  it('belongs to its first holder; a newcomer has a name-conflict, and gets it when the holder leaves', () => {
    const first = vm('z', { nameClaim: 1, addresses: [anAddress('192.0.2.1')] });
    const second = vm('a', { nameClaim: 2, addresses: [anAddress('192.0.2.2')] });
    const both = decide({ zones: [forwardZone], facts: [second, first] }, web);
    expect([records(both), both.holder, lost(both)]).toEqual([['300 A 192.0.2.1'], 'z', ['a name-conflict']]);
    const left = decide({ zones: [forwardZone], facts: [second, { ...first, deleted: true }] }, web);
    expect([records(left), left.holder, lost(left)]).toEqual([['300 A 192.0.2.2'], 'a', []]);
  });
  it.each<[string, Partial<Fact>, Partial<Fact>, readonly string[]]>([
    ['both say shareName in one tenant', { shareName: true, tenant: 't' }, { shareName: true, tenant: 't' }, []],
    ['both say shareName and there are no tenants', { shareName: true }, { shareName: true }, []],
    ['only the holder says it', { shareName: true, tenant: 't' }, { tenant: 't' }, ['b name-conflict']],
    ['only the newcomer says it', { tenant: 't' }, { shareName: true, tenant: 't' }, ['b name-conflict']],
    ['the tenants differ', { shareName: true, tenant: 't' }, { shareName: true, tenant: 'u' }, ['b name-conflict']],
    ['one has no tenant', { shareName: true, tenant: 't' }, { shareName: true }, ['b name-conflict']],
  ])('is shared or not: %s', (_, a, b, losers) => {
    const decision = decide({ zones: [forwardZone], facts: [vm('a', { nameClaim: 1, ...a, addresses: [anAddress('192.0.2.1')] }), vm('b', { nameClaim: 2, ...b, addresses: [anAddress('192.0.2.2')] })] }, web);
    expect(lost(decision)).toEqual(losers);
    expect(records(decision)).toEqual([losers.length === 0 ? '300 A 192.0.2.1 192.0.2.2' : '300 A 192.0.2.1']);
    expect(decision.vms).toEqual(losers.length === 0 ? ['a', 'b'] : ['a']);
  });
  it('is held by a VM without addresses too', () => {
    const decision = decide({ zones: [forwardZone], facts: [vm('a', { nameClaim: 1, addresses: [] }), vm('b', { nameClaim: 2 })] }, web);
    expect([decision.rrsets, decision.holder, lost(decision)]).toEqual([[], 'a', ['b name-conflict']]);
  });
});

describe('reserved names', () => {
  it.each([
    ['example.com.', true], ['www.example.com.', true], ['mail.example.com.', true], ['ns.example.com.', true], ['ns1.example.com.', true], ['wpad.example.com.', true], ['autodiscover.example.com.', true], ['localhost.example.com.', true],
    ['_acme.example.com.', true], ['www2.example.com.', false], ['web.example.com.', false], ['www.web.example.com.', false], ['mail-1.example.com.', false], ['dns.example.com.', false], ['*.example.com.', false],
  ])('%s: %s', (name, isReserved) => {
    const decision = decide({ zones: [forwardZone], facts: [vm('a', { fqdn: name }), vm('b', { fqdn: name, nameClaim: 2 })] }, name);
    expect(decision.state).toBe(isReserved ? 'refused' : 'wanted');
    if (!isReserved) return;
    expect(decision).toMatchObject({ rrsets: [], holder: null, vms: [], reason: { code: 'reserved-name', hint: expect.any(String) } });
    expect(lost(decision)).toEqual(['a reserved-name', 'b reserved-name']);
  });
  it('are those of the zone entry where it has its own', () => {
    const zones = [aZone('example.com.', { reservedNames: ['db*', 'a.b'] })];
    expect(['www', 'db7', 'a.b', 'b'].map((label) => decide({ zones, facts: [vm('a', { fqdn: `${label}.example.com.` })] }, `${label}.example.com.`).state)).toEqual(['wanted', 'refused', 'refused', 'wanted']);
    expect(decide({ zones: [aZone('example.com.', { reservedNames: [] })], facts: [vm('a', { fqdn: 'example.com.' })] }, 'example.com.').state).toBe('wanted');
  });
});

describe('the PTR of an address', () => {
  it('is the target of its VM, with the zone\'s reverse TTL', () => expect(records(decide({ zones: [reverseZone], facts: [vm('a')] }, five))).toEqual(['3600 PTR web.example.com.']));
  it('belongs to the newest claim: recycling replaces it in one decision, and it comes back when the holder leaves', () => {
    const old = vm('old', { fqdn: 'old.example.com.', addresses: [anAddress('192.0.2.5', { claim: 1 })] });
    const fresh = vm('new', { fqdn: 'new.example.com.', addresses: [anAddress('192.0.2.5', { claim: 2 })] });
    expect(records(decide({ zones: [reverseZone], facts: [old] }, five))).toEqual(['3600 PTR old.example.com.']);
    const both = decide({ zones: [reverseZone], facts: [old, fresh] }, five);
    expect([records(both), both.holder, both.vms, lost(both)]).toEqual([['3600 PTR new.example.com.'], 'new', ['new'], ['old address-conflict']]);
    expect(records(decide({ zones: [reverseZone], facts: [old, { ...fresh, deleted: true }] }, five))).toEqual(['3600 PTR old.example.com.']);
  });
  it('never outlives the assignment to a new VM, also when that one wants none', () => {
    const decision = decide({ zones: [reverseZone], facts: [vm('old'), vm('new', { fqdn: null, nameClaim: null, addresses: [anAddress('192.0.2.5', { claim: 2 })] })] }, five);
    expect([decision.state, decision.rrsets, decision.holder, lost(decision)]).toEqual(['wanted', [], 'new', ['vm-old address-conflict'.replace('vm-', '')]]);
  });
  it('stands in a classless zone, with the pointer in its parent; outside the block in the parent', () => {
    const zones = [reverseZone, aZone('0/26.2.0.192.in-addr.arpa.')];
    const facts = [vm('a'), vm('b', { fqdn: 'b.example.com.', addresses: [anAddress('192.0.2.70')] })];
    expect(records(decide({ zones, facts }, '5.0/26.2.0.192.in-addr.arpa.', 1))).toEqual(['3600 PTR web.example.com.']);
    expect(records(decide({ zones, facts }, five))).toEqual(['3600 CNAME 5.0/26.2.0.192.in-addr.arpa.']);
    expect(records(decide({ zones, facts }, '70.2.0.192.in-addr.arpa.'))).toEqual(['3600 PTR b.example.com.']);
    expect(records(decide({ zones, facts }, '70.0/26.2.0.192.in-addr.arpa.', 1))).toEqual([]);
    expect(records(decide({ zones, facts }, '2.0.192.in-addr.arpa.'))).toEqual([]);
  });
  it('is the PTR in the parent again without the classless zone, so that a planner can wait for it', () => {
    const zones = ZoneSet.of([reverseZone, aZone('0/26.2.0.192.in-addr.arpa.', { zoneId: 'c' })]).without(['c']);
    expect(records(decideName({ zones, zone: reverseZone, ownerName: five, wishes: wishesOf(vm('a'), someSettings()), settings: someSettings() }))).toEqual(['3600 PTR web.example.com.']);
  });
  it('needs no pointer where no PTR is wanted', () => {
    expect(decide({ zones: [reverseZone, aZone('0/26.2.0.192.in-addr.arpa.')], facts: [vm('a', { fqdn: null, nameClaim: null })] }, five).rrsets).toEqual([]);
  });
  it('is given to names of a wildcard by nobody', () => expect(decide({ zones: [reverseZone], facts: [vm('a', { fqdn: '*.web.example.com.' })] }, five).rrsets).toEqual([]));
});

describe('a CNAME beside other data', () => {
  const zones = [reverseZone, aZone('0-26.2.0.192.in-addr.arpa.')];
  const odd = { fqdn: five, addresses: [anAddress('198.51.100.1'), anAddress('2001:db8::1')] };
  it('is refused with both origins named', () => {
    const decision = decide({ zones, facts: [vm('ptr', { tenant: 't' }), vm('odd', { tenant: 't', ...odd })] }, five);
    expect(records(decision)).toEqual(['300 A 198.51.100.1', '300 AAAA 2001:db8::1']);
    expect(decision.losers).toEqual([{ vmId: 'ptr', kind: 'address', reason: decision.reason }]);
    expect(decision.reason).toEqual({
      code: 'cname-conflict', hint: expect.any(String),
      text: '5.2.0.192.in-addr.arpa. would hold a CNAME from the pointer to 5.0-26.2.0.192.in-addr.arpa. beside other data from the A and AAAA of VM odd (RFC 1034, 3.6.2)',
    });
  });
  it('is no trouble for a PTR', () => {
    expect(records(decide({ zones: [reverseZone], facts: [vm('ptr'), vm('odd', odd)] }, five))).toEqual(['300 A 198.51.100.1', '300 AAAA 2001:db8::1', '3600 PTR web.example.com.']);
  });
});

describe('what decisions promise', () => {
  const zones = [forwardZone, reverseZone, aZone('0/26.2.0.192.in-addr.arpa.'), aZone('vm.example.com.')];
  const names = [web, 'ns1.example.com.', 'a.vm.example.com.', five, '5.0/26.2.0.192.in-addr.arpa.'];
  const aVm = (ids: readonly string[]) => fc.record({
    vmId: fc.constantFrom(...ids), tenant: fc.constantFrom(null, 'tenant-one', 'tenant-two'), fqdn: fc.constantFrom(...names.slice(0, 4)), nameClaim: fc.integer({ min: 1, max: 99 }), shareName: fc.boolean(),
    addresses: fc.array(fc.record({ ip: fc.constantFrom('192.0.2.5', '10.0.0.1', '2001:db8::1'), claim: fc.integer({ min: 1, max: 99 }) }).map(({ ip, claim }) => anAddress(ip, { claim })), { maxLength: 3 }),
  }).map((over) => aFact(over));
  const someVms = fc.uniqueArray(aVm(['guest-1', 'guest-2', 'guest-3', 'guest-4']), { selector: (fact) => fact.vmId, maxLength: 4 });

  it('L12 planning the same again, in whatever order, changes nothing', () => {
    fc.assert(fc.property(someVms, fc.constantFrom(...names), fc.integer({ min: 0, max: 3 }), (facts, name, at) => {
      const once = decide({ zones, facts }, name, name.endsWith('example.com.') ? (at % 2) * 3 : 1 + (at % 2));
      const again = decide({ zones: zones.map((zone) => ({ ...zone })), facts: facts.toReversed() }, name, name.endsWith('example.com.') ? (at % 2) * 3 : 1 + (at % 2));
      expect(again).toEqual(once);
    }));
  });
  it('L11 no reason names another tenant\'s VM', () => {
    fc.assert(fc.property(someVms, fc.constantFrom(...names), (facts, name) => {
      const tenantOf = new Map(facts.map((fact) => [fact.vmId, fact.tenant]));
      for (const loser of [0, 1, 2, 3].filter((at) => name.endsWith(zones[at]?.apex ?? 'no')).flatMap((at) => decide({ zones, facts }, name, at).losers)) {
        const named = loser.reason.text.match(/guest-\d/g) ?? [];
        for (const vmId of named) expect(tenantOf.get(vmId)).toBe(tenantOf.get(loser.vmId));
      }
    }));
  });
  it('never has a CNAME beside anything, nor SOA or NS at all, and one RRset of each type', () => {
    fc.assert(fc.property(someVms, fc.constantFrom(...names), (facts, name) => {
      for (const at of [0, 1, 2, 3].filter((each) => name.endsWith(zones[each]?.apex ?? 'no'))) {
        const types = decide({ zones, facts }, name, at).rrsets.map((rrset) => rrset.type);
        expect(new Set(types).size).toBe(types.length);
        expect(types.every((type) => ['A', 'AAAA', 'PTR', 'CNAME'].includes(type))).toBe(true);
        if (types.includes('CNAME')) expect(types).toEqual(['CNAME']);
      }
    }));
  });
});
