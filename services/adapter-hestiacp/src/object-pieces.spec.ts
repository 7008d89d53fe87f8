import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { objectPieces } from './object-pieces.js';

describe('the members of a JSON object', () => {
  it('come in their order, equal keys too', () => {
    expect(objectPieces('{ "7": {"a": "}"}, "7": {"a": "\\"{"} , "8": [1, {"b": 2}] }')).toEqual([{ key: '7', text: '{"a": "}"}' }, { key: '7', text: '{"a": "\\"{"}' }, { key: '8', text: '[1, {"b": 2}]' }]);
    expect(objectPieces(' {\n} ')).toEqual([]);
  });

  it.each(['', '[]', '{', '{"a"', '{"a": ', '{"a": {', '{"a": {}', '{"a": {},}', '{"a": {}} Error: x', '{"a" {}}', 'OK', '{"a": "unfinished'])('%j is none', (text) => {
    expect(() => objectPieces(text)).toThrow(SyntaxError);
  });

  it('are those of any object that JSON.stringify wrote', () => {
    fc.assert(fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (object) => {
      const pieces = objectPieces(JSON.stringify(object, undefined, 2));
      // A fresh object has no `__proto__` of its own to be told from a member.
      expect(new Map(pieces.map((piece) => [piece.key, JSON.stringify(JSON.parse(piece.text))]))).toEqual(new Map(Object.entries(object).map(([key, value]) => [key, JSON.stringify(value)])));
    }));
  });
});
