import { describe, expect, it } from '@jest/globals';
import type { Rrset } from '@vmdns/domain';
import { isNextSerial, sizeOf, toDomain, tokenOf, toWire, WireRrset, WireZone } from './powerdns.wire.js';

const wire = (name: string, type: string, ...contents: readonly (string | { content: string; disabled: boolean })[]): WireRrset =>
  WireRrset.parse({ name, type, ttl: 300, comments: [], records: contents.map((content) => (typeof content === 'string' ? { content, disabled: false, modified_at: 1 } : content)) });
const rrset = (type: string, ...values: readonly string[]): Rrset => ({ name: 'vm1.example.com.', type, ttl: 300, values });

describe('what PowerDNS says, in our words', () => {
  it.each<[string, WireRrset, readonly Rrset[]]>([
    ['values are sorted', wire('vm1.example.com.', 'A', '192.0.2.2', '192.0.2.1'), [rrset('A', '192.0.2.1', '192.0.2.2')]],
    ['AAAA in any spelling', wire('vm1.example.com.', 'AAAA', '2001:0DB8:0:0::0001'), [rrset('AAAA', '2001:db8::1')]],
    ['the case of a target is kept by the server', wire('vm1.example.com.', 'CNAME', 'Target.Example.COM.'), [rrset('CNAME', 'target.example.com.')]],
    ['types that are not ours stay as they are', wire('vm1.example.com.', 'TXT', '"a \\"b\\" C"'), [rrset('TXT', '"a \\"b\\" C"')]],
    ['an upper-case name', wire('VM1.example.com.', 'A', '192.0.2.1'), [rrset('A', '192.0.2.1')]],
    ['a leaked comment has no records (4.8 and older)', wire('other.example.com.', 'A'), []],
    ['what is switched off is a type of its own', wire('vm1.example.com.', 'A', '192.0.2.1', { content: '192.0.2.9', disabled: true }), [rrset('A', '192.0.2.1'), rrset('A (disabled)', '192.0.2.9')]],
  ])('%s', (_why, from, to) => expect(toDomain(from)).toEqual(to));

  it.each([
    ['0/26.2.0.192.in-addr.arpa.', '0/26.2.0.192.in-addr.arpa.'], ['*.example.com.', '*.example.com.'], ['_dmarc.example.com.', '_dmarc.example.com.'], ['a\\.b.example.com.', 'a\\.b.example.com.'],
  ])('the name %s', (name, canonical) => expect(toDomain(wire(name, 'A', '192.0.2.1'))[0]?.name).toBe(canonical));
});

describe('what we want, in the words of PowerDNS', () => {
  const put = { kind: 'put', rrset: rrset('A', '192.0.2.1') } as const;
  const remove = { kind: 'remove', name: 'vm1.example.com.', type: 'A' } as const;
  const switchedOff = [rrset('A', '192.0.2.1'), rrset('A (disabled)', '192.0.2.9')];
  const entry = { name: 'vm1.example.com.', type: 'A' };

  it('puts and removes whole RRsets, without comments, so that the server keeps them', () => {
    expect(toWire(put, [])).toEqual({ ...entry, changetype: 'REPLACE', ttl: 300, records: [{ content: '192.0.2.1', disabled: false }] });
    expect(toWire(remove, [])).toEqual({ ...entry, changetype: 'DELETE' });
  });

  it('L3: keeps what somebody switched off', () => {
    const kept = { content: '192.0.2.9', disabled: true };
    expect(toWire(put, switchedOff).records).toEqual([{ content: '192.0.2.1', disabled: false }, kept]);
    expect(toWire(remove, switchedOff)).toEqual({ ...entry, changetype: 'REPLACE', ttl: 300, records: [kept] });
  });

  it('never counts fewer bytes than a change takes', () => {
    for (const change of [put, remove, { kind: 'put', rrset: { ...rrset('PTR', ...Array.from({ length: 9 }, (_, at) => `host${at}.example.com.`)), ttl: 2_147_483_647 } } as const]) {
      expect(sizeOf(change)).toBeGreaterThanOrEqual(JSON.stringify(toWire(change, [])).length);
    }
  });
});

describe('the serial as change token', () => {
  const zone = (soaEditApi: string | undefined): WireZone => WireZone.parse({ id: 'x', name: 'x.', kind: 'Native', serial: 7, soa_edit_api: soaEditApi });
  it.each([['DEFAULT', '7'], ['INCREASE', '7'], ['increase', '7'], ['', null], [undefined, null], ['OFF', null], ['EPOCH', null], ['SOA-EDIT', null]])('soa_edit_api %s: %s', (value, token) => expect(tokenOf(zone(value))).toBe(token));

  const now = new Date('2026-11-21T10:00:00Z');
  it.each([
    ['2026112101', '2026112102', true], ['2026112101', '2026112103', false], ['2026112102', '2026112102', false], ['2026112102', '2026112101', false],
    ['2026111907', '2026112101', true], ['2026111907', '2026112102', false], ['4294967295', '0', true], ['7', '2026112201', true], ['7', '2026110101', false],
  ])('%s → %s is one write: %s', (before, after, isNext) => expect(isNextSerial(before, after, now)).toBe(isNext));
});
