import { randomUUID } from 'node:crypto';
import type { CloudEvent } from '@vmdns/contracts';

/** A CloudEvent 1.0 envelope with a fresh id; `time` is given by who has a clock. */
export function cloudEvent<T>(type: string, source: string, data: T, extra: { readonly id?: string; readonly subject?: string; readonly time?: string } = {}): CloudEvent<T> {
  return { specversion: '1.0', id: extra.id ?? randomUUID(), source, type, ...withoutId(extra), datacontenttype: 'application/json', data };
}

function withoutId(extra: { readonly subject?: string; readonly time?: string }) {
  return {
    ...(extra.subject === undefined ? {} : { subject: extra.subject }),
    ...(extra.time === undefined ? {} : { time: extra.time }),
  };
}
