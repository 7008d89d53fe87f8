import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { BACKOFF, backoffMs } from './backoff.js';

describe.each(Object.entries(BACKOFF))('the wait of a %s', (_what, backoff) => {
  const failures = fc.integer({ min: 1, max: 100_000 });
  const dice = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

  it('doubles with each failure in a row, up to its cap', () => fc.assert(fc.property(failures, dice, (n, throw_) => {
    const [now, next] = [backoffMs(backoff, n, throw_), backoffMs(backoff, n + 1, throw_)];
    const isCapped = backoff.baseMs * 2 ** Math.min(n, 30) > backoff.capMs;
    expect(isCapped ? next >= now : Math.abs(next - 2 * now) <= 1).toBe(true);
  })));

  it('is given or taken a quarter, so that what failed together does not come back together', () => fc.assert(fc.property(failures, dice, (n, throw_) => {
    const plain = backoffMs(backoff, n, 0.5);
    expect(backoffMs(backoff, n, throw_)).toBeGreaterThanOrEqual(Math.floor(plain * 0.75));
    expect(backoffMs(backoff, n, throw_)).toBeLessThanOrEqual(Math.ceil(plain * 1.25));
    expect(plain).toBeLessThanOrEqual(backoff.capMs);
  })));
});
