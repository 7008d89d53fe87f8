import type { JsMsg } from 'nats';
import type { EventSchema } from '../handlers.js';
import type { InMessage, RawMessage } from '../message.js';

const decoder = new TextDecoder();

/** A message and its fate: only this file and the batch consumer know the broker's own type. */
export interface Received {
  readonly broker: JsMsg;
  readonly raw: RawMessage;
}

export function receive(broker: JsMsg): Received {
  const { info } = broker;
  const headers: Record<string, string> = {};
  if (broker.headers !== undefined) for (const [name, values] of broker.headers) headers[name] = values[0] ?? '';
  const traceparent = headers['traceparent'];
  return {
    broker,
    raw: {
      subject: broker.subject, headers, streamSequence: info.streamSequence, deliveries: info.deliveryCount,
      storedAt: new Date(Math.floor(info.timestampNanos / 1e6)),
      ...(traceparent === undefined ? {} : { traceparent }),
      // Not kept: what waits would be held twice, beside the bytes.
      get text() { return decoder.decode(broker.data); },
    },
  };
}

/** The message as its handler wants it, or why it can never be. JSON is parsed once, here. */
export function parseMessage(raw: RawMessage, schema: EventSchema): { readonly ok: true; readonly message: InMessage<unknown> } | { readonly ok: false; readonly reason: string } {
  const { text, ...delivery } = raw;
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return { ok: false, reason: 'the message is not JSON' };
  }
  const parsed = schema.safeParse(body);
  if (!parsed.success) return { ok: false, reason: parsed.error.issues.map((issue) => `${pathText(issue.path)}: ${issue.message}`).join('; ') };
  return { ok: true, message: { ...delivery, event: parsed.data, data: parsed.data.data } };
}

/** `addresses[2].ip`; the root is `(message)`. */
export function pathText(path: readonly PropertyKey[]): string {
  const text = path.reduce<string>((before, part) => (typeof part === 'number' ? `${before}[${part}]` : `${before}${before === '' ? '' : '.'}${String(part)}`), '');
  return text === '' ? '(message)' : text;
}
