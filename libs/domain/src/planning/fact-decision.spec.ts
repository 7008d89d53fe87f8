import { describe, expect, it } from '@jest/globals';
import { claimsNeeded, decideFact, withClaims, type FactDecision } from './fact-decision.js';
import type { SaidFact } from './fact-faults.js';
import type { Incoming, KnownVm } from './known-vm.js';

const NOW = '2026-03-01T00:00:00.000Z';
type Base = Partial<Pick<Incoming, 'source' | 'tenant' | 'via' | 'time'>>;
const base = (over: Base = {}) => ({ vmId: 'vm-1', source: 'http:a', via: 'call' as const, time: null, ...over });
const saying = (over: Partial<SaidFact> = {}): SaidFact => ({ uid: null, version: null, fqdn: 'web.example.com.', hostname: null, domain: null, shareName: false, labels: {}, addresses: [{ ip: '192.0.2.1', forward: false, ptr: undefined }], ...over });
const put = (said: Partial<SaidFact> = {}, over: Base = {}): Incoming => ({ ...base(over), kind: 'changed', said: saying(said) });
const del = (said: { uid?: string; version?: number } = {}, over: Base = {}): Incoming => ({ ...base(over), kind: 'deleted', said: { uid: said.uid ?? null, version: said.version ?? null } });
const ptr = (hostname: string | null, ip = '192.0.2.1', over: Base & { uid?: string } = {}): Incoming => ({ ...base(over), kind: 'ptr', said: { ip, hostname, uid: over.uid ?? null } });
const at = (time: string, over: Base = {}): Base => ({ via: 'event', time: `2026-02-01T${time}:00Z`, ...over });
const addresses = (...ips: readonly string[]) => ips.map((ip) => ({ ip, forward: false, ptr: undefined }));

/** A small inventory of one VM: takes facts in order, draws claims from one sequence. */
function inventory() {
  let known: KnownVm | null = null;
  let claim = 0;
  const take = (incoming: Incoming): FactDecision => {
    const decision = decideFact({ known, incoming, now: NOW });
    if (decision.kind === 'accept') known = withClaims(decision.next, Array.from({ length: decision.claimsNeeded }, () => (claim += 1)));
    if (decision.kind === 'ignore' && decision.remember !== null) known = decision.remember;
    return decision;
  };
  const say = (incoming: Incoming) => {
    const decision = take(incoming);
    return decision.kind === 'accept' ? decision.change : decision.kind === 'ignore' ? decision.reason : decision.kind;
  };
  const state = () => {
    if (known === null) throw new Error('nothing is known');
    return (known as KnownVm).fact;
  };
  return { take, say, state };
}
/** What each of these facts is answered with, one after the other. */
const story = (...facts: readonly Incoming[]) => {
  const vm = inventory();
  return facts.map(vm.say);
};

describe('the first fact', () => {
  it('begins life 1 at revision 1 and asks for a claim for its name and each address', () => {
    const decision = inventory().take(put({ version: 7, uid: 'u1', addresses: addresses('192.0.2.1', '2001:db8::1') }, { tenant: 't1' }));
    expect(decision).toMatchObject({ kind: 'accept', change: 'created', claimsNeeded: 3, next: { fact: { life: 1, revision: 1, version: 7, uid: 'u1', tenant: 't1', source: 'http:a', deleted: false, changedAt: NOW } } });
  });
  it('asks for no claim of a name where there is none', () => {
    expect(inventory().take(put({ fqdn: null }))).toMatchObject({ claimsNeeded: 1, next: { fact: { nameClaim: null } } });
  });
});

