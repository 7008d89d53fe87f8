import type { FactAnswer, NoticeEvent } from '@vmdns/contracts';

/** A fact of the bus that was well-formed and not acted on. */
export interface IgnoredFact { readonly answer: FactAnswer; readonly source: string }
export type Notice = NoticeEvent['data'];

/** VMs that a notice about many names. */
const NAMED_MAX = 5;

/**
 * What the log is told. Each stale or late fact is told by itself; repeats are told as one per batch and source, since a
 * nightly re-publish of everything is no news (L12).
 */
export function noticesOf(ignored: readonly IgnoredFact[], at: string): readonly Notice[] {
  const repeats = ignored.filter(isRepeat);
  const sources = [...new Set(repeats.map((fact) => fact.source))];
  return [
    ...ignored.filter((fact) => !isRepeat(fact)).map((fact) => one(fact, at)),
    ...sources.map((source) => aboutRepeats(source, repeats.filter((fact) => fact.source === source), at)),
  ];
}

const isRepeat = ({ answer }: IgnoredFact): boolean => answer.reason === 'repeat';

function one({ answer, source }: IgnoredFact, at: string): Notice {
  return { service: 'inventory', vmId: answer.vmId, code: answer.reason ?? 'ignored', text: answer.text ?? 'It was ignored.', source, at };
}

function aboutRepeats(source: string, facts: readonly IgnoredFact[], at: string): Notice {
  const [first] = facts;
  if (facts.length === 1 && first !== undefined) return one(first, at);
  const named = facts.slice(0, NAMED_MAX).map(({ answer }) => answer.vmId).join(', ');
  const more = facts.length > NAMED_MAX ? ` and ${facts.length - NAMED_MAX} more` : '';
  return { service: 'inventory', code: 'repeat', text: `${facts.length} facts said nothing new, about ${named}${more}; nothing was stored.`, source, at };
}
