import { ProviderError, providerTextOf, type HttpAnswer, type ProviderErrorDetail, type ProviderErrorKind, type Redact } from '@vmdns/provider-kit';
import { WireError } from './powerdns.wire.js';

/** What a request was about, for the statuses that mean different things. */
export type Subject = 'server' | 'zone' | 'change';

interface Class { readonly kind: ProviderErrorKind; readonly detail?: ProviderErrorDetail; readonly words: string }

const THROTTLED_MS = 10_000;

/**
 * The status table of PowerDNS 4.7.3 to 5.1 (PROVIDERS §3) and of the proxies that stand before it for TLS.
 *
 * | status        | is                                                             |
 * |---------------|----------------------------------------------------------------|
 * | 400, 413, 422 | `refused`; 422 of an unknown zone (older servers) `missing-zone` |
 * | 401, 403      | `credentials` (a wrong key and a missing one look alike)       |
 * | 404, 405      | `missing-zone`: zone or server id                              |
 * | 409           | `conflict`                                                     |
 * | 429           | `throttled`                                                    |
 * | 500           | `retry`, the transaction was rolled back: a locked database    |
 * | 503           | `retry`                                                        |
 * | 502, 504, 2xx | `retry`, a change is in doubt: a proxy lost the answer         |
 */
function classOf(status: number, text: string, headers: HttpAnswer['headers'], subject: Subject): Class {
  const isChange = subject === 'change';
  switch (status) {
    case 400: return { kind: 'refused', words: 'the server does not understand the request, or its body is larger than webserver-max-bodysize' };
    case 413: return { kind: 'refused', words: 'the request is too large for the server' };
    case 422: return /could not find domain/i.test(text)
      ? { kind: 'missing-zone', words: 'the server does not have this zone' }
      : { kind: 'refused', words: 'the server refuses it', detail: culpritOf(text) };
    case 401: return { kind: 'credentials', words: 'the API key was not accepted' };
    case 403: return { kind: 'credentials', words: 'access is forbidden (API key, or webserver-allow-from)' };
    case 404: return subject === 'server'
      ? { kind: 'missing-zone', words: 'there is no such server id, or no PowerDNS API at this URL', detail: { hint: "Check the connection's URL and server id (usually localhost)." } }
      : { kind: 'missing-zone', words: 'the server does not have this zone' };
    case 405: return { kind: 'missing-zone', words: 'there is no PowerDNS API at this URL', detail: { hint: "Check the connection's URL." } };
    case 409: return { kind: 'conflict', words: 'the zone was changed at the same time' };
    case 429: return { kind: 'throttled', words: 'too many requests', detail: { until: Date.now() + retryAfterMs(headers['retry-after']) } };
    case 500: return { kind: 'retry', words: 'the server failed (its database may be locked)', detail: { answered: true } };
    case 503: return { kind: 'retry', words: 'the server is not available', detail: { answered: true } };
    default: return { kind: 'retry', words: `the answer was HTTP ${status}, which is not an answer of PowerDNS`, detail: { inDoubt: isChange } };
  }
}

/** An answer that was no success, as ProviderError; the server's own words go along, without secrets. */
export function failureOf(attempt: string, answer: HttpAnswer, subject: Subject, redact: Redact): ProviderError {
  const text = errorTextOf(answer.text);
  const { kind, words, detail } = classOf(answer.status, text, answer.headers, subject);
  const providerText = providerTextOf(text, redact);
  return new ProviderError(kind, `${attempt}: ${words}`, { ...detail, ...(providerText === '' ? {} : { providerText }) });
}

/** An answer of the right status that nobody can read. */
export function nonsenseOf(attempt: string, cause: unknown, redact: Redact): ProviderError {
  // A parser's message quotes what it read.
  const words = new Error(redact(cause instanceof Error ? cause.message.slice(0, 300) : 'not readable'));
  return new ProviderError('retry', `${attempt}: the answer makes no sense; is this a PowerDNS API?`, { cause: words });
}

/** Only 422 has a JSON body; all others are plain text, or a proxy's HTML. */
function errorTextOf(text: string): string {
  try {
    return WireError.parse(JSON.parse(text)).error;
  } catch {
    return text;
  }
}

/** The texts that blame one RRset, each seen on 4.7.3 and 4.9.17. */
const BLAMING = [/\bRRset (\S+) IN /, /\bRecord (\S+?)\/[A-Z0-9]+ /, /\bDNS Name '([^']+)'/, /\bDuplicate RRset (\S+) IN /, /\bfor (\S+)\/[A-Z0-9]+:/];

function culpritOf(text: string): ProviderErrorDetail {
  for (const pattern of BLAMING) {
    const name = pattern.exec(text)?.[1];
    if (name !== undefined) return { culprit: name.toLowerCase() };
  }
  return {};
}

function retryAfterMs(header: string | undefined): number {
  const seconds = Number(header);
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1_000 : THROTTLED_MS;
}
