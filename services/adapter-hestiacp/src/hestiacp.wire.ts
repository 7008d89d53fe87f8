import { canonicalValues, parseName, relativeName, type Rrset } from '@vmdns/domain';
import { disabledType } from '@vmdns/provider-kit';
import { z } from 'zod';
import { objectPieces } from './object-pieces.js';

/** One line of a zone's record file, as the listing gives it: all strings. */
const WireRow = z.object({
  ID: z.string().regex(/^\d+$/), RECORD: z.string(), TYPE: z.string(), PRIORITY: z.string().default(''), VALUE: z.string(),
  SUSPENDED: z.string().default('no'), TIME: z.string().default(''), DATE: z.string().default(''), TTL: z.string().default(''),
});
const WireHead = z.object({ SERIAL: z.string(), TTL: z.string().default(''), RECORDS: z.string().default('0'), SUSPENDED: z.string().default('no') });

/** One record as HestiaCP keeps it. */
export interface Row {
  readonly id: number;
  /** Relative to the zone, `@` for the apex; empty: the line's before. */
  readonly record: string;
  readonly type: string;
  readonly priority: string;
  readonly value: string;
  readonly suspended: boolean;
  readonly time: string;
  readonly date: string;
  /** Empty: the zone's. */
  readonly ttl: string;
}

/** What is known of the zone itself. */
export interface Head { readonly serial: string; readonly ttl: number; readonly records: number; readonly suspended: boolean }

/** The zone's own line; undefined where the listing has other zones only. */
export function headOf(text: string, zone: string): Head | undefined {
  const piece = objectPieces(text).find((one) => parseName(one.key).ok && canonicalName(one.key) === canonicalName(zone));
  if (piece === undefined) return undefined;
  const wire = WireHead.parse(JSON.parse(piece.text));
  return { serial: wire.SERIAL, ttl: Number(wire.TTL) || 0, records: Number(wire.RECORDS) || 0, suspended: wire.SUSPENDED === 'yes' };
}

/** All rows in the order of the file, those with equal ids too. */
export function rowsOf(text: string): readonly Row[] {
  return objectPieces(text).map((piece) => {
    const wire = WireRow.parse(JSON.parse(piece.text));
    return {
      id: Number(wire.ID), record: wire.RECORD, type: wire.TYPE.toUpperCase(), priority: wire.PRIORITY, value: wire.VALUE,
      suspended: wire.SUSPENDED === 'yes', time: wire.TIME, date: wire.DATE, ttl: wire.TTL,
    };
  });
}

const canonicalName = (text: string): string => {
  const parsed = parseName(text);
  return parsed.ok ? parsed.name : text;
};

/** A row with the name it is served under. */
export interface OwnedRow { readonly owner: string; readonly row: Row }

/** Rows with their owner names. What is suspended is not in the zone file, so nothing inherits its name. */
export function ownersOf(rows: readonly Row[], apex: string): readonly OwnedRow[] {
  let last = apex;
  return rows.map((row) => {
    const owner = row.record === '' ? last : absolute(row.record, apex);
    if (!row.suspended) last = owner;
    return { owner, row };
  });
}

/** A name as it stands in a zone file, where one without a dot at the end is below the apex. */
function absolute(name: string, apex: string): string {
  if (name === '@') return apex;
  return canonicalName(name.endsWith('.') ? name : `${name}.${apex}`);
}

const NAMES = new Set(['NS', 'CNAME', 'PTR', 'DNAME']);
const WITH_PRIORITY = new Set(['MX', 'SRV']);

/** A row's value in our words: one for the records that DNS holds for equal. */
export function valueOf(row: Row, apex: string): string {
  if (NAMES.has(row.type)) return absolute(row.value, apex);
  const text = WITH_PRIORITY.has(row.type) ? `${row.priority} ${row.value}` : row.value;
  return canonicalValues(row.type, [text])[0] ?? text;
}

/** A TTL that no wish has: rows of one RRset that differ in theirs are never as wanted. */
const MIXED_TTL = 0;

/** What the zone holds as RRsets; suspended rows are RRsets of a type of their own. */
export function toDomain(rows: readonly Row[], apex: string, zoneTtl: number): readonly Rrset[] {
  const grouped = new Map<string, { readonly name: string; readonly type: string; readonly ttls: Set<number>; readonly values: string[] }>();
  for (const { owner, row } of ownersOf(rows, apex)) {
    const type = row.suspended ? disabledType(row.type) : row.type;
    const key = `${owner} ${type}`;
    const group = grouped.get(key) ?? { name: owner, type, ttls: new Set(), values: [] };
    group.ttls.add(row.ttl === '' ? zoneTtl : Number(row.ttl));
    group.values.push(valueOf(row, apex));
    grouped.set(key, group);
  }
  return [...grouped.values()].map(({ name, type, ttls, values }) => {
    const [ttl = zoneTtl] = ttls;
    return { name, type, ttl: ttls.size > 1 ? MIXED_TTL : ttl, values: [...new Set(values)].sort() };
  });
}

/** What a name may consist of here: the panel hands it through shells. */
const PLAIN = /^[a-z0-9_*-]+(\.[a-z0-9_*-]+)*$/;

/** The owner name as HestiaCP takes it, `@` at the apex; undefined for one that it cannot hold. */
export function recordOf(name: string, apex: string): string | undefined {
  const relative = relativeName(name, apex);
  if (relative === '') return '@';
  return PLAIN.test(relative) ? relative : undefined;
}

/** Why HestiaCP would not take this value, or would take it and serve something else; undefined where it is fine. */
export function valueFault(type: string, value: string): string | undefined {
  if (type === 'A' || type === 'AAAA') return undefined;
  const target = value.slice(0, -1);
  if (!value.endsWith('.') || !PLAIN.test(target)) return `${value} has characters that HestiaCP does not take`;
  return target.includes('.') ? undefined : `HestiaCP takes ${type} targets with at least two labels, not ${value}`;
}

/** The zone as HestiaCP names it. */
export const zoneNameOf = (apex: string): string => apex.slice(0, -1);
