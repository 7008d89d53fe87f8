import { describe, expect, it } from '@jest/globals';
import { decideFact } from './fact-decision.js';
import type { Fact } from './fact.js';
import type { Incoming, KnownVm } from './known-vm.js';
import { isLost, restoredVm } from './restored-vm.js';

const NOW = '2026-11-21T12:00:00.000Z';
const changed = (version: number | null, ip: string, uid: string | null = null): Incoming => ({
  kind: 'changed', vmId: 'vm', source: 'proxmox', via: 'event', time: null,
  said: { fqdn: 'vm.example.', hostname: null, domain: null, uid, version, shareName: false, addresses: [{ ip, forward: false, ptr: undefined }], labels: {} },
});
function after(known: KnownVm | null, incoming: Incoming): KnownVm {
  const decision = decideFact({ known, incoming, now: NOW });
  if (decision.kind !== 'accept') throw new Error(decision.kind);
  return decision.next;
}
const first = after(null, changed(1, '192.0.2.1', 'uid-1'));
const second = after(first, changed(2, '192.0.2.2', 'uid-1'));

describe('a VM whose last facts were lost', () => {
  it.each<[string, Partial<Fact>, boolean]>([
    ['a higher revision of the same life', { revision: 2 }, true], ['the same revision', { revision: 1 }, false], ['a lower revision of a later life', { revision: 1, life: 2 }, true],
  ])('is lost: %s', (_, state, lost) => expect(isLost({ ...first.fact, ...state }, first)).toBe(lost));

  it('is as the state tells it; the same version again is a repeat whatever it says, the next one is news', () => {
    const restored = restoredVm(first, second.fact);
    expect(restored.fact).toEqual(second.fact);
    expect(decideFact({ known: restored, incoming: changed(2, '192.0.2.2', 'uid-1'), now: NOW })).toMatchObject({ kind: 'ignore', reason: 'repeat' });
    expect(decideFact({ known: restored, incoming: changed(1, '192.0.2.1', 'uid-1'), now: NOW })).toMatchObject({ kind: 'ignore', reason: 'stale' });
    expect(after(restored, changed(3, '192.0.2.3', 'uid-1')).fact.revision).toBe(3);
  });

  it('stays deleted: what belongs to the life before is refused, another uid begins a new one', () => {
    const gone = after(second, { kind: 'deleted', vmId: 'vm', source: 'proxmox', via: 'event', time: NOW, said: { uid: 'uid-1', version: 3 } });
    const restored = restoredVm(first, gone.fact);
    expect(decideFact({ known: restored, incoming: changed(2, '192.0.2.2', 'uid-1'), now: NOW })).toMatchObject({ kind: 'ignore', reason: 'old-life' });
    expect(after(restored, changed(1, '192.0.2.9', 'uid-2')).fact).toMatchObject({ life: 2, revision: 4 });
  });

  it('knows the uid of the life before when a whole life was lost', () => {
    const life2 = { ...second.fact, life: 2, uid: 'uid-2', revision: 5 };
    expect(restoredVm(first, life2)).toMatchObject({ oldUids: ['uid-1'], fact: { uid: 'uid-2' } });
    expect(restoredVm(null, life2)).toMatchObject({ oldUids: [], deletion: null });
  });
});
