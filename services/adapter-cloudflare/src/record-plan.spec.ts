import { describe, expect, it } from '@jest/globals';
import type { Rrset } from '@vmdns/domain';
import { rr } from '@vmdns/provider-kit/testing';
import { CloudflareZoneSettings } from './cloudflare.settings.js';
import { WireRecord } from './cloudflare.wire.js';
import { findPointed, planOperations } from './record-plan.js';

const NAME = 'vm1.example.com.';
const plain = CloudflareZoneSettings.parse({ comment: '' });
const held = (...records: readonly Partial<WireRecord>[]): readonly WireRecord[] => records.map((record, at) => WireRecord.parse({ id: `r${at}`, name: 'vm1.example.com', type: 'A', content: '192.0.2.1', ttl: 300, ...record }));
const put = (...values: readonly string[]) => ({ kind: 'put' as const, rrset: rr(NAME, 'A', 300, ...values) });
const remove = { kind: 'remove' as const, name: NAME, type: 'A' };
const short = ({ deletes, patches, posts }: ReturnType<typeof planOperations>): string => [
  ...deletes.map(({ id }) => `- ${id}`), ...patches.map((patch) => `~ ${patch.id} ${patch.content} ${patch.ttl}`), ...posts.map((post) => `+ ${post.content} ${post.ttl}`),
].join(', ');

describe('the operations of one change', () => {
  it.each([
    ['nothing there', put('192.0.2.1'), held(), '+ 192.0.2.1 300'],
    ['as wanted', put('192.0.2.1'), held({}), ''],
    ['another value is a patch of the record that goes', put('192.0.2.2'), held({}), '~ r0 192.0.2.2 300'],
    ['another TTL', put('192.0.2.1'), held({ ttl: 600 }), '~ r0 192.0.2.1 300'],
    ['an automatic TTL that counts the same', put('192.0.2.1'), held({ ttl: 1 }), ''],
    ['one more value', put('192.0.2.1', '192.0.2.2'), held({}), '+ 192.0.2.2 300'],
    ['one value less', put('192.0.2.1'), held({}, { content: '192.0.2.2' }), '- r1'],
    ['the same value twice', put('192.0.2.1'), held({}, {}), '- r1'],
    ['some of each', put('192.0.2.2', '192.0.2.3'), held({}, { content: '192.0.2.2', ttl: 60 }, { content: '192.0.2.9' }), '- r2, ~ r1 192.0.2.2 300, ~ r0 192.0.2.3 300'],
    ['a proxied record has no TTL of its own', put('192.0.2.1'), held({ ttl: 1, proxied: true }), ''],
    ['a proxied record gets another value and stays proxied', put('192.0.2.2'), held({ ttl: 1, proxied: true }), '~ r0 192.0.2.2 1'],
    ['a removal', remove, held({}, { content: '192.0.2.2' }), '- r0, - r1'],
    ['a removal of nothing', remove, held(), ''],
  ])('%s', (_what, change, records, operations) => expect(short(planOperations(change, records, plain))).toBe(operations));

  it('a patch says nothing of comment, tags or proxy, so they stay', () => {
    expect(planOperations(put('192.0.2.2'), held({ proxied: true, ttl: 1, comment: 'by hand' }), CloudflareZoneSettings.parse({})).patches)
      .toEqual([{ id: 'r0', name: 'vm1.example.com', type: 'A', content: '192.0.2.2', ttl: 1 }]);
  });

  it.each([
    [{}, 'A', { ttl: 300, proxied: false, comment: 'vmdns' }], [{ comment: '' }, 'A', { ttl: 300, proxied: false }],
    [{ proxied: true }, 'A', { ttl: 1, proxied: true, comment: 'vmdns' }], [{ proxied: true }, 'PTR', { ttl: 300, comment: 'vmdns' }],
  ])('a new record of a zone %j, type %s, gets %j', (settings, type, extra) => {
    const rrset: Rrset = type === 'A' ? rr(NAME, 'A', 300, '192.0.2.1') : rr(NAME, 'PTR', 300, 'web.example.com.');
    const { content, name } = type === 'A' ? { content: '192.0.2.1', name: 'vm1.example.com' } : { content: 'web.example.com', name: 'vm1.example.com' };
    expect(planOperations({ kind: 'put', rrset }, [], CloudflareZoneSettings.parse(settings)).posts).toEqual([{ name, type, content, ...extra }]);
  });

  it('an error that points at an operation names its owner', () => {
    const operations = { deletes: [{ id: 'gone' }], patches: planOperations(put('192.0.2.2'), held({}), plain).patches, posts: planOperations(put('192.0.2.1'), [], plain).posts };
    const nameOfId = (id: string): string | undefined => (id === 'gone' ? 'old.example.com.' : undefined);
    expect(['/deletes/0', '/patches/0/content', 'posts/0', '/posts/7', '/zone_id', ''].map((pointer) => findPointed(operations, pointer, nameOfId))).toEqual(['old.example.com.', NAME, NAME, undefined, undefined, undefined]);
  });

  it.each([['line\nbreak'], ['x'.repeat(101)]])('a comment that Cloudflare would refuse is refused at the door', (comment) => {
    expect(CloudflareZoneSettings.safeParse({ comment }).success).toBe(false);
  });
});
