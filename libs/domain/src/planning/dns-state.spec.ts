import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { backoffMs } from './backoff.js';
import { brakeLimit, holdsBack, isLargeMove } from './brakes.js';
import { vmDnsState, type NameState, type RecordState } from './dns-state.js';
import { planCounts, planText, type PlanReport } from './plan-text.js';
import { reasonOf, type ReasonCode } from './reason.js';
import { faultsOfZone } from './zone-faults.js';

const record = (state: NameState, code?: ReasonCode): RecordState => ({
  state,
  ...(code === undefined ? {} : { reason: { code, text: code } }),
});
const stateOf = (records: readonly RecordState[], over: { deleted?: boolean; revision?: number; plannedRevision?: number } = {}) => {
  const { state, live, reason } = vmDnsState({
    deleted: false,
    revision: 5,
    plannedRevision: 5,
    records,
    ...over,
  });
  return [state, live, reason?.code];
};

describe('the DNS state of a VM', () => {
  it.each<[string, readonly RecordState[], readonly unknown[]]>([
    ['all applied', [record('applied'), record('applied')], ['live', true, undefined]],
    ['without a record', [], ['live', true, undefined]],
    ['outside and observed are settled', [record('applied'), record('outside', 'outside'), record('observed', 'observed')], ['live', true, undefined]],
    ['one pending', [record('applied'), record('pending')], ['pending', false, undefined]],
    ['one paused', [record('pending', 'paused')], ['pending', false, 'paused']],
    ['one unconfirmed', [record('unconfirmed', 'unconfirmed')], ['pending', false, 'unconfirmed']],
    ['one that a retry cures', [record('failed', 'provider-unreachable')], ['pending', false, 'provider-unreachable']],
    ['one throttled', [record('failed', 'throttled')], ['pending', false, 'throttled']],
    ['one that a person mends', [record('failed', 'credentials'), record('pending')], ['attention', false, 'credentials']],
    ['one refused', [record('applied'), record('refused', 'foreign-record')], ['attention', true, 'foreign-record']],
    ['one waiting for a zone', [record('applied'), record('waiting', 'no-zone')], ['attention', true, 'no-zone']],
    ['one on hold', [record('on-hold', 'on-hold')], ['attention', true, 'on-hold']],
    ['one refused, one still pending', [record('refused', 'foreign-record'), record('pending')], ['pending', false, undefined]],
  ])('%s', (_, records, answer) => expect(stateOf(records)).toEqual(answer));

  it('L14 is never live for a revision that is not planned, whatever its records say', () => {
    expect(stateOf([record('applied')], { plannedRevision: 4 })).toEqual(['planning', false, 'not-yet-planned']);
    expect(stateOf([record('applied')], { plannedRevision: 6 })).toEqual(['live', true, undefined]);
  });
  it('L14 is live exactly when it is planned and every record is applied or explained', () => {
    const states: readonly NameState[] = ['pending', 'applied', 'refused', 'failed', 'unconfirmed', 'on-hold', 'waiting', 'outside', 'observed'];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...states)), fc.integer({ min: 1, max: 3 }), (all, plannedRevision) => {
        const { live } = vmDnsState({
          deleted: false,
          revision: 2,
          plannedRevision,
          records: all.map((state) => record(state)),
        });
        expect(live).toBe(plannedRevision >= 2 && !all.some((state) => ['pending', 'failed', 'unconfirmed'].includes(state)));
      }),
    );
  });
  it.each<[string, readonly RecordState[], number, readonly unknown[]]>([
    ['not planned', [], 4, ['deleting', false, 'not-yet-planned']],
    ['a removal pending', [record('pending')], 5, ['deleting', false, undefined]],
    ['a removal on hold', [record('pending'), record('on-hold', 'on-hold')], 5, ['deleting', false, 'on-hold']],
    ['a removal that a person must mend', [record('pending'), record('failed', 'credentials')], 5, ['deleting', false, 'credentials']],
    ['all removed', [], 5, ['gone', true, undefined]],
    [
      'only what never was ours is left',
      [record('refused', 'foreign-record'), record('refused', 'kept'), record('observed'), record('waiting')],
      5,
      ['gone', true, undefined],
    ],
    ['the provider keeps a record', [record('refused', 'refused-by-provider')], 5, ['deleting', false, 'refused-by-provider']],
  ])('of a deleted one: %s', (_, records, plannedRevision, answer) => expect(stateOf(records, { deleted: true, plannedRevision })).toEqual(answer));
});

