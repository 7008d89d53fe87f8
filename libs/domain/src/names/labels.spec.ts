import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import cases from '../cases/zone-home.json' with { type: 'json' };
import { enclosingNames, isWithin, labelsOf, nameOfLabels, nameOfReverseKey, relativeName, reverseKey } from './labels.js';

const label = fc.constantFrom('a', 'b', 'ab', 'a\\.b', 'x\\\\', '0/26', '*');
const name = fc.array(label, { maxLength: 5 }).map(nameOfLabels);

describe('names by whole labels', () => {
  it.each(cases.flatMap((c) => c.zones.map((zone) => [c.name, zone, c.home === zone] as const)))('%s in %s: %s or a closer one', (owner, zone, isHome) => {
    if (isHome) expect(isWithin(owner, zone)).toBe(true);
  });
  it.each(cases.filter((c) => c.home === null).flatMap((c) => c.zones.map((zone) => [c.name, zone] as const)))('%s is not in %s', (owner, zone) => expect(isWithin(owner, zone)).toBe(false));
  it.each(cases.flatMap((c) => (c.home === null ? [] : [[c.name, c.home, c.relative] as const])))('%s in %s is %s', (owner, home, relative) => expect(relativeName(owner, home)).toBe(relative));
  it('does not take an escaped dot for the end of a label', () => {
    expect(isWithin('a\\.b.example.', 'b.example.')).toBe(false);
    expect(isWithin('a\\\\.b.example.', 'b.example.')).toBe(true);
  });
  it('is within exactly when the apex is one of the enclosing names, and when the keys say so', () => {
    fc.assert(fc.property(name, name, (owner, apex) => {
      const naive = apex === '.' || enclosingNames(owner).includes(apex);
      expect(isWithin(owner, apex)).toBe(naive);
      expect(reverseKey(owner).startsWith(reverseKey(apex))).toBe(naive);
    }));
  });
  it('splits and joins, and turns a key back', () => {
    fc.assert(fc.property(name, (owner) => {
      expect(nameOfLabels(labelsOf(owner))).toBe(owner);
      expect(nameOfReverseKey(reverseKey(owner))).toBe(owner);
    }));
    expect(reverseKey('vm1.example.com.')).toBe('com.example.vm1.');
  });
  it('throws for the relative name of what lies elsewhere', () => expect(() => relativeName('notexample.com.', 'example.com.')).toThrow(RangeError));
});
