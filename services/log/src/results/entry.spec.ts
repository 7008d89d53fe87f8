import { describe, expect, it } from '@jest/globals';
import type { LogEntry } from '@vmdns/contracts';
import { bodyOf, entryOfRow, type EntryRow } from './entry.js';

const entry: LogEntry = {
  id: '7a5f9a3e-9c3a-4a7e-8a51-0d6b6f1f2a11', at: '2026-01-02T03:04:05.678Z', kind: 'result', zone: 'example.com.', zoneId: 'z1', provider: 'powerdns', name: 'vm1.example.com.',
  vms: ['vm1'], status: 'applied', text: 'vm1.example.com. now has A 192.0.2.1.', generation: 3, timeline: 1, turn: 2, rrsets: [{ type: 'A', ttl: 300, values: ['192.0.2.1'] }], traceId: '0'.repeat(32),
};
const head: Omit<EntryRow, 'body'> = {
  id: entry.id, at: new Date(entry.at), kind: 'result', status: 'applied', name: 'vm1.example.com.', timeline: 1, generation: 3, turn: 2, zone: 'example.com.', zone_id: 'z1', provider: 'powerdns', vms: ['vm1'],
};
const parsed = (json: string): EntryRow['body'] => JSON.parse(json) as EntryRow['body'];

describe('an entry in its row', () => {
  it('is read as it was stored', () => {
    expect(entryOfRow({ ...head, body: parsed(bodyOf(entry)) })).toEqual(entry);
  });

  it('is read from a row of an earlier version too, whose body holds all of it', () => {
    expect(entryOfRow({ ...head, body: parsed(JSON.stringify(entry)) })).toEqual(entry);
  });

  it('has no numbers, name or zone where nothing was said of them', () => {
    const notice: LogEntry = { id: entry.id, at: entry.at, kind: 'notice', vms: [], status: 'ignored', text: 'A message was not acted on.' };
    expect(entryOfRow({ ...head, kind: 'notice', status: 'ignored', name: '', timeline: 0, generation: 0, turn: 0, zone: null, zone_id: null, provider: null, vms: [], body: parsed(bodyOf(notice)) })).toEqual(notice);
  });
});
