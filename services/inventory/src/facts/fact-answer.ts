import type { FactAnswer, Problem, RpcReply } from '@vmdns/contracts';
import type { AdmittedFact } from './fact-door.js';
import { badInput, forbidden } from './fact-door.js';
import type { Verdict } from './batch-decision.js';
import { assertNever } from '../assert-never.js';

/** What the publisher is told. */
export function answerOf(fact: AdmittedFact, verdict: Verdict): RpcReply<FactAnswer> {
  const { vmId } = fact.incoming;
  switch (verdict.kind) {
    case 'accepted': return value({ vmId, accepted: true, ...numbersOf(verdict.state.fact) });
    case 'held': return value({ vmId, accepted: true, reason: 'held', holdId: verdict.holdId, text: verdict.text, ...numbersOf(verdict.state.fact) });
    case 'ignored': {
      const { reason, text, current } = verdict.decision;
      const numbers = current === null ? { revision: 0 } : numbersOf(current);
      return value({ vmId, accepted: false, reason, text, ...numbers, ...(current === null ? {} : { current: numbers }) });
    }
    case 'conflict': return { ok: false, problem: problem(409, 'conflict', 'This version is known with another content; nothing was stored.', verdict.text) };
    case 'no-such-address': return { ok: false, problem: { ...problem(404, 'not-found', 'The VM does not have this address; nothing was stored.'), faults: [...verdict.faults] } };
    case 'late': return { ok: false, problem: problem(503, 'unavailable', 'Service unavailable', 'it came too late to be stored: send it again') };
    case 'foreign': return forbidden('This VM belongs to another tenant.');
    default: return assertNever(verdict);
  }
}

export const refusal = (faultPath: string, message: string): RpcReply<FactAnswer> => badInput([{ path: faultPath, message }]);

/** A problem as one text, for a dead letter: every fault with its path. */
export function problemText(of: Problem): string {
  const faults = (of.faults ?? []).map((fault) => `${fault.path === '' ? 'the fact' : fault.path}: ${fault.message}`);
  const text = [of.title, of.detail, faults.join('; ')].filter((part) => part !== undefined && part !== '').join(' ');
  return text.length <= 4_000 ? text : `${text.slice(0, 4_000)} …`;
}

function numbersOf(of: { readonly version: number | null; readonly revision: number }): { revision: number; version?: number } {
  return { revision: of.revision, ...(of.version === null ? {} : { version: of.version }) };
}

const value = (answer: FactAnswer): RpcReply<FactAnswer> => ({ ok: true, value: answer });
const problem = (status: number, code: Problem['code'], title: string, detail?: string): Problem => ({ type: 'about:blank', status, code, title, ...(detail === undefined ? {} : { detail }) });
