import { describe, expect, it } from '@jest/globals';
import { redactorOf } from '@vmdns/provider-kit';
import { failureOf, faultOf, type Subject } from './cloudflare.errors.js';

const TOKEN = 'the-api-token-42';
const json = (code: number, message: string, chain?: readonly { code: number; message: string }[]): string => JSON.stringify({ success: false, errors: [{ code, message, ...(chain === undefined ? {} : { error_chain: chain }) }], messages: [], result: null });
const fail = (status: number, text: string, subject: Subject = 'change', headers: Record<string, string> = {}) => failureOf('writing x', faultOf({ status, text, headers }), subject, redactorOf([TOKEN]));

describe('answers of Cloudflare', () => {
  it.each([
    [400, json(81058, 'An identical record already exists.'), 'change', 'conflict', {}],
    [400, json(81057, 'The record already exists.'), 'change', 'conflict', {}],
    [404, json(81044, 'Record does not exist.'), 'change', 'conflict', {}],
    [400, json(81053, 'An A, AAAA, or CNAME record with that host already exists.'), 'change', 'refused', {}],
    [400, json(81054, 'A CNAME record with that host already exists.'), 'change', 'refused', {}],
    [400, json(81045, 'The record quota has been exceeded.'), 'change', 'zone-full', {}],
    [400, json(1004, 'DNS Validation Error', [{ code: 9999, message: 'Record quota exceeded.' }]), 'change', 'zone-full', {}],
    [403, json(10000, 'Authentication error'), 'change', 'credentials', {}],
    [403, json(9109, 'Unauthorized to access requested resource'), 'zone', 'credentials', {}],
    [403, json(9103, 'Unknown X-Auth-Key or X-Auth-Email'), 'token', 'credentials', {}],
    [400, json(6003, 'Invalid request headers', [{ code: 6103, message: 'Invalid format for X-Auth-Key header' }]), 'token', 'credentials', {}],
    [401, json(1000, 'Invalid API Token'), 'token', 'credentials', {}],
    [401, 'Unauthorized', 'zone', 'credentials', {}], [403, '<html>Forbidden', 'zone', 'credentials', {}],
    [403, json(1038, 'You cannot use this API for domains with a .tk TLD'), 'change', 'missing-zone', {}],
    [400, json(7003, 'Could not route to /zones/x'), 'zone', 'missing-zone', {}], [404, 'Not Found', 'zone', 'missing-zone', {}],
    [429, '<html>Too many', 'zone', 'throttled', {}], [400, json(10100, 'More than 1200 requests per 300 seconds reached.'), 'zone', 'throttled', {}],
    [409, json(1, 'Conflict'), 'change', 'retry', { answered: true }], [408, json(1, 'Timeout'), 'change', 'retry', { answered: true }],
    [500, json(10001, 'Internal server error'), 'change', 'retry', { answered: true }], [503, json(1, 'Unavailable'), 'change', 'retry', { answered: true }],
    [502, '<html>Bad Gateway', 'change', 'retry', { inDoubt: true }], [524, '<html>A timeout occurred', 'change', 'retry', { inDoubt: true }],
    [502, '<html>Bad Gateway', 'zone', 'retry', { inDoubt: false }],
    [418, json(1, 'No'), 'change', 'refused', {}],
  ] as const)('%i %s about a %s is %s', (status, text, subject, kind, detail) => expect(fail(status, text, subject)).toMatchObject({ kind, detail }));

  it.each([
    [9005, 'Content for A record must be a valid IPv4 address.'], [9021, 'Invalid TTL. Must be between 60 and 86400 seconds, or 1 for Automatic.'],
    [9300, 'DNS record has 1 tags, exceeding the quota of 0.'],
  ])('1004 is told by its chain: %i is refused, with both texts', (code, message) => {
    expect(fail(400, json(1004, 'DNS Validation Error', [{ code, message }]))).toMatchObject({ kind: 'refused', detail: { providerText: `DNS Validation Error (1004) ${message} (${code})` } });
  });

  it('a throttle waits as long as Cloudflare says, else five minutes', () => {
    const untilOf = (headers: Record<string, string>): number => (fail(429, json(10100, 'slow down'), 'zone', headers).detail.until ?? 0) - Date.now();
    expect(Math.round(untilOf({ 'retry-after': '30' }) / 1_000)).toBe(30);
    for (const headers of [{}, { 'retry-after': 'soon' }, { 'retry-after': '0' }]) expect(Math.round(untilOf(headers) / 1_000)).toBe(300);
  });

  it('L10: its words go on without the token', () => {
    expect(fail(400, json(1004, `token ${TOKEN} is odd`)).detail.providerText).toBe('token *** is odd (1004)');
  });
});
