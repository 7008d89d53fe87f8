import { randomUUID } from 'node:crypto';
import { type DeadLetterEvent, type LogEntry, type NameResult, type NoticeEvent, type Result, VmId } from '@vmdns/contracts';
import { deadLetterSentence, noticeSentence, resultSentence } from './entry-text.js';

/** What makes an outcome one and the same, however often it is delivered. */
export interface EntryKey {
  readonly name: string;
  readonly target: string;
  readonly timeline: number;
  readonly generation: number;
  readonly turn: number;
}

/** An entry on its way into the table. */
export interface NewEntry {
  readonly key: EntryKey;
  readonly entry: LogEntry;
}

/** What no column of the table holds. */
type EntryBody = Pick<LogEntry, 'text' | 'providerText' | 'rrsets' | 'traceId'>;

/** The stored body of an entry, as JSON. */
export function bodyOf({ text, providerText, rrsets, traceId }: LogEntry): string {
  return JSON.stringify({ text, providerText, rrsets, traceId } satisfies { [K in keyof EntryBody]: unknown });
}

/** An entry as it is read. */
export interface EntryRow extends Omit<EntryKey, 'target'> {
  readonly id: string;
  readonly at: Date;
  readonly kind: LogEntry['kind'];
  readonly status: string;
  readonly zone: string | null;
  readonly zone_id: string | null;
  readonly provider: string | null;
  readonly vms: string[];
  readonly body: EntryBody;
}
export const ENTRY_COLUMNS = 'id, at, kind, status, name, timeline, generation, turn, zone, zone_id, provider, vms, body';

/** The entry that was stored; rows of earlier versions hold all of it in their body. */
export function entryOfRow(row: EntryRow): LogEntry {
  const { id, kind, status, vms, name, timeline, generation, turn } = row;
  return {
    id, at: row.at.toISOString(), kind, status, vms,
    ...(row.zone === null ? {} : { zone: row.zone }), ...(row.zone_id === null ? {} : { zoneId: row.zone_id }), ...(row.provider === null ? {} : { provider: row.provider }),
    ...(name === '' ? {} : { name }), ...(kind === 'result' ? { timeline, generation, turn } : {}),
    ...row.body,
  };
}

/**
 * One entry per name of a result. A `behind` answers a command and is no outcome: it gets a key of its own, so that it
 * can never stand in the way of the outcome that has the same turn.
 */
export function entriesOfResult(result: Result, traceId: string | undefined): readonly NewEntry[] {
  return result.names.map((of) => ({
    key: {
      name: of.name,
      target: of.state === 'behind' ? `behind:${result.target}` : result.target,
      timeline: of.timeline,
      generation: of.generation,
      turn: of.turn,
    },
    entry: resultEntry(result, of, traceId),
  }));
}

function resultEntry(result: Result, of: NameResult, traceId: string | undefined): LogEntry {
  return {
    id: randomUUID(), at: of.at, kind: 'result',
    zone: result.apex, zoneId: result.zoneId, provider: result.provider, name: of.name, vms: of.vms,
    status: of.state, text: storable(resultSentence(result, of)),
    generation: of.generation, timeline: of.timeline, turn: of.turn, rrsets: of.rrsets,
    ...(of.providerText === undefined ? {} : { providerText: storable(of.providerText) }),
    ...(traceId === undefined ? {} : { traceId }),
  };
}

export function entryOfDeadLetter(event: DeadLetterEvent, traceId: string | undefined): NewEntry {
  const { data } = event;
  const entry: LogEntry = {
    id: randomUUID(), at: data.at, kind: 'dead-letter', vms: vmsOfPayload(data.payload), status: 'dead',
    text: storable(deadLetterSentence(data)), ...(traceId === undefined ? {} : { traceId }),
  };
  return { key: keyOfEvent('dead-letter', event.id), entry };
}

export function entryOfNotice(event: NoticeEvent, traceId: string | undefined): NewEntry {
  const { data } = event;
  const { zone, zoneId, provider, name } = data;
  const entry: LogEntry = {
    id: randomUUID(), at: data.at, kind: 'notice', vms: data.vms ?? (data.vmId === undefined ? [] : [data.vmId]), status: zone === undefined && data.code !== 'lost' ? 'ignored' : 'noticed',
    ...(zone === undefined ? {} : { zone }), ...(zoneId === undefined ? {} : { zoneId }), ...(provider === undefined ? {} : { provider }), ...(name === undefined ? {} : { name }),
    text: storable(noticeSentence(data)), ...(traceId === undefined ? {} : { traceId }),
  };
  return { key: keyOfEvent('notice', event.id, name), entry };
}

function keyOfEvent(kind: string, eventId: string, name = ''): EntryKey {
  return { name, target: storable(`${kind}:${eventId}`), timeline: 0, generation: 0, turn: 0 };
}

/** The VM that a broken message speaks of, where that can still be read: so `log --vm` shows it. */
function vmsOfPayload(payload: string): string[] {
  try {
    const message: unknown = JSON.parse(payload);
    const vmId = VmId.safeParse(fieldOf(fieldOf(message, 'data'), 'vmId'));
    return vmId.success ? [vmId.data] : [];
  } catch {
    return [];
  }
}

function fieldOf(value: unknown, field: string): unknown {
  return typeof value === 'object' && value !== null && field in value ? (value as Record<string, unknown>)[field] : undefined;
}

/** Postgres' text and jsonb hold neither NUL nor half a surrogate pair; a dead letter may hold both. */
export function storable(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8').replaceAll('\u0000', '\uFFFD');
}
