import { z } from 'zod';
import { Instant } from '../primitives.js';
import { cloudEventOf } from './cloud-event.js';

/**
 * On `vmdns.deed.<service>`, straight after its commit: what a person decided. For that service alone, which finds by it
 * what PostgreSQL lost with its last seconds. Holds no secret.
 */
export const DeedEvent = cloudEventOf('vmdns.deed.done.v1', z.object({
  service: z.string(),
  /** What is to be done when it was lost, e.g. `token-revoked`. */
  kind: z.string(),
  /** What it was done to: of several deeds the last one counts. */
  key: z.string(),
  /** For a sentence: `the revocation of the token panel`. */
  what: z.string(),
  by: z.string(), at: Instant,
  /** What doing it again needs, by its kind. */
  body: z.unknown(),
}));
export type DeedEvent = z.infer<typeof DeedEvent>;

/** The body of a hold's decision, of both services that keep some: what is decided, and of which list. */
export const HoldDeed = z.object({ holdId: z.string(), decision: z.enum(['approve', 'reject']), checksum: z.string() });
export type HoldDeed = z.infer<typeof HoldDeed>;
