import { describe, expect, it } from '@jest/globals';
import { Chronicle, type SeenWrite } from './chronicle.js';
import type { Wished } from './expected.js';

const HERE = '0|alpha.test.|host.alpha.test.|A';
const INNER = '1|host.alpha.test.|host.alpha.test.|A';
const wish = (value: string, vmId = 'vm-1', place = HERE): Wished => ({ place, vmId, value });

/** Chapters are said at 0, 10, 20 …; writes are made at the times given. */
function judged(chapters: readonly (readonly Wished[])[], writes: readonly (readonly [at: number, values: string, place?: string])[]): readonly string[] {
  const chronicle = new Chronicle();
  chapters.forEach((wishes, at) => chronicle.note({ wishes, rrsets: new Map(), verdicts: new Map() }, at * 10));
  return chronicle.unexplained(writes.map(([at, values, place = HERE]): SeenWrite => ({ place, values: values === '' ? [] : values.split(','), startedAt: at, endedAt: at + 1 })))
    .map((line) => line.split('; ')[0]?.split(' ').slice(1).join(' ') ?? '');
}

const X = [`${HERE} ← x`];
const GONE = [`${HERE} ← nothing`];

describe('what was written, read out of what VMs wished', () => {
  it.each<readonly [string, readonly (readonly Wished[])[], readonly (readonly [number, string, string?])[], readonly string[]]>([
    ['in order', [[wish('x')], [wish('y')], []], [[1, 'x'], [11, 'y'], [21, '']], []],
    ['late, and some never', [[wish('x')], [wish('y')], [], [wish('x')]], [[40, 'x'], [41, ''], [42, 'x']], []],
    ['the same twice', [[wish('x')]], [[1, 'x'], [5, 'x']], []],
    ['before anybody said so', [[], [wish('x')]], [[5, 'x']], X],
    ['what nobody ever said', [[wish('y')]], [[5, 'x']], X],
    ['an old value comes back', [[wish('x')], [wish('y')]], [[1, 'x'], [11, 'y'], [12, 'x']], X],
    ['removed and made again, and nobody had left', [[wish('x')]], [[1, 'x'], [2, ''], [3, 'x']], GONE],
    ['made again after its VM had gone', [[wish('x')], []], [[1, 'x'], [11, ''], [12, 'x']], X],
    ['two share a name: both, then one', [[wish('x'), wish('y', 'vm-2')], [wish('x')]], [[1, 'x,y'], [11, 'x']], []],
    ['two share a name: facts of the second are heard first', [[wish('x')], [wish('x'), wish('y', 'vm-2')]], [[11, 'y'], [12, 'x,y']], []],
    ['one of two leaves, and the name goes', [[wish('x'), wish('y', 'vm-2')], [wish('y', 'vm-2')]], [[1, 'x,y'], [11, '']], GONE],
    ['who holds the address wants nothing there', [[wish('x')], [wish('x'), wish('', 'vm-2')]], [[1, 'x'], [11, '']], []],
    ['the name moves to another zone, and is kept up to date in both', [[wish('x')], [wish('x', 'vm-1', INNER)], [wish('y', 'vm-1', INNER)]], [[1, 'x'], [21, 'y'], [22, 'y', INNER], [23, '']], []],
    ['gone before it was there', [[], [wish('x')]], [[1, '']], []],
  ])('%s', (_what, chapters, writes, expected) => expect(judged(chapters, writes)).toEqual(expected));

  it('takes two that were under way together for either order', () => {
    const chronicle = new Chronicle();
    [[wish('x')], [wish('y')]].forEach((wishes, at) => chronicle.note({ wishes, rrsets: new Map(), verdicts: new Map() }, at * 10));
    const write = (value: string, startedAt: number, endedAt: number): SeenWrite => ({ place: HERE, values: [value], startedAt, endedAt });
    expect(chronicle.unexplained([write('y', 12, 15), write('x', 1, 20)])).toEqual([]);
    expect(chronicle.unexplained([write('y', 12, 15), write('x', 16, 20)])).toHaveLength(1);
  });
});