describe('versions, within one source and life', () => {
  it.each<[string, readonly Incoming[], readonly string[]]>([
    ['a higher one is taken, also with the same content', [put({ version: 1 }), put({ version: 2 })], ['created', 'changed']],
    ['a lower one is stale', [put({ version: 2 }), put({ version: 1, labels: { a: 'b' } })], ['created', 'stale']],
    ['an equal one with the same content is a repeat', [put({ version: 2 }), put({ version: 2 })], ['created', 'repeat']],
    ['an equal one with other content is a conflict', [put({ version: 2 }), put({ version: 2, labels: { a: 'b' } })], ['created', 'conflict']],
    ['an equal one that says another PTR is a conflict', [put({ version: 2 }), put({ version: 2, addresses: [{ ip: '192.0.2.1', forward: false, ptr: null }] })], ['created', 'conflict']],
    ['two sources count for themselves', [put({ version: 5 }), put({ version: 1, labels: { b: 'c' } }, { source: 'b' }), put({ version: 4 })], ['created', 'changed', 'stale']],
    ['a repeat is known although another source changed the VM since', [put({ version: 5 }), put({ version: 1, labels: { b: 'c' } }, { source: 'b' }), put({ version: 5 })], ['created', 'changed', 'repeat']],
    ['without one, the same content is a repeat', [put(), put()], ['created', 'repeat']],
    ['without one, the same content from another source is a repeat', [put(), put({}, { source: 'b' })], ['created', 'repeat']],
    ['without one, other content is taken', [put(), put({ labels: { a: 'b' } })], ['created', 'changed']],
    ['the order of labels is no content', [put({ labels: { a: '1', b: '2' } }), put({ labels: { b: '2', a: '1' } })], ['created', 'repeat']],
    ['a fact without one does not forget the last', [put({ version: 5 }), put({ labels: { a: 'b' } }), put({ version: 4 }), put({ version: 5 })], ['created', 'changed', 'stale', 'repeat']],
    ['a lower deletion is stale', [put({ version: 5 }), del({ version: 4 })], ['created', 'stale']],
    ['a deletion with the version of the state is a conflict', [put({ version: 5 }), del({ version: 5 })], ['created', 'conflict']],
    ['a higher deletion is taken', [put({ version: 5 }), del({ version: 6 })], ['created', 'deleted']],
  ])('%s', (_, facts, answers) => expect(story(...facts)).toEqual(answers));
  it('a stale fact is told what is known', () => {
    const vm = inventory();
    vm.take(put({ version: 5 }));
    expect(vm.take(put({ version: 4 }))).toMatchObject({ kind: 'ignore', reason: 'stale', current: { version: 5, revision: 1 }, remember: null });
  });
  it('an id of which nothing is known begins above the VMs that were forgotten, also where its deletion came first', () => {
    const forgotten = { life: 3, revision: 9 };
    const begun = (known: KnownVm | null, incoming: Incoming) => decideFact({ known, incoming, now: NOW, forgotten });
    expect(begun(null, put())).toMatchObject({ kind: 'accept', next: { fact: { life: 4, revision: 10 } } });
    const overtaken = begun(null, del({ version: 1 }, at('11:00')));
    const tomb = overtaken.kind === 'ignore' ? overtaken.remember : null;
    expect(tomb).toMatchObject({ fact: { deleted: true, revision: 0 } });
    expect(begun(tomb, put({ version: 2 }))).toMatchObject({ kind: 'accept', next: { fact: { life: 4, revision: 10 } } });
  });

  it('revision rises with every accepted change of any kind, and with no other', () => {
    const vm = inventory();
    const revisions = [put(), put(), put({ labels: { a: 'b' } }), ptr('a.example.com.'), ptr('a.example.com.'), del(), del(), put()].map((fact) => { vm.take(fact); return vm.state().revision; });
    expect(revisions).toEqual([1, 1, 2, 3, 3, 4, 4, 5]);
  });
  it('L12 a repeat changes nothing: no revision, no claim, nothing to remember', () => {
    const vm = inventory();
    vm.take(put({ addresses: [{ ip: '192.0.2.1', forward: true, ptr: 'a.example.com.' }] }));
    expect(vm.take(put({ addresses: [{ ip: '192.0.2.1', forward: true, ptr: undefined }] }))).toMatchObject({ kind: 'ignore', reason: 'repeat', remember: null });
  });
});