describe('brakes', () => {
  it.each([
    [0, 50],
    [100, 50],
    [1000, 50],
    [1001, 50],
    [10_000, 500],
  ])('L13 of %i VMs %i may go unasked, by max(count, share)', (total, limit) => expect(brakeLimit(total, { count: 50, share: 0.05 })).toBe(limit));
  it.each([
    [50, 100, false],
    [51, 100, true],
    [500, 10_000, false],
    [501, 10_000, true],
    [0, 0, false],
  ])('L13 %i removals of %i are held: %s', (removals, total, is) => expect(holdsBack(removals, total, { count: 50, share: 0.05 })).toBe(is));
  it.each([
    [30, 100, false],
    [31, 100, true],
    [20, 20, true],
    [19, 19, false],
    [20, 67, false],
    [20, 66, true],
    [0, 0, false],
  ])('L13 %i of %i names re-homed is more than 30 %% and at least 20: %s', (moved, total, is) => expect(isLargeMove(moved, total, { share: 0.3, names: 20 })).toBe(is));
  it('L13 a share of 1 lets every re-homing go on', () => expect(isLargeMove(50, 50, { share: 1, names: 1 })).toBe(false));
});

describe('waiting between tries', () => {
  it('doubles from the base to the most, between a half and the whole', () => {
    const limits = { baseMs: 1000, maxMs: 60_000 };
    expect([0, 1, 2, 3, 7, 1000].map((attempt) => backoffMs(attempt, 0, limits))).toEqual([500, 500, 1000, 2000, 30_000, 30_000]);
    expect(backoffMs(3, 0.999_999, limits)).toBe(4000);
  });
});

