import { describe, expect, it } from '@jest/globals';
import { jsonOf } from '../fake/fake-zone.js';
import { loadFaultsOf } from './hestiacp.loading.js';
import { headOf, recordOf, rowsOf, toDomain, valueFault, type Row } from './hestiacp.wire.js';

const APEX = 'example.com.', SERIAL = '3000000007';
const wire = (...rows: readonly Readonly<Record<string, string>>[]): readonly Row[] => rowsOf(jsonOf(rows.map((row, at) => {
  const id = row['ID'] ?? String(at + 1);
  return [id, { ID: id, PRIORITY: '', SUSPENDED: 'no', TIME: '12:00:00', DATE: '2026-01-01', TTL: '300', ...row }];
})));
const one = (RECORD: string, TYPE: string, VALUE: string, more: Readonly<Record<string, string>> = {}) => toDomain(wire({ RECORD, TYPE, VALUE, ...more }), APEX, 14_400)[0];

describe('what HestiaCP lists, in our words', () => {
  it.each([
    ['apex', '@', 'A', '192.0.2.1', {}, { name: APEX, type: 'A', ttl: 300, values: ['192.0.2.1'] }],
    ['relative', 'web', 'A', '192.0.2.1', {}, { name: `web.${APEX}`, type: 'A', ttl: 300, values: ['192.0.2.1'] }],
    ['upper case, kept by change', 'WEB', 'A', '192.0.2.1', {}, { name: `web.${APEX}`, type: 'A', ttl: 300, values: ['192.0.2.1'] }],
    ['absolute, with its dot', 'other.example.com.', 'A', '192.0.2.1', {}, { name: `other.${APEX}`, type: 'A', ttl: 300, values: ['192.0.2.1'] }],
    ['wildcard', '*', 'A', '192.0.2.1', {}, { name: `*.${APEX}`, type: 'A', ttl: 300, values: ['192.0.2.1'] }],
    ['IDN, which it stores in Unicode', 'bücher', 'A', '192.0.2.1', {}, { name: `xn--bcher-kva.${APEX}`, type: 'A', ttl: 300, values: ['192.0.2.1'] }],
    ['AAAA as typed', 'web', 'AAAA', '2001:0DB8:0:0::0001', {}, { name: `web.${APEX}`, type: 'AAAA', ttl: 300, values: ['2001:db8::1'] }],
    ['without a TTL: the zone\'s', 'web', 'A', '192.0.2.1', { TTL: '' }, { name: `web.${APEX}`, type: 'A', ttl: 14_400, values: ['192.0.2.1'] }],
    ['a target without a dot is below the apex', 'www', 'CNAME', 'web', {}, { name: `www.${APEX}`, type: 'CNAME', ttl: 300, values: [`web.${APEX}`] }],
    ['a target with one', 'www', 'CNAME', 'Web.Example.ORG.', {}, { name: `www.${APEX}`, type: 'CNAME', ttl: 300, values: ['web.example.org.'] }],
    ['MX', '@', 'MX', 'mail.example.com.', { PRIORITY: '0' }, { name: APEX, type: 'MX', ttl: 300, values: ['0 mail.example.com.'] }],
    ['SRV, as both versions list it', '_sip._tcp', 'SRV', '5 5060 sip.example.com.', { PRIORITY: '10' }, { name: `_sip._tcp.${APEX}`, type: 'SRV', ttl: 300, values: ['10 5 5060 sip.example.com.'] }],
    ['TXT with quotes', '@', 'TXT', '"v=spf1 -all"', {}, { name: APEX, type: 'TXT', ttl: 300, values: ['"v=spf1 -all"'] }],
    ['CAA', '@', 'CAA', '0 issue "x"', {}, { name: APEX, type: 'CAA', ttl: 300, values: ['0 issue "x"'] }],
    ['suspended: there, but not served', 'web', 'A', '192.0.2.1', { SUSPENDED: 'yes' }, { name: `web.${APEX}`, type: 'A (disabled)', ttl: 300, values: ['192.0.2.1'] }],
  ] as const)('%s', (_what, record, type, value, more, expected) => expect(one(record, type, value, more)).toEqual(expected));

  it('an empty name is that of the line before, and what is suspended is no line', () => {
    const rows = wire({ RECORD: 'web', TYPE: 'A', VALUE: '192.0.2.1' }, { RECORD: 'off', TYPE: 'A', VALUE: '192.0.2.9', SUSPENDED: 'yes' }, { RECORD: '', TYPE: 'A', VALUE: '192.0.2.2' });
    expect(toDomain(rows, APEX, 60)).toEqual([{ name: `web.${APEX}`, type: 'A', ttl: 300, values: ['192.0.2.1', '192.0.2.2'] }, { name: `off.${APEX}`, type: 'A (disabled)', ttl: 300, values: ['192.0.2.9'] }]);
  });

  it('rows of one RRset with two TTLs are never as wanted; equal rows are one value', () => {
    expect(toDomain(wire({ RECORD: 'a', TYPE: 'A', VALUE: '192.0.2.1' }, { RECORD: 'a', TYPE: 'A', VALUE: '192.0.2.2', TTL: '600' }), APEX, 60)[0]?.ttl).toBe(0);
    expect(toDomain(wire({ RECORD: 'a', TYPE: 'A', VALUE: '192.0.2.1' }, { RECORD: 'a', TYPE: 'A', VALUE: '192.0.2.1' }), APEX, 60)[0]?.values).toEqual(['192.0.2.1']);
  });

  it('two rows with one id are two rows', () => {
    expect(wire({ ID: '5', RECORD: 'a', TYPE: 'A', VALUE: '192.0.2.1' }, { ID: '5', RECORD: 'b', TYPE: 'A', VALUE: '192.0.2.2' }).map((row) => row.record)).toEqual(['a', 'b']);
  });

  it('the zone\'s own line is found by its name, in whatever spelling', () => {
    const head = jsonOf([['example.com', { SERIAL, TTL: '14400', RECORDS: '12', SUSPENDED: 'no' }]]);
    expect(headOf(head, 'example.com')).toEqual({ serial: SERIAL, ttl: 14_400, records: 12, suspended: false });
    expect(headOf(head, 'example.org')).toBeUndefined();
    expect(headOf(jsonOf([['bücher.example', { SERIAL, SUSPENDED: 'yes' }]]), 'xn--bcher-kva.example')).toEqual({ serial: SERIAL, ttl: 0, records: 0, suspended: true });
  });
});

