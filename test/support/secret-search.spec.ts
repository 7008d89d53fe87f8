import { describe, expect, it } from '@jest/globals';
import { findSecrets } from './secret-search.js';

const SECRET = 'canary/Zq7+8x9 "q"';

describe('the search for secrets', () => {
  it.each([
    ['as it is', SECRET],
    ['in JSON', JSON.stringify({ key: SECRET })],
    ['URL-encoded', encodeURIComponent(SECRET)],
    ['URL-encoded in small letters', encodeURIComponent(SECRET).replaceAll('%2F', '%2f').replaceAll('%2B', '%2b')],
    ['in hex', Buffer.from(`x${SECRET}`).toString('hex')],
    ...['', 'a', 'ab', 'user:'].flatMap((before) => (['base64', 'base64url'] as const).map((encoding) => [`in ${encoding} after ${JSON.stringify(before)}`, Buffer.from(`${before}${SECRET} and more`).toString(encoding)] as const)),
  ])('L10 finds one that was planted %s, and does not say it', (_, planted) => {
    const found = findSecrets({ clean: 'nothing here', log: `warn ${planted} end` }, { apiKey: SECRET, other: 'canary-other-secret' });
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(/^apiKey in log: …/);
    expect(findSecrets({ report: found.join() }, { apiKey: SECRET })).toEqual([]);
  });
});
