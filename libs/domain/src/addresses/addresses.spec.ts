import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import cases from '../cases/addresses.json' with { type: 'json' };
import reverse from '../cases/reverse-names.json' with { type: 'json' };
import { familyOf, ipOfOctets, octetsOf, parseIp } from './ip-address.js';
import { isPrivate, refuseAtDoor } from './ip-class.js';
import { parseRange, rangeContains } from './ip-range.js';
import { templateName } from './name-template.js';
import { addressOfReverseName, reverseName } from './reverse-name.js';

const ip = fc.oneof(fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.uint8Array({ minLength: 16, maxLength: 16 })).map((octets) => ipOfOctets([...octets]));
const ipOf = (text: string) => {
  const parsed = parseIp(text);
  return parsed.ok ? parsed.ip : null;
};

describe('parseIp', () => {
  it.each(cases.sameAddress.flatMap((same) => same.spellings.map((text) => [text, same.canonical])))('%s is %s', (text, canonical) => expect(ipOf(text)).toBe(canonical));
  it.each(reverse.map((c) => [c.ip, c.canonical]))('%s is %s', (text, canonical) => expect(ipOf(text)).toBe(canonical));
  it.each([...cases.notAnAddress, '1.2.3.4\n', '٣.1.1.1', '::1.2.3.4.5', '::01.2.3.4', '::0x1.2.3.4', '1::2%', ':', ':::', '1:2:3:4:5:6:7:8:9', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7::8:9', '2001:db8::192.0.2'].map((text) => [text]))('refuses %j', (text) => {
    expect(parseIp(text)).toEqual({ ok: false, message: expect.any(String) });
  });
  it.each([['::FFFF:192.0.2.1', '::ffff:192.0.2.1'], ['::ffff:c000:201', '::ffff:192.0.2.1'], ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'], ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'], ['::', '::'], ['::192.0.2.1', '::c000:201'], ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0']])('%s is %s (RFC 5952)', (text, canonical) =>
    expect(ipOf(text)).toBe(canonical));
  it('gives the same address for what it has printed', () => {
    fc.assert(fc.property(ip, (address) => {
      expect(ipOf(address)).toBe(address);
      expect(ipOfOctets(octetsOf(address))).toBe(address);
      expect(octetsOf(address)).toHaveLength(familyOf(address) === 4 ? 4 : 16);
    }));
  });
});

describe('reverse names', () => {
  it.each(reverse.map((c) => [c.canonical, c.reverseName]))('%s reverses to %s', (address, name) => {
    expect(reverseName(address)).toBe(name);
    expect(addressOfReverseName(name)).toBe(address);
  });
  it('turns every address back', () => fc.assert(fc.property(ip, (address) => expect(addressOfReverseName(reverseName(address))).toBe(address))));
  it.each([['2.0.192.in-addr.arpa.'], ['1.1.2.0.192.in-addr.arpa.'], ['01.2.0.192.in-addr.arpa.'], ['256.2.0.192.in-addr.arpa.'], ['x.ip6.arpa.'], ['in-addr.arpa.'], ['5.0/26.2.0.192.in-addr.arpa.'], ['web.example.com.'], [`${'0.'.repeat(31)}ip6.arpa.`]])(
    '%s is no address', (name) => expect(addressOfReverseName(name)).toBeNull());
});

describe('at the door', () => {
  it.each([
    ['0.0.0.0', /unspecified/], ['::', /unspecified/], ['127.0.0.1', /loopback/], ['127.255.0.1', /loopback/], ['::1', /loopback/], ['169.254.1.1', /link-local/], ['fe80::1', /link-local/],
    ['224.0.0.1', /multicast/], ['239.1.1.1', /multicast/], ['ff02::1', /multicast/], ['255.255.255.255', /broadcast/], ['::ffff:192.0.2.1', /IPv4/],
  ])('%s is refused: %s', (address, why) => expect(refuseAtDoor(address)).toMatch(why));
  it.each([['192.0.2.1'], ['10.0.0.1'], ['100.64.0.1'], ['203.0.113.7'], ['8.8.8.8'], ['2001:db8::1'], ['2a01:4f8::1'], ['fd00::1'], ['64:ff9b::1'], ['2002::1']])('%s may come in', (address) => expect(refuseAtDoor(address)).toBeNull());
  it.each([['10.1.2.3', true], ['172.16.0.1', true], ['172.32.0.1', false], ['192.168.0.1', true], ['100.64.0.1', true], ['fd00::1', true], ['192.0.2.1', false], ['2001:db8::1', false]])('%s is private: %s', (address, is) => expect(isPrivate(address)).toBe(is));
});

describe('ranges', () => {
  const has = (range: string, address: string) => {
    const parsed = parseRange(range);
    return parsed.ok && rangeContains(parsed.range, address);
  };
  it.each([
    ['192.0.2.0/24', '192.0.2.255', true], ['192.0.2.0/24', '192.0.3.0', false], ['192.0.2.64/26', '192.0.2.64', true], ['192.0.2.64/26', '192.0.2.63', false], ['0.0.0.0/0', '203.0.113.1', true],
    ['0.0.0.0/0', '2001:db8::1', false], ['2001:db8::/33', '2001:db8:7fff::', true], ['2001:db8::/33', '2001:db8:8000::', false], ['::/0', '192.0.2.1', false], ['192.0.2.7', '192.0.2.7', true],
  ])('%s holds %s: %s', (range, address, is) => expect(has(range, address)).toBe(is));
  it.each([['192.0.2.1/24'], ['192.0.2.0/33'], ['192.0.2.0/'], ['192.0.2.0/024'], ['192.0.2.0/24/1'], ['2001:db8::/129'], ['2001:db8::1/64'], ['all'], ['']])('refuses %j', (text) => expect(parseRange(text).ok).toBe(false));
});

describe('templates', () => {
  it.each([
    ['{ip-dashed}.dyn.example.net', '192.0.2.5', '192-0-2-5.dyn.example.net.'],
    ['host-{ip-dashed}.example.net.', '192.0.2.5', 'host-192-0-2-5.example.net.'],
    ['{ip-dashed}.example.net', '2001:db8::1', '2001-0db8-0000-0000-0000-0000-0000-0001.example.net.'],
    ['static.example.net', '192.0.2.5', 'static.example.net.'],
  ])('%s for %s is %s', (pattern, address, name) => expect(templateName(pattern, address)).toEqual({ ok: true, name }));
  it.each([['{ip}.example.net'], ['{ip-dashed}'], ['{ip-dashed}_.example.net'], ['{ip-dashed.example.net']])('refuses %s', (pattern) => expect(templateName(pattern, '192.0.2.5').ok).toBe(false));
});
