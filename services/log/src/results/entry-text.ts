import type { DeadLetterEvent, NameResult, NoticeEvent, Reason, Result } from '@vmdns/contracts';
import { assertNever } from '../assert-never.js';

/** One name's outcome as a sentence: what happened, why, when the next try is, what to do. */
export function resultSentence(result: Pick<Result, 'apex' | 'provider'>, of: NameResult): string {
  const where = `at ${result.provider} (zone ${result.apex})`;
  const wish = rrsetsText(of);
  switch (of.state) {
    case 'applied': return appliedSentence(of, where, wish);
    case 'refused': return `${of.name} was not written ${where}${wanted(wish)}.${because(of.reason)}`;
    case 'failed': return `${of.name} could not be written ${where} yet${wanted(wish)}; ${attempts(of)}.${because(of.reason)}`;
    case 'unconfirmed': return `A change of ${of.name} ${where} may have landed, but no certain answer came${wanted(wish)}; it is read before anything else is done; ${attempts(of)}.${because(of.reason)}`;
    case 'observed': return `${of.name} was compared and not written ${where}: the zone is only observed${wanted(wish)}.${because(of.reason)}`;
    case 'on-hold': return `${of.name} ${where} waits for a person's decision${wanted(wish)}.${because(of.reason)}`;
    case 'pending':
    case 'waiting':
    case 'outside': return `${of.name} ${where} waits${wanted(wish)}; ${attempts(of)}.${because(of.reason)}`;
    case 'behind': return `A command for ${of.name} ${where} was older than generation ${of.generation}, which the adapter knows already; nothing was done, and the planner says it anew.`;
    default: return assertNever(of.state);
  }
}

function appliedSentence(of: NameResult, where: string, wish: string): string {
  if (of.rrsets.length === 0) {
    return of.wrote ? `The records of ${of.name} were removed ${where}.` : `${of.name} has no record of ours ${where}; nothing was left to remove.`;
  }
  return of.wrote ? `${of.name} now has ${wish} ${where}.` : `${of.name} already had ${wish} ${where}; nothing was written.`;
}

export function deadLetterSentence(dead: DeadLetterEvent['data']): string {
  return `A message on ${dead.subject} could not be taken by ${dead.service}, and was put aside: ${ended(dead.reason)} Mend it and send it again.`;
}

export function noticeSentence(notice: NoticeEvent['data']): string {
  if (notice.zone !== undefined) return `In the zone ${notice.zone}${notice.provider === undefined ? '' : ` at ${notice.provider}`}: ${ended(notice.text)}`;
  if (notice.code === 'lost') return ended(notice.text);
  const about = notice.vmId === undefined ? 'A message' : `A fact about VM ${notice.vmId}`;
  const from = notice.source === undefined ? '' : ` from ${notice.source}`;
  return `${about}${from} was not acted on (${notice.code}): ${ended(notice.text)}`;
}

function rrsetsText(of: NameResult): string {
  return of.rrsets.map((r) => `${r.type} ${r.values.join(', ')} (TTL ${r.ttl} s)`).join(' and ');
}

function wanted(wish: string): string {
  return wish === '' ? ', wanted: no record' : `, wanted: ${wish}`;
}

function attempts(of: NameResult): string {
  const tried = of.attempts === 0 ? 'not tried yet' : `tried ${of.attempts} ${of.attempts === 1 ? 'time' : 'times'}`;
  return of.nextTryAt === undefined ? tried : `${tried}, next try at ${of.nextTryAt}`;
}

function because(reason: Reason | undefined): string {
  if (reason === undefined) return '';
  return ` Reason (${reason.code}): ${ended(reason.text)}${reason.hint === undefined ? '' : ` ${ended(reason.hint)}`}`;
}

function ended(text: string): string {
  const trimmed = text.trim();
  return /[.!?]$/.test(trimmed) ? trimmed : `${trimmed}.`;
}
