import { canonicalRrset, canonicalValues, type Rrset } from '@vmdns/domain';
import { disabledType, type ReadRrset, type RrsetChange } from '@vmdns/provider-kit';
import { z } from 'zod';

/** 4.9+ adds `modified_at` and the like to records: ignored, and never sent back. */
const WireRecord = z.object({ content: z.string(), disabled: z.boolean().default(false) });
export const WireRrset = z.object({ name: z.string(), type: z.string(), ttl: z.int().default(0), records: z.array(WireRecord), comments: z.array(z.object({ content: z.string() })).default([]) });
export type WireRrset = z.infer<typeof WireRrset>;

/** A zone without its RRsets, as every answer about a zone begins. */
export const WireZone = z.object({
  id: z.string(), name: z.string(), kind: z.string(), serial: z.int(),
  dnssec: z.boolean().optional(), presigned: z.boolean().optional(), soa_edit_api: z.string().optional(), api_rectify: z.boolean().optional(),
});
export type WireZone = z.infer<typeof WireZone>;
export const WireZoneWithRrsets = WireZone.extend({ rrsets: z.array(WireRrset) });
export const WireZoneList = z.array(WireZone);
/** From 5.0 on, `include_disabled` shows in an answer for one name what is switched off there. */
export const showsDisabledByName = (version: string): boolean => Number(/^(\d+)\./.exec(version)?.[1] ?? 0) >= 5;

export const WireServer = z.object({ daemon_type: z.string(), version: z.string() });
export const WireConfig = z.array(z.object({ name: z.string(), value: z.string() }));
export const WireError = z.object({ error: z.string() });

/** `soa_edit_api` values with which the serial moves by exactly one with each PATCH [T 4.7.3, 4.9.17]. */
const STEPPING = new Set(['DEFAULT', 'INCREASE']);

/** The zone's serial as change token; null where the API does not move it by one. */
export const tokenOf = (zone: WireZone): string | null => (STEPPING.has((zone.soa_edit_api ?? '').toUpperCase()) ? String(zone.serial) : null);

const SERIAL_MODULUS = 2 ** 32;

/** + 1 (RFC 1982 arithmetic), or DEFAULT's jump to the first serial of a day, YYYYMMDD01. */
export function isNextSerial(before: string, after: string, now: Date): boolean {
  if (Number(after) === (Number(before) + 1) % SERIAL_MODULUS) return true;
  const days = [-1, 0, 1].map((days) => new Date(now.getTime() + days * 86_400_000).toISOString().slice(0, 10).replaceAll('-', ''));
  return Number(after) > Number(before) && days.some((day) => after === `${day}01`);
}

/** Most names of a zone are plain, and a zone can have 300,000: these need no parser to be canonical. */
const PLAIN_NAME = /^[a-z0-9_*\/-]+(?:\.[a-z0-9_*\/-]+)*\.$/;

/**
 * What the server holds, in our words: what is served, and what is switched off as an RRset of a type of its own. An
 * RRset without records yields nothing (up to 4.8 the filtered answer leaks other names' comments that way).
 */
export function toDomain(wire: WireRrset): readonly ReadRrset[] {
  const isPlain = PLAIN_NAME.test(wire.name);
  const remarks = wire.comments.length === 0 ? {} : { remarks: { comments: wire.comments.map((comment) => comment.content) } };
  const rrset = (type: string, isDisabled: boolean): readonly ReadRrset[] => {
    const values = wire.records.filter((record) => record.disabled === isDisabled).map((record) => record.content);
    if (values.length === 0) return [];
    const { name, ttl } = wire;
    return [{ ...(isPlain || isDisabled ? { name, type, ttl, values: canonicalValues(type, values) } : canonicalRrset({ name, type, ttl, values })), ...remarks }];
  };
  return [...rrset(wire.type, false), ...rrset(disabledType(wire.type), true)];
}

interface WireChange {
  readonly name: string;
  readonly type: string;
  readonly changetype: 'REPLACE' | 'DELETE';
  readonly ttl?: number;
  readonly records?: readonly { readonly content: string; readonly disabled: boolean }[];
}

/**
 * One entry of a PATCH. REPLACE without `comments` keeps them. REPLACE and DELETE take the whole RRset, so records
 * that are switched off are written back as they were; a name that was not read has none (else the engine had read it).
 */
export function toWire(change: RrsetChange, held: readonly Rrset[]): WireChange {
  const { name, type } = change.kind === 'put' ? change.rrset : change;
  const switchedOff = held.find((rrset) => rrset.type === disabledType(type));
  const isPut = (content: string): boolean => change.kind === 'put' && change.rrset.values.includes(content);
  // A value may be there once: put, it is switched on.
  const kept = (switchedOff?.values ?? []).filter((content) => !isPut(content)).map((content) => ({ content, disabled: true }));
  if (change.kind === 'put') return { name, type, changetype: 'REPLACE', ttl: change.rrset.ttl, records: [...change.rrset.values.map((content) => ({ content, disabled: false })), ...kept] };
  return switchedOff === undefined ? { name, type, changetype: 'DELETE' } : { name, type, changetype: 'REPLACE', ttl: switchedOff.ttl, records: kept };
}

/** Bytes of a change in a PATCH's body, a little more rather than less. */
export function sizeOf(change: RrsetChange): number {
  if (change.kind === 'remove') return change.name.length + 60;
  return change.rrset.name.length + 90 + change.rrset.values.reduce((sum, value) => sum + value.length + 40, 0);
}
