import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseApex, parseName } from './owner-name.js';

const nameOf = (text: string) => {
  const parsed = parseName(text);
  return parsed.ok ? parsed.name : null;
};

describe('parseName', () => {
  it.each([
    ['example.com', 'example.com.'],
    ['Example.COM.', 'example.com.'],
    ['.', '.'],
    ['_dmarc.example.com.', '_dmarc.example.com.'],
    ['*.example.com', '*.example.com.'],
    ['\\042.example.com.', '*.example.com.'],
    ['0/26.2.0.192.in-addr.arpa.', '0/26.2.0.192.in-addr.arpa.'],
    ['0\\04726.2.0.192.in-addr.arpa.', '0/26.2.0.192.in-addr.arpa.'],
    ['a\\.b.example.com.', 'a\\.b.example.com.'],
    ['a\\046b.example.com.', 'a\\.b.example.com.'],
    ['back\\\\slash.example.', 'back\\\\slash.example.'],
    ['tab\\009.example.', 'tab\\009.example.'],
    ['high\\255.example.', 'high\\255.example.'],
    ['München.example.', 'xn--mnchen-3ya.example.'],
    ['xn--whatever---.example.', 'xn--whatever---.example.'],
  ])('reads %s as %s', (text, name) => expect(nameOf(text)).toBe(name));

  it.each([
    [''], ['..'], ['a..b'], ['.a'], ['a b.example.'], ['tab\t.example.'], ['cut\\'], ['cut\\999.example.'], ['ü\\046.example.'], ['😀.example.'],
    [`${'a'.repeat(64)}.example.`], [`${'abcdefghi.'.repeat(26)}`],
  ])('refuses %j', (text) => expect(nameOf(text)).toBeNull());

  it('gives the same name for what it has printed', () => {
    const octet = fc.integer({ min: 0, max: 255 }).map((o) => `\\${String(o).padStart(3, '0')}`);
    const label = fc.array(octet, { minLength: 1, maxLength: 20 }).map((octets) => octets.join(''));
    fc.assert(fc.property(fc.array(label, { minLength: 1, maxLength: 5 }), (labels) => {
      const once = nameOf(`${labels.join('.')}.`);
      expect(once).not.toBeNull();
      expect(nameOf(once ?? '')).toBe(once);
    }));
  });
});

describe('parseApex', () => {
  it.each([['example.com', 'example.com.'], ['0/26.2.0.192.in-addr.arpa', '0/26.2.0.192.in-addr.arpa.'], ['_tcp.example.com', '_tcp.example.com.']])('takes %s', (text, name) =>
    expect(parseApex(text)).toEqual({ ok: true, name }));
  it.each([['.'], ['*.example.com'], ['not a zone'], ['bang!.example.com'], ['a\\.b.example.']])('refuses %s', (text) => expect(parseApex(text).ok).toBe(false));
});
