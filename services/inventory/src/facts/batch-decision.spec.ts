import { describe, expect, it } from '@jest/globals';
import type { Caller } from '@vmdns/contracts';
import type { Incoming, KnownVm } from '@vmdns/domain';
import { CountingBrake, OPEN_ROAD, type SourceBrake } from '../holds/brake.js';
import type { WaitingDeletion } from '../holds/waiting-deletion.js';
import { type BatchDecision, decideBatch, drawnClaims, type VmBefore } from './batch-decision.js';
import { type AdmittedFact, admitFact } from './fact-door.js';

const now = new Date('2026-01-01T12:00:00Z');
const caller: Caller = { name: 'p', role: 'publisher', tenant: null };
type Over = { readonly source?: string; readonly caller?: Caller; readonly via?: 'call' | 'event'; readonly time?: string };

function fact(type: string, data: object, over: Over = {}): AdmittedFact {
  const admission = admitFact({ type, data, source: 'p', caller, ...over });
  if (!admission.ok) throw new Error(JSON.stringify(admission.problem));
  return admission;
}
const put = (vmId: string, data: object = {}, over: Over = {}): AdmittedFact => fact('vmdns.vm.changed.v1', { vmId, addresses: [{ ip: '192.0.2.1' }], ...data }, over);
const del = (vmId: string, data: object = {}, over: Over = {}): AdmittedFact => fact('vmdns.vm.deleted.v1', { vmId, ...data }, over);

const decide = (facts: readonly AdmittedFact[], before: Readonly<Record<string, VmBefore>> = {}, brake: SourceBrake = OPEN_ROAD): BatchDecision =>
  decideBatch({ facts, before: new Map(Object.entries(before)), brakeOf: () => brake, now });
const kinds = (decision: BatchDecision): readonly string[] =>
  decision.verdicts.map((verdict) => (verdict.kind === 'ignored' ? verdict.decision.reason : verdict.kind));

/** One VM as some facts leave it. */
function stored(vmId: string, ...facts: readonly AdmittedFact[]): KnownVm {
  const decision = decide(facts);
  const known = decision.drafts.get(vmId)?.known;
  if (known === undefined || known === null) throw new Error('nothing was stored');
  return drawnClaims(known, Array.from({ length: decision.claims }, (_, n) => n + 1));
}
const living = (vmId: string, data: object = {}): KnownVm => stored(vmId, put(vmId, data));
const waits = (known: KnownVm, deletion: AdmittedFact, state: WaitingDeletion['state'] = 'waiting', decidedAt: Date | null = null): VmBefore => {
  if (deletion.incoming.kind !== 'deleted') throw new Error('no deletion');
  return { known, waiting: { holdId: 'h', state, life: known.fact.life, revision: known.fact.revision, deletion: deletion.incoming as Extract<Incoming, { kind: 'deleted' }>, decidedAt } };
};
const stopAll: SourceBrake = { next: () => ({ holdId: 'h', text: 'waits' }) };

