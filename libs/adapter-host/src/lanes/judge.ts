import type { NameResult, Reason } from '@vmdns/contracts';
import type { NameOutcome, ProviderError, TurnOutcome } from '@vmdns/provider-kit';
import type { Claim, DueRow } from './claim.js';
import { BACKOFF, backoffMs } from './backoff.js';

/** How long something is left alone, and what its names are told meanwhile. */
export interface Block {
  readonly ms: number;
  readonly reason: Reason;
  /** What is urgent may go on. */
  readonly isBulkOnly?: boolean;
}

/** What a turn means for its lane, its connection and its budget; null: nothing was learnt. */
export interface TurnVerdict {
  readonly lane: Block | null;
  readonly connection: Block | null;
  readonly limiter: Block | null;
  /** The server answered, whatever it said: its circuit closes. */
  readonly isAnswered: boolean;
}

export type NextLook =
  /** Until a new generation. */
  | { readonly kind: 'settled' }
  | { readonly kind: 'after'; readonly ms: number }
  /** It stays due; the block of its lane, connection or budget says when. */
  | { readonly kind: 'stays'; readonly ms: number }
  /** When the call that may still land is dead. */
  | { readonly kind: 'when-dead' };

/** What one name's row becomes. */
export interface NameVerdict {
  readonly row: DueRow;
  readonly state: Exclude<NameResult['state'], 'behind'>;
  readonly reason: Reason | null;
  readonly providerText: string | null;
  readonly owned: Readonly<Record<string, string>>;
  readonly wrote: boolean;
  /**
   * `new`: a call of this turn may still land; `keep`: an earlier one may. `unread`: nothing lands any more, but nobody
   * has seen since what the calls left there: it is ours when it is seen (L4), however long that takes.
   */
  readonly doubt: 'none' | 'keep' | 'new' | 'unread';
  readonly next: NextLook;
  /** Nothing to say: a refusal that still stands. */
  readonly isQuiet: boolean;
}

/** A foreign record may have gone, or what kept a removal from being done: a look an hour later. */
const LOOK_AGAIN_MS = 3_600_000;

/** What a failed turn blocks (L8: never more than shares the trouble). `nowMs` only turns the provider's "not before" into a wait. */
export function judgeTurn(claim: Claim, failure: ProviderError | undefined, reason: Reason | null, dice: number, nowMs: number): TurnVerdict {
  const nothing: TurnVerdict = { lane: null, connection: null, limiter: null, isAnswered: failure?.kind !== 'retry' };
  if (failure === undefined) return nothing;
  const why = (fallback: Reason, since: Date | null): Reason => withSince(reason ?? fallback, since);
  switch (failure.kind) {
    case 'retry': {
      const unreachable: Reason = { code: 'provider-unreachable', text: `${failure.message}.`, hint: 'vmdns tries again by itself; check that the provider is up and can be reached from here' };
      const lane: Block = { ms: backoffMs(BACKOFF.lane, claim.failures + 1, dice), reason: why(unreachable, claim.failingSince) };
      // A server that answers at all has trouble with this zone; one that does not, with all.
      if (failure.detail.answered === true) return { ...nothing, lane, isAnswered: true };
      return { ...nothing, lane, limiter: { ms: backoffMs(BACKOFF.limiter, claim.limiter.failures + 1, dice), reason: why(unreachable, claim.limiter.failingSince) } };
    }
    case 'throttled':
      return { ...nothing, limiter: { ms: Math.ceil(Math.max(1000, (failure.detail.until ?? nowMs) - nowMs)), reason: why({ code: 'throttled', text: `${failure.message}.`, hint: 'vmdns waits as long as the provider asks' }, null), ...(failure.detail.isBulkOnly === true ? { isBulkOnly: true } : {}) } };
    case 'credentials':
      return { ...nothing, connection: { ms: backoffMs(BACKOFF.credentials, claim.connection.failures + 1, dice), reason: why({ code: 'credentials', text: `${failure.message}.`, hint: 'set the secrets of the connection again' }, null) } };
    case 'missing-zone':
      return { ...nothing, lane: { ms: backoffMs(BACKOFF.missingZone, claim.failures + 1, dice), reason: why({ code: 'zone-missing', text: `${failure.message}.`, hint: 'create the zone at the provider' }, claim.failingSince) } };
    case 'conflict':
    case 'refused':
    case 'zone-full':
      return { ...nothing, lane: { ms: backoffMs(BACKOFF.lane, claim.failures + 1, dice), reason: why({ code: 'refused-by-provider', text: `${failure.message}.` }, claim.failingSince) } };
    default:
      return assertNever(failure.kind);
  }
}

/** The longest wait of a verdict: when a name that stays due is tried next, as far as known. */
export function waitOf(verdict: TurnVerdict): number | null {
  const waits = [verdict.lane, verdict.connection, verdict.limiter].flatMap((block) => (block === null ? [] : [block.ms]));
  return waits.length === 0 ? null : Math.max(...waits);
}

