import { describe, expect, it } from '@jest/globals';

describe('a case that holds', () => {
  it('holds', () => { expect(1 + 1).toBe(2); });
});
