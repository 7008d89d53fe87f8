import { assertNever } from './assert-never.js';
import type { Fact, Fault } from './fact.js';
import { digestOfSaid, isSameContent, mergeSaid, NEW_CLAIM } from './fact-merge.js';
import type { Incoming, KnownVm, Saying } from './known-vm.js';
import { lifeOf } from './life.js';

export type IgnoredReason = 'repeat' | 'stale' | 'old-life' | 'unknown-vm';
/** What is known, for an answer that takes nothing in. */
export interface Current { readonly version: number | null; readonly revision: number }

/** What becomes of one incoming fact. */
export type FactDecision =
  /** Store `next` (with its claims drawn) and one change row; publish. */
  | { readonly kind: 'accept'; readonly change: 'created' | 'changed' | 'deleted' | 'ptr'; readonly next: KnownVm; readonly claimsNeeded: number }
  /** No revision, no event. `remember`, where given, is to be stored all the same: it places later facts. */
  | { readonly kind: 'ignore'; readonly reason: IgnoredReason; readonly text: string; readonly current: Current | null; readonly remember: KnownVm | null }
  /** The same version with another content. */
  | { readonly kind: 'conflict'; readonly text: string; readonly current: Current }
  | { readonly kind: 'no-such-address'; readonly faults: readonly Fault[] };

export interface FactQuestion {
  readonly known: KnownVm | null;
  readonly incoming: Incoming;
  /** RFC 3339, UTC: becomes `changedAt`. */
  readonly now: string;
  /** What the ids of VMs that were forgotten begin above; default: none was. */
  readonly forgotten?: Forgotten;
}

/** The highest life and revision of VMs that were forgotten long after they were gone: others may still know one of them. */
export interface Forgotten { readonly life: number; readonly revision: number }
export const NONE_FORGOTTEN: Forgotten = { life: 0, revision: 0 };

type Of<K extends Incoming['kind']> = Extract<Incoming, { readonly kind: K }>;

const OLD_UIDS_MAX = 32;
const DELETED = 'deleted';
/** Stands for a digest that was lost: whatever comes with that version counts as its repeat. */
export const UNKNOWN_SAYING = '';

const currentOf = (known: KnownVm): Current => ({ version: known.fact.version, revision: known.fact.revision });
const ignore = (reason: IgnoredReason, text: string, known: KnownVm | null, remember: KnownVm | null = null): FactDecision =>
  ({ kind: 'ignore', reason, text, current: known === null ? null : currentOf(known), remember });
const accept = (change: 'created' | 'changed' | 'deleted' | 'ptr', next: KnownVm): FactDecision =>
  ({ kind: 'accept', change, next, claimsNeeded: claimsNeeded(next.fact) });
const withUid = (uids: readonly string[], uid: string | null): readonly string[] =>
  uid === null || uids.includes(uid) ? uids : [...uids, uid].slice(-OLD_UIDS_MAX);
const withSaying = (said: KnownVm['said'], source: string, saying: Saying | null): KnownVm['said'] =>
  saying === null ? said : { ...said, [source]: saying };

/** Decides what one fact means (ARCHITECTURE §2 "What a fact means", PROTOCOL §2). */
export function decideFact({ known, incoming, now, forgotten = NONE_FORGOTTEN }: FactQuestion): FactDecision {
  switch (incoming.kind) {
    case 'changed': return decideChanged(known, incoming, now, forgotten);
    case 'deleted': return decideDeleted(known, incoming, now);
    case 'ptr': return decidePtr(known, incoming, now);
    default: return assertNever(incoming);
  }
}

/** Compares a version with what the same source said before in the same life; null: it is news. */
function againstVersion(known: KnownVm, source: string, version: number | null, digest: string): FactDecision | null {
  const before = known.said[source];
  if (version === null || before === undefined || version > before.version) return null;
  if (version < before.version) return ignore('stale', `version ${version} is older than ${before.version}`, known);
  return before.digest === digest || before.digest === UNKNOWN_SAYING
    ? ignore('repeat', `version ${version} is known`, known)
    : { kind: 'conflict', text: `version ${version} was already given with another content`, current: currentOf(known) };
}

