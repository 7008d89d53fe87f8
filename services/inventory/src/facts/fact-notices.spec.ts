import { describe, expect, it } from '@jest/globals';
import type { FactAnswer } from '@vmdns/contracts';
import { noticesOf } from './fact-notices.js';

const at = '2026-01-01T00:00:00.000Z';
const answer = (vmId: string, reason: FactAnswer['reason'], text: string): FactAnswer => ({ vmId, accepted: false, reason, text, revision: 1 });

describe('notices of what was ignored', () => {
  it('tells each stale or late fact by itself', () => {
    expect(noticesOf([{ answer: answer('a', 'stale', 'version 1 is older than 2'), source: 'p' }, { answer: answer('b', 'old-life', 'gone'), source: 'p' }], at)).toEqual([
      { service: 'inventory', vmId: 'a', code: 'stale', text: 'version 1 is older than 2', source: 'p', at },
      { service: 'inventory', vmId: 'b', code: 'old-life', text: 'gone', source: 'p', at },
    ]);
  });

  it('L12 tells a night’s repeats once per batch and source', () => {
    const many = Array.from({ length: 200 }, (_, n) => ({ answer: answer(`vm-${n}`, 'repeat', 'nothing is new'), source: n < 199 ? 'p' : 'q' }));
    expect(noticesOf(many, at)).toEqual([
      { service: 'inventory', code: 'repeat', text: '199 facts said nothing new, about vm-0, vm-1, vm-2, vm-3, vm-4 and 194 more; nothing was stored.', source: 'p', at },
      { service: 'inventory', vmId: 'vm-199', code: 'repeat', text: 'nothing is new', source: 'q', at },
    ]);
  });
});
