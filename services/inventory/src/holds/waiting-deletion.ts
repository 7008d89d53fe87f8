import type { Incoming } from '@vmdns/domain';

export type DeletionFact = Extract<Incoming, { kind: 'deleted' }>;

/** A deletion that was not carried out: it waits for a person, or a person decided that the VM is kept. */
export interface WaitingDeletion {
  readonly holdId: string;
  readonly state: 'waiting' | 'kept';
  /** The VM as the deletion met it; approving deletes only that. */
  readonly life: number;
  readonly revision: number;
  readonly deletion: DeletionFact;
  /** When a person decided to keep the VM. */
  readonly decidedAt: Date | null;
}

/** A message of the bus can come again for as long as its stream keeps it. */
const REDELIVERY_MS = 86_400_000;

/** Whether `fact` was surely said before `other`: by version or time of one source; clocks of two are never compared. */
export function isProvablyOlder(fact: Incoming, other: Incoming): boolean {
  if (fact.source !== other.source) return false;
  const versions = [versionOf(fact), versionOf(other)] as const;
  if (versions[0] !== null && versions[1] !== null) return versions[0] < versions[1];
  return fact.time !== null && other.time !== null && Date.parse(fact.time) < Date.parse(other.time);
}

/**
 * Whether a fact that changed nothing came after the deletion and speaks for the living VM. Without versions or times
 * to compare, the order of arrival counts, as everywhere.
 */
export function meansAlive(fact: Incoming, deletion: DeletionFact): boolean {
  if (fact.kind !== 'changed') return false;
  const version = fact.said.version;
  const isSameCounter = fact.source === deletion.source && version !== null && deletion.said.version !== null;
  return isSameCounter ? version > (deletion.said.version ?? 0) : !isProvablyOlder(fact, deletion);
}

/** Whether a deletion is the one a person decided to ignore, said again. Without a version or the same time: for as long as the bus may repeat it. */
export function isSameDeletion(kept: WaitingDeletion, deletion: DeletionFact, now: Date): boolean {
  if (deletion.source !== kept.deletion.source) return false;
  const [version, keptVersion] = [deletion.said.version, kept.deletion.said.version];
  if (version !== null && keptVersion !== null) return version <= keptVersion;
  if (isProvablyOlder(kept.deletion, deletion)) return false;
  // A complete list says of a VM that stays missing always the same deletion, with the time at which it was first seen.
  if (kept.deletion.time !== null && kept.deletion.time === deletion.time) return true;
  return kept.decidedAt !== null && now.getTime() - kept.decidedAt.getTime() < REDELIVERY_MS;
}

function versionOf(fact: Incoming): number | null {
  return fact.kind === 'ptr' ? null : fact.said.version;
}
