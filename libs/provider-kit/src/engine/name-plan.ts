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
export function planName(due: DueName, held: readonly Rrset[] | null): NamePlan {
  return held === null ? planByLedger(due) : planByReading(due, held);
}

const changesOf = (name: string, removed: Iterable<string>, put: readonly Rrset[]): readonly RrsetChange[] => [
  ...[...removed].map((type): RrsetChange => ({ kind: 'remove', name, type })),
  ...put.map((rrset): RrsetChange => ({ kind: 'put', rrset })),
];

function planByLedger(due: DueName): NamePlan {
  const wantedTypes = new Set(due.wanted.map((rrset) => rrset.type));
  const removed = Object.keys(due.owned).filter((type) => !wantedTypes.has(type));
  const put = due.wanted.filter((rrset) => due.owned[rrset.type] !== rrsetDigest(rrset));
  return {
    changes: changesOf(due.name, removed, put), owned: due.owned, foreign: null, drift: [], gone: new Map(),
    grows: put.some((rrset) => due.owned[rrset.type] === undefined),
  };
}

function planByReading(due: DueName, held: readonly Rrset[]): NamePlan {
  const heldBy = new Map(held.map((rrset) => [rrset.type, rrset]));
  const wantedBy = new Map(due.wanted.map((rrset) => [rrset.type, rrset]));
  const owned: Record<string, string> = {};
  const drift: TurnReport[] = [];
  const put: Rrset[] = [];
  const removed = new Set<string>();
  const gone = new Map<string, readonly string[]>();
  let refusal: TurnReason | undefined;

  for (const rrset of held) {
    const digest = rrsetDigest(rrset);
    const wanted = wantedBy.get(rrset.type);
    if (!isOurs(due, rrset, digest, wanted)) continue;
    owned[rrset.type] = digest;
    const before = due.owned[rrset.type];
    const isEqual = wanted !== undefined && rrsetDigest(wanted) === digest;
    if (before !== undefined && before !== digest && !wasBeingWritten(due, rrset, digest) && !isEqual) drift.push(driftReport(rrset, wanted));
    if (wanted === undefined) { removed.add(rrset.type); gone.set(rrset.type, rrset.values); }
  }
  for (const wanted of due.wanted) {
    const there = heldBy.get(wanted.type);
    const isEqual = there !== undefined && rrsetDigest(there) === rrsetDigest(wanted);
    if (isEqual) continue;
    // A lost turn of ours may have removed it itself; else somebody did.
    if (there === undefined && due.owned[wanted.type] !== undefined && due.writing.length === 0) drift.push(vanishedReport(wanted));
    if (there !== undefined && owned[wanted.type] === undefined) refusal ??= foreignRecord(wanted, there);
    else put.push(wanted);
  }
  const foreign = held.map((rrset) => rrset.type).filter((type) => owned[type] === undefined);
  const remaining = held.filter((rrset) => !removed.has(rrset.type));
  const inTheWay = cnameInTheWay(due.wanted, remaining);
  if (inTheWay !== undefined) {
    refusal = cnameConflict(inTheWay.wanted, inTheWay.held);
    // A name that keeps a CNAME of others takes nothing of ours; one that wants to be a CNAME cannot be beside others.
    put.length = 0;
  }
  return {
    changes: changesOf(due.name, removed, put), owned, foreign, drift, gone,
    grows: put.some((rrset) => !heldBy.has(rrset.type)),
    ...(refusal === undefined ? {} : { refusal }),
  };
}

function isOurs(due: DueName, held: Rrset, digest: string, wanted: Rrset | undefined): boolean {
  if (!isManagedType(held.type)) return false;
  if (due.owned[held.type] !== undefined || wasBeingWritten(due, held, digest)) return true;
  if (wanted === undefined || due.takeOver === undefined) return false;
  return due.takeOver === 'any' || rrsetDigest(wanted) === digest;
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