function beginLife(known: KnownVm | null, incoming: Of<'changed'>, now: string, forgotten: Forgotten): FactDecision {
  const { said, source, vmId } = incoming;
  // Revision 0: nothing was ever said of it, so it may be one that was forgotten.
  const before = known !== null && known.fact.revision > 0 ? known.fact : { life: Math.max(known?.fact.life ?? 0, forgotten.life), revision: forgotten.revision };
  const fact: Fact = {
    vmId, tenant: incoming.tenant ?? null, source, life: before.life + 1, version: said.version,
    revision: before.revision + 1, deleted: false, changedAt: now, ...mergeSaid(null, said),
  };
  return accept('created', {
    fact, said: withSaying({}, source, said.version === null ? null : { version: said.version, digest: digestOfSaid(said) }),
    oldUids: withUid(known?.oldUids ?? [], known?.fact.uid ?? null), deletion: known?.deletion ?? null,
  });
}

function decideChanged(known: KnownVm | null, incoming: Of<'changed'>, now: string, forgotten: Forgotten): FactDecision {
  if (known === null) return beginLife(null, incoming, now, forgotten);
  const life = lifeOf(known, incoming);
  if (life.kind === 'old') return ignore(life.reason, life.text, known);
  if (life.kind === 'new') return beginLife(known, incoming, now, forgotten);
  const { said, source } = incoming;
  const digest = digestOfSaid(said);
  const settled = againstVersion(known, source, said.version, digest);
  if (settled !== null) return settled;
  const before = known.fact;
  const fact: Fact = {
    ...before, ...mergeSaid(before, said), source, tenant: incoming.tenant === undefined ? before.tenant : incoming.tenant,
    version: said.version ?? (before.source === source ? before.version : null), revision: before.revision + 1, changedAt: now,
  };
  if (said.version === null && isSameContent(fact, before)) return ignore('repeat', 'nothing is new', known);
  return accept('changed', { ...known, fact, said: withSaying(known.said, source, said.version === null ? null : { version: said.version, digest }) });
}

/** What stays of a VM: who it was, and nothing that could be wished for. */
function tombstone(known: KnownVm, incoming: Of<'deleted'>, now: string, revision: number): KnownVm {
  const { said, source, time } = incoming;
  const { fact } = known;
  const last = known.said[source];
  const version = said.version ?? (fact.source === source ? fact.version : null);
  const isHigher = said.version !== null && (last === undefined || said.version > last.version);
  return {
    fact: {
      ...fact, source, version, revision, deleted: true, uid: said.uid ?? fact.uid, fqdn: null, hostname: null, domain: null,
      shareName: false, nameClaim: null, addresses: [], labels: {}, changedAt: now,
    },
    said: withSaying(known.said, source, isHigher && said.version !== null ? { version: said.version, digest: DELETED } : null),
    oldUids: known.oldUids,
    deletion: { source, time, version: said.version ?? last?.version ?? null, uid: said.uid ?? fact.uid },
  };
}

/** A deletion of a VM that nobody has heard of: an event may have overtaken its create, so that is remembered. */
function deleteUnknown(incoming: Of<'deleted'>, now: string): FactDecision {
  const text = `no VM ${incoming.vmId} is known`;
  if (incoming.via === 'call') return ignore('unknown-vm', text, null);
  const nothing: Fact = {
    vmId: incoming.vmId, tenant: incoming.tenant ?? null, source: incoming.source, life: 1, uid: null, version: null, revision: 0, deleted: true,
    fqdn: null, hostname: null, domain: null, shareName: false, nameClaim: null, addresses: [], labels: {}, changedAt: now,
  };
  return ignore('unknown-vm', text, null, tombstone({ fact: nothing, said: {}, oldUids: [], deletion: null }, incoming, now, 0));
}

