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

/**
 * Asks the HTTP door; throws ApiError. The session is a cookie that no script sees; the header says that the call comes
 * from this page, which no other site can say.
 */
export async function ask<T>(path: string, { method = 'GET', query, body, signal }: Ask = {}): Promise<T> {
  const headers: Record<string, string> = { Accept: 'application/json', 'X-Vmdns-Console': '1' };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  const response = await fetch(url(path, query), { method, headers, credentials: 'same-origin', ...(body === undefined ? {} : { body: JSON.stringify(body) }), ...(signal === undefined ? {} : { signal }) })
    .catch((error: unknown) => { throw signal?.aborted === true ? error : new ApiError(0, undefined, 'vmdns does not answer: is its gateway running, and the network there?'); });
  const text = await response.text();
  if (response.ok) return (text === '' ? undefined : JSON.parse(text)) as T;
  const problem = problemIn(text);
  throw new ApiError(response.status, problem, problem?.detail ?? problem?.title ?? `the answer was HTTP ${String(response.status)}`);
}

function problemIn(text: string): Problem | undefined {
  try {
    const value = JSON.parse(text) as Partial<Problem>;
    return typeof value.title === 'string' && typeof value.status === 'number' ? value as Problem : undefined;
  } catch {
    return undefined;
  }
}