describe('lives', () => {
  const u = (uid: string, version?: number) => ({ uid, ...(version === undefined ? {} : { version }) });
  it.each<[string, readonly Incoming[], readonly string[]]>([
    ['another uid begins a new life with fresh versions', [put(u('a', 9)), put(u('b', 1))], ['created', 'created']],
    ['an earlier uid is of an old life', [put(u('a', 9)), put(u('b', 1)), put(u('a', 10))], ['created', 'created', 'old-life']],
    ['an earlier uid deletes nothing', [put(u('a')), put(u('b')), del(u('a'))], ['created', 'created', 'old-life']],
    ['a uid that is learned later is no new life', [put(), put(u('a')), put({}), put(u('a'))], ['created', 'changed', 'repeat', 'repeat']],
    ['after the deletion, the same uid stays dead', [put(u('a', 1)), del(u('a', 2)), put(u('a', 3))], ['created', 'deleted', 'old-life']],
    ['after the deletion, another uid lives', [put(u('a', 5)), del(u('a', 6)), put(u('b', 1))], ['created', 'deleted', 'created']],
    ['after the deletion, a PUT without uid and version lives', [put(), del(), put()], ['created', 'deleted', 'created']],
    ['after the deletion, a PUT with a higher version lives', [put({ version: 1 }), del({ version: 2 }), put({ version: 3 })], ['created', 'deleted', 'created']],
    ['after the deletion, a PUT with a lower version is ignored', [put({ version: 1 }), del({ version: 2 }), put({ version: 1 }), put({ version: 2 })], ['created', 'deleted', 'stale', 'stale']],
    ['after a deletion without a version, the last version counts', [put({ version: 4 }), del(), put({ version: 4 }), put({ version: 5 })], ['created', 'deleted', 'stale', 'created']],
    ['after the deletion, a version of another source is not compared', [put({ version: 4 }), del({ version: 5 }), put({ version: 1 }, { source: 'b' })], ['created', 'deleted', 'created']],
    ['a late version of the life before is ignored in the new one', [put({ version: 4 }), del({ version: 5 }), put(), put({ version: 3 })], ['created', 'deleted', 'created', 'old-life']],
    ['a deletion again is a repeat', [put(), del(), del()], ['created', 'deleted', 'repeat']],
    ['a deletion of an unknown VM by a call leaves nothing', [del(), put({ version: 1 })], ['unknown-vm', 'created']],
  ])('%s', (_, facts, answers) => expect(story(...facts)).toEqual(answers));

  it('starts claims and PTRs afresh', () => {
    const vm = inventory();
    vm.take(put({ uid: 'a', addresses: [{ ip: '192.0.2.1', forward: false, ptr: 'old.example.com.' }] }));
    vm.take(ptr('customer.example.com.'));
    vm.take(put({ uid: 'b' }));
    expect(vm.state()).toMatchObject({ life: 2, uid: 'b', revision: 3, nameClaim: 3, addresses: [{ claim: 4, ptr: null, customerPtr: null }] });
  });
  it('leaves a tombstone that wishes for nothing', () => {
    const vm = inventory();
    vm.take(put({ version: 3, uid: 'a', labels: { x: 'y' } }, { tenant: 't' }));
    vm.take(del({ version: 4 }));
    expect(vm.state()).toMatchObject({ deleted: true, life: 1, revision: 2, version: 4, uid: 'a', tenant: 't', fqdn: null, nameClaim: null, addresses: [], labels: {} });
  });
  it('remembers at most 32 earlier uids', () => {
    const vm = inventory();
    for (let n = 0; n < 40; n += 1) vm.take(put({ uid: `u${n}` }));
    const decision = vm.take(put({ uid: 'last' }));
    expect(decision.kind === 'accept' && decision.next.oldUids).toHaveLength(32);
  });
});

