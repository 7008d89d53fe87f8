import { describe, expect, it } from '@jest/globals';
import type { Rrset } from '@vmdns/domain';
import type { RrsetChange } from '@vmdns/provider-kit';
import { rr } from '@vmdns/provider-kit/testing';
import { planRows } from './hestiacp.rows.js';
import type { Row } from './hestiacp.wire.js';

const APEX = 'example.com.', WEB = `web.${APEX}`;
const row = (id: number, record: string, type: string, value: string, more: Partial<Row> = {}): Row => ({ id, record, type, value, priority: '', suspended: false, time: '', date: '', ttl: '300', ...more });
const NS = row(1, '@', 'NS', 'ns1.example.net.'), OTHER = row(2, '@', 'A', '192.0.2.99');
const put = (...values: readonly string[]): RrsetChange => ({ kind: 'put', rrset: rr(WEB, 'A', 300, ...values) });
const remove = (name = WEB, type = 'A'): RrsetChange => ({ kind: 'remove', name, type });
const plan = (rows: readonly Row[], change: RrsetChange, held?: readonly Rrset[]): readonly string[] =>
  planRows([NS, OTHER, ...rows], change, held, APEX).map((step) => (step.kind === 'add' ? `add ${step.record} ${step.value} ${step.ttl}` : step.kind === 'change' ? `change ${step.row.id} ${step.value} ${step.ttl}` : `delete ${step.row.id}`));
const refusal = (rows: readonly Row[], change: RrsetChange): unknown => {
  try { return plan(rows, change); } catch (error) { return error; }
};

describe('one RRset, record by record', () => {
  it.each([
    ['appears', [], put('192.0.2.1', '192.0.2.2'), ['add web 192.0.2.1 300', 'add web 192.0.2.2 300']],
    ['is as wanted', [row(5, 'web', 'A', '192.0.2.1')], put('192.0.2.1'), []],
    ['changes its value in place: one command', [row(5, 'web', 'A', '192.0.2.1')], put('192.0.2.2'), ['change 5 192.0.2.2 300']],
    ['changes its TTL alone', [row(5, 'web', 'A', '192.0.2.1', { ttl: '600' })], put('192.0.2.1'), ['change 5 192.0.2.1 300']],
    ['gets a TTL of its own', [row(5, 'web', 'A', '192.0.2.1', { ttl: '' })], put('192.0.2.1'), ['change 5 192.0.2.1 300']],
    ['grows', [row(5, 'web', 'A', '192.0.2.1')], put('192.0.2.1', '192.0.2.2'), ['add web 192.0.2.2 300']],
    ['shrinks', [row(5, 'web', 'A', '192.0.2.1'), row(6, 'web', 'A', '192.0.2.2')], put('192.0.2.2'), ['delete 5']],
    ['changes more than it keeps', [row(5, 'web', 'A', '192.0.2.1'), row(6, 'web', 'A', '192.0.2.2')], put('192.0.2.3'), ['change 5 192.0.2.3 300', 'delete 6']],
    ['has a duplicate of a retry', [row(5, 'web', 'A', '192.0.2.1'), row(6, 'web', 'A', '192.0.2.1')], put('192.0.2.1'), ['delete 6']],
    ['goes', [row(5, 'web', 'A', '192.0.2.1'), row(6, 'WEB', 'A', '192.0.2.2'), row(7, 'web', 'TXT', 'x')], remove(), ['delete 5', 'delete 6']],
    ['was never there', [], remove(), []],
  ])('%s', (_what, rows, change, expected) => expect(plan(rows, change)).toEqual(expected));

  it('what somebody suspended is left where the engine keeps it, and made anew where it is ours', () => {
    const off = row(5, 'web', 'A', '192.0.2.1', { suspended: true });
    expect(plan([off], put('192.0.2.2'), [{ name: WEB, type: 'A (disabled)', ttl: 300, values: ['192.0.2.1'] }])).toEqual(['add web 192.0.2.2 300']);
    expect(plan([off], put('192.0.2.1'), [])).toEqual(['add web 192.0.2.1 300', 'delete 5']);
    expect(plan([off], remove(), [])).toEqual(['delete 5']);
    expect(plan([off], remove())).toEqual([]);
  });

  it('the last A record of a zone stays, also if the others are suspended ones; asked for in vain it would be code 2', () => {
    const rows = [NS, row(5, 'web', 'A', '192.0.2.1')];
    expect(() => planRows(rows, remove(), undefined, APEX)).toThrow(/keeps at least one A record/);
    expect(planRows(rows, put('192.0.2.2'), undefined, APEX)).toHaveLength(1);
    expect(planRows([...rows, row(6, 'x', 'A', '192.0.2.2', { suspended: true })], remove(), undefined, APEX)).toHaveLength(1);
    expect(planRows(rows, remove(), undefined, APEX, 'unguarded')).toHaveLength(1);
    expect(planRows([NS, row(5, 'web', 'AAAA', '2001:db8::1')], remove(WEB, 'AAAA'), undefined, APEX)).toHaveLength(1);
  });

  it.each([
    ['a CNAME beside other data', [row(5, 'web', 'TXT', 'x')], { kind: 'put', rrset: rr(WEB, 'CNAME', 300, 'a.example.net.') }, /record 5 of that name is TXT/],
    ['other data beside a CNAME', [row(5, 'web', 'CNAME', 'a.example.net.')], put('192.0.2.1'), /record 5 of that name is CNAME/],
    ['a CNAME with two values', [], { kind: 'put', rrset: rr(WEB, 'CNAME', 300, 'a.example.net.', 'b.example.net.') }, /one value/],
    ['a target of one label', [], { kind: 'put', rrset: rr(WEB, 'PTR', 300, 'localhost.') }, /two labels/],
    ['a name that a shell would read', [], { kind: 'put', rrset: { name: `a$b.${APEX}`, type: 'A', ttl: 300, values: ['192.0.2.1'] } }, /does not take this name/],
    ['an id that another record has too', [row(5, 'web', 'A', '192.0.2.1'), row(5, 'mail', 'A', '192.0.2.5')], put('192.0.2.2'), /id 5 is also that of another record/],
  ] as const)('%s is refused before a command is sent', (_what, rows, change, words) => {
    expect(refusal(rows, change as RrsetChange)).toMatchObject({ kind: 'refused', message: expect.stringMatching(words) });
  });

  it('a duplicated id of rows that all go, goes', () => expect(plan([row(5, 'web', 'A', '192.0.2.1'), row(5, 'web', 'A', '192.0.2.2')], remove())).toEqual(['delete 5', 'delete 5']));
});
