import { Injectable } from '@nestjs/common';
import { Clock } from '@vmdns/chassis';
import { PLAN_NAMES_MAX, type Caller, type FactRequest, type Plan, type PlanFact, type PreviewedFact } from '@vmdns/contracts';
import { planCounts, planText } from '@vmdns/domain';
import { refused } from '../http/problems.js';
import { eventFrom, sourceOf } from './facts.js';
import { Services, valueOf } from './services.js';

type RawFact = Readonly<Record<string, unknown>>;

/** What facts would do: inventory says what they mean, the planner what would come of it. */
@Injectable()
export class Plans {
  constructor(private readonly services: Services, private readonly clock: Clock) {}

  async plan(raw: readonly RawFact[], source: string | undefined, caller: Caller): Promise<Plan> {
    const names = raw.reduce((sum, fact) => sum + 1 + (Array.isArray(fact['addresses']) ? fact['addresses'].length : 0), 0);
    if (names > PLAN_NAMES_MAX) throw refused(413, `a plan may have at most ${PLAN_NAMES_MAX} names and addresses; these facts have ${names}`);
    const { facts, states } = valueOf(await this.services.inventory['facts-preview']({ facts: raw.map((fact) => requestOf(fact, { source, caller, time: this.clock.now().toISOString() })) }, this.services.slowly));
    const planned = states.length === 0 ? { changes: [], refusals: [], holds: [], more: 0 } : valueOf(await this.services.planner['plan-preview']({ states }, this.services.slowly));
    const said = facts.map(toPlanFact);
    const notes = said.filter((fact) => fact.outcome !== 'accepted').map((fact) => ({ vmId: fact.vmId === '' ? '(no vmId)' : fact.vmId, text: noteOf(fact) }));
    return { ...planned, facts: said, ...planCounts(planned), text: planText({ ...planned, notes }) };
  }
}

/** As this caller's own PUT or DELETE, or as an event of the source that is named. */
function requestOf({ deleted, ...fact }: RawFact, { source, caller, time }: { readonly source: string | undefined; readonly caller: Caller; readonly time: string }): FactRequest {
  const isDeletion = deleted === true;
  const data = deleted === undefined || isDeletion || deleted === false ? fact : { ...fact, deleted };
  return { type: isDeletion ? 'vmdns.vm.deleted.v1' : 'vmdns.vm.changed.v1', data, caller, ...(source === undefined ? { source: sourceOf(caller), via: 'call' } : { ...eventFrom(source, caller), time }) };
}

function toPlanFact({ vmId, answer, problem }: PreviewedFact): PlanFact {
  if (answer === undefined) return { vmId, outcome: 'refused', text: problem?.detail ?? problem?.title ?? 'refused', ...(problem?.faults === undefined ? {} : { faults: problem.faults }) };
  if (answer.reason === 'held') return { vmId, outcome: 'held', reason: 'held', text: 'this deletion would wait for a person: too many of them by this source' };
  return answer.accepted ? { vmId, outcome: 'accepted' } : { vmId, outcome: 'ignored', ...(answer.reason === undefined ? {} : { reason: answer.reason }), text: answer.text ?? answer.reason ?? 'ignored' };
}

function noteOf({ outcome, text = '', faults = [] }: PlanFact): string {
  const said = faults.length === 0 ? text : faults.map((fault) => `${fault.path}: ${fault.message}`).join('; ');
  return `${outcome}: ${said}`;
}
