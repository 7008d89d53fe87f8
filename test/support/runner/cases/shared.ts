import { expect } from '@jest/globals';

/** A module lives as long as its worker; what it asserts counts for the file that runs. */
export function check(sum: number): void {
  expect(1 + 1).toBe(sum);
}
