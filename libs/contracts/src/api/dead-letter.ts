import { z } from 'zod';
import { Instant } from '../primitives.js';

/** A message of the bus that could not be taken, and was put aside. */
export const DeadLetter = z.object({
  id: z.uuid(), at: Instant, service: z.string(), subject: z.string(), reason: z.string(), state: z.enum(['open', 'replayed']),
  replayedAt: Instant.optional(), replayedBy: z.string().optional(),
});
export type DeadLetter = z.infer<typeof DeadLetter>;
/** With what it said; what looks like a secret is masked. */
export const DeadLetterShown = DeadLetter.extend({
  payload: z.string(), isCut: z.boolean().describe('Only the beginning was kept.'), headers: z.record(z.string(), z.string()),
  isReplayable: z.boolean().describe('It was a publisher\'s. What the services say among themselves they say again.'),
});
export type DeadLetterShown = z.infer<typeof DeadLetterShown>;
