import { describe, expect, it } from '@jest/globals';
import { maskedHeaders, maskedPayload } from './masked.js';

describe('L10 what a dead letter shows', () => {
  it.each([
    ['a field of a message', '{"data":{"vmId":"a","apiKey":"canary","list":[{"Password":{"deep":"canary"}}],"token":null}}', '{"data":{"vmId":"a","apiKey":"[secret]","list":[{"Password":"[secret]"}],"token":null}}'],
    ['a text that is no JSON', '{"apiKey": "canary with spaces", "vmId": "a"', '{"apiKey": [secret], "vmId": "a"'],
    ['a line of a form', 'vmId=a&password=canary&x=1', 'vmId=a&password=[secret]&x=1'],
    ['a header in a text', 'Authorization: Bearer canary', 'Authorization: [secret]'],
    ['nothing of the kind', '{"vmId":"a","addresses":[]}', '{"vmId":"a","addresses":[]}'],
  ])('is masked in %s', (_, payload, shown) => expect(maskedPayload(payload)).toBe(shown));
  it('is masked in headers', () => expect(maskedHeaders({ traceparent: 't', 'X-Api-Key': 'canary' })).toEqual({ traceparent: 't', 'X-Api-Key': '[secret]' }));
});
