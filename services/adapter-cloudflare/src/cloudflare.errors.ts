import { ProviderError, providerTextOf, type HttpAnswer, type ProviderErrorDetail, type ProviderErrorKind, type Redact } from '@vmdns/provider-kit';
import { WireEnvelope, type WireFault } from './cloudflare.wire.js';

/** What a request was about, for the codes that mean different things. */
export type Subject = 'token' | 'zone' | 'change';

interface Class { readonly kind: ProviderErrorKind; readonly words: string; readonly detail?: ProviderErrorDetail }

/** After too many calls everything is refused for five minutes. */
const BLOCKED_MS = 300_000;
const AUTHENTICATION = 10_000;
const THROTTLED = new Set([10_100]);
const CREDENTIALS = new Set([AUTHENTICATION, 1_000, 6_003, 6_103, 6_111, 9_103, 9_106, 9_107, 9_109]);
/** Identifiers that lead nowhere. */
const NO_ZONE = new Set([7_000, 7_003, 1_001, 1_002, 1_003]);
const NOT_THERE = new Set([81_044]);
const ALREADY_THERE = new Set([81_057, 81_058]);
const CNAME_IN_THE_WAY = new Set([81_053, 81_054]);
const FULL = new Set([81_045]);
/** Said of all zones of some top-level domains, whatever the token may do. */
const NOT_BY_API = new Set([1_038]);
/** A tag quota is no record quota. */
const FULL_WORDS = /record quota/i;
const RIGHTS_HINT = 'Give the token Zone:Read and DNS:Edit for this zone, or set the connection\'s token again.';

export const NOT_BY_API_HINT = 'Serve the zone at another provider, or keep its records in the dashboard.';

/** An answer that was no success, taken apart. */
export interface Fault {
  readonly status: number;
  /** Of all errors and their chains: the outer code often says only "DNS Validation Error". */
  readonly codes: readonly number[];
  readonly text: string;
  /** Cloudflare itself answered, not something before it. */
  readonly isOwnWord: boolean;
  readonly pointer: string | undefined;
  readonly retryAfter: string | undefined;
}

export function faultOf(answer: HttpAnswer): Fault {
  const envelope = WireEnvelope.safeParse(parseJson(answer.text));
  const errors: readonly WireFault[] = envelope.success ? envelope.data.errors ?? [] : [];
  const parts = errors.flatMap((error) => [error, ...(error.error_chain ?? [])]);
  return {
    status: answer.status,
    codes: parts.map((part) => part.code),
    text: errors.length === 0 ? answer.text : parts.map((part) => `${part.message} (${part.code})`).join(' '),
    isOwnWord: envelope.success && !envelope.data.success,
    pointer: errors.find((error) => error.source?.pointer !== undefined)?.source?.pointer,
    retryAfter: answer.headers['retry-after'],
  };
}

const any = (codes: readonly number[], of: ReadonlySet<number>): boolean => codes.some((code) => of.has(code));
/** Cloudflare says this of a zone that the token may not see as well as of a token that is wrong. */
export const isAmbiguous = (fault: Fault): boolean => fault.codes.includes(AUTHENTICATION);

/**
 * The table of Cloudflare's answers (PROVIDERS §4), by code before status, chained codes included.
 *
 * | answer                             | is                                                                 |
 * |------------------------------------|--------------------------------------------------------------------|
 * | 429, 10100                         | `throttled` for Retry-After, else 5 minutes                        |
 * | 81045, "record quota"              | `zone-full`                                                        |
 * | 81057, 81058 (is there already), 81044 (is not there) | `conflict`: read again, then decide             |
 * | 81053, 81054 (CNAME beside others) | `refused`                                                          |
 * | 1000, 10000, 6003, 6103, 6111, 9103 … 9109; 401, 403 | `credentials`                                    |
 * | 7003, 7000, 1001 …; 404            | `missing-zone`                                                     |
 * | 1038 (.cf, .ga, .gq, .ml, .tk)     | `missing-zone`: the whole zone cannot be changed by API            |
 * | 408, 409; 5xx in Cloudflare's JSON | `retry`, not applied                                               |
 * | 5xx of anything before it, 2xx that make no sense | `retry`, a change is in doubt                       |
 * | all else (1004 and its chain)      | `refused`                                                          |
 */
