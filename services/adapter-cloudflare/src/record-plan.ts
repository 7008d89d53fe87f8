import type { Rrset } from '@vmdns/domain';
import type { RrsetChange } from '@vmdns/provider-kit';
import type { CloudflareZoneSettings } from './cloudflare.settings.js';
import { AUTO, canonicalValueOf, PROXIABLE, relative, ttlOf, type WireRecord as AnyRecord } from './cloudflare.wire.js';

/** Comments are never looked at. */
type WireRecord = Omit<AnyRecord, 'comment'>;

/** A record as it is sent: what is missing stays as it is at the provider. */
export interface SentRecord {
  readonly name: string;
  readonly type: string;
  readonly content: string;
  readonly ttl: number;
  readonly proxied?: boolean;
  readonly comment?: string;
}

/** The operations of one batch, in the order in which Cloudflare carries them out. */
export interface Operations {
  readonly deletes: readonly { readonly id: string }[];
  readonly patches: readonly (SentRecord & { readonly id: string })[];
  readonly posts: readonly SentRecord[];
}

export const operationCount = (operations: Operations): number => operations.deletes.length + operations.patches.length + operations.posts.length;

/**
 * What one change costs, given the records that are there at its name and type. A value that goes and one that comes
 * are one patch: the record keeps its comment, its tags and its proxied flag.
 */
export function planOperations(change: RrsetChange, held: readonly WireRecord[], settings: CloudflareZoneSettings): Operations {
  if (change.kind === 'remove') return { deletes: held.map(({ id }) => ({ id })), patches: [], posts: [] };
  const { rrset } = change;
  const kept = new Map<string, WireRecord>();
  const spare: WireRecord[] = [];
  for (const record of held) {
    const value = canonicalValueOf(record);
    if (rrset.values.includes(value) && !kept.has(value)) kept.set(value, record);
    else spare.push(record);
  }
  const missing = rrset.values.filter((value) => !kept.has(value));
  const retimed = [...kept].filter(([, record]) => !record.proxied && ttlOf(record, settings.autoTtlSeconds) !== rrset.ttl);
  return {
    deletes: spare.slice(missing.length).map(({ id }) => ({ id })),
    patches: [
      ...retimed.map(([value, record]) => patchOf(record, rrset, value)),
      ...spare.slice(0, missing.length).flatMap((record, at) => { const value = missing[at]; return value === undefined ? [] : [patchOf(record, rrset, value)]; }),
    ],
    posts: missing.slice(spare.length).map((value) => postOf(rrset, value, settings)),
  };
}

/** Name and type go along: somebody may have given the record another name since it was read. */
function patchOf(record: WireRecord, rrset: Rrset, value: string): SentRecord & { readonly id: string } {
  return { id: record.id, ...sent(rrset, value), ttl: record.proxied ? AUTO : rrset.ttl };
}

function postOf(rrset: Rrset, value: string, settings: CloudflareZoneSettings): SentRecord {
  const isProxied = settings.proxied && PROXIABLE.has(rrset.type);
  return {
    ...sent(rrset, value),
    ...(isProxied ? { ttl: AUTO } : {}),
    ...(PROXIABLE.has(rrset.type) ? { proxied: isProxied } : {}),
    ...(settings.comment === '' ? {} : { comment: settings.comment }),
  };
}

const sent = (rrset: Rrset, value: string): SentRecord => ({
  name: relative(rrset.name), type: rrset.type, ttl: rrset.ttl, content: rrset.type === 'CNAME' || rrset.type === 'PTR' ? relative(value) : value,
});

/** All of several changes' operations; the order within the batch is Cloudflare's own. */
export function joinOperations(all: readonly Operations[]): Operations {
  return { deletes: all.flatMap((one) => one.deletes), patches: all.flatMap((one) => one.patches), posts: all.flatMap((one) => one.posts) };
}

/** The owner name of the operation that an error's pointer means, e.g. `/posts/3/content`. */
export function findPointed(operations: Operations, pointer: string, nameOfId: (id: string) => string | undefined): string | undefined {
  const match = /^\/?(deletes|patches|posts)\/(\d+)(\/|$)/.exec(pointer);
  if (match === null) return undefined;
  const at = Number(match[2]);
  if (match[1] === 'deletes') { const id = operations.deletes[at]?.id; return id === undefined ? undefined : nameOfId(id); }
  return dotted(match[1] === 'patches' ? operations.patches[at]?.name : operations.posts[at]?.name);
}

const dotted = (name: string | undefined): string | undefined => (name === undefined ? undefined : `${name}.`);
