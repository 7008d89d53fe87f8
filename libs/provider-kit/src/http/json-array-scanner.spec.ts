import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { JsonArrayScanner } from './json-array-scanner.js';

function scan(text: string, pieceBytes: number, key = 'rrsets'): { elements: unknown[]; rest: unknown } {
  const elements: unknown[] = [];
  const scanner = new JsonArrayScanner(key, (some) => elements.push(...some));
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += pieceBytes) scanner.feed(bytes.subarray(at, at + pieceBytes));
  return { elements, rest: scanner.end() };
}

describe('reading a long array out of a JSON document in pieces', () => {
  it('gives what JSON.parse gives, wherever the pieces are cut', () => {
    const element = fc.record({ name: fc.string({ unit: 'binary' }), records: fc.array(fc.record({ content: fc.string() })), ttl: fc.nat() });
    fc.assert(fc.property(fc.array(element, { maxLength: 8 }), fc.string(), fc.integer({ min: 1, max: 40 }), fc.boolean(), (rrsets, id, pieceBytes, pretty) => {
      const text = JSON.stringify({ id, nested: { rrsets: [1] }, rrsets, serial: 7 }, null, pretty ? 2 : 0);
      expect(scan(text, pieceBytes)).toEqual({ elements: JSON.parse(JSON.stringify(rrsets)) as unknown, rest: { id, nested: { rrsets: [1] }, rrsets: [], serial: 7 } });
    }));
  });

  it.each(['{"rrsets":[{"a":1},{"a":', '{"rrsets":[{"a":1}]', '{"rrsets":[{"a":"x', '{"serial":1}', '[]'])('L2: %s is not taken for a whole document', (text) => {
    expect(() => scan(text, 5)).toThrow(SyntaxError);
  });
});
