import { ProviderError, type RrsetChange } from '@vmdns/provider-kit';
import { providerTextOf, type HttpAnswer, type Redact } from '@vmdns/provider-kit/http';
import { WireError } from './powerdns.wire.js';

const THROTTLE_PAUSE_MS = 30_000;

/**
 * What an answer that is no success means. Only 422 has a JSON body; 400, 401, 404, 405, 409 and 500 are plain text.
 *
 * | status        | meaning                                                             | kind         |
 * | 401, 403      | no key or a wrong one (the same answer)                             | credentials  |
 * | 404, or 422 "Could not find domain" (older servers) | wrong server id, or no such zone | missing-zone |
 * | 400, 413, 422 | bad record, or the body is over webserver-max-bodysize: split       | refused      |
 * | 429           | a proxy in between                                                  | throttled    |
 * | 500           | backend trouble, e.g. "database is locked": rolled back, retry      | retry        |
 * | 502–504       | a proxy in between: nobody knows what the server did                | retry, in doubt |
 */
export function failureOf(answer: HttpAnswer, attempt: string, redact: Redact, changes: readonly RrsetChange[] = [], now = Date.now()): ProviderError {
  const words = wordsOf(answer.text);
  const providerText = providerTextOf(words === '' ? `HTTP ${answer.status}` : words, redact);
  const fail = (kind: ProviderError['kind'], detail: ProviderError['detail'] = {}): ProviderError => new ProviderError(kind, `${attempt}: the server answered ${answer.status}`, { providerText, ...detail });
  switch (answer.status) {
    case 401:
    case 403:
      return fail('credentials');
    case 404:
      return fail('missing-zone');
    case 429: {
      const seconds = Number(answer.headers['retry-after']);
      return fail('throttled', { until: now + (Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : THROTTLE_PAUSE_MS) });
    }
    case 400:
    case 413:
      return fail('refused');
    case 422: {
      if (/could not find domain/i.test(words)) return fail('missing-zone');
      const culprit = culpritOf(words, changes);
      return fail('refused', culprit === undefined ? {} : { culprit });
    }
    case 502:
    case 503:
    case 504:
      return fail('retry', { inDoubt: changes.length > 0 });
    default:
      return answer.status >= 500 ? fail('retry') : fail('refused');
  }
}

function wordsOf(text: string): string {
  try {
    const parsed = WireError.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data.error : text;
  } catch {
    return text;
  }
}

/** The changed owner name that the server's words name, with or without its dot, between blanks, quotes or slashes. */
function culpritOf(words: string, changes: readonly RrsetChange[]): string | undefined {
  const said = new Set(words.toLowerCase().split(/[\s'"`,/:;()]+/).map((word) => (word.endsWith('.') ? word : `${word}.`)));
  const names = changes.map((change) => (change.kind === 'put' ? change.rrset.name : change.name));
  return names.find((name) => said.has(name));
}
