import { ProviderError, providerTextOf, type HttpAnswer, type ProviderErrorDetail, type ProviderErrorKind, type Redact } from '@vmdns/provider-kit';

/** Whether a call read or wrote, for the answers that mean different things. */
export type Doing = 'reading' | 'writing';

interface Class { readonly kind: ProviderErrorKind; readonly words: string; readonly hint?: string }

const ALLOW = "Add vmdns' address to the API's allowed addresses on the server (Server settings, Security), and the DNS commands to the key.";
const SUSPENDED = 'Unsuspend the user or zone at HestiaCP.';
const API_ON = 'Switch the API on at the panel (Server settings, Security): for access keys of users API_SYSTEM=2, for a password API=yes.';

/** HestiaCP's exit codes (func/main.sh). 12 to 15, 19 and 20 may pass by themselves. */
const CODES: Readonly<Record<number, Class>> = {
  1: { kind: 'refused', words: 'the panel does not know the command, or not these arguments' },
  2: { kind: 'refused', words: 'the panel holds it for invalid' },
  3: { kind: 'missing-zone', words: 'the user or the zone does not exist at the panel', hint: "Check the connection's user, and that the zone is of that user; vmdns never creates zones." },
  4: { kind: 'refused', words: 'it exists already' },
  5: { kind: 'missing-zone', words: 'the user or the zone is suspended', hint: SUSPENDED },
  6: { kind: 'refused', words: 'it is not suspended' },
  7: { kind: 'refused', words: 'it is in use' },
  8: { kind: 'zone-full', words: "the limit of DNS records in the user's package is reached", hint: 'Give the user a larger package at HestiaCP, or remove records; removals still go through.' },
  9: { kind: 'credentials', words: 'the panel did not accept the key or password' },
  10: { kind: 'credentials', words: 'the panel does not allow this caller or this command', hint: ALLOW },
  11: { kind: 'credentials', words: "the panel's API is switched off", hint: API_ON },
  12: { kind: 'retry', words: 'the panel could not read its own files' },
  13: { kind: 'retry', words: "the panel's disk is full" },
  14: { kind: 'retry', words: 'the panel is under too much load' },
  15: { kind: 'retry', words: 'the panel could not connect' },
  19: { kind: 'retry', words: 'the panel could not update its files' },
  20: { kind: 'retry', words: 'the panel could not restart its name server' },
  21: { kind: 'credentials', words: "the panel's API is switched off for this user", hint: API_ON },
};

/** A command that ended with a code other than 0; a change that met a passing trouble may have been stored before it. */
export function failureOfCode(attempt: string, code: number, text: string, doing: Doing, redact: Redact): ProviderError {
  const { kind: coded, words, hint } = CODES[code] ?? { kind: 'refused' as const, words: `the panel answered with code ${code}` };
  // A reading that the panel refuses is the whole zone's trouble, no single record's.
  const kind = coded === 'refused' && doing === 'reading' ? 'missing-zone' : coded;
  const providerText = providerTextOf(text.slice(Math.max(0, text.indexOf('Error:'))), redact);
  return new ProviderError(kind, `${attempt}: ${words} (code ${code})`, {
    ...(kind === 'retry' ? { answered: true, inDoubt: doing === 'writing' } : {}),
    ...(hint === undefined ? {} : { hint }), ...(providerText === '' ? {} : { providerText }),
  });
}

const THROTTLED_MS = 10_000;

/** An answer that is none of HestiaCP's API: a proxy's, or another program's. */
export function failureOfHttp(attempt: string, answer: HttpAnswer, doing: Doing, redact: Redact): ProviderError {
  const providerText = providerTextOf(answer.text, redact);
  const fail = (kind: ProviderErrorKind, words: string, detail: ProviderErrorDetail = {}): ProviderError => new ProviderError(kind, `${attempt}: ${words}`, { ...detail, ...(providerText === '' ? {} : { providerText }) });
  const doubt = doing === 'writing' ? { inDoubt: true } : {};
  switch (answer.status) {
    case 403: return fail('credentials', 'access is forbidden', { hint: ALLOW });
    case 404: case 405: return fail('missing-zone', 'there is no HestiaCP API at this URL', { hint: "Check the connection's URL, such as https://panel.example.net:8083." });
    case 429: return fail('throttled', 'too many requests', { until: Date.now() + retryAfterMs(answer.headers['retry-after']) });
    case 503: return fail('retry', 'the panel is not available', { answered: true, ...doubt });
    case 200: case 204: return fail('retry', 'the answer makes no sense; is this a HestiaCP API?', { answered: true, ...doubt });
    default: return fail('retry', `the answer was HTTP ${answer.status}, which is not an answer of HestiaCP`, { answered: true, ...doubt });
  }
}

/** 1.9 prints what it has, then stumbles over its own file, and no longer changes the zone either. */
export function brokenListing(attempt: string, text: string, redact: Redact): ProviderError {
  const providerText = providerTextOf(text.slice(text.lastIndexOf('Error:')), redact);
  return new ProviderError('missing-zone', `${attempt}: HestiaCP cannot list this zone to its end: one of its rows breaks the panel's own reading`, {
    providerText,
    hint: 'Usually a TXT record with an apostrophe or with characters beyond ASCII (HestiaCP up to 1.9). Remove that row on the server, in the dns folder of the user, and run v-rebuild-dns-domain; or upgrade to 1.10.',
  });
}

function retryAfterMs(header: string | undefined): number {
  const seconds = Number(header);
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1_000 : THROTTLED_MS;
}