/** One verdict for each name that was tried; the others stay as they are. `sent`: names of the writing calls of this turn. */
export function judgeNames(claim: Claim, outcome: TurnOutcome, verdict: TurnVerdict, sent: ReadonlySet<string>, dice: () => number): readonly NameVerdict[] {
  const wait = waitOf(verdict);
  // What waits for room waits together: one call for all of it shows whether there is some.
  const full = { attempts: Math.max(0, ...claim.names.filter((_, at) => outcome.names[at]?.reason?.code === 'zone-full').map((row) => row.attempts)), dice: dice() };
  const verdicts: NameVerdict[] = [];
  for (const [at, row] of claim.names.entries()) {
    const named = outcome.names[at];
    if (named === undefined || named.name !== row.name) throw new Error(`the engine gave no outcome for ${row.name}`);
    if (named.state === 'not-tried') continue;
    if (named.state === 'applied' && named.reason === undefined && !named.inDoubt && row.stillInDoubt !== true) {
      verdicts.push(settled(row, named));
      continue;
    }
    const isSent = sent.has(row.name);
    const isUnanswered = isSent && (!named.wrote || outcome.failure?.detail.inDoubt === true);
    verdicts.push(judgeName(row, named, named.state, { since: claim.failingSince ?? claim.limiter.failingSince, wait, isSent, isUnanswered, ...(named.reason?.code === 'zone-full' ? full : { attempts: row.attempts, dice: dice() }) }));
  }
  return verdicts;
}

const SETTLED: NextLook = { kind: 'settled' };

/** What most names come to. */
const settled = (row: DueRow, { owned, wrote, providerText }: NameOutcome): NameVerdict => ({ row, state: 'applied', reason: null, providerText: wordsOf(providerText), owned, wrote, doubt: 'none', next: SETTLED, isQuiet: false });

/** Postgres takes no NUL in text; a provider's words must not keep an outcome from being stored. */
const wordsOf = (text: string | undefined): string | null => text?.replaceAll('\0', ' ') ?? null;

interface NameContext {
  readonly since: Date | null;
  readonly wait: number | null;
  readonly isSent: boolean;
  /** A writing call with it was sent and not answered. */
  readonly isUnanswered: boolean;
  /** Failures in a row, this one not counted. */
  readonly attempts: number;
  readonly dice: number;
}

function judgeName(row: DueRow, outcome: NameOutcome, state: NameVerdict['state'], context: NameContext): NameVerdict {
  const doubt = judgeDoubt(row, outcome, context);
  const reason = outcome.reason === undefined ? null : state === 'failed' ? withSince(outcome.reason, context.since) : outcome.reason;
  return {
    row, doubt, reason,
    // What was looked at before the lost call is dead is no last word. A throttle is a wait, not a failure.
    state: state === 'applied' && doubt !== 'none' ? 'unconfirmed' : state === 'failed' && reason?.code === 'throttled' ? 'waiting' : state,
    providerText: wordsOf(outcome.providerText),
    owned: outcome.owned,
    wrote: outcome.wrote,
    next: nextLook(row, state, doubt, reason, context),
    isQuiet: state === 'refused' && row.state === 'refused' && reason?.code === row.reasonCode && doubt === 'none',
  };
}

/** An earlier lost call stays in doubt until it is dead, whatever this turn saw; a new one begins its own time. */
function judgeDoubt(row: DueRow, outcome: NameOutcome, context: NameContext): NameVerdict['doubt'] {
  if (outcome.inDoubt && context.isUnanswered) return 'new';
  // An answer that says "failed" is no proof that nothing was done.
  const isUnread = outcome.state === 'failed' && (context.isSent || row.writing.length > 0);
  if (row.stillInDoubt === true) return isUnread ? 'unread' : 'keep';
  return outcome.inDoubt ? 'new' : isUnread ? 'unread' : 'none';
}

function nextLook(row: DueRow, state: NameVerdict['state'], doubt: NameVerdict['doubt'], reason: Reason | null, context: NameContext): NextLook {
  // A call without an answer is looked at soon, then once more when it is dead.
  if (state === 'failed' || doubt === 'new') {
    return context.wait === null ? { kind: 'after', ms: backoffMs(BACKOFF.name, context.attempts + 1, context.dice) } : { kind: 'stays', ms: context.wait };
  }
  if (doubt !== 'none') return { kind: 'when-dead' };
  if (state === 'unconfirmed') return { kind: 'after', ms: backoffMs(BACKOFF.confirm, row.attempts + 1, context.dice) };
  if (state === 'refused' && (row.wanted.length === 0 || reason?.code === 'foreign-record' || reason?.code === 'cname-conflict')) return { kind: 'after', ms: LOOK_AGAIN_MS };
  return SETTLED;
}

function withSince(reason: Reason, since: Date | null): Reason {
  return since === null ? reason : { ...reason, text: `${reason.text} It has been so since ${since.toISOString()}.` };
}

function assertNever(value: never): never {
  throw new Error(`unknown kind ${String(value)}`);
}
