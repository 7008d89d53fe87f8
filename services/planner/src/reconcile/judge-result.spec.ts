import { describe, expect, it } from '@jest/globals';
import type { NameResult } from '@vmdns/contracts';
import { judgeResult, newestResult, type JudgedRow } from './judge-result.js';

const row: JudgedRow = { timeline: 1, generation: 7, settledGeneration: 6, digest: 'd7', turn: 3, isIssuedAgain: false };
const result = (said: Partial<NameResult>): NameResult => ({
  name: 'vm1.example.com.', timeline: 1, generation: 7, digest: 'd7', turn: 4, state: 'applied', rrsets: [], wrote: true, attempts: 1, vms: [], at: '2026-01-01T00:00:00Z', ...said,
});

describe('judging a result (PROTOCOL §3)', () => {
  it.each<[string, Partial<NameResult>, object]>([
    ['a lower generation', { generation: 6, turn: 9 }, { kind: 'ignore' }],
    ['a lower timeline with a higher generation', { timeline: 0, generation: 99 }, { kind: 'ignore' }],
    ['the same turn again', { turn: 3 }, { kind: 'ignore' }],
    ['an older turn after a newer one', { turn: 2, state: 'failed' }, { kind: 'ignore' }],
    ['a higher turn', { turn: 4 }, { kind: 'take', final: true, state: 'applied', reason: null }],
    ['a refusal', { state: 'refused', reason: { code: 'foreign-record', text: 'x' } }, { kind: 'take', final: true, state: 'refused', reason: { code: 'foreign-record', text: 'x' } }],
    ['a failure: heard, not settled', { state: 'failed' }, { kind: 'take', final: false, state: 'failed', reason: null }],
    ['an unconfirmed write: heard, not settled', { state: 'unconfirmed' }, { kind: 'take', final: false, state: 'unconfirmed', reason: null }],
    ['a wait: heard, not settled', { state: 'waiting' }, { kind: 'take', final: false, state: 'waiting', reason: null }],
    ['our pair with other contents', { digest: 'other', turn: 1 }, { kind: 'overtake', timeline: 1, generation: 8, later: false }],
    ['behind with our pair and contents', { state: 'behind' }, { kind: 'ignore' }],
    ['behind with a higher generation', { state: 'behind', generation: 9, digest: 'd9', turn: 0 }, { kind: 'overtake', timeline: 1, generation: 10, later: false }],
    ['a higher generation', { generation: 12 }, { kind: 'overtake', timeline: 1, generation: 13, later: false }],
    ['a higher timeline with a lower generation', { timeline: 2, generation: 3 }, { kind: 'overtake', timeline: 2, generation: 8, later: false }],
  ])('%s', (_, said, verdict) => expect(judgeResult(row, result(said), 'write')).toEqual(verdict));

  it('settles as observed in a zone that is only looked at; in one that is written the adapter goes on by itself, or is told anew', () => {
    expect(judgeResult(row, result({ state: 'observed' }), 'observe')).toMatchObject({ kind: 'take', final: true });
    expect(judgeResult(row, result({ state: 'observed' }), 'write')).toEqual({ kind: 'ignore' });
    expect(judgeResult({ ...row, isIssuedAgain: true }, result({ state: 'observed' }), 'write')).toMatchObject({ kind: 'overtake', generation: 8, later: true });
  });

  it('of several results of one name takes the highest pair, then the latest turn', () => {
    const [old, early, late] = [result({ generation: 6, turn: 9 }), result({ turn: 4, state: 'failed' }), result({ turn: 5 })];
    expect([newestResult(old, early), newestResult(late, early), newestResult(early, late), newestResult(late, old)]).toEqual([early, late, late, late]);
    expect(newestResult(late, result({ state: 'behind', turn: 99 }))).toBe(late);
  });
});