/** A deletion of what is deleted: nothing is new, but a higher version or a later time places later facts. */
function deleteAgain(known: KnownVm, incoming: Of<'deleted'>): FactDecision {
  const next = tombstone(known, incoming, known.fact.changedAt, known.fact.revision);
  const isLater = known.deletion !== null && known.deletion.source === incoming.source && incoming.time !== null
    && (known.deletion.time === null || Date.parse(incoming.time) > Date.parse(known.deletion.time));
  const isHigher = next.said[incoming.source] !== known.said[incoming.source];
  const isNews = isLater || isHigher || next.fact.uid !== known.fact.uid;
  return ignore('repeat', 'the VM is deleted already', known, isNews ? { ...next, deletion: isLater || isHigher ? next.deletion : known.deletion } : null);
}

function decideDeleted(known: KnownVm | null, incoming: Of<'deleted'>, now: string): FactDecision {
  if (known === null) return deleteUnknown(incoming, now);
  const { said, source, via } = incoming;
  const life = lifeOf(known, incoming);
  if (life.kind !== 'this') {
    // The deletion may have overtaken the create of a life that we have not seen: that life is over then.
    const oldUids = withUid(known.oldUids, said.uid === known.fact.uid ? null : said.uid);
    const text = life.kind === 'old' ? life.text : 'this is another life';
    return ignore(life.kind === 'old' ? life.reason : 'old-life', text, known, via === 'event' && oldUids !== known.oldUids ? { ...known, oldUids } : null);
  }
  if (known.fact.deleted) return deleteAgain(known, incoming);
  return againstVersion(known, source, said.version, DELETED) ?? accept('deleted', tombstone(known, incoming, now, known.fact.revision + 1));
}

function decidePtr(known: KnownVm | null, incoming: Of<'ptr'>, now: string): FactDecision {
  const { ip, hostname } = incoming.said;
  if (known === null || known.fact.deleted) return ignore('unknown-vm', `no VM ${incoming.vmId} is there`, known);
  const life = lifeOf(known, incoming);
  if (life.kind === 'old') return ignore(life.reason, life.text, known);
  const { fact } = known;
  const address = fact.addresses.find((each) => each.ip === ip);
  if (address === undefined) return { kind: 'no-such-address', faults: [{ path: 'ip', message: `VM ${fact.vmId} does not have the address ${ip}` }] };
  if (address.customerPtr === hostname) return ignore('repeat', 'nothing is new', known);
  const addresses = fact.addresses.map((each) => (each === address ? { ...each, customerPtr: hostname } : each));
  return accept('ptr', { ...known, fact: { ...fact, addresses, uid: fact.uid ?? incoming.said.uid, revision: fact.revision + 1, changedAt: now } });
}

/** How many claims are still to be drawn for this state. */
export function claimsNeeded(fact: Fact): number {
  return (fact.nameClaim === NEW_CLAIM ? 1 : 0) + fact.addresses.filter((address) => address.claim === NEW_CLAIM).length;
}

/** The state with drawn claims in place: the name's first, then the addresses' in their order. Throws where too few were drawn. */
export function withClaims(known: KnownVm, claims: readonly number[]): KnownVm {
  const rest = claims.values();
  const draw = (): number => {
    const next = rest.next();
    if (next.done === true) throw new RangeError(`filling the claims of ${known.fact.vmId}: only ${claims.length} were drawn`);
    return next.value;
  };
  const nameClaim = known.fact.nameClaim === NEW_CLAIM ? draw() : known.fact.nameClaim;
  const addresses = known.fact.addresses.map((address) => (address.claim === NEW_CLAIM ? { ...address, claim: draw() } : address));
  return { ...known, fact: { ...known.fact, nameClaim, addresses } };
}
