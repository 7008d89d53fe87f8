import { describe, expect, it } from '@jest/globals';
import { dueRowsOf } from './due-rows.js';

const WANTED = '[{"type":"A","ttl":300,"values":["192.0.2.1"]}]';
const PLAIN = ['"a.example."', '"z1"', '"d"', '1', '2', WANTED, '["p"]', '["vm1"]', '1', '0', 'pending', '{}', '', 'f', 'f', '', '', ''];
const line = (change: Readonly<Record<number, string>> = {}): string => PLAIN.map((column, at) => change[at] ?? column).join('\t');

describe('names as a claim writes them', () => {
  it('are read back, each its own', () => {
    const rows = dueRowsOf([line(), line({ 0: '"b.example."', 4: '7' })].join('\n'), false);
    expect(rows.map((row) => [row.name, row.generation, row.wanted])).toEqual([
      ['a.example.', 2, [{ name: 'a.example.', type: 'A', ttl: 300, values: ['192.0.2.1'] }]],
      ['b.example.', 7, [{ name: 'b.example.', type: 'A', ttl: 300, values: ['192.0.2.1'] }]],
    ]);
    expect(rows[0]).toMatchObject({ owned: {}, writing: [], foreign: [], mustRead: false, stillInDoubt: false, takeOver: undefined, reasonCode: null, wantedJson: WANTED, vmsJson: '["vm1"]', digests: ['p'] });
  });

  it.each<[string, Readonly<Record<number, string>>, object]>([
    ['with a backslash', { 0: '"a\\\\032b.example."' }, { name: 'a\\032b.example.' }],
    ['with a tab in what somebody else wrote', { 16: '{"code":"foreign-record","text":"a\\tb"}' }, { reasonCode: 'foreign-record' }],
    ['of ours', { 11: '{"A": "p"}' }, { owned: { A: 'p' } }],
    ['in doubt', { 12: '["q"]', 13: 't' }, { writing: ['q'], stillInDoubt: true, mustRead: true }],
    ['to be read first', { 14: 't' }, { mustRead: true }],
    ['adopted by a person', { 15: 'any' }, { takeOver: 'any' }],
    ['unconfirmed', { 10: 'unconfirmed' }, { confirm: true }],
    ['beside foreign records', { 17: '["MX"]' }, { foreign: ['MX'] }],
  ])('%s', (_, change, expected) => expect(dueRowsOf(line(change), false)[0]).toMatchObject(expected));

  it('become ours where they are equal after a raised timeline, unless a person said more', () => {
    expect(dueRowsOf([line(), line({ 15: 'any' })].join('\n'), true).map((row) => row.takeOver)).toEqual(['equal', 'any']);
  });
});
