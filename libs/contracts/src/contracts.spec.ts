import { describe, expect, it } from '@jest/globals';
import { vmToken, VmFact } from './index.js';

describe('subjects', () => {
  it('encodes what a subject token may not hold', () => {
    expect(vmToken('a.b:c~d')).toBe('a=2Eb=3Ac=7Ed');
  });
});
describe('VmFact', () => {
  it('names an unknown field by its path', () => {
    const parsed = VmFact.safeParse({ addresses: [{ ip: '192.0.2.1', colour: 'red' }] });
    expect(parsed.error?.issues.map((i) => i.path.join('.'))).toEqual(['addresses.0']);
  });
});