function classOf(fault: Fault, subject: Subject): Class {
  const { status, codes } = fault;
  const isChange = subject === 'change';
  if (status === 429 || any(codes, THROTTLED)) return { kind: 'throttled', words: 'too many calls of this Cloudflare user', detail: { until: Date.now() + retryAfterMs(fault.retryAfter) } };
  if (any(codes, FULL) || FULL_WORDS.test(fault.text)) return { kind: 'zone-full', words: 'the zone has as many records as its plan allows', detail: { hint: 'Raise the plan at Cloudflare, or remove records; removals still go through.' } };
  if (any(codes, ALREADY_THERE)) return { kind: 'conflict', words: 'a record is there already' };
  if (any(codes, NOT_THERE)) return { kind: 'conflict', words: 'a record is not there any more' };
  if (any(codes, CNAME_IN_THE_WAY)) return { kind: 'refused', words: 'a CNAME cannot stand beside other records at its name' };
  if (any(codes, NOT_BY_API)) return { kind: 'missing-zone', words: 'Cloudflare lets nobody change this zone by its API', detail: { hint: NOT_BY_API_HINT } };
  if (any(codes, CREDENTIALS)) return { kind: 'credentials', words: isChange ? 'the token may not change this zone' : 'the token was not accepted', detail: { hint: RIGHTS_HINT } };
  if (any(codes, NO_ZONE)) return noZone();
  if (status === 401 || status === 403) return { kind: 'credentials', words: 'the token was not accepted', detail: { hint: RIGHTS_HINT } };
  if (status === 404) return noZone();
  if (status === 408 || status === 409) return { kind: 'retry', words: 'Cloudflare asks to try again', detail: { answered: true } };
  if (status >= 500) return { kind: 'retry', words: `Cloudflare is in trouble (HTTP ${status})`, detail: fault.isOwnWord ? { answered: true } : { inDoubt: isChange } };
  if (status >= 400) return { kind: 'refused', words: 'Cloudflare refuses it' };
  return { kind: 'retry', words: `the answer (HTTP ${status}) is not one of Cloudflare's API`, detail: { inDoubt: isChange && !fault.isOwnWord } };
}

const noZone = (): Class => ({ kind: 'missing-zone', words: 'Cloudflare does not have this zone, or not for this token', detail: { hint: "Check the zone's name or id and the account; vmdns never creates zones." } });

/** The fault as a ProviderError; Cloudflare's own words go along, without secrets. `detail` adds to what the table says. */
export function failureOf(attempt: string, fault: Fault, subject: Subject, redact: Redact, detail: ProviderErrorDetail = {}): ProviderError {
  const found = classOf(fault, subject);
  const providerText = providerTextOf(fault.text, redact);
  return new ProviderError(found.kind, `${attempt}: ${found.words}`, { ...found.detail, ...(providerText === '' ? {} : { providerText }), ...detail });
}

/** An answer of the right status that nobody can read; a change may be done all the same. */
export function nonsenseOf(attempt: string, cause: unknown, subject: Subject, redact: Redact): ProviderError {
  // A parser's message quotes what it read.
  const words = new Error(redact(cause instanceof Error ? cause.message.slice(0, 300) : 'not readable'));
  return new ProviderError('retry', `${attempt}: the answer makes no sense; is this Cloudflare's API?`, { cause: words, inDoubt: subject === 'change' });
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function retryAfterMs(header: string | undefined): number {
  const seconds = Number(header);
  return header !== undefined && Number.isFinite(seconds) && seconds > 0 ? seconds * 1_000 : BLOCKED_MS;
}
