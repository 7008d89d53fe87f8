import { describe, expect, it } from '@jest/globals';
import { atLeast, atMost, isMissed, unless, verdictOf, type Figure } from './report.js';

const figure = (value: number, more: Partial<Figure> = {}): Figure => ({ scenario: 'B0', what: 'something', value, gate: atMost(10), goal: atMost(5), ...more });

describe('the verdict of a figure', () => {
  it.each([
    ['the goal is reached at its very number', figure(5), 'goal'],
    ['the gate holds and the goal does not', figure(7), 'gate'],
    ['the gate does not hold', figure(10.1), 'GATE MISSED'],
    ['more is better', figure(0.7, { gate: atLeast(0.8), goal: atLeast(0.95) }), 'GATE MISSED'],
    ['there is no number', figure(Number.NaN), 'NOT MEASURED'],
    ['the machine was busy, however good the number', unless(true, [figure(1)])[0] ?? figure(1), 'too noisy'],
    ['there is only a gate', { scenario: 'B0', what: 'x', value: 1, gate: atMost(1) }, 'gate'],
    ['there is only a goal', { scenario: 'B0', what: 'x', value: 2, goal: atMost(1) }, 'goal missed'],
    ['it is for information', { scenario: 'B0', what: 'x', value: 1 }, ''],
  ] satisfies [string, Figure, string][])('%s', (_when, given, verdict) => {
    expect(verdictOf(given)).toBe(verdict);
  });

  it('only a held gate is no miss', () => {
    expect([figure(5), figure(7), figure(11), figure(Number.NaN), ...unless(true, [figure(5)])].map(isMissed)).toEqual([false, false, true, true, true]);
  });
});
