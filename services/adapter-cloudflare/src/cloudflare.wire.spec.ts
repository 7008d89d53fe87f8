import { describe, expect, it } from '@jest/globals';
import { toRrsets, WireBatch, WireRecord, WireZone } from './cloudflare.wire.js';
import { isPaid } from './cloudflare.zone.js';

const record = (given: Partial<WireRecord>): WireRecord => WireRecord.parse({ id: `id-${given.content ?? ''}`, name: 'vm1.example.com', type: 'A', content: '192.0.2.1', ttl: 300, ...given });

describe("Cloudflare's records as RRsets", () => {
  it.each([
    ['a name without a dot', [record({})], [{ name: 'vm1.example.com.', type: 'A', ttl: 300, values: ['192.0.2.1'] }]],
    ['records of one name and type are one RRset', [record({}), record({ content: '192.0.2.9' })], [{ name: 'vm1.example.com.', type: 'A', ttl: 300, values: ['192.0.2.1', '192.0.2.9'] }]],
    ['another spelling of an address', [record({ type: 'AAAA', content: '2001:0DB8::0001' })], [{ name: 'vm1.example.com.', type: 'AAAA', ttl: 300, values: ['2001:db8::1'] }]],
    ['content that is a name gets its dot', [record({ type: 'PTR', name: '1.2.0.192.in-addr.arpa', content: 'VM1.example.com' })], [{ name: '1.2.0.192.in-addr.arpa.', type: 'PTR', ttl: 300, values: ['vm1.example.com.'] }]],
    ['punycode stays', [record({ name: 'xn--mnchen-3ya.example.com' })], [{ name: 'xn--mnchen-3ya.example.com.', type: 'A', ttl: 300, values: ['192.0.2.1'] }]],
    ['priority stands before the content', [record({ type: 'MX', content: 'mail.example.com', priority: 10 })], [{ name: 'vm1.example.com.', type: 'MX', ttl: 300, values: ['10 mail.example.com'] }]],
    ['TTL 1 is automatic: what the zone says', [record({ ttl: 1 })], [{ name: 'vm1.example.com.', type: 'A', ttl: 3600, values: ['192.0.2.1'] }]],
    ['different TTLs in one RRset are none', [record({}), record({ content: '192.0.2.9', ttl: 600 })], [{ name: 'vm1.example.com.', type: 'A', ttl: 0, values: ['192.0.2.1', '192.0.2.9'] }]],
    ['automatic and the same number are one TTL', [record({ ttl: 1 }), record({ content: '192.0.2.9', ttl: 3600 })], [{ name: 'vm1.example.com.', type: 'A', ttl: 3600, values: ['192.0.2.1', '192.0.2.9'] }]],
  ])('%s', (_what, records, rrsets) => expect(toRrsets(records, 3600)).toEqual(rrsets));

  it('what newer answers add is not minded', () => {
    expect(WireRecord.parse({ ...record({}), comment: null, tags: [], settings: {}, meta: { x: 1 }, private_routing: false })).toMatchObject({ content: '192.0.2.1' });
    expect(WireBatch.parse({ deletes: [{ id: 'a' }], patches: null })).toEqual({ deletes: [{ id: 'a' }], patches: null });
  });

  it.each([
    [{ legacy_id: 'free', name: 'Free Website' }, false], [{ name: 'Free Website' }, false], [{ legacy_id: 'pro' }, true], [{ name: 'Enterprise Website' }, true], [undefined, false], [null, false], [{ legacy_id: null, name: null }, false], [{ legacy_id: null, name: 'Pro Website' }, true],
  ])('plan %j is a paid one: %s', (plan, paid) => expect(isPaid(WireZone.parse({ id: 'z', name: 'example.com', plan }))).toBe(paid));
});
