import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import cases from '../cases/hostnames.json' with { type: 'json' };
import { parseFqdn, parseFqdnOrWildcard, parseHostname } from './host-name.js';
import { punycodeDecode, punycodeEncode } from './punycode.js';

const valid = cases.valid.map(([text = '', name = '']) => [text, name] as const);

describe('parseHostname', () => {
  it.each(valid)('reads %s as %s', (text, name) => expect(parseHostname(text)).toEqual({ ok: true, name }));
  it.each(cases.invalid.map((text) => [text]))('refuses %j with a sentence', (text) => {
    const parsed = parseHostname(text);
    expect(parsed).toEqual({ ok: false, message: expect.any(String) });
  });
  it.each([
    ['12345', '12345'],
    ['MU\u0308NCHEN', 'xn--mnchen-3ya'],
    ['faß', 'xn--fa-hia'],
    ['bücher.example', 'xn--bcher-kva.example'],
    ['παράδειγμα', 'xn--hxajbheg2az3al'],
    ['испытание', 'xn--80akhbyknj4f'],
    ['例え', 'xn--r8jz45g'],
  ])('reads %s as %s', (text, name) => expect(parseHostname(text)).toEqual({ ok: true, name }));
  it.each([
    ['ｗｅｂ', 'full width'], ['\u0301a', 'a combining mark first'], ['xn--', 'no punycode'], ['xn--a', 'no punycode'], ['xn--web-', 'ASCII in disguise'],
    ['xn--99999999', 'overflowing punycode'], ['1.2', 'numbers only'], ['a。b', 'an ideographic dot'], ['web\n', 'a line end'], [`${'ü'.repeat(60)}`, 'too long in ASCII'],
  ])('refuses %j: %s', (text) => expect(parseHostname(text).ok).toBe(false));
  it('gives the same name for what it has printed', () => {
    const label = fc.stringMatching(/^[a-z0-9äéжあ中]{1,15}$/);
    fc.assert(fc.property(label, (text) => {
      const once = parseHostname(`x${text}`);
      expect(once.ok && parseHostname(once.name)).toEqual(once);
    }));
  });
});

describe('parseFqdn', () => {
  it.each([['web.example.com', 'web.example.com.'], ['WEB.example.com.', 'web.example.com.'], ['1.2.3.4.example.com', '1.2.3.4.example.com.']])('reads %s as %s', (text, name) =>
    expect(parseFqdn(text)).toEqual({ ok: true, name }));
  it.each([[''], ['.'], ['web'], ['web.'], ['web..'], ['1.2.3.4'], ['web.123'], ['*.example.com'], ['_x.example.com'], ['web.example.com..'], [`${'a23456789.'.repeat(25)}abcd`]])('refuses %j', (text) =>
    expect(parseFqdn(text).ok).toBe(false));
  it('takes a wildcard only where it is asked for, and only as the first label', () => {
    expect(parseFqdnOrWildcard('*.example.com')).toEqual({ ok: true, name: '*.example.com.' });
    expect(parseFqdnOrWildcard('web.example.com')).toEqual({ ok: true, name: 'web.example.com.' });
    expect(parseFqdnOrWildcard('*.com').ok).toBe(false);
    expect(parseFqdnOrWildcard('a.*.example.com').ok).toBe(false);
    expect(parseFqdnOrWildcard('**.example.com').ok).toBe(false);
  });
});

describe('punycode', () => {
  it.each([ // RFC 3492, 7.1
    ['他们为什么不说中文', 'ihqwcrb4cv8a8dqg056pqjye'],
    ['почемужеонинеговорятпорусски', 'b1abfaaepdrnnbgefbadotcwatmq2g4l'],
    ['3年b組金八先生', '3b-ww4c5e180e575a65lsy2b'],
    ['ひとつ屋根の下2', '2-u9tlzr9756bt3uc0v'],
    ['パフィーdeルンバ', 'de-jg4avhby1noc0d'],
  ])('%s is %s', (text, ascii) => {
    expect(punycodeEncode(text)).toBe(ascii);
    expect(punycodeDecode(ascii)).toBe(text);
  });
  it('decodes what it encodes', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }), (text) => {
      if (/[^ -~]/.test(text)) expect(punycodeDecode(punycodeEncode(text))).toBe(text);
    }));
  });
});
