import { z } from 'zod';
import { Count, Id, Instant, ProviderName, TenantId, VmId } from '../primitives.js';
import { Reason, ReasonCode, VmDnsState } from '../reasons.js';

/** A VM in a list: what it is called, and how its DNS stands. */
export const VmSummary = z.object({ vmId: VmId, name: z.string().nullable().describe('Absolute; null where it has none.'), addresses: z.array(z.string()), tenant: TenantId.nullable(), state: VmDnsState, changedAt: Instant });
export type VmSummary = z.infer<typeof VmSummary>;

/** A zone that would take names or addresses that no zone takes. */
export const MissingZone = z.object({ zone: z.string(), names: Count.describe('How many wait for it; of the first thousands that were looked at.') });
export type MissingZone = z.infer<typeof MissingZone>;

/** Messages on each arrow of the way of a fact that their reader has not done with; an arrow of which nothing is known now is left out. */
export const Lag = z.object({
  facts: Count.describe('Facts that inventory has not taken in from the bus.'), events: Count.describe('Events that the planner has not read.'),
  commands: Count.describe('Commands that adapters have not taken.'), results: Count.describe('Results that the planner or the log has not taken, whichever is further behind.'),
}).partial();
export type Lag = z.infer<typeof Lag>;

/** What a connection may still call; connections to one server or account share it. */
export const CallBudget = z.object({
  free: Count.describe('Calls that could begin now.'), inFlightMax: Count.describe('Calls that the provider bears at once.'),
  calls: z.object({ left: z.number(), most: z.number(), perSecond: z.number() }).optional().describe('Where the provider counts calls over time: saved up now, at most, and how fast they come back.'),
  blockedUntil: Instant.optional().describe('Nothing is called before then.'),
});
export type CallBudget = z.infer<typeof CallBudget>;
export const LastError = z.object({ reason: Reason, at: Instant });

/** What an adapter knows of its connections that have a zone. */
export const AdapterStanding = z.object({
  lag: Lag, connections: z.array(z.object({ connectionId: Id, budget: CallBudget, lastError: LastError.optional().describe('The last that kept the whole connection from working; it may be over.') })),
});
export type AdapterStanding = z.infer<typeof AdapterStanding>;

/** How the names of one connection stand. */
export const ConnectionHealth = z.object({
  id: Id, name: z.string(), provider: ProviderName, paused: z.boolean(), zones: Count, applied: Count, open: Count.describe('Names not yet as wished.'),
  lastReason: Reason.optional().describe('Why the names that wait, wait: the reason of most of them.'), nextTryAt: Instant.optional(),
  budget: CallBudget.optional(), lastError: LastError.optional(),
});
export type ConnectionHealth = z.infer<typeof ConnectionHealth>;

/** What the planner knows of all names. */
export const PlanningOverview = z.object({
  names: z.record(z.string(), Count).describe('How many names are in which state.'),
  reasons: z.partialRecord(ReasonCode, Count).describe('How many names that are not as wished have which reason.'),
  zones: z.record(Id, z.record(z.string(), Count)).describe('The same by zone; left out where there are more than a thousand zones.').optional(),
  vms: Count, openHolds: Count, oldestPendingSeconds: z.number().nullable(),
  /** Names that an adapter has not been heard of yet; heard of but not settled. */
  unheard: Count, heard: Count,
  feedLagSeconds: z.number().nullable().describe("How long ago inventory's feed was read to its end."),
  providers: z.array(z.object({ name: ProviderName, seenAt: Instant, isHeard: z.boolean() })), connections: z.array(ConnectionHealth), missingZones: z.array(MissingZone), lag: Lag.optional(), at: Instant,
});
export type PlanningOverview = z.infer<typeof PlanningOverview>;

/** Outcomes by minute, oldest first; minutes without any are in it too. */
export const Rates = z.object({ minutes: z.array(z.object({ at: Instant, applied: Count, other: Count })), lag: Lag.optional() });
export type Rates = z.infer<typeof Rates>;

/** All that the first page shows. A part that does not answer now is named in `silent`, and what it knows is left out. */
export const Overview = PlanningOverview.partial().extend({ minutes: Rates.shape.minutes.optional(), openHolds: Count.optional(), silent: z.array(z.enum(['inventory', 'planner', 'log'])) });
export type Overview = z.infer<typeof Overview>;
