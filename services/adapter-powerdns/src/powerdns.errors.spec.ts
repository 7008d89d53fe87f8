import { describe, expect, it } from '@jest/globals';
import { redactorOf } from '@vmdns/provider-kit';
import { failureOf, type Subject } from './powerdns.errors.js';

const KEY = 'the-api-key-42';
const fail = (status: number, text: string, subject: Subject = 'change', headers: Record<string, string> = {}) => failureOf('writing x', { status, text, headers }, subject, redactorOf([KEY]));
const json = (error: string): string => JSON.stringify({ error });

describe('statuses of PowerDNS', () => {
  it.each([
    [400, 'Bad Request', 'change', 'refused', {}], [413, 'too large', 'change', 'refused', {}],
    [401, 'Unauthorized', 'zone', 'credentials', {}], [403, 'Forbidden', 'zone', 'credentials', {}],
    [404, 'Not Found', 'zone', 'missing-zone', {}], [404, 'Not Found', 'server', 'missing-zone', {}], [405, 'Method Not Allowed', 'server', 'missing-zone', {}],
    [422, json("Could not find domain 'x.'"), 'zone', 'missing-zone', {}],
    [409, 'Conflict', 'change', 'conflict', {}],
    [500, 'Internal Server Error', 'change', 'retry', { answered: true }], [503, 'busy', 'change', 'retry', { answered: true }],
    [502, '<html>Bad Gateway', 'change', 'retry', { inDoubt: true }], [504, 'Gateway Timeout', 'change', 'retry', { inDoubt: true }], [200, '{}', 'change', 'retry', { inDoubt: true }],
    [502, '<html>Bad Gateway', 'zone', 'retry', { inDoubt: false }],
  ] as const)('%i "%s" about a %s is %s', (status, text, subject, kind, detail) => expect(fail(status, text, subject)).toMatchObject({ kind, detail }));

  it.each([
    ["Record vm3.example.com./A 'bogus': Parsing record content (try 'pdnsutil check-zone'): while parsing IP address, expected digits at position 0 in 'bogus'", 'vm3.example.com.'],
    ['RRset VM1.example.com. IN CNAME: Conflicts with pre-existing RRset', 'vm1.example.com.'],
    ['RRset vm1.example.org. IN A: Name is out of zone', 'vm1.example.org.'],
    ['RRset c.example.com. IN CNAME has more than one record', 'c.example.com.'],
    ['Duplicate RRset vm1.example.com. IN A with changetype: REPLACE', 'vm1.example.com.'],
    ['Duplicate record in RRset vm1.example.com. IN A with content "192.0.2.1"', 'vm1.example.com.'],
    ["DNS Name 'vm1.example.com' is not canonical", 'vm1.example.com'],
    ["Key 'ttl' not an Integer or not present", undefined],
  ])('L7: 422 "%s" blames %s', (words, culprit) => expect(fail(422, json(words))).toMatchObject({ kind: 'refused', detail: { providerText: words, ...(culprit === undefined ? {} : { culprit }) } }));

  it('429 waits as long as a proxy asks', () => {
    const { until = 0 } = fail(429, 'slow down', 'zone', { 'retry-after': '30' }).detail;
    expect(until - Date.now()).toBeGreaterThan(20_000);
  });

  it('L10: the server\'s words go on without the key', () => {
    expect(fail(422, json(`key ${KEY} is odd`)).detail.providerText).toBe('key *** is odd');
  });
});
