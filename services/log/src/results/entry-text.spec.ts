import { describe, expect, it } from '@jest/globals';
import type { NameResult } from '@vmdns/contracts';
import { nameResult, resultOf } from '../../testing/replica.js';
import { deadLetterSentence, noticeSentence, resultSentence } from './entry-text.js';

const sentence = (over: Partial<NameResult>): string => resultSentence(resultOf([]), nameResult({ name: 'web.example.com.', ...over }));
const unreachable = { code: 'provider-unreachable', text: 'The server at http://127.0.0.1:8081 does not answer', hint: 'Start it' } as const;

describe('the sentences of the log', () => {
  it.each<[string, Partial<NameResult>, string]>([
    ['a write', {}, 'web.example.com. now has A 192.0.2.1 (TTL 300 s) at powerdns (zone example.com.).'],
    ['two types', { rrsets: [{ type: 'A', ttl: 60, values: ['192.0.2.1', '192.0.2.2'] }, { type: 'AAAA', ttl: 60, values: ['2001:db8::1'] }] }, 'web.example.com. now has A 192.0.2.1, 192.0.2.2 (TTL 60 s) and AAAA 2001:db8::1 (TTL 60 s) at powerdns (zone example.com.).'],
    ['nothing to write', { wrote: false }, 'web.example.com. already had A 192.0.2.1 (TTL 300 s) at powerdns (zone example.com.); nothing was written.'],
    ['a removal', { rrsets: [] }, 'The records of web.example.com. were removed at powerdns (zone example.com.).'],
    ['nothing to remove', { rrsets: [], wrote: false }, 'web.example.com. has no record of ours at powerdns (zone example.com.); nothing was left to remove.'],
    ['a refusal', { state: 'refused', reason: { code: 'foreign-record', text: 'An A record that vmdns did not write is there', hint: 'Adopt it or remove it.' } }, 'web.example.com. was not written at powerdns (zone example.com.), wanted: A 192.0.2.1 (TTL 300 s). Reason (foreign-record): An A record that vmdns did not write is there. Adopt it or remove it.'],
    ['a failure', { state: 'failed', attempts: 3, nextTryAt: '2026-01-01T00:00:05.000Z', reason: unreachable }, 'web.example.com. could not be written at powerdns (zone example.com.) yet, wanted: A 192.0.2.1 (TTL 300 s); tried 3 times, next try at 2026-01-01T00:00:05.000Z. Reason (provider-unreachable): The server at http://127.0.0.1:8081 does not answer. Start it.'],
    ['a doubt', { state: 'unconfirmed', attempts: 1 }, 'A change of web.example.com. at powerdns (zone example.com.) may have landed, but no certain answer came, wanted: A 192.0.2.1 (TTL 300 s); it is read before anything else is done; tried 1 time.'],
    ['a removal that failed', { state: 'failed', rrsets: [], attempts: 0 }, 'web.example.com. could not be written at powerdns (zone example.com.) yet, wanted: no record; not tried yet.'],
    ['a command that came too late', { state: 'behind', generation: 9 }, 'A command for web.example.com. at powerdns (zone example.com.) was older than generation 9, which the adapter knows already; nothing was done, and the planner says it anew.'],
  ])('tell %s', (_, over, expected) => expect(sentence(over)).toBe(expected));

  it('tell what was put aside, and what was ignored', () => {
    expect(deadLetterSentence({ service: 'inventory', subject: 'vmdns.ingest.vm', reason: 'vmId: must be …', payload: '', headers: {}, at: '' }))
      .toBe('A message on vmdns.ingest.vm could not be taken by inventory, and was put aside: vmId: must be …. Mend it and send it again.');
    expect(noticeSentence({ service: 'inventory', vmId: 'vm-1', code: 'stale', text: 'version 1 is older than 2', source: 'platform', at: '' }))
      .toBe('A fact about VM vm-1 from platform was not acted on (stale): version 1 is older than 2.');
  });
});
