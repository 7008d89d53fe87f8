import { isManagedType, rrsetDigest, type Rrset } from '@vmdns/domain';
import type { Capabilities, RrsetChange } from '../port/provider.js';
import { cnameConflict, driftReport, foreignRecord, vanishedReport } from './sentences.js';
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
 */
export function planName(due: DueName, held: readonly Rrset[] | null, digests: WantedDigests = digestsOf(due)): NamePlan {
  return held === null ? planByLedger(due, digests) : planByReading(due, held, digests);
}

/** Digests of `wanted`, in its order: made once for each name and turn, for they are most of a turn's own work. */
export type WantedDigests = readonly string[];
export const digestsOf = (due: DueName): WantedDigests => due.wanted.map((rrset) => rrsetDigest(rrset));

const NONE: readonly never[] = [];
const NOTHING_GONE: NamePlan['gone'] = new Map();

const changesOf = (name: string, removed: Iterable<string>, put: readonly Rrset[]): readonly RrsetChange[] => [
  ...[...removed].map((type): RrsetChange => ({ kind: 'remove', name, type })),
  ...put.map((rrset): RrsetChange => ({ kind: 'put', rrset })),
];

function planByLedger(due: DueName, digests: WantedDigests): NamePlan {
  const removed = Object.keys(due.owned).filter((type) => !due.wanted.some((rrset) => rrset.type === type));
  const put = due.wanted.filter((rrset, at) => due.owned[rrset.type] !== digests[at]);
  return {
    changes: changesOf(due.name, removed, put), owned: due.owned, foreign: null, drift: NONE, gone: NOTHING_GONE,
    grows: put.some((rrset) => due.owned[rrset.type] === undefined),
  };
}

function planByReading(due: DueName, held: readonly Rrset[], digests: WantedDigests): NamePlan {
  const owned: Record<string, string> = {};
  const equal = new Set<string>();
  const drift: TurnReport[] = [];
  const removed: Rrset[] = [];
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
    owned, drift: [...drift, ...wished.vanished],
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
    if (there === undefined && due.owned[wanted.type] !== undefined && due.writing.length === 0) vanished.push(vanishedReport(wanted));
    if (there !== undefined && owned[wanted.type] === undefined) refusal ??= foreignRecord(wanted, there);
    else put.push(wanted);
  }
  return { put, refusal, vanished };
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
    const held = remaining.find((rrset) => rrset.type !== 'CNAME' && !BESIDE_CNAME.has(rrset.type));
    return held === undefined ? undefined : { wanted: cname, held };
  }
  const held = remaining.find((rrset) => rrset.type === 'CNAME');
  return first === undefined || held === undefined ? undefined : { wanted: first, held };
}