describe('a plan as text', () => {
  const name = 'web.example.com.';
  const at = { zone: 'example.com.', provider: 'powerdns', mode: 'write' } as const;
  const reverse = { ...at, zone: '2.0.192.in-addr.arpa.', mode: 'observe' } as const;
  const nothing: PlanReport = { changes: [], refusals: [], holds: [], notes: [], more: 0 };
  it('shows what is added, changed, removed, held and refused, by zone and name; then the sum', () => {
    const report: PlanReport = {
      changes: [
        { ...at, name, before: [{ type: 'A', ttl: 300, values: ['192.0.2.1'] }, { type: 'AAAA', ttl: 300, values: ['2001:db8::1'] }], after: [{ type: 'A', ttl: 300, values: ['192.0.2.2', '192.0.2.1'] }] },
        { ...reverse, name: '5.2.0.192.in-addr.arpa.', before: [{ type: 'PTR', ttl: 3600, values: ['old.example.com.'] }], after: [{ type: 'PTR', ttl: 3600, values: [name] }] },
        { ...at, name: 'db.example.com.', before: [], after: [{ type: 'A', ttl: 300, values: ['192.0.2.9'] }] },
        { ...at, name: 'same.example.com.', before: [{ type: 'A', ttl: 300, values: ['192.0.2.9'] }], after: [{ type: 'A', ttl: 300, values: ['192.0.2.9'] }] },
        { ...at, provider: 'cloudflare', name, before: [{ type: 'A', ttl: 300, values: ['192.0.2.1'] }], after: [{ type: 'A', ttl: 60, values: ['192.0.2.1'] }] },
      ],
      holds: [{ ...at, name: 'old.example.com.', removes: [{ type: 'A', ttl: 300, values: ['192.0.2.7'] }], text: 'too many removals in example.com.' }],
      refusals: [
        { ...at, vmId: 'vm-2', name: 'www.example.com.', type: 'A', reason: reasonOf.reservedName('www.example.com.', 'example.com.', 'www') },
        { zone: null, provider: null, vmId: 'vm-3', name: 'vm3.elsewhere.org.', type: 'A', reason: reasonOf.outside('vm3.elsewhere.org.') },
      ],
      notes: [{ vmId: 'vm-4', text: 'ignored: version 2 is older than 3' }], more: 0,
    };
    expect(planText(report)).toMatchInlineSnapshot(`
     "2.0.192.in-addr.arpa. (powerdns), only observed: nothing is written
       ~ 5.2.0.192.in-addr.arpa. 3600 PTR old.example.com. → web.example.com.
     example.com. (cloudflare)
       ~ web.example.com. 300 → 60 A 192.0.2.1
     example.com. (powerdns)
       + db.example.com. 300 A 192.0.2.9
       ? old.example.com. 300 A 192.0.2.7 would stay until a person decides
       ~ web.example.com. 300 A 192.0.2.1 → 192.0.2.1 192.0.2.2
       - web.example.com. 300 AAAA 2001:db8::1
       ! www.example.com. A of vm-2: www.example.com. is reserved in the zone example.com. (by 'www') (reserved-name)
     no zone
       ! vm3.elsewhere.org. A of vm-3: vm3.elsewhere.org. lies in no zone, domain or range of ours (outside)
     on hold
       ? too many removals in example.com.
     facts
       ! vm-4: ignored: version 2 is older than 3
     1 added, 3 changed, 1 removed. 1 removal waits for a person. 2 not granted."
    `);
    expect(planCounts(report)).toEqual({ added: 1, changed: 3, removed: 1, held: 1 });
  });
  it('L12 says that nothing changes', () => {
    const same = [{ type: 'A', ttl: 1, values: ['192.0.2.1'] }];
    expect(planText({ ...nothing, changes: [{ ...at, name, before: same, after: same }] })).toBe('Nothing changes.');
  });
});

describe('reasons', () => {
  it('L11 each has its code, a text and a hint', () => {
    const party = { vmId: 'a', tenant: 't' };
    const all = [
      reasonOf.noZone('x'),
      reasonOf.noDomain('x'),
      reasonOf.nameTooLong('x'),
      reasonOf.outside('x'),
      reasonOf.filtered('x', 'z'),
      reasonOf.nothingToAnswer('x'),
      reasonOf.nameConflict('x', party, party),
      reasonOf.addressConflict('x', party, party),
      reasonOf.reservedName('x', 'z', 'p'),
      reasonOf.cnameConflict('x', 'a', 'b'),
      reasonOf.notYetPlanned(),
      reasonOf.onHold('x'),
      reasonOf.kept('x'),
      reasonOf.paused('x'),
      reasonOf.released('x'),
      reasonOf.observed('z'),
    ];
    for (const reason of all)
      expect(reason).toEqual({
        code: expect.stringMatching(/^[a-z-]+$/),
        text: expect.stringMatching(/.{10}/),
        hint: expect.stringMatching(/^[A-Z].*\.$/),
      });
  });
});

describe('a zone entry at the door', () => {
  it('has its canonical apex, or every fault', () => {
    expect(
      faultsOfZone({
        name: 'Example.COM',
        addresses: 'all',
        reservedNames: ['@', 'www', 'ns*', '_*', 'a.b'],
      }),
    ).toEqual({ ok: true, fact: { apex: 'example.com.' } });
    expect(
      faultsOfZone({
        name: '*.example.com',
        addresses: { ranges: ['192.0.2.0/24', 'x'] },
        reservedNames: ['*', 'a b'],
      }),
    ).toMatchObject({
      ok: false,
      faults: [{ path: 'name' }, { path: 'addresses.ranges[1]' }, { path: 'reservedNames[0]' }, { path: 'reservedNames[1]' }],
    });
  });
});
