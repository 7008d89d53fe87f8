import { canonicalRrset, type Rrset } from '@vmdns/domain';
import type { RrsetChange } from '@vmdns/provider-kit';
import { z } from 'zod';

/** The API's JSON (https://doc.powerdns.com/authoritative/http-api/zone.html); fields that we do not use are ignored. */
export const WireRecord = z.object({ content: z.string(), disabled: z.boolean().default(false) });
export const WireRrset = z.object({ name: z.string(), type: z.string(), ttl: z.number().default(0), records: z.array(WireRecord).default([]) });
export type WireRrset = z.infer<typeof WireRrset>;

export const WireZone = z.object({
  id: z.string(),
  name: z.string(),
  kind: z.string(),
  serial: z.number(),
  soa_edit_api: z.string().default(''),
  api_rectify: z.boolean().optional(),
  presigned: z.boolean().default(false),
  dnssec: z.boolean().default(false),
});
export type WireZone = z.infer<typeof WireZone>;
export const WireZoneWithRrsets = WireZone.extend({ rrsets: z.array(WireRrset).default([]) });
export const WireZoneList = z.array(WireZone.pick({ id: true, name: true, kind: true }));
export const WireServer = z.object({ version: z.string(), daemon_type: z.string() });
export const WireConfig = z.array(z.object({ name: z.string(), value: z.string() }));
export const WireError = z.object({ error: z.string() });

/** The marker of a type whose records are switched off: never ours, never served, and kept when we write beside them. */
const DISABLED = ' (disabled)';
export const disabledType = (type: string): string => `${type}${DISABLED}`;

/**
 * What the server holds, in our words. Records that are switched off come as an RRset of their own, of a type that is
 * never ours. Answers that leak other names as RRsets without records (4.8 and older) yield nothing for those.
 */
export function toDomain(wire: WireRrset): readonly Rrset[] {
  const served = wire.records.filter((record) => !record.disabled);
  const disabled = wire.records.filter((record) => record.disabled);
  const rrset = (type: string, records: readonly { readonly content: string }[]): readonly Rrset[] =>
    records.length === 0 ? [] : [canonicalRrset({ name: wire.name, type, ttl: wire.ttl, values: records.map((record) => record.content) })];
  return [
    ...rrset(wire.type, served),
    ...rrset(wire.type, disabled).map((one) => ({ ...one, type: disabledType(one.type) })),
  ];
}

interface PatchEntry {
  readonly name: string;
  readonly type: string;
  readonly changetype: 'REPLACE' | 'DELETE';
  readonly ttl?: number;
  readonly records?: readonly { readonly content: string; readonly disabled: boolean }[];
}

/**
 * One entry of a PATCH. Without `comments` the server keeps those of the RRset; records that somebody switched off at
 * this name and type are written back as they are, for REPLACE takes the whole RRset and DELETE would take them along.
 */
export function toWire(change: RrsetChange, held: readonly Rrset[]): PatchEntry {
  const { name, type } = change.kind === 'put' ? change.rrset : change;
  const switchedOff = held.find((rrset) => rrset.type === disabledType(type));
  const kept = (switchedOff?.values ?? []).map((content) => ({ content, disabled: true }));
  if (change.kind === 'put') {
    return { name, type, changetype: 'REPLACE', ttl: change.rrset.ttl, records: [...change.rrset.values.map((content) => ({ content, disabled: false })), ...kept] };
  }
  return switchedOff === undefined ? { name, type, changetype: 'DELETE' } : { name, type, changetype: 'REPLACE', ttl: switchedOff.ttl, records: kept };
}

/** Bytes of one entry in the body, a little more than it takes. */
export function sizeOf(change: RrsetChange): number {
  if (change.kind === 'remove') return 64 + change.name.length;
  const { name, values } = change.rrset;
  return 80 + name.length + values.reduce((sum, value) => sum + value.length + 36, 0);
}

/** Serials that the API moves by exactly one with each PATCH; others say nothing about what changed. */
const COUNTING = ['DEFAULT', 'INCREASE'];
export const hasCountingSerial = (zone: WireZone): boolean => COUNTING.includes(zone.soa_edit_api.toUpperCase());

/** The change token of a zone: its serial, where that can be relied on. */
export const tokenOf = (zone: WireZone): string | null => (hasCountingSerial(zone) ? String(zone.serial) : null);

/** Kinds whose content comes from elsewhere; a presigned zone cannot be changed without its signer. */
export function unwritableBecause(zone: WireZone): string | null {
  if (['slave', 'secondary', 'consumer'].includes(zone.kind.toLowerCase())) return `the zone is of kind ${zone.kind}: its content comes from another server`;
  if (zone.presigned) return 'the zone is presigned: a change would break its signatures';
  return null;
}