describe('events, which come late and out of order', () => {
  it.each<[string, readonly Incoming[], readonly string[]]>([
    ['a late create after the deletion is stale', [put({}, at('10:00')), del({}, at('11:00')), put({}, at('10:00'))], ['created', 'deleted', 'stale']],
    ['a newer create of the same source lives', [put({}, at('10:00')), del({}, at('11:00')), put({}, at('12:00'))], ['created', 'deleted', 'created']],
    ['equal times are not newer', [put({}, at('10:00')), del({}, at('11:00')), put({}, at('11:00'))], ['created', 'deleted', 'stale']],
    ['times of another source are not compared', [put({}, at('10:00')), del({}, at('11:00')), put({}, at('12:00', { source: 'b' }))], ['created', 'deleted', 'stale']],
    ['an event without a time is stale after the deletion', [put({}, at('10:00')), del({}, at('11:00')), put({}, { via: 'event' })], ['created', 'deleted', 'stale']],
    ['a higher version decides before any time', [put({ version: 1 }, at('10:00')), del({ version: 2 }, at('11:00')), put({ version: 3 }, at('09:00'))], ['created', 'deleted', 'created']],
    ['the deletion of the life before, redelivered, does not end the new one', [put({}, at('10:00')), del({}, at('11:00')), put(), del({}, at('11:00'))], ['created', 'deleted', 'created', 'old-life']],
    ['a create of the life before, redelivered, does not change the new one', [put({}, at('10:00')), del({}, at('11:00')), put({ labels: { n: '2' } }), put({}, at('10:00'))], ['created', 'deleted', 'created', 'old-life']],
    ['a PTR of the life before, redelivered, does not change the new one', [put({}, at('10:00')), del({}, at('11:00')), put(), ptr('a.example.com.', '192.0.2.1', at('10:30'))], ['created', 'deleted', 'created', 'old-life']],
    ['a deletion that overtook its create wins: by uid', [del({ uid: 'a' }, at('11:00')), put({ uid: 'a' }, at('10:00'))], ['unknown-vm', 'old-life']],
    ['a deletion that overtook its create wins: by version', [del({ version: 2 }, at('11:00')), put({ version: 1 }, at('10:00'))], ['unknown-vm', 'stale']],
    ['a deletion that overtook its create wins: by time', [del({}, at('11:00')), put({}, at('10:00')), put({}, at('12:00'))], ['unknown-vm', 'stale', 'created']],
    ['a deletion of a later life that overtook its create', [put({ uid: 'a' }, at('09:00')), del({ uid: 'b' }, at('11:00')), put({ uid: 'b' }, at('10:00'))], ['created', 'old-life', 'old-life']],
    ['a second deletion with a higher version places later facts', [put({ version: 1 }), del({ version: 2 }), del({ version: 7 }), put({ version: 6 })], ['created', 'deleted', 'repeat', 'stale']],
    ['a second, later deletion places later facts', [put({}, at('10:00')), del({}, at('11:00')), del({}, at('13:00')), put({}, at('12:00'))], ['created', 'deleted', 'repeat', 'stale']],
  ])('%s', (_, facts, answers) => expect(story(...facts)).toEqual(answers));
  it('the first life of a VM whose deletion came first begins at revision 1', () => {
    const vm = inventory();
    vm.take(del({}, at('11:00')));
    expect(vm.state()).toMatchObject({ deleted: true, revision: 0 });
    vm.take(put());
    expect(vm.state()).toMatchObject({ deleted: false, revision: 1, life: 2 });
  });
});

