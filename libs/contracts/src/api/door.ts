import { z } from 'zod';
import { FactAnswer } from '../events/inbound.js';
import { Id, Instant, ProviderName, TenantId } from '../primitives.js';
import { Capabilities } from '../results/announce.js';
import { Problem, Role } from './problem.js';
import { Brakes, Hold, HoldMember, PlanningSettings } from './rpc.js';

// What the HTTP door answers and no single service says (ARCHITECTURE §5), for the pages, the CLI and programs.

/** `/openapi.json`: OpenAPI 3.1. */
export const ApiDescription = z.record(z.string(), z.unknown());
export type ApiDescription = z.infer<typeof ApiDescription>;

const JsonSchema = z.record(z.string(), z.unknown());

/** A provider as its adapter announced it, with the forms to fill in. */
export const Provider = z.object({
  name: ProviderName, capabilities: Capabilities,
  connectionSchema: JsonSchema.describe('JSON Schema of `settings` of a connection; secret fields carry `writeOnly: true`.'),
  zoneSchema: JsonSchema.describe('JSON Schema of `settings` of a zone.'),
  seenAt: Instant.describe('When its adapter last said that it is there.'),
});
export type Provider = z.infer<typeof Provider>;

/** What became of one event of a batch, in the order of the batch. */
export const EventOutcome = z.object({
  id: z.string().optional(), source: z.string().optional(),
  status: z.int().describe('As the event alone would have been answered: 200, 202, 400, 403, 409 or 503.'),
  answer: FactAnswer.optional(), problem: Problem.optional(),
});
export type EventOutcome = z.infer<typeof EventOutcome>;

/** A hold and a page of what it holds. */
export const HoldPage = z.object({ hold: Hold, members: z.array(HoldMember), next: z.string().optional() });
export type HoldPage = z.infer<typeof HoldPage>;

/** All settings of the house: the planner's, and inventory's brakes. */
export const Settings = PlanningSettings.extend({ brakes: Brakes });
export type Settings = z.infer<typeof Settings>;

/** Who may call; never the token itself. */
export const Token = z.object({
  id: Id, name: z.string(), role: Role, tenant: TenantId.nullable(), createdAt: Instant, createdBy: z.string(), lastUsedAt: Instant.nullable().describe('To the minute.'), revokedAt: Instant.nullable(),
});
export type Token = z.infer<typeof Token>;
export const NewToken = Token.extend({ token: z.string().describe('Shown this once.') });
export type NewToken = z.infer<typeof NewToken>;
