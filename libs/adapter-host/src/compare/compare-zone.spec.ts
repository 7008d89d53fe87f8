import { describe, expect, it } from '@jest/globals';
import type { RrsetBody } from '@vmdns/contracts';
import { rrsetDigest } from '@vmdns/domain';
import type { ReadRrset } from '@vmdns/provider-kit';
import { judgeListing, type LedgerName, ZoneComparison } from './compare-zone.js';

const a = (name: string, ip: string, more: Partial<ReadRrset> = {}): ReadRrset => ({ name, type: 'A', ttl: 300, values: [ip], ...more });
const body = (ip: string): RrsetBody => ({ type: 'A', ttl: 300, values: [ip] });
const ledger = (ownerName: string, wanted: readonly RrsetBody[], owned: readonly RrsetBody[] = [], isMoving = false): LedgerName =>
  ({ ownerName, wanted, owned: Object.fromEntries(owned.map((one) => [one.type, rrsetDigest(one)])), isMoving });

function compare(there: readonly ReadRrset[], names: readonly LedgerName[]) {
  const comparison = new ZoneComparison();
  comparison.read(there);
  comparison.meet(names);
  return { ...comparison.end(), size: comparison.size };
}
const kinds = (there: readonly ReadRrset[], names: readonly LedgerName[]) => compare(there, names).entries.map((entry) => `${entry.kind} ${entry.name} ${entry.type}${entry.ours ? ' ours' : ''}`);

describe('comparing a zone with the ledger', () => {
  it.each([
    ['equal and ours', [a('x.', '192.0.2.1')], [ledger('x.', [body('192.0.2.1')], [body('192.0.2.1')])], []],
    ['equal and not ours', [a('x.', '192.0.2.1')], [ledger('x.', [body('192.0.2.1')])], []],
    ['changed by somebody', [a('x.', '192.0.2.9')], [ledger('x.', [body('192.0.2.1')], [body('192.0.2.1')])], ['differs x. A ours']],
    ['in the way', [a('x.', '192.0.2.9')], [ledger('x.', [body('192.0.2.1')])], ['differs x. A']],
    ['removed by somebody', [], [ledger('x.', [body('192.0.2.1')], [body('192.0.2.1')])], ['missing x. A ours']],
    ['never written', [], [ledger('x.', [body('192.0.2.1')])], ['missing x. A']],
    ['ours and wanted no more', [a('x.', '192.0.2.1')], [ledger('x.', [], [body('192.0.2.1')])], ['orphan x. A ours']],
    ['nobody knows it', [a('y.', '192.0.2.1')], [], ['foreign y. A']],
    ['of another type beside ours', [a('x.', '192.0.2.1'), { name: 'x.', type: 'TXT', ttl: 60, values: ['"hand"'] }], [ledger('x.', [body('192.0.2.1')], [body('192.0.2.1')])], ['foreign x. TXT']],
    ['being changed meanwhile', [a('x.', '192.0.2.9')], [ledger('x.', [body('192.0.2.1')], [body('192.0.2.1')], true)], []],
  ])('%s', (_, there, names, expected) => {
    expect(kinds(there, names)).toEqual(expected);
  });

  it('counts everything, and tells which names are broken', () => {
    const result = compare([a('a.', '192.0.2.1'), a('b.', '192.0.2.2'), a('c.', '192.0.2.9'), a('h.', '192.0.2.7'), { name: 'h.', type: 'MX', ttl: 60, values: ['10 m.'] }], [
      ledger('a.', [body('192.0.2.1')], [body('192.0.2.1')]), ledger('b.', [body('192.0.2.2')]), ledger('c.', [body('192.0.2.3')], [body('192.0.2.3')]), ledger('d.', [body('192.0.2.4')], [body('192.0.2.4')]),
    ]);
    expect(result.counts).toEqual({ equal: 2, adoptable: 1, differs: 1, missing: 1, orphans: 0, foreign: 2, foreignByType: { A: 1, MX: 1 }, moving: 0 });
    expect(result.broken.toSorted()).toEqual(['c.', 'd.']);
  });

  it('shows both sides with what the provider keeps beside a record, and never the contents of types that are not ours', () => {
    const { entries } = compare([a('x.', '192.0.2.9', { remarks: { proxied: true, comments: ['by hand'] } }), { name: 'x.', type: 'TXT', ttl: 60, values: ['"secret"'] }], [ledger('x.', [body('192.0.2.1')])]);
    expect(entries[0]).toEqual({ kind: 'differs', name: 'x.', type: 'A', ours: false, wanted: { ttl: 300, values: ['192.0.2.1'] }, held: { ttl: 300, values: ['192.0.2.9'], remarks: { proxied: true, comments: ['by hand'] } } });
    expect(JSON.stringify(entries)).not.toContain('secret');
  });
});

describe('L2 a listing is evidence of nothing by itself', () => {
  it.each([
    ['empty', 0, 0, 0, 'empty'],
    ['empty, although nothing of ours is there', 0, 5, 5, 'empty'],
    ['all of three of ours gone', 2, 3, 3, 'suspect'],
    ['more than half gone', 60, 100, 51, 'suspect'],
    ['half gone', 60, 100, 50, 'trusted'],
    ['two of two gone: somebody removed them', 2, 2, 2, 'trusted'],
    ['as it shall be', 12, 10, 0, 'trusted'],
  ] as const)('%s: %i RRsets, %i of ours, %i of them lost → %s', (_, size, owned, lost, verdict) => {
    expect(judgeListing(size, { owned, lost })).toBe(verdict);
  });
});
