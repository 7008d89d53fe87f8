import type { Problem } from '@vmdns/contracts';
import type { Access } from '../config.js';
import { CommandError, EXIT } from '../exit.js';

/** vmdns refused or failed; `problem` is its own answer. */
export class ProblemAnswer extends CommandError {
  constructor(readonly problem: Problem) {
    super(
      problem.status === 503 ? EXIT.unreachable : EXIT.failed,
      `${problem.title} (${problem.status})`,
      [...(problem.detail === undefined || (problem.faults?.length ?? 0) > 0 ? [] : [problem.detail]), ...(problem.faults ?? []).map((fault) => `${fault.path}: ${fault.message}`)],
    );
  }
}

export interface Ask {
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  /** Instead of `body`. */
  readonly text?: string | ReadableStream<Uint8Array>;
  readonly contentType?: string;
  /** Default 20 s. */
  readonly timeoutMs?: number;
}
type Method = 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';

/** Calls the HTTP door (ARCHITECTURE §5). */
export class Api {
  /** `ended`: whoever started the command has had enough. */
  constructor(private readonly access: Access, private readonly ended: AbortSignal) {}

  get url(): string {
    return this.access.url;
  }

  get<T>(path: string, query: Ask['query'] = {}, timeoutMs?: number): Promise<T> {
    return this.#json<T>('GET', path, { query, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
  }
  put<T>(path: string, body: unknown): Promise<T> { return this.#json<T>('PUT', path, { body }); }
  post<T>(path: string, body?: unknown, timeoutMs?: number): Promise<T> {
    return this.#json<T>('POST', path, { ...(body === undefined ? {} : { body }), ...(timeoutMs === undefined ? {} : { timeoutMs }) });
  }
  /** A body that is no JSON value of ours, as it is. */
  send<T>(path: string, text: string | ReadableStream<Uint8Array>, contentType: string, timeoutMs?: number): Promise<T> {
    return this.#json<T>('POST', path, { text, contentType, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
  }
  patch<T>(path: string, body: unknown): Promise<T> { return this.#json<T>('PATCH', path, { body }); }
  delete<T>(path: string, query: Ask['query'] = {}): Promise<T> { return this.#json<T>('DELETE', path, { query }); }

  /** Every page of a list, one after the other, at most `max` items (default: all there are). */
  async all<T>(path: string, query: Ask['query'] = {}, max = Number.POSITIVE_INFINITY): Promise<T[]> {
    const items: T[] = [];
    let cursor: string | undefined;
    do {
      const page = await this.get<{ readonly items: readonly T[]; readonly next?: string }>(path, { ...query, limit: Math.min(500, max - items.length), cursor });
      items.push(...page.items);
      cursor = page.next;
    } while (cursor !== undefined && items.length < max);
    return items;
  }

  /** A stream of server-sent events; ends when the server ends it or the person does. */
  async stream(path: string, query: Ask['query'], headers: Readonly<Record<string, string>>): Promise<AsyncIterable<Uint8Array>> {
    const response = await this.#send('GET', path, { query: query ?? {} }, { Accept: 'text/event-stream', ...headers }, this.ended);
    if (!response.ok || response.body === null) throw await problemOf(response);
    return response.body;
  }

  async #json<T>(method: Method, path: string, ask: Ask): Promise<T> {
    const response = await this.#send(method, path, ask, {}, AbortSignal.any([this.ended, AbortSignal.timeout(ask.timeoutMs ?? 20_000)]));
    if (!response.ok) throw await problemOf(response);
    if (response.status === 204) return undefined as T;
    const text = await response.text().catch((cause: unknown) => {
      throw this.ended.aborted ? cause : new CommandError(EXIT.unreachable, `the answer of ${this.access.url} broke off`, [whyOf(cause)], { cause });
    });
    try {
      return JSON.parse(text) as T;
    } catch {
      throw notFromVmdns(response.status);
    }
  }

  async #send(method: Method, path: string, { query = {}, body, text, contentType = 'application/json' }: Ask, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Response> {
    const url = new URL(this.access.url + path);
    for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, String(value));
    try {
      return await fetch(url, {
        method, signal, redirect: 'error',
        headers: { Authorization: `Bearer ${this.access.token}`, ...(body === undefined && text === undefined ? {} : { 'Content-Type': contentType }), ...headers },
        ...(text !== undefined ? { body: text, duplex: 'half' } : body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    } catch (cause) {
      if (this.ended.aborted) throw cause;
      throw new CommandError(EXIT.unreachable, `vmdns does not answer at ${this.access.url}`, [whyOf(cause), 'is it running? `npm start` starts a local one; VMDNS_URL says where another is'], { cause });
    }
  }
}

/** One part of a path, encoded. */
export const part = (text: string) => encodeURIComponent(text);

async function problemOf(response: Response): Promise<CommandError> {
  const text = await response.text();
  try {
    const problem = JSON.parse(text) as Problem;
    if (typeof problem.title === 'string' && typeof problem.status === 'number') return new ProblemAnswer(problem);
  } catch {
    // Not vmdns: a proxy's page, most likely. Its status says enough.
  }
  return notFromVmdns(response.status);
}

const notFromVmdns = (status: number) => new CommandError(status >= 502 ? EXIT.unreachable : EXIT.failed, `the answer was ${status} and not from vmdns`, ['is VMDNS_URL right?']);

/** The innermost reason, as people know it: `ECONNREFUSED`. Errors of fetch may come from another realm, so their shape counts. */
export function whyOf(cause: unknown): string {
  const error = (typeof cause === 'object' && cause !== null ? cause : {}) as { readonly name?: unknown; readonly code?: unknown; readonly message?: unknown; readonly cause?: unknown };
  if (error.name === 'TimeoutError') return 'no answer in time';
  if (typeof error.cause === 'object' && error.cause !== null) return whyOf(error.cause);
  return typeof error.code === 'string' ? error.code : String(error.message ?? cause);
}
