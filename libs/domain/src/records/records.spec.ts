import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { desiredDigest, hash128, rrsetDigest } from './digest.js';
import { canonicalRrset, isManagedType, isSameRrset, mergeRrsets } from './rrset.js';

const a = { type: 'A', ttl: 300, values: ['192.0.2.1', '192.0.2.2'] };
const aaaa = { type: 'AAAA', ttl: 300, values: ['2001:db8::1'] };

describe('RRsets', () => {
  it('are canonical: name, type, values sorted and each once', () => {
    expect(
      canonicalRrset({
        name: 'WEB.example.com',
        type: 'aaaa',
        ttl: 300,
        values: ['2001:DB8::2', '2001:db8:0::1', '2001:db8::2'],
      }),
    ).toEqual({
      name: 'web.example.com.',
      type: 'AAAA',
      ttl: 300,
      values: ['2001:db8::1', '2001:db8::2'],
    });
    expect(
      canonicalRrset({
        name: '5.2.0.192.in-addr.arpa.',
        type: 'PTR',
        ttl: 3600,
        values: ['Web.Example.com.'],
      }).values,
    ).toEqual(['web.example.com.']);
    expect(
      canonicalRrset({
        name: 'example.com.',
        type: 'TXT',
        ttl: 60,
        values: ['"B"', '"a"'],
      }).values,
    ).toEqual(['"B"', '"a"']);
  });
  it('stay as they are where they do not parse', () => {
    expect(
      canonicalRrset({
        name: 'web..x',
        type: 'A',
        ttl: 1,
        values: ['nonsense'],
      }),
    ).toEqual({ name: 'web..x', type: 'A', ttl: 1, values: ['nonsense'] });
  });
  it('merge into one of each name and type, with the lowest TTL', () => {
    const name = 'web.example.com.';
    expect(
      mergeRrsets([
        { name, type: 'AAAA', ttl: 60, values: ['2001:db8::1'] },
        { name, type: 'A', ttl: 300, values: ['192.0.2.2'] },
        { name, type: 'A', ttl: 120, values: ['192.0.2.1', '192.0.2.2'] },
      ]),
    ).toEqual([
      { name, type: 'A', ttl: 120, values: ['192.0.2.1', '192.0.2.2'] },
      { name, type: 'AAAA', ttl: 60, values: ['2001:db8::1'] },
    ]);
  });
  it('compare by type, TTL and values', () => {
    expect(isSameRrset(a, { ...a, values: [...a.values] })).toBe(true);
    expect(
      [
        { ...a, ttl: 301 },
        { ...a, type: 'B' },
        { ...a, values: ['192.0.2.1'] },
        { ...a, values: ['192.0.2.1', '192.0.2.3'] },
      ].some((other) => isSameRrset(a, other)),
    ).toBe(false);
  });
  it('are managed for four types only', () =>
    expect(['A', 'AAAA', 'PTR', 'CNAME', 'MX', 'TXT', 'NS', 'SOA'].filter(isManagedType)).toEqual(['A', 'AAAA', 'PTR', 'CNAME']));
});

describe('digests', () => {
  it('L3 equal contents have equal digests, in whatever order and spelling they come', () => {
    expect(rrsetDigest({ ...a, values: a.values.toReversed() })).toBe(rrsetDigest(a));
    expect(desiredDigest([aaaa, a])).toBe(desiredDigest([a, { ...aaaa, values: ['2001:0DB8::1'] }]));
    const order = fc.array(fc.ipV4(), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(order, fc.integer({ min: 1, max: 9999 }), (values, ttl) =>
        expect(rrsetDigest({ type: 'A', ttl, values: values.toReversed() })).toBe(rrsetDigest({ type: 'A', ttl, values })),
      ),
    );
  });
  it('L3 every change of type, TTL or a value changes the digest', () => {
    const all = [
      [],
      [a],
      [aaaa],
      [a, aaaa],
      [{ ...a, ttl: 301 }],
      [{ ...a, values: ['192.0.2.1'] }],
      [{ ...a, type: 'PTR' }],
      [{ ...a, values: ['192.0.2.1 192.0.2.2'] }],
    ].map(desiredDigest);
    expect(new Set(all).size).toBe(all.length);
    for (const digest of all) expect(digest).toMatch(/^[0-9a-f]{32}$/);
  });
  it('L3 are the same on every machine and for ever', () => {
    expect([desiredDigest([]), desiredDigest([a, aaaa]), rrsetDigest(a)]).toMatchInlineSnapshot(`
     [
       "08339fe45981c89b392862ea8e24540b",
       "ab20c2f0ce6c8f0e6c9647365e92ea9d",
       "04e83f95ef4fbe1f5245c38f86b02a27",
     ]
    `);
  });
  it('tells many like texts apart, and uses all its bits', () => {
    const texts = Array.from({ length: 20_000 }, (_, at) => `["A",300,["10.${at >> 8}.${at & 255}.1"]]`);
    const digests = texts.map(hash128);
    for (const part of [0, 8, 16, 24]) expect(new Set(digests.map((digest) => digest.slice(part, part + 8))).size).toBeGreaterThan(19_990);
    const ones = digests.map((digest) => BigInt(`0x${digest}`).toString(2).replaceAll('0', '').length).reduce((sum, n) => sum + n, 0) / digests.length;
    expect(ones).toBeGreaterThan(62);
    expect(ones).toBeLessThan(66);
    expect(new Set(['', '\0', '\0\0', 'a', 'a\0'].map(hash128)).size).toBe(5);
  });
});
