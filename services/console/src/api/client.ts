import type { Problem } from '@vmdns/contracts';

/** A call that the door refused, or that did not reach it (`status` 0). */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  constructor(readonly status: number, readonly problem: Problem | undefined, message: string) { super(message); }

  /** The fault of one field, by its path such as `settings.url`. */
  faultAt(path: string): string | undefined {
    return this.problem?.faults?.find((fault) => fault.path === path)?.message;
  }
}

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** A path of the API with its query; empty values are left out. */
export function url(path: string, query: Query = {}): string {
  const pairs = Object.entries(query).filter(([, value]) => value !== undefined && value !== '').map(([key, value]) => [key, String(value)] as [string, string]);
  return pairs.length === 0 ? path : `${path}?${new URLSearchParams(pairs).toString()}`;
}

export interface Ask { readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'; readonly query?: Query; readonly body?: unknown; readonly signal?: AbortSignal }

/** Asks the HTTP door; throws ApiError. */
export async function ask<T>(path: string, asked: Ask = {}): Promise<T> {
  const text = await (await send(path, asked)).text();
  return (text === '' ? undefined : JSON.parse(text)) as T;
}

/** An event of a stream: its name, and what it says. */
export interface Told { readonly event: string; readonly body: unknown }

/** The same where the answer is told live, event by event. */
export async function* askLive(path: string, asked: Ask): AsyncGenerator<Told> {
  const { body } = await send(path, { ...asked, accept: 'text/event-stream' });
  if (body === null) return;
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (;;) {
    const { done, value } = await reader.read().catch((error: unknown) => { throw asked.signal?.aborted === true ? error : new ApiError(0, undefined, 'the answer broke off before its end'); });
    if (done) return;
    const parts = (text + value).split('\n\n');
    text = parts.pop() ?? '';
    for (const part of parts) {
      const event = /^event: (.*)$/m.exec(part)?.[1], said = /^data: (.*)$/m.exec(part)?.[1];
      if (event !== undefined && said !== undefined) yield { event, body: JSON.parse(said) as unknown };
    }
  }
}

/** The session is a cookie that no script sees; the header says that the call comes from this page, which no other site can say. */
async function send(path: string, { method = 'GET', query, body, signal, accept = 'application/json' }: Ask & { readonly accept?: string }): Promise<Response> {
  const headers: Record<string, string> = { Accept: accept, 'X-Vmdns-Console': '1' };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  const response = await fetch(url(path, query), { method, headers, credentials: 'same-origin', ...(body === undefined ? {} : { body: JSON.stringify(body) }), ...(signal === undefined ? {} : { signal }) })
    .catch((error: unknown) => { throw signal?.aborted === true ? error : new ApiError(0, undefined, 'vmdns does not answer: is its gateway running, and the network there?'); });
  if (response.ok) return response;
  const problem = problemIn(await response.text());
  throw new ApiError(response.status, problem, problem?.detail ?? problem?.title ?? `the answer was HTTP ${String(response.status)}`);
}

function problemIn(text: string): Problem | undefined {
  try {
    return problemOf(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** A problem, if it is one. */
export function problemOf(value: unknown): Problem | undefined {
  const { title, status } = (value ?? {}) as Partial<Problem>;
  return typeof title === 'string' && typeof status === 'number' ? value as Problem : undefined;
}
