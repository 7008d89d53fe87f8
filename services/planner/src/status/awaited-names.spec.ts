import { describe, expect, it } from '@jest/globals';
import { AwaitedNames } from './awaited-names.js';

describe('names that are awaited', () => {
  it('says of each answer whether more are to come, so that a VM is said once, with its last name', () => {
    const awaited = new AwaitedNames();
    for (const vms of [['a'], ['a', 'b'], ['a']]) awaited.issued(vms);
    expect([awaited.heard('a'), awaited.heard('b'), awaited.heard('a'), awaited.heard('a')]).toEqual([true, false, true, false]);
  });

  it('waits for nothing where another replica issued, or where a status was said meanwhile', () => {
    const awaited = new AwaitedNames();
    expect(awaited.heard('stranger')).toBe(false);
    awaited.issued(['a']);
    awaited.issued(['a']);
    awaited.forget('a');
    expect(awaited.heard('a')).toBe(false);
    awaited.issued(['a']);
    expect(awaited.heard('a')).toBe(false);
  });
});
