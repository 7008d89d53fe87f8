import { describe, expect, it } from '@jest/globals';
import type { Gate } from '../lanes/gate.js';
import { comparePairs, namesOf } from './incoming.js';
import { decideRepeat } from './repeat.js';
import { command, wish } from '../spec/support.js';

const gate: Gate = { state: 'waiting', reason: { code: 'paused', text: 'paused' }, nextTryAt: null };
const known = { timeline: 2, generation: 5, digest: 'd', state: 'applied' };
const [incoming] = namesOf([command([wish('a.example.com.', 5, [], { timeline: 2, digest: 'd' })])]);
if (incoming === undefined) throw new Error('one name');

describe('a command that replaced nothing', () => {
  it.each([
    ['equal, settled', {}, {}, null, 'say-again'],
    ['equal, told that it failed', { state: 'failed' }, {}, null, 'say-again'],
    ['equal, pending', { state: 'pending' }, {}, null, 'wait'],
    ['equal, pending, in a lane that waits', { state: 'pending' }, {}, gate, 'answer'],
    ['equal, told why it waits', { state: 'waiting' }, {}, gate, 'say-again'],
    ['equal pair, other digest', {}, { digest: 'e' }, null, 'behind'],
    ['lower generation', {}, { generation: 4 }, null, 'behind'],
    ['lower timeline, higher generation', {}, { timeline: 1, generation: 9 }, null, 'behind'],
    ['higher, but the name is another entry\'s', {}, { generation: 6 }, null, 'moved'],
  ])('%s', (_, row, name, at, answer) => {
    expect(decideRepeat({ ...known, ...row }, { ...incoming, ...name }, at)).toBe(answer);
  });
});

describe('pairs', () => {
  it.each([
    [{ timeline: 1, generation: 9 }, { timeline: 2, generation: 1 }, -1],
    [{ timeline: 2, generation: 1 }, { timeline: 2, generation: 1 }, 0],
    [{ timeline: 2, generation: 2 }, { timeline: 2, generation: 1 }, 1],
  ])('%j against %j is %d', (a, b, sign) => expect(Math.sign(comparePairs(a, b))).toBe(sign));
});
