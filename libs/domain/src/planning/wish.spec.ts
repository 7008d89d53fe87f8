import { describe, expect, it } from '@jest/globals';
import { aFact, anAddress, someSettings } from '../testing/samples.js';
import type { Fact } from './fact.js';
import { faultsOfSettings } from './planning-settings.js';
import { nameOfFact, namingOf, wishesOf } from './wish.js';

const noName = { fqdn: null, nameClaim: null };
const forward = (fact: Fact, settings = someSettings()) => wishesOf(fact, settings).flatMap((wish) => (wish.kind === 'name' ? [[wish.name, wish.addresses]] : []));
const targets = (fact: Fact, settings = someSettings()) => wishesOf(fact, settings).flatMap((wish) => (wish.kind === 'address' ? [`${wish.ip} ${wish.target} ${wish.origin}`] : []));

describe('the name of a VM', () => {
  const settings = someSettings({ mainDomain: 'vm.example.com', tenantDomains: { acme: 'Acme.example' } });
  it.each<[string, Partial<Fact>, string | null]>([
    ['its fqdn', {}, 'web.example.com.'],
    ['its host name and domain', { fqdn: null, hostname: 'a', domain: 'example.org.' }, 'a.example.org.'],
    ['its host name in its tenant\'s domain', { fqdn: null, hostname: 'a', tenant: 'acme' }, 'a.acme.example.'],
    ['its host name in the main domain', { fqdn: null, hostname: 'a' }, 'a.vm.example.com.'],
    ['its host name in the main domain, where the tenant has none', { fqdn: null, hostname: 'a.b', tenant: 'other' }, 'a.b.vm.example.com.'],
    ['none', noName, null],
    ['none, too long', { fqdn: null, hostname: `${'a23456789.'.repeat(24)}a` }, null],
  ])('is %s', (_, over, name) => expect(nameOfFact(aFact(over), settings)).toBe(name));
  it('is not known without any domain, and that is told apart from having none', () => {
    expect(namingOf(aFact({ fqdn: null, hostname: 'a' }), someSettings())).toEqual({ kind: 'no-domain', hostname: 'a' });
    expect(namingOf(aFact(noName), someSettings())).toEqual({ kind: 'none' });
  });
});

describe('A and AAAA', () => {
  const addresses = [anAddress('192.0.2.1'), anAddress('2001:db8::1'), anAddress('192.0.2.2'), anAddress('192.0.2.3', { forward: true }), anAddress('2001:db8::2')];
  it('are wished for the first address of each family and for those with forward', () =>
    expect(forward(aFact({ addresses }))).toEqual([['web.example.com.', ['192.0.2.1', '2001:db8::1', '192.0.2.3']]]));
  it('are wished for all by setting', () => expect(forward(aFact({ addresses }), someSettings({ forwardAddresses: 'all' }))[0]?.[1]).toHaveLength(5));
  it('are wished for no address where there is none, and the name is held all the same', () => expect(forward(aFact({ addresses: [] }))).toEqual([['web.example.com.', []]]));
  it('are not wished without a name', () => expect(forward(aFact(noName))).toEqual([]));
});

describe('PTR', () => {
  const settings = someSettings({ ptrTemplates: [{ range: '192.0.2.0/25', pattern: '{ip-dashed}.a.example.net' }, { range: '192.0.2.0/24', pattern: '{ip-dashed}.b.example.net' }] });
  it.each<[string, Partial<Fact>, string]>([
    ['the customer\'s before all', { addresses: [anAddress('192.0.2.5', { ptr: 'p.example.', customerPtr: 'c.example.' })] }, '192.0.2.5 c.example. customer'],
    ['the publisher\'s before the name', { addresses: [anAddress('192.0.2.5', { ptr: 'p.example.' })] }, '192.0.2.5 p.example. publisher'],
    ['the name before the template', {}, '192.0.2.5 web.example.com. fqdn'],
    ['the first range\'s template before none', noName, '192.0.2.5 192-0-2-5.a.example.net. template'],
    ['the second range\'s template', { ...noName, addresses: [anAddress('192.0.2.200')] }, '192.0.2.200 192-0-2-200.b.example.net. template'],
    ['none outside the ranges, and the address is held all the same', { ...noName, addresses: [anAddress('203.0.113.1')] }, '203.0.113.1 null null'],
    ['not the name of a wildcard, but the template', { fqdn: '*.web.example.com.' }, '192.0.2.5 192-0-2-5.a.example.net. template'],
    ['none for a wildcard without a template', { fqdn: '*.web.example.com.', addresses: [anAddress('203.0.113.1')] }, '203.0.113.1 null null'],
    ['for every address', { addresses: [anAddress('203.0.113.1'), anAddress('203.0.113.2')] }, '203.0.113.1 web.example.com. fqdn,203.0.113.2 web.example.com. fqdn'],
  ])('is %s', (_, over, wanted) => expect(targets(aFact(over), settings).join()).toBe(wanted));
});

describe('wishes', () => {
  it('are none of a deleted VM', () => expect(wishesOf(aFact({ deleted: true }), someSettings())).toEqual([]));
  it('have the reversed name as their key, and the claims of the fact', () => {
    expect(wishesOf(aFact({ nameClaim: 7, addresses: [anAddress('192.0.2.5', { claim: 9 })] }), someSettings()).map((wish) => [wish.key, wish.claim])).toEqual([['com.example.web.', 7], ['arpa.in-addr.192.0.2.5.', 9]]);
  });
});

describe('settings', () => {
  it('have every fault named', () => {
    expect(faultsOfSettings(someSettings())).toEqual([]);
    expect(faultsOfSettings(someSettings({
      mainDomain: 'x', tenantDomains: { t: '-' }, ptrTemplates: [{ range: '192.0.2.1/24', pattern: '{ip}.x' }, { range: '2001:db8::/32', pattern: '{ip-dashed}.example.net' }], ownDomains: ['.'], ownRanges: ['1'],
    })).map((fault) => fault.path)).toEqual(['mainDomain', 'tenantDomains.t', 'ptrTemplates[0].range', 'ptrTemplates[0].pattern', 'ownDomains[0]', 'ownRanges[0]']);
  });
});