describe('what is sent to HestiaCP', () => {
  it('names are relative, and the apex is always @', () => {
    expect([APEX, `a.b.${APEX}`, `*.${APEX}`, `_x.${APEX}`].map((name) => recordOf(name, APEX))).toEqual(['@', 'a.b', '*', '_x']);
    expect([`a\\032b.${APEX}`, `a/b.${APEX}`, `a'b.${APEX}`, `$x.${APEX}`].map((name) => recordOf(name, APEX))).toEqual([undefined, undefined, undefined, undefined]);
  });

  it.each([['A', '192.0.2.1', true], ['PTR', 'web.example.com.', true], ['PTR', 'localhost.', false], ['CNAME', 'a\'b.example.com.', false], ['CNAME', 'web.example.com', false]])('%s %s: %s', (type, value, isFine) => expect(valueFault(type, value) === undefined).toBe(isFine));
});

describe('what BIND would not load', () => {
  const NS = { RECORD: '@', TYPE: 'NS', VALUE: 'ns1.example.net.' };
  it.each([
    ['all well', [NS, { RECORD: 'a', TYPE: 'A', VALUE: '192.0.2.1' }], SERIAL, []],
    ['a huge TTL', [NS, { RECORD: 'a', TYPE: 'A', VALUE: '192.0.2.1', TTL: '99999999999' }], SERIAL, ['record 2 (a.example.com. A) has the TTL 99999999999']],
    ['a CNAME beside other data', [NS, { RECORD: 'a', TYPE: 'A', VALUE: '192.0.2.1' }, { RECORD: 'A', TYPE: 'CNAME', VALUE: 'b.example.net.' }], SERIAL, ['record 3 (a.example.com. CNAME) stands beside other records of that name']],
    ['a suspended one beside it', [NS, { RECORD: 'a', TYPE: 'A', VALUE: '192.0.2.1', SUSPENDED: 'yes' }, { RECORD: 'a', TYPE: 'CNAME', VALUE: 'b.example.net.' }], SERIAL, []],
    ['a CNAME at the apex', [NS, { RECORD: '@', TYPE: 'CNAME', VALUE: 'b.example.net.' }], SERIAL, ['record 2 (example.com. CNAME) stands beside other records of that name']],
    ['the hundredth change of a day', [NS], '20261121100', [expect.stringContaining('20261121100')]],
    ['no name server', [{ RECORD: 'a', TYPE: 'A', VALUE: '192.0.2.1' }], SERIAL, ['it has no NS record']],
  ])('%s', (_what, rows, serial, expected) => expect(loadFaultsOf(wire(...rows as Readonly<Record<string, string>>[]), APEX, serial)).toEqual(expected));
});
