import { CloudEvent, type FactRequest, REPLY_HEADER } from '@vmdns/contracts';
import type { RawMessage } from '@vmdns/bus';

/** A message of the INGEST stream, as a fact request; or why it is none. */
export type IngestMessage = { readonly ok: true; readonly request: FactRequest } | { readonly ok: false; readonly reason: string };

const PREFIX = 'vmdns.ingest.vm';
const INBOX = /^_INBOX\.[A-Za-z0-9_.-]{1,200}$/;

/** Opens the envelope; the tenant is the subject's, whatever the event says. */
export function readIngest(message: Pick<RawMessage, 'text' | 'subject' | 'traceparent'>, bytesMax: number): IngestMessage {
  const tenant = tenantOf(message.subject);
  if (tenant === undefined) return { ok: false, reason: `${message.subject} is no subject for facts: publish to ${PREFIX} or ${PREFIX}.<tenant>` };
  const bytes = Buffer.byteLength(message.text);
  if (bytes > bytesMax) return { ok: false, reason: `the message is too large: ${bytes} bytes, at most ${bytesMax}` };
  const json = parseJson(message.text);
  if (!json.ok) return { ok: false, reason: 'the message is no JSON' };
  const event = CloudEvent.safeParse(json.value);
  if (!event.success) {
    const faults = event.error.issues.map((issue) => `${issue.path.join('.') || 'the message'}: ${issue.message}`);
    return { ok: false, reason: `the message is no CloudEvent 1.0: ${faults.join('; ')}` };
  }
  const { type, data, source, time } = event.data;
  return {
    ok: true,
    request: {
      type, data, source, via: 'event', ...(tenant === null ? {} : { publisher: `nats:${tenant}` }), caller: { name: source, role: 'publisher', tenant },
      ...(time === undefined ? {} : { time }),
      ...(message.traceparent === undefined ? {} : { traceparent: message.traceparent }),
    },
  };
}

/** Where the publisher wants its answer. Only an inbox: an event must not be able to make us publish anywhere else. */
export function replySubjectOf(headers: Readonly<Record<string, string>>): string | undefined {
  const name = Object.keys(headers).find((key) => key.toLowerCase() === REPLY_HEADER.toLowerCase());
  const subject = name === undefined ? undefined : headers[name];
  return subject !== undefined && INBOX.test(subject) ? subject : undefined;
}

/** null: the subject of platform teams, who speak for all tenants; undefined: no subject for facts. */
function tenantOf(subject: string): string | null | undefined {
  if (subject === PREFIX) return null;
  const tenant = subject.startsWith(`${PREFIX}.`) ? subject.slice(PREFIX.length + 1) : '';
  return /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/.test(tenant) ? tenant : undefined;
}

function parseJson(text: string): { readonly ok: true; readonly value: unknown } | { readonly ok: false } {
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch {
    return { ok: false };
  }
}
