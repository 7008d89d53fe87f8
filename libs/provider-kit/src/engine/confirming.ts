import type { ExpectedAnswer, WrongAnswer } from '../port/provider.js';
import type { CountedZone } from './counted-zone.js';
import type { NameProgress } from './name-progress.js';
import { ProviderError } from '../port/provider-error.js';
import { unconfirmed } from './sentences.js';

const ASKED_AT_ONCE = 32;
/** An authoritative server that has the change answers it at once; one that reloads a zone needs a moment. */
const PAUSES_MS = [20, 80, 250, 700] as const;

export interface ConfirmingTerms {
  readonly zone: CountedZone;
  readonly verify: 'api' | 'dns';
  readonly signal: AbortSignal;
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
}

/**
 * L9: asks the name server for what was written. Where the API's answer is proof, for the first 32 RRsets, and only if
 * the server's address is known; where it is not, for all of them, and without a server nothing is confirmed.
 */
export async function confirm(names: readonly NameProgress[], terms: ConfirmingTerms): Promise<void> {
  const asked = names.filter((name) => name.isApplied && (name.wrote || name.due.confirm === true));
  if (asked.length === 0) return;
  if (!terms.zone.canAskDns) {
    if (terms.verify === 'dns') for (const name of asked) name.contradict({ code: 'unconfirmed', text: `${name.name} was written, but this provider's word is no proof and its name server is not known.`, hint: "Set the name server's address in the connection or zone." });
    return;
  }
  // Where the first ones will do, no more are worked out: there may be thousands.
  const some = terms.verify === 'api' ? asked.slice(0, ASKED_AT_ONCE) : asked;
  const byName = new Map(some.map((name) => [name.name, name]));
  const expected = some.flatMap((name) => name.expectedAnswers());
  const limit = terms.verify === 'api' ? ASKED_AT_ONCE : expected.length;
  for (let at = 0; at < limit; at += ASKED_AT_ONCE) {
    for (const wrong of await stillWrong(expected.slice(at, Math.min(limit, at + ASKED_AT_ONCE)), terms)) byName.get(wrong.expected.name)?.contradict(unconfirmed(wrong));
  }
}

async function stillWrong(expected: readonly ExpectedAnswer[], terms: ConfirmingTerms): Promise<readonly WrongAnswer[]> {
  let open = expected;
  for (let round = 0; ; round += 1) {
    const wrong = await ask(open, terms);
    const pauseMs = PAUSES_MS[round];
    if (wrong.length === 0 || pauseMs === undefined || terms.signal.aborted || wrong.every((answer) => answer.silent === true)) return wrong;
    await terms.pause(pauseMs, terms.signal);
    open = wrong.map((answer) => answer.expected);
  }
}

async function ask(expected: readonly ExpectedAnswer[], terms: ConfirmingTerms): Promise<readonly WrongAnswer[]> {
  try {
    return await terms.zone.askDns(expected, terms.signal);
  } catch (error) {
    const answered = error instanceof ProviderError ? error.message : 'no answer';
    return expected.map((one) => ({ expected: one, answered, silent: true }));
  }
}
