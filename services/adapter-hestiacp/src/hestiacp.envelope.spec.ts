import { describe, expect, it } from '@jest/globals';
import type { HttpAnswer } from '@vmdns/provider-kit';
import { envelopeOf } from './hestiacp.envelope.js';
import { brokenListing, failureOfCode, failureOfHttp } from './hestiacp.errors.js';

const plain = (text: string): string => text;
const answer = (status: number, text: string, headers: HttpAnswer['headers'] = {}): HttpAnswer => ({ status, text, headers });
const code = (n: number): HttpAnswer['headers'] => ({ 'hestia-exit-code': String(n) });

describe('the envelope of HestiaCP (PROVIDERS §2.1)', () => {
  it.each([
    ['legacy, change done', 200, '0', {}, 'code', 'ended 0'],
    ['legacy, change failed: HTTP 200 all the same', 200, '4', {}, 'code', 'ended 4'],
    ['legacy, unknown command asked for its code', 200, '1', {}, 'code', 'ended 1'],
    ['legacy, words where a code was asked for', 200, 'OK', {}, 'code', 'http 200'],
    ['legacy, nothing where a code was asked for', 200, '', {}, 'code', 'http 200'],
    ['legacy, listing', 200, '{\n    "a": {}\n}\n', {}, 'output', 'ended 0'],
    ['legacy, empty listing', 200, '{\n}', {}, 'output', 'ended 0'],
    ['legacy, listing failed: HTTP 200 all the same', 200, "Error: dns domain x doesn't exist\n", {}, 'output', 'words'],
    ['legacy, unknown command: OK is no proof', 200, 'OK', {}, 'output', 'words'],
    ['legacy, half a listing and an error', 200, '{\n    "1": {\n        "RECORD": "Error: invalid', {}, 'output', 'words'],
    ['legacy, wrong password, with a code', 401, '9', {}, 'code', 'ended 9'],
    ['legacy, wrong password, in words', 401, 'Error: authentication failed', {}, 'output', 'ended 9'],
    ['legacy, caller not allowed', 401, '10', {}, 'code', 'ended 10'],
    ['legacy, caller not allowed, in words', 401, 'Error: IP is not allowed to connect with API', {}, 'output', 'ended 10'],
    ['legacy, API off', 400, 'Error: API has been disabledError: API Disabled', {}, 'output', 'ended 11'],
    ['legacy, API off, with a code', 200, 'Error: API has been disabled11', {}, 'code', 'ended 11'],
    ['access key, change done: empty', 204, '', code(0), 'output', 'ended 0'],
    ['access key, change done, with a code', 200, '0', code(0), 'code', 'ended 0'],
    ['access key, failed: the header tells', 400, 'Error: ID=500 already exists', code(4), 'output', 'ended 4'],
    ['access key, invalid', 422, 'Error: invalid', code(2), 'output', 'ended 2'],
    ['access key, unknown command or not allowed', 401, "Error: Key don't have permission", code(10), 'output', 'ended 10'],
    ['a proxy', 502, '<html>', {}, 'output', 'http 502'],
    ['another program', 200, '<html>', {}, 'output', 'http 200'],
    ['another program where a code was asked for', 200, '<html>', {}, 'code', 'http 200'],
  ] as const)('%s', (_what, status, text, headers, asked, expected) => {
    const envelope = envelopeOf(answer(status, text, headers), asked);
    expect(envelope.kind === 'ended' ? `ended ${envelope.code}` : envelope.kind === 'http' ? `http ${envelope.status}` : 'words').toBe(expected);
  });
});

describe('the codes of HestiaCP', () => {
  it.each([
    [1, 'refused'], [2, 'refused'], [3, 'missing-zone'], [4, 'refused'], [5, 'missing-zone'], [6, 'refused'], [7, 'refused'], [8, 'zone-full'], [9, 'credentials'], [10, 'credentials'], [11, 'credentials'],
    [12, 'retry'], [13, 'retry'], [14, 'retry'], [15, 'retry'], [16, 'refused'], [17, 'refused'], [18, 'refused'], [19, 'retry'], [20, 'retry'], [21, 'credentials'], [99, 'refused'],
  ] as const)('code %d of a change is %s', (number, kind) => {
    const error = failureOfCode('changing x', number, 'Error: words of the panel', 'writing', plain);
    expect([error.kind, error.detail.inDoubt === true, error.detail.providerText]).toEqual([kind, kind === 'retry', 'Error: words of the panel']);
  });

  it('a reading is never refused: that is the whole zone\'s trouble', () => {
    expect([1, 2, 4].map((number) => failureOfCode('listing x', number, '', 'reading', plain).kind)).toEqual(['missing-zone', 'missing-zone', 'missing-zone']);
  });

  it.each([[403, 'credentials', false], [404, 'missing-zone', false], [405, 'missing-zone', false], [429, 'throttled', false], [500, 'retry', true], [502, 'retry', true], [503, 'retry', true], [504, 'retry', true], [200, 'retry', true]] as const)('HTTP %d without a word of the panel is %s', (status, kind, inDoubt) => {
    const error = failureOfHttp('changing x', answer(status, '<html>', { 'retry-after': '7' }), 'writing', plain);
    expect([error.kind, error.detail.inDoubt === true]).toEqual([kind, inDoubt]);
    if (kind === 'throttled') expect((error.detail.until ?? 0) - Date.now()).toBeGreaterThan(5_000);
  });

  it('half a listing and an error is told in words, without the half', () => {
    const error = brokenListing('listing x', '{\n  "1": { "VALUE": "a secret" }, "2": { "RECORD": "Error: invalid object format', plain);
    expect([error.kind, error.detail.providerText, error.detail.hint]).toEqual(['missing-zone', 'Error: invalid object format', expect.stringContaining('apostrophe')]);
  });
});
