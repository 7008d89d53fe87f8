import { isManagedType, rrsetDigest, type Rrset } from '@vmdns/domain';
import { disabledOf, disabledType } from '../port/disabled.js';
import type { Capabilities, RrsetChange } from '../port/provider.js';
import { cnameConflict, driftReport, foreignRecord, switchedOffReport, vanishedReport } from './sentences.js';
import type { DueName, TurnReason, TurnReport } from './turn.js';

/** What is to be done at one name, and what stays ours and foreign if nothing of it is done. */
export interface NamePlan {
  /** Removals first, so that a name can change its type (RFC 1034, 3.6.2). */
  readonly changes: readonly RrsetChange[];
  /** Some or all of what is wanted is refused; `changes` holds what can be done nevertheless. */
  readonly refusal?: TurnReason;
  readonly owned: Readonly<Record<string, string>>;
  /** Null: not read. */
  readonly foreign: readonly string[] | null;
  readonly drift: readonly TurnReport[];
  /** Values that go with their RRset, by type, where they are known. */
  readonly gone: ReadonlyMap<string, readonly string[]>;
  /** Whether a put adds an RRset that is not there: a full zone bears all else. */
  readonly grows: boolean;
  /** Types of ours that somebody switched off: put on again, or removed. */
  readonly switchedOff: readonly string[];
}

/** Types that a server adds by itself and that may stand beside a CNAME (RFC 4034, 4.1). */
const BESIDE_CNAME = new Set(['RRSIG', 'NSEC', 'NSEC3']);

/**
 * Decides one name (PROTOCOL §4). `held` null: the change token vouches that exactly what we own is there.
 *
 * | held               | wanted, equal    | wanted, other             | not wanted       |
 * |--------------------|------------------|---------------------------|------------------|
 * | nothing            | –                | put                       | –                |
 * | ours               | nothing          | put                       | remove           |
 * | ours, drifted      | nothing          | put, told                 | remove, told     |
 * | about to be ours   | ours again       | put                       | remove           |
 * | foreign            | applied, foreign | refused `foreign-record`  | untouched        |
 * | foreign, disabled  | refused `foreign-record` in both cases       | untouched        |
 * | ours, disabled     | put, told        | put, told                 | remove, told     |
 * | ours, and disabled beside it, not ours: as ours, and kept as it is               |
 */
export function planName(due: DueName, held: readonly Rrset[] | null, digests: WantedDigests = digestsOf(due)): NamePlan {
  if ((held === null || held.length === 0) && ownsNothing(due)) return planNew(due, held === null ? null : NONE);
  return held === null ? planByLedger(due, digests) : planByReading(due, held, digests);
}

/** Digests of `wanted`, in its order: made once for each name and turn, for they are most of a turn's own work. */
export type WantedDigests = readonly string[];
export const digestsOf = (due: DueName): WantedDigests => due.digests ?? due.wanted.map((rrset) => rrsetDigest(rrset));

const NONE: readonly never[] = [];
const NOTHING_GONE: NamePlan['gone'] = new Map();

const changesOf = (name: string, removed: Iterable<string>, put: readonly Rrset[]): readonly RrsetChange[] => [
  ...[...removed].map((type): RrsetChange => ({ kind: 'remove', name, type })),
  ...put.map((rrset): RrsetChange => ({ kind: 'put', rrset })),
];

/** Nothing is there and nothing was ours: all that is wanted is put. Most names of a burst. */
function planNew(due: DueName, foreign: readonly string[] | null): NamePlan {
  return { changes: due.wanted.map((rrset): RrsetChange => ({ kind: 'put', rrset })), owned: due.owned, foreign, drift: NONE, gone: NOTHING_GONE, switchedOff: NONE, grows: due.wanted.length > 0 };
}

const ownsNothing = (due: DueName): boolean => {
  for (const _type in due.owned) return false;
  return true;
};

function planByLedger(due: DueName, digests: WantedDigests): NamePlan {
  const removed = Object.keys(due.owned).filter((type) => !due.wanted.some((rrset) => rrset.type === type));
  const put = due.wanted.filter((rrset, at) => due.owned[rrset.type] !== digests[at]);
  return {
    changes: changesOf(due.name, removed, put), owned: due.owned, foreign: null, drift: NONE, gone: NOTHING_GONE, switchedOff: NONE,
    grows: put.some((rrset) => due.owned[rrset.type] === undefined),
  };
}

