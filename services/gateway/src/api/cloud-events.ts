import type { IncomingHttpHeaders } from 'node:http';
import { CloudEvent, type Fault } from '@vmdns/contracts';
import { mediaTypeOf, parseJson } from '../http/body.js';
import { faultsOf } from '../http/faults.js';
import { badInput, ProblemError, refused } from '../http/problems.js';
import { BATCH, STRUCTURED } from './event.calls.js';

export const BATCH_MAX = 1000;

/** An event as it was read from a request, or what is wrong with its envelope. */
export type ReadEvent =
  | { readonly ok: true; readonly event: CloudEvent }
  | { readonly ok: false; readonly faults: readonly Fault[]; readonly id?: string; readonly source?: string };

export type Delivery = { readonly kind: 'one'; readonly event: ReadEvent } | { readonly kind: 'batch'; readonly events: readonly ReadEvent[] };

/** Reads a request by the HTTP binding of CloudEvents 1.0: structured, batched, or binary with ce-* headers. */
export function readDelivery(headers: IncomingHttpHeaders, body: unknown): Delivery {
  const type = mediaTypeOf(headers['content-type']);
  if (type === BATCH) return { kind: 'batch', events: batchOf(body).map(readEvent) };
  if (type === STRUCTURED) return { kind: 'one', event: readEvent(body) };
  if (headers['ce-specversion'] === undefined) throw refused(415, `send ${STRUCTURED} or ${BATCH}, or application/json with the ce-* headers of a binary event`);
  return { kind: 'one', event: readEvent({ ...attributesOf(headers), data: body }) };
}

function batchOf(body: unknown): readonly unknown[] {
  if (!Array.isArray(body)) throw badInput([{ path: '(body)', message: 'a batch is a list of events' }]);
  if (body.length > BATCH_MAX) throw refused(413, `a batch may have at most ${BATCH_MAX} events; this one has ${body.length}`);
  return body;
}

function readEvent(value: unknown): ReadEvent {
  const { event, faults } = decoded(value);
  const parsed = CloudEvent.safeParse(event);
  if (parsed.success && faults.length === 0) return { ok: true, event: parsed.data };
  const said = (typeof value === 'object' && value !== null ? value : {}) as { readonly id?: unknown; readonly source?: unknown };
  return {
    ok: false, faults: [...(parsed.success ? [] : faultsOf(parsed.error.issues)), ...faults],
    ...(typeof said.id === 'string' ? { id: said.id.slice(0, 256) } : {}),
    ...(typeof said.source === 'string' ? { source: said.source.slice(0, 256) } : {}),
  };
}

/** `data_base64` holds JSON as well, for senders that know no other way (JSON format, 3.1.1); it is read as carefully as a body. */
function decoded(value: unknown): { readonly event: unknown; readonly faults: readonly Fault[] } {
  if (typeof value !== 'object' || value === null || !('data_base64' in value) || 'data' in value) return { event: value, faults: [] };
  const { data_base64: text, ...rest } = value;
  const fault = (message: string) => ({ event: { ...rest, data: null }, faults: [{ path: 'data_base64', message }] });
  if (typeof text !== 'string') return fault('must be a string');
  try {
    return { event: { ...rest, data: parseJson(Buffer.from(text, 'base64')) }, faults: [] };
  } catch (error) {
    if (error instanceof ProblemError) return fault(error.message.replace(/^the body/, 'what it holds'));
    throw error;
  }
}

/** `ce-id: 7` is the attribute `id`; values are percent-encoded (HTTP binding, 3.1.3.2). */
function attributesOf(headers: IncomingHttpHeaders): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (!name.startsWith('ce-') || typeof value !== 'string') continue;
    attributes[name.slice(3)] = percentDecoded(value);
  }
  return attributes;
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
