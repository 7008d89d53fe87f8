import { z } from 'zod';
import { Fault, Problem } from './problem.js';
import { Count, Id, ManagedType, ProviderName, RrsetBody, VmId } from '../primitives.js';
import { NameState, Reason } from '../reasons.js';
import { FactAnswer } from '../events/inbound.js';
import { VmState } from '../events/vm-state.js';
import { ZoneMode } from '../events/feed.js';

/** Facts of one plan, and names and addresses of all of them together: what one message of the bus carries. */
export const PLAN_FACTS_MAX = 500;
export const PLAN_NAMES_MAX = 2000;

/** What inventory would answer to one fact, and what its VM would be. */
export const PreviewedFact = z.object({ vmId: z.string(), answer: FactAnswer.optional(), problem: Problem.optional() });
export type PreviewedFact = z.infer<typeof PreviewedFact>;
/** `states`: VMs that would change, each once, as they would be in the end; claims and revisions are those of now, plus. */
export const PreviewedFacts = z.object({ facts: z.array(PreviewedFact), states: z.array(VmState) });
export type PreviewedFacts = z.infer<typeof PreviewedFacts>;

/** One name of one zone that would have other RRsets than it has, or is to have, now. */
export const PlannedChange = z.object({ zone: z.string(), zoneId: Id, provider: ProviderName, mode: ZoneMode, name: z.string(), before: z.array(RrsetBody), after: z.array(RrsetBody) });
export type PlannedChange = z.infer<typeof PlannedChange>;
/** Something that a VM of the plan wants and would not get, and why. */
export const PlannedRefusal = z.object({ vmId: VmId, name: z.string(), type: ManagedType, zone: z.string().nullable(), provider: ProviderName.nullable(), state: NameState, reason: Reason });
export type PlannedRefusal = z.infer<typeof PlannedRefusal>;
/** A removal that would wait for a person (L13), and under which rule. */
export const PlannedHold = z.object({ zone: z.string(), provider: ProviderName, name: z.string(), removes: z.array(RrsetBody), text: z.string() });
export type PlannedHold = z.infer<typeof PlannedHold>;

/** What planning would make of VM states. `more`: names that were left out because the answer would be too large. */
export const PlannedFacts = z.object({ changes: z.array(PlannedChange), refusals: z.array(PlannedRefusal), holds: z.array(PlannedHold), more: Count });
export type PlannedFacts = z.infer<typeof PlannedFacts>;

/** One fact of a plan: taken, known already, put on hold, or refused with its faults. */
export const PlanFact = z.object({ vmId: z.string(), outcome: z.enum(['accepted', 'ignored', 'held', 'refused']), reason: FactAnswer.shape.reason, text: z.string().optional(), faults: z.array(Fault).optional() });
export type PlanFact = z.infer<typeof PlanFact>;
/** What would change if these facts came in. Nothing of it was written anywhere. */
export const Plan = PlannedFacts.extend({
  facts: z.array(PlanFact), added: Count.describe('RRsets.'), changed: Count, removed: Count, held: Count.describe('RRsets that would wait for a person.'),
  text: z.string().describe('The same for people.'),
});
export type Plan = z.infer<typeof Plan>;