function planByReading(due: DueName, read: readonly Rrset[], digests: WantedDigests): NamePlan {
  const owned: Record<string, string> = {};
  const equal = new Set<string>();
  const drift: TurnReport[] = [];
  const removed: Rrset[] = [];
  const { held, switchedOff } = switchedOffOf(due, read);
  for (const rrset of switchedOff) {
    const wanted = due.wanted.find((one) => one.type === rrset.type);
    owned[rrset.type] = due.owned[rrset.type] ?? '';
    drift.push(switchedOffReport(rrset, wanted));
    if (wanted === undefined) removed.push(rrset);
  }
  for (const rrset of held) {
    const at = due.wanted.findIndex((one) => one.type === rrset.type);
    const wanted = due.wanted[at];
    const digest = rrsetDigest(rrset);
    if (digest === digests[at]) equal.add(rrset.type);
    if (!isOurs(due, rrset, digest, wanted === undefined ? undefined : digests[at])) continue;
    owned[rrset.type] = digest;
    const before = due.owned[rrset.type];
    if (before !== undefined && before !== digest && !equal.has(rrset.type) && !wasBeingWritten(due, rrset, digest)) drift.push(driftReport(rrset, wanted));
    if (wanted === undefined) removed.push(rrset);
  }
  const wished = wishedPuts(due, held, owned, equal);
  const remaining = removed.length === 0 ? held : held.filter((rrset) => !removed.includes(rrset));
  const inTheWay = cnameInTheWay(due.wanted, remaining);
  // A name that keeps a CNAME of others takes nothing of ours; one that wants to be a CNAME cannot be beside others.
  const put = inTheWay === undefined ? wished.put : NONE;
  const refusal = inTheWay === undefined ? wished.refusal : cnameConflict(inTheWay.wanted, inTheWay.held);
  return {
    changes: changesOf(due.name, removed.map((rrset) => rrset.type), put),
    owned, drift: [...drift, ...wished.vanished], switchedOff: switchedOff.map((rrset) => rrset.type),
    foreign: held.map((rrset) => rrset.type).filter((type) => owned[type] === undefined),
    gone: removed.length === 0 ? NOTHING_GONE : new Map(removed.map((rrset) => [rrset.type, rrset.values])),
    grows: put.some((rrset) => !held.some((there) => there.type === rrset.type)),
    ...(refusal === undefined ? {} : { refusal }),
  };
}

function wishedPuts(due: DueName, held: readonly Rrset[], owned: Readonly<Record<string, string>>, equal: ReadonlySet<string>): { put: readonly Rrset[]; refusal: TurnReason | undefined; vanished: readonly TurnReport[] } {
  const put: Rrset[] = [];
  const vanished: TurnReport[] = [];
  let refusal: TurnReason | undefined;
  for (const wanted of due.wanted) {
    if (equal.has(wanted.type)) continue;
    const there = held.find((rrset) => rrset.type === wanted.type);
    // A lost turn of ours may have removed it itself; else somebody did.
    const isGone = there === undefined && owned[wanted.type] === undefined && due.owned[wanted.type] !== undefined;
    if (isGone && due.writing.length === 0) vanished.push(vanishedReport(wanted));
    const inTheWay = there ?? (isGone ? undefined : held.find((rrset) => rrset.type === disabledType(wanted.type)));
    if (inTheWay !== undefined && owned[wanted.type] === undefined) refusal ??= foreignRecord(wanted, inTheWay);
    else put.push(wanted);
  }
  return { put, refusal, vanished };
}

/** RRsets of ours of which somebody switched records off: what is served and what is not are together what we put. The others stay as they were read. */
function switchedOffOf(due: DueName, read: readonly Rrset[]): { held: readonly Rrset[]; switchedOff: readonly Rrset[] } {
  const switchedOff = read.flatMap((off): readonly Rrset[] => {
    const type = disabledOf(off.type);
    if (type === undefined || due.owned[type] === undefined) return [];
    const served = read.find((rrset) => rrset.type === type);
    const all: Rrset = { name: off.name, type, ttl: off.ttl, values: [...(served?.values ?? []), ...off.values] };
    return due.owned[type] === rrsetDigest(all) ? [all] : [];
  });
  if (switchedOff.length === 0) return { held: read, switchedOff };
  return { held: read.filter((rrset) => !switchedOff.some((ours) => ours.type === (disabledOf(rrset.type) ?? rrset.type))), switchedOff };
}

function isOurs(due: DueName, held: Rrset, digest: string, wantedDigest: string | undefined): boolean {
  if (!isManagedType(held.type)) return false;
  if (due.owned[held.type] !== undefined || wasBeingWritten(due, held, digest)) return true;
  if (wantedDigest === undefined || due.takeOver === undefined) return false;
  return due.takeOver === 'any' || wantedDigest === digest;
}

/** The digests of an intent, for `DueName.writing`: record by record where a call that broke can leave half an RRset. */
export function intentDigests(wanted: readonly Rrset[], grain: Capabilities['grain']): readonly string[] {
  const single = (rrset: Rrset): readonly string[] => rrset.values.map((value) => rrsetDigest({ ...rrset, values: [value] }));
  return [...new Set(wanted.flatMap((rrset) => [rrsetDigest(rrset), ...(grain === 'record' ? single(rrset) : [])]))];
}

function wasBeingWritten(due: DueName, held: Rrset, digest: string): boolean {
  if (due.writing.length === 0) return false;
  return due.writing.includes(digest) || held.values.every((value) => due.writing.includes(rrsetDigest({ ...held, values: [value] })));
}

function cnameInTheWay(wanted: readonly Rrset[], remaining: readonly Rrset[]): { wanted: Rrset; held: Rrset } | undefined {
  const [first] = wanted;
  const cname = wanted.find((rrset) => rrset.type === 'CNAME');
  if (cname !== undefined) {
    // What is switched off is not served, so it is in nobody's way.
    const held = remaining.find((rrset) => rrset.type !== 'CNAME' && !BESIDE_CNAME.has(rrset.type) && disabledOf(rrset.type) === undefined);
    return held === undefined ? undefined : { wanted: cname, held };
  }
  const held = remaining.find((rrset) => rrset.type === 'CNAME');
  return first === undefined || held === undefined ? undefined : { wanted: first, held };
}
