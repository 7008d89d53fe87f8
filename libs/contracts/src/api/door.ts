import { z } from 'zod';
import { FactAnswer } from '../events/inbound.js';
import { Count, Id, Instant, ProviderName, TenantId } from '../primitives.js';
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
  kid: z.string().optional().describe('The key of its adapter that secrets are sealed for now.'),
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

/** Who is signed in: by a token, or by a session that a token opened. */
export const Session = z.object({ name: z.string(), role: Role, tenant: TenantId.nullable(), expiresAt: Instant.nullable().describe('When the session ends unless it is asked for before; null: a token ends when it is revoked.') });
export type Session = z.infer<typeof Session>;

/** Something that a person or program changed through the door, facts of VMs apart: those are in the log. */
export const AuditEntry = z.object({
  id: Count, at: Instant, by: z.string().describe("The token's name."), role: Role, tenant: TenantId.nullable(), via: z.enum(['token', 'session']),
  call: z.string().describe('The operationId.'), method: z.string(), path: z.string(), about: z.string().nullable().describe('What was made or changed, by name or id, where the answer tells.'), status: z.int(), traceparent: z.string().nullable(),
});
export type AuditEntry = z.infer<typeof AuditEntry>;

/** Who may call; never the token itself. */
export const Token = z.object({
  id: Id, name: z.string(), role: Role, tenant: TenantId.nullable(), sources: z.array(z.string()).nullable().describe('What its events may name as their source; null: anything.'), createdAt: Instant, createdBy: z.string(), lastUsedAt: Instant.nullable().describe('To the minute.'), revokedAt: Instant.nullable(),
});
export type Token = z.infer<typeof Token>;
export const NewToken = Token.extend({ token: z.string().describe('Shown this once.') });
export type NewToken = z.infer<typeof NewToken>;
