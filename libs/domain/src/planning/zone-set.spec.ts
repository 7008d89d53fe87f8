import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import cases from '../cases/zone-home.json' with { type: 'json' };
import { isWithin, nameOfLabels, relativeName } from '../names/labels.js';
import { aZone } from '../testing/samples.js';
import { addressOfClasslessName, classlessBlock, classlessOwnerName } from './classless.js';
import { ZoneSet } from './zone-set.js';

describe('the closest enclosing zone', () => {
  it.each(cases.map((c) => [c.name, c.zones, c.home, c.relative] as const))('%s of %j is %s', (name, zones, home, relative) => {
    const found = ZoneSet.of(zones.map((apex) => aZone(apex))).closest(name)[0];
    expect(found?.apex ?? null).toBe(home);
    if (found !== undefined) expect(relativeName(name, found.apex)).toBe(relative);
  });
  it('is what a look through all zones finds', () => {
    const name = fc.array(fc.constantFrom('a', 'b', 'ab', 'c'), { minLength: 1, maxLength: 4 }).map(nameOfLabels);
    fc.assert(fc.property(fc.array(name, { maxLength: 8 }), name, (apexes, owner) => {
      const naive = apexes.filter((apex) => isWithin(owner, apex)).sort((a, b) => b.length - a.length)[0];
      const zones = ZoneSet.of(apexes.map((apex, at) => aZone(apex, { zoneId: `z${at}` })));
      expect(zones.closest(owner)[0]?.apex).toBe(naive);
      expect(zones.closest(owner)).toHaveLength(apexes.filter((apex) => apex === naive).length);
      expect(zones.enclosing(owner)[0]?.apex).toBe(naive);
    }));
  });
  it('has every entry of the apex, the oldest first, and none that is leaving', () => {
    const zones = ZoneSet.of([aZone('example.com.', { zoneId: 'b', createdSeq: 2 }), aZone('example.com.', { zoneId: 'a', createdSeq: 1 }), aZone('example.com.', { zoneId: 'c', createdSeq: 3, leaving: true })]);
    expect(zones.closest('web.example.com.').map((zone) => zone.zoneId)).toEqual(['a', 'b']);
    expect(zones.find('c')?.leaving).toBe(true);
  });
  it('is the outer one again without the inner', () => {
    const zones = ZoneSet.of([aZone('example.com.'), aZone('vm.example.com.')]);
    expect(zones.closest('a.vm.example.com.')[0]?.apex).toBe('vm.example.com.');
    expect(zones.without(['vm.example.com.']).closest('a.vm.example.com.')[0]?.apex).toBe('example.com.');
  });
});

describe('classless reverse zones', () => {
  const blockOf = (apex: string) => {
    const block = classlessBlock(apex);
    return block === null ? null : `${block.parent} ${block.first}-${block.last} /${block.prefix}`;
  };
  it.each([
    ['0/26.2.0.192.in-addr.arpa.', '2.0.192.in-addr.arpa. 0-63 /26'],
    ['0-26.2.0.192.in-addr.arpa.', '2.0.192.in-addr.arpa. 0-63 /26'],
    ['128/25.2.0.192.in-addr.arpa.', '2.0.192.in-addr.arpa. 128-255 /25'],
    ['64-127.2.0.192.in-addr.arpa.', '2.0.192.in-addr.arpa. 64-127 /26'],
    ['5/32.2.0.192.in-addr.arpa.', '2.0.192.in-addr.arpa. 5-5 /32'],
    ['16-20.20.10.in-addr.arpa.', '20.10.in-addr.arpa. 16-31 /20'],
    ['64/10.100.in-addr.arpa.', '100.in-addr.arpa. 64-127 /10'],
  ])('%s covers %s', (apex, block) => expect(blockOf(apex)).toBe(block));
  it.each([
    ['1/26.2.0.192.in-addr.arpa.'], ['0/24.2.0.192.in-addr.arpa.'], ['0/33.2.0.192.in-addr.arpa.'], ['0/8.2.0.192.in-addr.arpa.'], ['256/26.2.0.192.in-addr.arpa.'], ['00/26.2.0.192.in-addr.arpa.'], ['0/63.2.0.192.in-addr.arpa.'], ['10-73.2.0.192.in-addr.arpa.'],
    ['0-99.2.0.192.in-addr.arpa.'], ['0/24.20.10.in-addr.arpa.'], ['2.0.192.in-addr.arpa.'], ['0/26.x.0.192.in-addr.arpa.'], ['0/26.300.0.192.in-addr.arpa.'], ['0/26.in-addr.arpa.'], ['0-26.example.com.'], ['0/26.5.2.0.192.in-addr.arpa.'], ['0-26.8.b.d.ip6.arpa.'], ['arpa.'],
  ])('%s is none', (apex) => expect(blockOf(apex)).toBeNull());

  const nameIn = (apex: string, ip: string) => {
    const block = classlessBlock(apex);
    return block === null ? null : classlessOwnerName(block, ip);
  };
  it.each([
    ['0/26.2.0.192.in-addr.arpa.', '192.0.2.5', '5.0/26.2.0.192.in-addr.arpa.'],
    ['64-26.2.0.192.in-addr.arpa.', '192.0.2.127', '127.64-26.2.0.192.in-addr.arpa.'],
    ['16-20.20.10.in-addr.arpa.', '10.20.17.5', '5.17.16-20.20.10.in-addr.arpa.'],
  ])('in %s %s is %s, and back', (apex, ip, name) => {
    expect(nameIn(apex, ip)).toEqual({ ok: true, name });
    const block = classlessBlock(apex);
    expect(block === null ? null : addressOfClasslessName(block, name)).toBe(ip);
  });
  it.each([['0/26.2.0.192.in-addr.arpa.', '192.0.2.64'], ['64/26.2.0.192.in-addr.arpa.', '192.0.2.63'], ['0/26.2.0.192.in-addr.arpa.', '192.0.3.5'], ['16-20.20.10.in-addr.arpa.', '10.20.32.1'], ['0/26.2.0.192.in-addr.arpa.', '2001:db8::5']])(
    'an address outside is refused: %s, %s', (apex, ip) => expect(nameIn(apex, ip)).toEqual({ ok: false, message: `${ip} lies outside ${apex}` }));
  it.each([['70.0/26.2.0.192.in-addr.arpa.'], ['05.0/26.2.0.192.in-addr.arpa.'], ['1.5.0/26.2.0.192.in-addr.arpa.'], ['0/26.2.0.192.in-addr.arpa.'], ['x.0/26.2.0.192.in-addr.arpa.'], ['5.2.0.192.in-addr.arpa.']])('%s is no address of its zone', (name) => {
    const block = classlessBlock('0/26.2.0.192.in-addr.arpa.');
    expect(block === null ? undefined : addressOfClasslessName(block, name)).toBeNull();
  });
  it('are found by address, the smallest block first', () => {
    const zones = ZoneSet.of(['0/25.2.0.192.in-addr.arpa.', '0/26.2.0.192.in-addr.arpa.', '64/26.2.0.192.in-addr.arpa.', '0-23.0.192.in-addr.arpa.', '2.0.192.in-addr.arpa.'].map((apex) => aZone(apex)));
    expect(zones.covering('192.0.2.5').map(({ apex }) => apex)).toEqual(['0/26.2.0.192.in-addr.arpa.', '0/25.2.0.192.in-addr.arpa.']);
    expect(zones.covering('192.0.1.5').map(({ apex }) => apex)).toEqual(['0-23.0.192.in-addr.arpa.']);
    expect(zones.covering('2001:db8::1')).toEqual([]);
  });
});
