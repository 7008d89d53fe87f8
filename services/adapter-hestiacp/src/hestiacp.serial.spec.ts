import { describe, expect, it } from '@jest/globals';
import { changesLeftToday, isAfter, isLoadableSerial, isServed, versionOfSerial } from './hestiacp.serial.js';

describe('serials of HestiaCP', () => {
  it.each([
    ['2026112101', '2026112101', 0, true], ['2026112101', '2026112102', 1, true], ['2026112101', '2026112103', 1, false], ['2026112101', '2026112103', 2, true],
    ['2026112150', '2026112201', 1, true], ['2026112150', '2026112202', 2, true], ['2026112150', '2026112203', 2, false], ['2026112101', '2026112101', 1, false],
    ['3000000000', '3000000001', 1, true], ['3000000000', '3000000002', 1, false], ['4294967295', '1', 1, true], ['2026112105', '3000000000', 1, true], ['2026112105', '3000000002', 2, true], ['2026112105', '3000000009', 2, false],
  ])('%s → %s after %d changes: %s', (before, after, steps, expected) => expect(isAfter(before, after, steps)).toBe(expected));

  it.each([['2026112101', '1.9'], ['20261121100', '1.9'], ['3000000000', '1.10'], ['4294967295', '1.10'], ['17', undefined]])('%s is of %s', (serial, version) => expect(versionOfSerial(serial)).toBe(version));

  it('beyond 32 bits BIND loads none', () => expect(['4294967295', '4294967296', '20261121100', 'x', ''].map(isLoadableSerial)).toEqual([true, false, false, false, false]));

  it('the served one is the known one or a newer one (RFC 1982)', () => {
    expect([isServed(5, '5'), isServed(6, '5'), isServed(4, '5'), isServed(1, '4294967295'), isServed(4294967295, '1'), isServed(3000000000, '2026112101'), isServed(2026112101, '3000000000'), isServed(2026112199, '20261121100')]).toEqual([true, true, false, true, false, true, false, false]);
  });

  it('1.9 bears 99 changes a day, whichever day it is over there', () => {
    const now = new Date('2026-11-21T09:00:00Z');
    expect(['2026112101', '2026112199', '2026112099', '2026111999', '20261121100', '3000000000'].map((serial) => changesLeftToday(serial, now))).toEqual([98, 0, 0, 99, 0, undefined]);
  });
});
