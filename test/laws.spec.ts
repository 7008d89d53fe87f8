import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { ROOT } from './support/run-folder.js';

const LAWS = Array.from({ length: 14 }, (_, at) => `L${at + 1}`);
const rows = readFileSync(join(ROOT, 'test/LAWS.md'), 'utf8').split('\n').filter((line) => /^\| L\d/.test(line))
  .map((line) => line.split('|').slice(1, -1).map((cell) => cell.trim())).map(([law = '', , test = '', file = '']) => ({ law, test, file }));

describe('the laws and their tests', () => {
  it('each law has a test, in their order', () => expect([...new Set(rows.map(({ law }) => law))]).toEqual(LAWS));

  it.each(rows)('$law $test: its file has tests with that number', ({ law, test, file }) => {
    const titles = readFileSync(join(ROOT, file), 'utf8').matchAll(/['"`](L\d+)[ :,]/g);
    expect([test.split(/[ :]/)[0], [...titles].some(([, number]) => number === law)]).toEqual([law, true]);
  });
});
