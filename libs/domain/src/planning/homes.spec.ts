import { describe, expect, it } from '@jest/globals';
import { reverseKey } from '../names/labels.js';
import { aFact, anAddress, aZone, someSettings } from '../testing/samples.js';
import type { Fact } from './fact.js';
import { homelessReason, homesOf, homesOfAddress, wishKeyPrefixOf, wishKeysOf } from './homes.js';
import type { PlanningSettings } from './planning-settings.js';
import { wishesOf } from './wish.js';
import { ZoneSet } from './zone-set.js';
import type { ZoneView } from './zone-view.js';

const texts = (homes: ReturnType<typeof homesOf>) => homes.map((home) => `${home.zone.zoneId} ${home.role} ${home.ownerName}${home.pointsTo === null ? '' : ` → ${home.pointsTo}`}`);
const every = someSettings({ zoneMatch: 'every' });
const ofAddress = (ip: string, zones: readonly ZoneView[], settings = someSettings()) => texts(homesOfAddress(ZoneSet.of(zones), ip, settings));
const ofFact = (fact: Fact, zones: readonly ZoneView[], settings = someSettings()) => wishesOf(fact, settings).map((wish) => texts(homesOf(ZoneSet.of(zones), wish, settings)));

describe('homes of a name', () => {
  it('are all entries of the closest zone that take one of its addresses', () => {
    const zones = [
      aZone('example.com.', { zoneId: 'outer' }), aZone('vm.example.com.', { zoneId: 'public', addresses: 'public' }), aZone('vm.example.com.', { zoneId: 'private', addresses: 'private' }),
      aZone('vm.example.com.', { zoneId: 'range', addresses: { ranges: ['192.0.2.0/28', 'nonsense'] } }), aZone('vm.example.com.', { zoneId: 'all' }),
    ];
    const name = (ip: string) => ofFact(aFact({ fqdn: 'a.vm.example.com.', addresses: [anAddress(ip)] }), zones)[0]?.map((text) => text.split(' ')[0]);
    expect(name('192.0.2.1')).toEqual(['public', 'range', 'all']);
    expect(name('192.0.2.99')).toEqual(['public', 'all']);
    expect(name('10.0.0.1')).toEqual(['private', 'all']);
  });
  it('are outer zones too by setting', () => {
    expect(ofFact(aFact({ fqdn: 'a.vm.example.com.' }), [aZone('example.com.'), aZone('vm.example.com.'), aZone('m.example.com.')], every)[0]).toEqual(['vm.example.com. forward a.vm.example.com.', 'example.com. forward a.vm.example.com.']);
  });
});

describe('homes of an address', () => {
  const whole = '2.0.192.in-addr.arpa.';
  const classless = '0/26.2.0.192.in-addr.arpa.';
  it.each<[string, string, readonly string[], readonly string[]]>([
    ['the closest', '192.0.2.5', ['0.192.in-addr.arpa.', whole], [`${whole} reverse 5.${whole}`]],
    ['a classless zone alone', '192.0.2.5', [classless], [`${classless} reverse 5.${classless}`]],
    ['a classless zone, and its parent with the pointer', '192.0.2.5', [classless, whole, '0.192.in-addr.arpa.'], [`${classless} reverse 5.${classless}`, `${whole} pointer 5.${whole} → 5.${classless}`]],
    ['a classless zone, and a farther zone with the pointer', '192.0.2.5', [classless, '192.in-addr.arpa.'], [`${classless} reverse 5.${classless}`, `192.in-addr.arpa. pointer 5.${whole} → 5.${classless}`]],
    ['the same with a hyphen', '192.0.2.5', ['0-26.2.0.192.in-addr.arpa.', whole], ['0-26.2.0.192.in-addr.arpa. reverse 5.0-26.2.0.192.in-addr.arpa.', `${whole} pointer 5.${whole} → 5.0-26.2.0.192.in-addr.arpa.`]],
    ['the parent, outside the block', '192.0.2.64', [classless, whole], [`${whole} reverse 64.${whole}`]],
    ['nowhere, outside the block', '192.0.2.64', [classless], []],
    ['the smaller block', '192.0.2.5', ['0/25.2.0.192.in-addr.arpa.', classless], [`${classless} reverse 5.${classless}`]],
    ['the older of two spellings of one block', '192.0.2.5', ['0-26.2.0.192.in-addr.arpa.', classless], ['0-26.2.0.192.in-addr.arpa. reverse 5.0-26.2.0.192.in-addr.arpa.']],
    ['a whole zone closer than the block', '10.20.17.5', ['16-20.20.10.in-addr.arpa.', '17.20.10.in-addr.arpa.'], ['17.20.10.in-addr.arpa. reverse 5.17.20.10.in-addr.arpa.']],
    ['IPv6 at any nibble', '2001:db8::5', ['8.b.d.0.1.0.0.2.ip6.arpa.', '1.0.0.2.ip6.arpa.'], [`8.b.d.0.1.0.0.2.ip6.arpa. reverse 5.${'0.'.repeat(23)}8.b.d.0.1.0.0.2.ip6.arpa.`]],
    ['none', '192.0.2.5', ['example.com.'], []],
  ])('are %s', (_, ip, zones, homes) => expect(ofAddress(ip, zones.map((apex) => aZone(apex)))).toEqual(homes));
  it('are every entry, each by its filter, pointers too', () => {
    const zones = [aZone(whole, { zoneId: 'p1' }), aZone(whole, { zoneId: 'p2', addresses: 'private' }), aZone(classless, { zoneId: 'c1' }), aZone(classless, { zoneId: 'c2', addresses: 'public' })];
    expect(ofAddress('192.0.2.5', zones).map((text) => text.split(' ').slice(0, 2).join(' '))).toEqual(['c1 reverse', 'c2 reverse', 'p1 pointer']);
  });
  it('have no pointer where no classless entry takes the address', () => expect(ofAddress('192.0.2.5', [aZone(whole), aZone(classless, { addresses: 'private' })])).toEqual([]));
  it('come back to the parent while the classless zone is leaving', () => expect(ofAddress('192.0.2.5', [aZone(whole), aZone(classless, { leaving: true })])).toEqual([`${whole} reverse 5.${whole}`]));
  it('are outer zones too by setting, but for the one that points', () => {
    expect(ofAddress('192.0.2.5', [aZone('0.192.in-addr.arpa.'), aZone(whole), aZone('0/25.2.0.192.in-addr.arpa.'), aZone(classless)], every)).toEqual([
      `${classless} reverse 5.${classless}`, `${whole} pointer 5.${whole} → 5.${classless}`, '0/25.2.0.192.in-addr.arpa. reverse 5.0/25.2.0.192.in-addr.arpa.', `0.192.in-addr.arpa. reverse 5.${whole}`,
    ]);
    expect(ofAddress('192.0.2.5', [aZone('0.192.in-addr.arpa.'), aZone(whole)], every)).toEqual([`${whole} reverse 5.${whole}`, `0.192.in-addr.arpa. reverse 5.${whole}`]);
  });
});

