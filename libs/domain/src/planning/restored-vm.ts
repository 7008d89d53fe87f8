import type { Fact } from './fact.js';
import { UNKNOWN_SAYING } from './fact-decision.js';
import type { KnownVm } from './known-vm.js';

/** Whether a state that was said once is above what is known, so that the database has lost it (PROTOCOL §1). */
export function isLost(state: Pick<Fact, 'life' | 'revision'>, known: KnownVm | null): boolean {
  return known === null || state.life > known.fact.life || (state.life === known.fact.life && state.revision > known.fact.revision);
}

/**
 * A VM as a state of it that was lost tells it. What placed late facts is known only in part: of the version, not of
 * what was said with it; of a deletion, not of its time.
 */
export function restoredVm(before: KnownVm | null, state: Fact): KnownVm {
  const { approvedBy: _, ...fact } = state;
  const isSameLife = before !== null && before.fact.life === state.life;
  const oldUid = before === null || isSameLife ? null : before.fact.uid;
  return {
    fact,
    said: { ...(isSameLife ? before.said : {}), ...(state.version === null ? {} : { [state.source]: { version: state.version, digest: UNKNOWN_SAYING } }) },
    oldUids: oldUid === null ? before?.oldUids ?? [] : [...(before?.oldUids ?? []), oldUid],
    deletion: state.deleted ? { source: state.source, time: null, version: state.version, uid: state.uid } : before?.deletion ?? null,
  };
}
