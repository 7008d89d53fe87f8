import { describe, expect, it } from '@jest/globals';
import { voidReason, type PartState } from './sandwich.js';

const calm: PartState = { canaryMs: 100, listenOverflows: 0, synRetransmits: 0, troubles: 0, load: 0.5 };

describe('what makes parts void', () => {
  it('takes what a calm machine gives', () => {
    expect(voidReason([calm, calm, calm], true, 100)).toBeUndefined();
    expect(voidReason([calm, { ...calm, canaryMs: 114 }], true, 100)).toBeUndefined();
  });

  it.each([
    ['a slow canary', { ...calm, canaryMs: 116 }, /canary took 116 ms, at best 100 ms/],
    ['dropped connections', { ...calm, listenOverflows: 2 }, /dropped 2 connections/],
    ['connections asked for twice', { ...calm, synRetransmits: 1 }, /1 connections were asked for twice/],
    ['answers of 500 or 429', { ...calm, troubles: 3 }, /500 or 429 3 times/],
  ])('throws away a latency with %s', (_what, state, reason) => {
    expect(voidReason([calm, state, calm], true, 100)).toMatch(reason);
  });

  it('keeps a rate where somebody had to try twice, which is in the rate, but not where the canary was slow', () => {
    expect(voidReason([{ ...calm, listenOverflows: 2, synRetransmits: 1, troubles: 3 }], false, 100)).toBeUndefined();
    expect(voidReason([{ ...calm, canaryMs: 300 }], false, 100)).toMatch(/canary/);
  });
});
