import { describe, expect, it } from '@jest/globals';
import { type NameOutcome, ProviderError, type ProviderErrorKind, type TurnOutcome } from '@vmdns/provider-kit';
import { BACKOFF, backoffMs } from './backoff.js';
import type { Claim, DueRow } from './claim.js';
import { gateOf, type GateRow } from './gate.js';
import { judgeNames, judgeTurn } from './judge.js';

const row: DueRow = { name: 'a.example.', zoneId: 'z', timeline: 1, generation: 1, digest: 'd', wanted: [], digests: ['p'], wantedJson: '[]', vmsJson: '[]', priority: 1, owned: {}, writing: [], stillInDoubt: false, mustRead: false, state: 'pending', reasonCode: null, attempts: 0, foreign: [] };
const claim: Claim = {
  target: 't', epoch: 1, zone: { zoneId: 'z', apex: 'example.', revision: 1, settings: {} }, connection: { connectionId: 'c', revision: 1, settings: {}, sealed: {}, failures: 0 },
  limiter: { key: 'l', slot: 1, failures: 0, failingSince: null }, observe: false, failures: 0, failingSince: null, knowledge: { token: null, zoneSize: null, readWholeMsAgo: null }, isTidyDue: false, names: [row], leasedAt: 0,
};
const HALF = 0.5;

describe('backoff', () => {
  it.each([[1, 1000], [2, 2000], [5, 16_000], [30, 300_000]])('after %d failures it is %d ms', (failures, ms) => expect(backoffMs(BACKOFF.name, failures, HALF)).toBe(ms));
  it('is given or taken a quarter', () => expect([backoffMs(BACKOFF.name, 1, 0), backoffMs(BACKOFF.name, 1, 0.999)]).toEqual([750, 1250]));
});

describe('a failed turn blocks no more than shares the trouble', () => {
  it.each<[ProviderErrorKind, object, string[]]>([
    ['retry', {}, ['lane', 'limiter']],
    ['retry', { answered: true }, ['lane']],
    ['throttled', { until: 5000 }, ['limiter']],
    ['credentials', {}, ['connection']],
    ['missing-zone', {}, ['lane']],
    ['zone-full', {}, ['lane']],
  ])('%s %j blocks %j', (kind, detail, blocked) => {
    const verdict = judgeTurn(claim, new ProviderError(kind, 'asking', detail), null, HALF, 0);
    expect(Object.entries(verdict).filter(([, block]) => block !== null && typeof block === 'object').map(([what]) => what)).toEqual(blocked);
  });

  it('a throttle is waited out to the whole millisecond; where only bulk is short of calls, only bulk waits', () => {
    const blockOf = (detail: object) => judgeTurn(claim, new ProviderError('throttled', 'asking', detail), null, HALF, 0).limiter;
    expect([blockOf({ until: 5000.4 })?.ms, blockOf({ until: 1 })?.ms, blockOf({ until: 5000, isBulkOnly: true })?.isBulkOnly]).toEqual([5001, 1000, true]);
  });

  it.each<[ProviderErrorKind, 'lane' | 'connection' | 'limiter', (failures: number) => Partial<Claim>]>([
    ['retry', 'lane', (failures) => ({ failures })], ['missing-zone', 'lane', (failures) => ({ failures })],
    ['credentials', 'connection', (failures) => ({ connection: { ...claim.connection, failures } })],
    ['retry', 'limiter', (failures) => ({ limiter: { ...claim.limiter, failures } })],
  ])('%s: the %s waits twice as long with each failure in a row', (kind, what, after) => {
    const waits = [0, 1, 2].map((failures) => judgeTurn({ ...claim, ...after(failures) }, new ProviderError(kind, 'asking'), null, HALF, 0)[what]?.ms ?? 0);
    expect(waits[0]).toBeGreaterThan(0);
    expect([waits[1], waits[2]]).toEqual([(waits[0] ?? 0) * 2, (waits[0] ?? 0) * 4]);
  });

  it('says since when', () => {
    const verdict = judgeTurn({ ...claim, failingSince: new Date('2026-01-02T03:04:05Z') }, new ProviderError('retry', 'asking'), { code: 'provider-unreachable', text: 'Away.' }, HALF, 0);
    expect(verdict.lane?.reason.text).toBe('Away. It has been so since 2026-01-02T03:04:05.000Z.');
  });
});

