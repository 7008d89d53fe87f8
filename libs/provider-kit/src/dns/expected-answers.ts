import type { ExpectedAnswer, WrongAnswer } from '../port/provider.js';
import { askDnsServer, type DnsAnswer, type DnsLimits, type DnsServer } from './dns-question.js';

/** The RRsets that the name server does not (or still) answer; a provider's `askDns` is this with its server. */
export async function findWrongAnswers(server: DnsServer, expected: readonly ExpectedAnswer[], signal: AbortSignal, limits?: DnsLimits): Promise<readonly WrongAnswer[]> {
  const answers = await askDnsServer(server, expected, signal, limits);
  return expected.flatMap((wish, at) => {
    const answer = answers[at];
    return answer === undefined || isAsExpected(wish, answer) ? [] : [{ expected: wish, answered: wordsOf(answer), silent: answer.kind === 'silent' }];
  });
}

function isAsExpected(wish: ExpectedAnswer, answer: DnsAnswer): boolean {
  if (answer.kind === 'silent') return false;
  if (wish.values.length > 0) return answer.values.length === wish.values.length && answer.values.every((value, at) => value === wish.values[at]);
  // SERVFAIL proves nothing about what is gone.
  if (answer.rcode !== 'NOERROR' && answer.rcode !== 'NXDOMAIN') return false;
  return wish.gone === undefined ? answer.values.length === 0 : !answer.values.some((value) => wish.gone?.includes(value));
}

function wordsOf(answer: DnsAnswer): string {
  if (answer.kind === 'silent') return answer.why;
  if (answer.values.length > 0) return answer.values.join(' ');
  return answer.rcode === 'NOERROR' ? 'no such records' : answer.rcode;
}
