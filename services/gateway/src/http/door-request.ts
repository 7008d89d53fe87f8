import type { IncomingMessage } from 'node:http';
import type { Caller } from '@vmdns/contracts';
import type { Call } from './call.js';

/** A request as the door leaves it for the handlers. */
export interface DoorRequest extends IncomingMessage {
  /** Set by the router. */
  params: Record<string, string>;
  /** Set by the door, once it is known who calls, which call it is, and what was sent. */
  caller?: Caller;
  shape?: Call;
  /** The cookie's value, where the caller signed in by a session. */
  session?: string;
  /** Whether who calls would still be let in; asked by answers that take long. Throws where that cannot be known now. */
  isStillIn?: () => Promise<boolean>;
  traceparent?: string;
  /** Each value a string, or a list of strings where it was repeated. */
  queryRaw?: Readonly<Record<string, string | readonly string[]>>;
  body?: unknown;
}

/** The caller of a request that passed the door. */
export function callerOf(request: DoorRequest): Caller {
  if (request.caller === undefined) throw new Error('a handler was reached without passing the door');
  return request.caller;
}

/** The query as sent; a repeated parameter stays a list, so that the schema refuses it by name. */
export function queryOf(url: string): Record<string, string | string[]> {
  const query: Record<string, string | string[]> = Object.create(null) as Record<string, string | string[]>;
  const at = url.indexOf('?');
  if (at < 0) return query;
  for (const [name, value] of new URLSearchParams(url.slice(at + 1))) {
    const known = query[name];
    query[name] = known === undefined ? value : Array.isArray(known) ? [...known, value] : [known, value];
  }
  return query;
}

/** The path without query and without a slash at its end. */
export function pathOf(url: string): string {
  const [path = '/'] = url.split('?', 1);
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}
