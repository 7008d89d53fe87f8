import { assertNever } from './assert-never.js';
import { reasonOf, type Reason, type ReasonCode } from './reason.js';

/** The states of a name (ARCHITECTURE §6). */
export type NameState = 'pending' | 'applied' | 'refused' | 'failed' | 'unconfirmed' | 'on-hold' | 'waiting' | 'outside' | 'observed';
/** The states of a VM's DNS. */
export type VmDnsState = 'planning' | 'pending' | 'live' | 'attention' | 'deleting' | 'gone';

export interface RecordState { readonly state: NameState; readonly reason?: Reason | undefined }
export interface VmDnsQuestion {
  readonly deleted: boolean;
  readonly revision: number;
  readonly plannedRevision: number;
  /** The VM's records; for a deleted VM those still to be removed. */
  readonly records: readonly RecordState[];
}
export interface VmDnsAnswer {
  readonly state: VmDnsState;
  /** Planned, and every record answered or explained: nothing more comes by itself. */
  readonly live: boolean;
  /** Why, where the state is planning or attention, or a removal does not come on. */
  readonly reason?: Reason;
}

/** Failures that a retry cures; each other one needs a person. */
const PASSING: readonly (ReasonCode | undefined)[] = [undefined, 'provider-unreachable', 'throttled', 'unconfirmed', 'paused', 'not-yet-planned'];

/** How a record stands: answered as wished, explained (and a person's concern), or on its way. */
type Standing = 'answered' | 'explained' | 'stuck' | 'moving';

function standingOf({ state, reason }: RecordState): Standing {
  switch (state) {
    case 'applied': case 'outside': case 'observed': return 'answered';
    case 'refused': case 'waiting': case 'on-hold': return 'explained';
    case 'failed': return PASSING.includes(reason?.code) ? 'moving' : 'stuck';
    case 'pending': case 'unconfirmed': return 'moving';
    default: return assertNever(state);
  }
}

/** Refusals under which nothing of ours stays behind: the record is another's, or a person wants it kept. */
const NOT_OURS: readonly (ReasonCode | undefined)[] = ['foreign-record', 'released', 'kept'];

/** Whether a deleted VM's record is still to be removed. */
function isLeft(record: RecordState): boolean {
  if (record.state === 'waiting' || standingOf(record) === 'answered') return false;
  return record.state !== 'refused' || !NOT_OURS.includes(record.reason?.code);
}

/** Of what is left, the most telling: what a person must mend before what comes by itself. */
const LEFT_FIRST: Readonly<Record<Standing, number>> = { stuck: 0, explained: 1, moving: 2, answered: 3 };

/**
 * A VM's DNS state from its records (L14). Live means planned, and each record applied or explained:
 *
 *     records                                     state      live
 *     newest revision not planned                 planning   no
 *     one failed for a reason that a person mends attention  no
 *     one pending, unconfirmed, or to be retried  pending    no
 *     one refused, waiting or on hold             attention  yes: explained, nothing more comes by itself
 *     all applied, outside or observed            live       yes
 *     deleted, something is still to be removed   deleting   no
 *     deleted, planned, nothing is left           gone       yes
 */
export function vmDnsState(question: VmDnsQuestion): VmDnsAnswer {
  const { deleted, records } = question;
  const isPlanned = question.plannedRevision >= question.revision;
  const of = (standing: Standing) => records.find((record) => standingOf(record) === standing);
  const [stuck, moving, explained] = [of('stuck'), of('moving'), of('explained')];
  const because = (record: RecordState | undefined) => (record?.reason === undefined ? {} : { reason: record.reason });
  if (deleted) {
    const left = records.filter(isLeft).toSorted((a, b) => LEFT_FIRST[standingOf(a)] - LEFT_FIRST[standingOf(b)])[0];
    return isPlanned && left === undefined ? { state: 'gone', live: true } : { state: 'deleting', live: false, ...(isPlanned ? because(left) : { reason: reasonOf.notYetPlanned() }) };
  }
  if (!isPlanned) return { state: 'planning', live: false, reason: reasonOf.notYetPlanned() };
  if (stuck !== undefined) return { state: 'attention', live: false, ...because(stuck) };
  if (moving !== undefined) return { state: 'pending', live: false, ...because(moving) };
  if (explained !== undefined) return { state: 'attention', live: true, ...because(explained) };
  return { state: 'live', live: true };
}