describe('a batch of facts', () => {
  it('decides several facts of one VM one after another', () => {
    const decision = decide([put('a', { version: 1 }), put('a', { version: 3, fqdn: 'a.example.com' }), put('a', { version: 2 }), del('a', { version: 4 }), put('a', { version: 3 })]);
    expect(kinds(decision)).toEqual(['accepted', 'accepted', 'stale', 'accepted', 'stale']);
    expect(decision.drafts.get('a')?.revisions.map((of) => of.state.fact.revision)).toEqual([1, 2, 3]);
    expect(decision.drafts.get('a')?.known?.fact.deleted).toBe(true);
  });

  it('draws each claim once, though several revisions of the batch carry it', () => {
    const decision = decide([put('a', { fqdn: 'a.example.com' }), put('a', { fqdn: 'a.example.com', addresses: [{ ip: '192.0.2.1' }, { ip: '192.0.2.2' }] }), put('b', { addresses: [{ ip: '192.0.2.1' }] })]);
    expect(decision.claims).toBe(4);
    const claims = [101, 102, 103, 104];
    const [first, second] = decision.drafts.get('a')?.revisions.map((of) => drawnClaims(of.state, claims).fact) ?? [];
    expect(first).toMatchObject({ nameClaim: 101, addresses: [{ ip: '192.0.2.1', claim: 102 }] });
    expect(second).toMatchObject({ nameClaim: 101, addresses: [{ ip: '192.0.2.1', claim: 102 }, { ip: '192.0.2.2', claim: 103 }] });
  });

  it.each<[string, boolean, readonly AdmittedFact[]]>([
    ['that has come', true, [put('a')]],
    ['that has come, said twice', true, [put('a'), put('a')]],
    ['that has come and changed', false, [put('a', { version: 1 }), put('a', { version: 2 })]],
    ['that has come and gone', false, [put('a'), del('a')]],
    ['whose deletion came first', false, [del('a', {}, { via: 'event' })]],
  ])('a VM %s is a birth alone: %s', (_, isBirth, facts) => {
    expect(decide(facts).drafts.get('a')?.isBirth).toBe(isBirth);
  });

  it('a known VM, or one that comes back, is no birth', () => {
    expect(decide([put('a', { fqdn: 'b.example.com' })], { a: { known: living('a'), waiting: null } }).drafts.get('a')?.isBirth).toBe(false);
    expect(decide([put('a')], { a: { known: stored('a', put('a'), del('a')), waiting: null } }).drafts.get('a')?.isBirth).toBe(false);
  });

  it('L12 touches nothing for repeats', () => {
    const decision = decide([put('a'), put('a')], { a: { known: living('a'), waiting: null } });
    expect(kinds(decision)).toEqual(['repeat', 'repeat']);
    expect(decision.drafts.get('a')?.isTouched).toBe(false);
  });

  it('keeps the tenants apart: a foreign VM is forbidden, a recycled id is free', () => {
    const acme: Caller = { name: 'acme', role: 'publisher', tenant: 'acme' };
    const other = living('a', { tenant: 'other' });
    const gone = stored('a', put('a', { tenant: 'other' }), del('a'));
    expect(kinds(decide([put('a', {}, { caller: acme }), del('a', {}, { caller: acme })], { a: { known: other, waiting: null } }))).toEqual(['foreign', 'foreign']);
    expect(kinds(decide([del('a', {}, { caller: acme })], { a: { known: gone, waiting: null } }))).toEqual(['foreign']);
    expect(kinds(decide([put('a', {}, { caller: acme })], { a: { known: gone, waiting: null } }))).toEqual(['accepted']);
  });

  it('answers the same version with another content as a conflict', () => {
    expect(kinds(decide([put('a', { version: 1, fqdn: 'b.example.com' })], { a: { known: living('a', { version: 1 }), waiting: null } }))).toEqual(['conflict']);
  });
});

