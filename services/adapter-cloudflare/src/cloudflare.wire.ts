import { canonicalRrset, type Rrset } from '@vmdns/domain';
import type { ReadRrset, Remarks } from '@vmdns/provider-kit';
import { z } from 'zod';

/** What we read of a record; what else it has (tags, settings, meta) is neither read nor sent back. */
export const WireRecord = z.object({
  id: z.string(), name: z.string(), type: z.string(), content: z.string().default(''), ttl: z.int(),
  proxied: z.boolean().default(false), comment: z.string().nullish(), priority: z.number().optional(),
});
export type WireRecord = z.infer<typeof WireRecord>;

export const WireZone = z.object({
  id: z.string(), name: z.string(), status: z.string().optional(), type: z.string().optional(), paused: z.boolean().optional(),
  account: z.object({ id: z.string().optional(), name: z.string().optional() }).optional(),
  plan: z.object({ legacy_id: z.string().nullish(), name: z.string().nullish() }).nullish(),
  name_servers: z.array(z.string()).nullish(),
});
export type WireZone = z.infer<typeof WireZone>;

export const WireToken = z.object({ id: z.string(), status: z.string(), expires_on: z.string().optional() });
export type WireToken = z.infer<typeof WireToken>;
export const WireUser = z.object({ id: z.string() });
export const WireUsage = z.object({ record_quota: z.number().nullish(), record_usage: z.number() });
export type WireUsage = z.infer<typeof WireUsage>;

/** Deleted records come with their id alone from older versions. */
export const WireBatch = z.object({
  deletes: z.array(z.object({ id: z.string() })).nullish(), patches: z.array(WireRecord).nullish(),
  puts: z.array(WireRecord).nullish(), posts: z.array(WireRecord).nullish(),
});
export type WireBatch = z.infer<typeof WireBatch>;

/** How many there are over all pages. */
export const WirePage = z.object({ page: z.int(), per_page: z.int(), count: z.int(), total_count: z.int() });
export type WirePage = z.infer<typeof WirePage>;

const WireCode = z.object({ code: z.coerce.number(), message: z.string().default('') });
const WireFault = WireCode.extend({
  error_chain: z.array(WireCode).nullish(),
  /** Newer answers say which part of the request they mean, e.g. `/posts/3/content`. */
  source: z.object({ pointer: z.string().optional() }).nullish(),
});
export type WireFault = z.infer<typeof WireFault>;

/** Every answer's outside; `result` is what the call was for. */
export const WireEnvelope = z.object({ success: z.boolean(), errors: z.array(WireFault).nullish(), result: z.unknown().optional(), result_info: z.unknown().optional() });

/** Cloudflare's names have no dot at the end; ours always do. */
export const absolute = (name: string): string => (name.endsWith('.') ? name : `${name}.`);
export const relative = (name: string): string => name.slice(0, -1);

/** Types whose content is a name. */
const POINTING = new Set(['CNAME', 'PTR', 'NS']);
export const AUTO = 1;

/** One value as our side writes it: with the dot, and the priority before it as in a zone file. */
function valueOf(record: Omit<WireRecord, 'comment'>): string {
  if (POINTING.has(record.type)) return absolute(record.content);
  return record.priority === undefined ? record.content : `${record.priority} ${record.content}`;
}

/** The one value of a record, in canonical form. */
export function canonicalValueOf(record: Omit<WireRecord, 'comment'>): string {
  return canonicalRrset({ name: '.', type: record.type, ttl: 0, values: [valueOf(record)] }).values[0] ?? '';
}

export const ttlOf = (record: Pick<WireRecord, 'ttl'>, autoTtlSeconds: number): number => (record.ttl === AUTO ? autoTtlSeconds : record.ttl);

/** No TTL that anybody can want: records of one RRset that have different ones are never as wanted (RFC 2181, 5.2). */
const MIXED_TTL = 0;

/** Types that can go through the Cloudflare proxy. */
export const PROXIABLE: ReadonlySet<string> = new Set(['A', 'AAAA', 'CNAME']);

type BareRecord = Omit<WireRecord, 'comment'>;

/** Records of any names, as RRsets. */
export function toRrsets(records: readonly BareRecord[], autoTtlSeconds: number): readonly Rrset[] {
  return groupsOf(records).map((group) => rrsetOf(group, autoTtlSeconds));
}

/** The same with what Cloudflare keeps beside the records, for people who compare. */
export function toReadRrsets(records: readonly WireRecord[], autoTtlSeconds: number): readonly ReadRrset[] {
  return groupsOf(records).map((group) => ({ ...rrsetOf(group, autoTtlSeconds), ...remarksOf(group) }));
}

function groupsOf<R extends BareRecord>(records: readonly R[]): readonly (readonly [R, ...R[]])[] {
  const groups = new Map<string, [R, ...R[]]>();
  for (const record of records) {
    const key = `${record.type} ${record.name}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [record]);
    else group.push(record);
  }
  return [...groups.values()];
}

function rrsetOf(group: readonly [BareRecord, ...BareRecord[]], autoTtlSeconds: number): Rrset {
  const [first] = group;
  const ttl = ttlOf(first, autoTtlSeconds);
  const isOne = group.every((record) => ttlOf(record, autoTtlSeconds) === ttl);
  return canonicalRrset({ name: absolute(first.name), type: first.type, ttl: isOne ? ttl : MIXED_TTL, values: group.map(valueOf) });
}

function remarksOf(group: readonly [WireRecord, ...WireRecord[]]): { readonly remarks?: Remarks } {
  const comments = [...new Set(group.flatMap(({ comment }) => (comment === null || comment === undefined || comment === '' ? [] : [comment])))];
  const isProxiable = PROXIABLE.has(group[0].type);
  if (comments.length === 0 && !isProxiable) return {};
  return { remarks: { ...(isProxiable ? { proxied: group.some(({ proxied }) => proxied) } : {}), ...(comments.length === 0 ? {} : { comments }) } };
}