describe('a name after its turn', () => {
  const judge = (due: Partial<DueRow>, outcome: Partial<NameOutcome>, failure?: ProviderError, sent = false) => {
    const name: DueRow = { ...row, ...due };
    const named: NameOutcome = { name: name.name, state: 'applied', owned: {}, foreign: null, wrote: false, inDoubt: false, ...outcome };
    const turn: TurnOutcome = { names: [named], knowledge: claim.knowledge, reports: [], untidy: false, calls: { reads: 0, writes: 0 }, changes: [], ...(failure === undefined ? {} : { failure }) };
    const [verdict] = judgeNames({ ...claim, names: [name] }, turn, judgeTurn(claim, failure, null, HALF, 0), new Set(sent ? [name.name] : []), () => HALF);
    return verdict && [verdict.state, verdict.doubt, verdict.next.kind, verdict.isQuiet];
  };
  it('that is throttled waits, which is no failure', () => {
    expect(judge({}, { state: 'failed', reason: { code: 'throttled', text: 'slow down' } }, new ProviderError('throttled', 'asking'))).toEqual(['waiting', 'none', 'stays', false]);
  });

  const away = new ProviderError('retry', 'asking');
  const lost = new ProviderError('retry', 'asking', { inDoubt: true });
  const foreign = { code: 'foreign-record' as const, text: 'foreign' };
  const no = { code: 'refused-by-provider' as const, text: 'no' };
  const a = { name: 'a.example.', type: 'A' as const, ttl: 300, values: ['192.0.2.1'] };

  it.each([
    ['applied', judge({}, {}), ['applied', 'none', 'settled', false]],
    ['applied, while an old call may land', judge({ stillInDoubt: true }, { state: 'unconfirmed', inDoubt: true }), ['unconfirmed', 'keep', 'when-dead', false]],
    ['written, while an old call may land', judge({ stillInDoubt: true }, { state: 'unconfirmed', inDoubt: true, wrote: true }, undefined, true), ['unconfirmed', 'keep', 'when-dead', false]],
    ['sent without an answer', judge({}, { state: 'unconfirmed', inDoubt: true }, lost, true), ['unconfirmed', 'new', 'stays', false]],
    ['written, not answering yet', judge({}, { state: 'unconfirmed' }), ['unconfirmed', 'none', 'after', false]],
    ['failed alone', judge({}, { state: 'failed' }), ['failed', 'none', 'after', false]],
    ['failed with its turn', judge({}, { state: 'failed' }, away), ['failed', 'none', 'stays', false]],
    ['sent, and answered as failed', judge({}, { state: 'failed' }, away, true), ['failed', 'unread', 'stays', false]],
    ['not seen since a call was lost', judge({ writing: ['p'] }, { state: 'failed' }, away), ['failed', 'unread', 'stays', false]],
    ['seen since a call was lost', judge({ writing: ['p'] }, {}), ['applied', 'none', 'settled', false]],
    ['refused for good', judge({ wanted: [a] }, { state: 'refused', reason: no }), ['refused', 'none', 'settled', false]],
    ['a removal that was refused', judge({}, { state: 'refused', reason: no }), ['refused', 'none', 'after', false]],
    ['refused for a foreign record', judge({}, { state: 'refused', reason: foreign }), ['refused', 'none', 'after', false]],
    ['refused still', judge({ state: 'refused', reasonCode: 'foreign-record' }, { state: 'refused', reason: foreign }), ['refused', 'none', 'after', true]],
    ['observed', judge({}, { state: 'observed' }), ['observed', 'none', 'settled', false]],
    ['refused with a NUL', judge({ wanted: [a] }, { state: 'refused', providerText: 'a\0b' }), ['refused', 'none', 'settled', false]],
    ['not tried', judge({}, { state: 'not-tried' }), undefined],
  ])('%s', (_, verdict, expected) => expect(verdict).toEqual(expected));
});

describe('what a lane\'s names are told', () => {
  const open: GateRow = { paused: false, held: null, held_by: null, connection_by: null, limiter_by: null, bulk_by: null, lane_by: null, gate_until: null, failures: 0, is_lasting: null };
  const by = (code: string) => JSON.stringify({ code, text: code });
  it.each([
    ['nothing', {}, null],
    ['paused', { paused: true, lane_by: by('provider-unreachable'), failures: 9 }, ['waiting', 'paused']],
    ['a zone not known yet', { held: 'unknown' }, null],
    ['another target', { held: 'target-changed', held_by: by('target-changed') }, ['waiting', 'target-changed']],
    ['an unusable connection', { held: 'unusable', held_by: by('credentials') }, ['failed', 'credentials']],
    ['a server that stumbled', { limiter_by: by('provider-unreachable'), failures: 2 }, null],
    ['a server that stumbles for a while', { limiter_by: by('provider-unreachable'), failures: 1, is_lasting: true }, ['failed', 'provider-unreachable']],
    ['a server that is away', { limiter_by: by('provider-unreachable'), failures: 3 }, ['failed', 'provider-unreachable']],
    ['throttled', { limiter_by: by('throttled') }, ['waiting', 'throttled']],
    ['short of calls', { bulk_by: by('throttled') }, ['waiting', 'throttled']],
    ['bad credentials before all else', { connection_by: by('credentials'), limiter_by: by('throttled') }, ['failed', 'credentials']],
  ])('%s', (_, change, expected) => {
    const gate = gateOf({ ...open, ...change });
    expect(gate && [gate.state, gate.reason.code]).toEqual(expected);
  });
});