describe('deletions that wait (L13)', () => {
  it('leave the VM as it is, without a revision', () => {
    const decision = decide([del('a')], { a: { known: living('a'), waiting: null } }, stopAll);
    expect(decision.verdicts).toMatchObject([{ kind: 'held', holdId: 'h' }]);
    expect(decision.drafts.get('a')).toMatchObject({ revisions: [], waiting: { holdId: 'h', state: 'waiting', life: 1, revision: 1 } });
  });

  it.each<[string, AdmittedFact, string, 'waiting' | 'off' | 'moved on']>([
    ['a change', put('a', { fqdn: 'b.example.com' }), 'accepted', 'off'],
    ['a repeat, which says that the VM lives', put('a'), 'repeat', 'off'],
    ['the same deletion again', del('a'), 'held', 'waiting'],
    ['a ptr call', fact('vmdns.address.ptr.v1', { vmId: 'a', ip: '192.0.2.1', hostname: 'c.example.org' }), 'accepted', 'off'],
    ['a change of another uid: a new life', put('a', { uid: 'new' }), 'accepted', 'off'],
    ['an event that is older by the publisher’s time', put('a', { fqdn: 'b.example.com' }, { via: 'event', time: '2026-01-01T10:00:00Z' }), 'accepted', 'moved on'],
    ['an event that is newer by the publisher’s time', put('a', { fqdn: 'b.example.com' }, { via: 'event', time: '2026-01-01T11:30:00Z' }), 'accepted', 'off'],
  ])('%s is answered as %s', (_, next, verdict, fate) => {
    const known = stored('a', put('a', next.incoming.kind === 'changed' && next.incoming.said.uid !== null ? { uid: 'old' } : {}));
    const decision = decide([next], { a: waits(known, del('a', {}, { via: 'event', time: '2026-01-01T11:00:00Z' })) }, stopAll);
    expect(kinds(decision)).toEqual([verdict]);
    const waiting = decision.drafts.get('a')?.waiting;
    if (fate === 'off') expect(waiting).toBeNull();
    else expect(waiting).toMatchObject({ holdId: 'h', revision: fate === 'moved on' ? 2 : 1 });
  });

  it('with a version: only what is above it takes the VM off the list', () => {
    const before = { a: waits(living('a', { version: 1 }), del('a', { version: 5 })) };
    expect(decide([put('a', { version: 1 })], before).drafts.get('a')?.isTouched).toBe(false);
    expect(decide([put('a', { version: 4, fqdn: 'a.example.com' })], before).drafts.get('a')?.waiting).toMatchObject({ holdId: 'h', revision: 2 });
    expect(decide([put('a', { version: 6, fqdn: 'a.example.com' })], before).drafts.get('a')?.waiting).toBeNull();
  });

  it.each<[string, AdmittedFact, AdmittedFact, Date, string]>([
    ['the same deletion again', del('a'), del('a'), now, 'repeat'],
    ['the same version again', del('a', { version: 5 }), del('a', { version: 5 }), now, 'repeat'],
    ['a higher version', del('a', { version: 5 }), del('a', { version: 6 }), now, 'accepted'],
    ['another source', del('a'), del('a', {}, { source: 'q' }), now, 'accepted'],
    ['the same after the bus has surely forgotten it', del('a'), del('a'), new Date(now.getTime() - 25 * 3_600_000), 'accepted'],
  ])('once a person has kept the VM, %s is answered so', (_, kept, again, decidedAt, verdict) => {
    expect(kinds(decide([again], { a: waits(living('a', { version: 1 }), kept, 'kept', decidedAt) }))).toEqual([verdict]);
  });
});

describe('the brake', () => {
  const rule = { count: 3, share: 0.1, windowSeconds: 600 };
  const brake = (over: object = {}): CountingBrake => new CountingBrake({ source: 'p', publisher: '', rule, deleted: 0, living: 10, openHoldId: null, newHoldId: 'h', ...over });
  const passes = (of: SourceBrake, times: number): readonly boolean[] => Array.from({ length: times }, () => of.next() === null);

  it.each<[string, object, readonly boolean[]]>([
    ['lets the first ones pass and stops the rest', {}, [true, true, true, false, false]],
    ['counts what the window has seen', { deleted: 2 }, [true, false, false, false, false]],
    ['grows with the source', { living: 40 }, [true, true, true, true, false]],
    ['does not sink while the limit is used up', { deleted: 3, living: 37 }, [true, false, false, false, false]],
    ['lets everything join a hold that is open', { openHoldId: 'open' }, [false, false, false, false, false]],
  ])('%s', (_, view, expected) => expect(passes(brake(view), 5)).toEqual(expected));

  it('says why, for whoever decides', () => {
    const of = brake();
    passes(of, 3);
    expect(of.next()?.text).toBe('p deleted more than 3 VMs within 600 seconds (the limit is the greater of 3 and 10 % of its VMs): this deletion waits for a person in hold h. The VM stays as it is until then.');
  });
});