describe('a wish without a home', () => {
  const reasonsOf = (fact: Fact, zones: readonly ZoneView[], settings: PlanningSettings) => wishesOf(fact, settings).map((wish) => {
    const { state, reason } = homelessReason(ZoneSet.of(zones), wish, settings);
    return `${state} ${reason.code}: ${reason.text}`;
  });
  it.each<[string, Partial<PlanningSettings>, readonly [string, string]]>([
    ['neither ours', {}, ['outside outside', 'outside outside']],
    ['in an own domain and range', { ownDomains: ['Example.com'], ownRanges: ['192.0.2.0/24'] }, ['waiting no-zone', 'waiting no-zone']],
    ['in the main domain', { mainDomain: 'example.com' }, ['waiting no-zone', 'outside outside']],
    ['in a tenant\'s domain', { tenantDomains: { acme: 'example.com' } }, ['waiting no-zone', 'outside outside']],
    ['in a range with a template', { ptrTemplates: [{ range: '192.0.2.0/24', pattern: 'x.example.net' }] }, ['outside outside', 'waiting no-zone']],
    ['in an own reverse domain', { ownDomains: ['2.0.192.in-addr.arpa'] }, ['outside outside', 'waiting no-zone']],
    ['by whole labels', { ownDomains: ['ample.com', 'b.example.com'], ownRanges: ['192.0.3.0/24'] }, ['outside outside', 'outside outside']],
  ])('%s', (_, over, codes) => expect(reasonsOf(aFact(), [], someSettings(over)).map((text) => text.split(':')[0])).toEqual(codes));
  it('says so where only filters keep it out', () => {
    const zones = [aZone('example.com.', { addresses: 'private' }), aZone('0/26.2.0.192.in-addr.arpa.', { addresses: 'private' })];
    expect(reasonsOf(aFact(), zones, someSettings({ ownDomains: ['example.com'] }))).toEqual([
      'outside outside: no entry of the zone example.com. takes the addresses of web.example.com., by its address filter',
      'outside outside: no entry of the zone 0/26.2.0.192.in-addr.arpa. takes 192.0.2.5, by its address filter',
    ]);
    expect(reasonsOf(aFact({ addresses: [] }), zones, someSettings())).toEqual(['outside outside: the VM has no address that web.example.com. could answer with']);
  });
});

describe('keys of wishes', () => {
  it('are those of the name, and in a classless zone of the address', () => {
    expect(wishKeysOf({ apex: 'example.com.' }, 'web.example.com.')).toEqual(['com.example.web.']);
    expect(wishKeysOf({ apex: '2.0.192.in-addr.arpa.' }, '5.2.0.192.in-addr.arpa.')).toEqual(['arpa.in-addr.192.0.2.5.']);
    expect(wishKeysOf({ apex: '0/26.2.0.192.in-addr.arpa.' }, '5.0/26.2.0.192.in-addr.arpa.')).toEqual(['arpa.in-addr.192.0.2.0/26.5.', 'arpa.in-addr.192.0.2.5.']);
  });
  it('begin with the prefix of every zone that may enclose them', () => {
    for (const apex of ['example.com.', '.']) expect(reverseKey('web.example.com.').startsWith(wishKeyPrefixOf(apex))).toBe(true);
    expect(wishKeyPrefixOf('0/26.2.0.192.in-addr.arpa.')).toBe('arpa.in-addr.192.0.2.');
  });
});