describe('claims', () => {
  const claimsOf = (vm: ReturnType<typeof inventory>) => [vm.state().nameClaim, ...vm.state().addresses.map((address) => `${address.ip} ${address.claim}`)];
  it('are kept by repeats and changes, given for what is new, and new again for what comes back', () => {
    const vm = inventory();
    vm.take(put({ addresses: addresses('192.0.2.1', '192.0.2.2') }));
    expect(claimsOf(vm)).toEqual([1, '192.0.2.1 2', '192.0.2.2 3']);
    vm.take(put({ fqdn: 'other.example.com.', addresses: addresses('192.0.2.3', '192.0.2.1') }));
    expect(claimsOf(vm)).toEqual([4, '192.0.2.3 5', '192.0.2.1 2']);
    vm.take(put({ addresses: addresses('192.0.2.1', '192.0.2.2') }));
    expect(claimsOf(vm)).toEqual([6, '192.0.2.1 2', '192.0.2.2 7']);
  });
  it('are the same for an fqdn and its two halves', () => {
    const vm = inventory();
    vm.take(put());
    vm.take(put({ fqdn: null, hostname: 'web', domain: 'example.com.' }));
    expect(vm.state()).toMatchObject({ nameClaim: 1, revision: 2 });
  });
  it('are drawn once for two facts of one batch', () => {
    const first = decideFact({ known: null, incoming: put(), now: NOW });
    if (first.kind !== 'accept') throw new Error('refused');
    const second = decideFact({ known: first.next, incoming: put({ addresses: addresses('192.0.2.1', '192.0.2.9') }), now: NOW });
    if (second.kind !== 'accept') throw new Error('refused');
    expect(second.claimsNeeded).toBe(3);
    expect(withClaims(second.next, [11, 12, 13]).fact).toMatchObject({ revision: 2, nameClaim: 11, addresses: [{ claim: 12 }, { claim: 13 }] });
    expect(claimsNeeded(withClaims(second.next, [11, 12, 13]).fact)).toBe(0);
    expect(() => withClaims(second.next, [11])).toThrow(RangeError);
  });
});

describe('PTR targets of addresses', () => {
  const ptrOf = (vm: ReturnType<typeof inventory>) => vm.state().addresses.map((address) => [address.ip, address.ptr, address.customerPtr]);
  const withPtr = (value: string | null | undefined, ip = '192.0.2.1') => ({ addresses: [{ ip, forward: false, ptr: value }] });
  it('of the publisher: absent is untouched, null is the default', () => {
    const vm = inventory();
    const targets = ['a.example.com.', undefined, null, undefined].map((value) => { vm.take(put(withPtr(value))); return vm.state().addresses[0]?.ptr; });
    expect(targets).toEqual(['a.example.com.', 'a.example.com.', null, null]);
  });
  it('of the customer: kept through repeats, renames and changes, dropped with the address', () => {
    const vm = inventory();
    vm.take(put());
    vm.take(ptr('mine.example.org.'));
    for (const fact of [put(), put({ fqdn: 'renamed.example.com.' }), put(withPtr('pub.example.com.')), put(withPtr(null))]) {
      vm.take(fact);
      expect(vm.state().addresses[0]?.customerPtr).toBe('mine.example.org.');
    }
    vm.take(put(withPtr(undefined, '192.0.2.2')));
    vm.take(put(withPtr(undefined)));
    expect(ptrOf(vm)).toEqual([['192.0.2.1', null, null]]);
  });
  it('of the customer: null gives the default back', () => {
    const vm = inventory();
    expect([put(), ptr('mine.example.org.'), ptr(null), ptr(null)].map(vm.say)).toEqual(['created', 'ptr', 'ptr', 'repeat']);
    expect(ptrOf(vm)).toEqual([['192.0.2.1', null, null]]);
  });
  it('are refused for an address that the VM does not have, with its path', () => {
    const vm = inventory();
    vm.take(put());
    expect(vm.take(ptr('a.example.com.', '192.0.2.99'))).toEqual({ kind: 'no-such-address', faults: [{ path: 'ip', message: 'VM vm-1 does not have the address 192.0.2.99' }] });
  });
  it.each<[string, readonly Incoming[], string]>([
    ['of an unknown VM', [ptr('a.example.com.')], 'unknown-vm'], ['of a deleted VM', [put(), del(), ptr('a.example.com.')], 'unknown-vm'],
    ['with another uid', [put({ uid: 'a' }), ptr('a.example.com.', '192.0.2.1', { uid: 'b' })], 'old-life'],
  ])('%s are ignored', (_, facts, answer) => expect(story(...facts).at(-1)).toBe(answer));
});
