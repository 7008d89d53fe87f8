import { describe, expect, it } from '@jest/globals';
import { readIngest, replySubjectOf } from './ingest-message.js';

const event = { specversion: '1.0', id: '1', source: 'platform', type: 'vmdns.vm.changed.v1', time: '2026-01-01T00:00:00Z', data: { vmId: 'a', addresses: [] } };
const read = (text: string, subject = 'vmdns.ingest.vm', bytesMax = 1000) => readIngest({ text, subject }, bytesMax);

describe('a message of the INGEST stream', () => {
  it.each([
    ['vmdns.ingest.vm', null, {}],
    ['vmdns.ingest.vm.acme', 'acme', { publisher: 'nats:acme' }],
  ])('on %s speaks for tenant %s', (subject, tenant, by) => {
    expect(read(JSON.stringify(event), subject)).toEqual({
      ok: true,
      request: { type: event.type, data: event.data, source: 'platform', via: 'event', time: event.time, caller: { name: 'platform', role: 'publisher', tenant }, ...by },
    });
  });

  it.each([
    ['another subject', JSON.stringify(event), 'vmdns.ingest.dns', /no subject for facts/],
    ['an odd tenant', JSON.stringify(event), 'vmdns.ingest.vm.a.b', /no subject for facts/],
    ['no JSON', '{', 'vmdns.ingest.vm', /no JSON/],
    ['no CloudEvent', '{"id":""}', 'vmdns.ingest.vm', /specversion.*id.*source.*type/],
    ['more than the limit', JSON.stringify({ ...event, data: 'x'.repeat(1000) }), 'vmdns.ingest.vm', /too large: 1\d\d\d bytes, at most 1000/],
  ])('with %s says why it cannot be taken', (_, text, subject, reason) => {
    expect(read(text, subject)).toMatchObject({ ok: false, reason: expect.stringMatching(reason) });
  });

  it.each([
    [{ 'Vmdns-Reply-To': '_INBOX.abc.1' }, '_INBOX.abc.1'],
    [{ 'vmdns-reply-to': '_INBOX.abc' }, '_INBOX.abc'],
    [{ 'Vmdns-Reply-To': 'vmdns.event.vm.a' }, undefined],
    [{ 'Vmdns-Reply-To': '_INBOX.>' }, undefined],
    [{}, undefined],
  ])('%j is answered to %s', (headers, subject) => expect(replySubjectOf(headers)).toBe(subject));
});
