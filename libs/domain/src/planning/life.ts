import type { Incoming, KnownVm } from './known-vm.js';

/**
 * Which life of a VM a fact belongs to (PROTOCOL §2). Clocks are compared only within one source, and only with a
 * deletion; everything else goes by uid and version.
 */
export type LifeOf =
  /** The life that is known, whether it lasts or has ended. */
  | { readonly kind: 'this' }
  | { readonly kind: 'new' }
  | { readonly kind: 'old'; readonly reason: 'stale' | 'old-life'; readonly text: string };

const old = (text: string): LifeOf => ({ kind: 'old', reason: 'old-life', text });
const stale = (text: string): LifeOf => ({ kind: 'old', reason: 'stale', text });

const uidOf = (incoming: Incoming) => incoming.said.uid;
const versionOf = (incoming: Incoming) => (incoming.kind === 'ptr' ? null : incoming.said.version);

/** An event's time against the last deletion's, within one source; null where they cannot be compared. */
function timeAgainstDeletion(known: KnownVm, incoming: Incoming): 'after' | 'not-after' | null {
  const deletion = known.deletion;
  if (incoming.via !== 'event' || incoming.time === null || deletion === null || deletion.source !== incoming.source || deletion.time === null) return null;
  return Date.parse(incoming.time) > Date.parse(deletion.time) ? 'after' : 'not-after';
}

/** A full state after the deletion, without a uid: a version or, for events, the time says whether it is a new life. */
function afterDeletion(known: KnownVm, incoming: Incoming): LifeOf {
  const version = versionOf(incoming);
  const last = known.said[incoming.source]?.version;
  if (version !== null && last !== undefined) return version > last ? { kind: 'new' } : stale(`version ${version} is not above ${last}, with which the VM was deleted`);
  if (incoming.via === 'call') return { kind: 'new' };
  return timeAgainstDeletion(known, incoming) === 'after' ? { kind: 'new' } : stale('the VM was deleted, and nothing shows that this event is newer: send a uid, a higher version, or a PUT');
}

/** A fact without a uid in a later life may still be a late one of the life before. */
function withinLife(known: KnownVm, incoming: Incoming): LifeOf {
  const deletion = known.deletion;
  if (deletion === null) return { kind: 'this' };
  const version = versionOf(incoming);
  // Where the source has given a version in this life, that one compares; until then the deletion's does.
  const isFirst = known.said[incoming.source] === undefined && deletion.source === incoming.source;
  if (version !== null && deletion.version !== null && isFirst && version <= deletion.version) return old(`version ${version} belongs to the life that was deleted`);
  return version === null && timeAgainstDeletion(known, incoming) === 'not-after' ? old('this event is not newer than the deletion of the life before') : { kind: 'this' };
}

/** Finds the life that a fact speaks of. */
export function lifeOf(known: KnownVm, incoming: Incoming): LifeOf {
  const uid = uidOf(incoming);
  const { deleted, uid: knownUid } = known.fact;
  if (uid !== null && known.oldUids.includes(uid)) return old('this uid belongs to an earlier life of the VM');
  if (uid !== null && knownUid !== null) {
    if (uid !== knownUid) return incoming.kind === 'changed' ? { kind: 'new' } : old('this uid is not that of the VM as it is known');
    return deleted && incoming.kind === 'changed' ? old('the VM with this uid was deleted') : { kind: 'this' };
  }
  if (deleted && incoming.kind === 'changed') {
    if (uid === null) return afterDeletion(known, incoming);
    return timeAgainstDeletion(known, incoming) === 'not-after' ? stale('this event is not newer than the deletion of the VM') : { kind: 'new' };
  }
  return uid === null && !deleted ? withinLife(known, incoming) : { kind: 'this' };
}
