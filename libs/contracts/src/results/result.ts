import { z } from 'zod';
import { Count, Id, Instant, ProviderName, RrsetBody, VmId } from '../primitives.js';
import { NameState, Reason } from '../reasons.js';
import { cloudEventOf } from '../events/cloud-event.js';

/**
 * What became of one name at one target. `turn` rises with every outcome of that name; the log's key is
 * (target, name, timeline, generation, turn). `behind` answers a command that is lower than what the adapter knows, or
 * equal with another digest: then timeline and generation are the adapter's.
 */
export const NameResult = z.object({
  name: z.string(),
  timeline: z.int().min(1),
  generation: z.int().min(1),
  digest: z.string(),
  turn: Count,
  state: z.union([NameState, z.literal('behind')]),
  reason: Reason.optional(),
  /** The provider's own words, without secrets, at most 500 characters. */
  providerText: z.string().optional(),
  /** What was asked for. */
  rrsets: z.array(RrsetBody),
  /** Whether this turn wrote to the provider. */
  wrote: z.boolean(),
  attempts: Count,
  nextTryAt: Instant.optional(),
  vms: z.array(VmId).max(8),
  /** When the outcome was stored (Postgres' clock); the same in every repeat. */
  at: Instant,
});
export type NameResult = z.infer<typeof NameResult>;

export const Result = z.object({
  zoneId: Id,
  apex: z.string(),
  provider: ProviderName,
  connectionId: Id,
  target: z.string(),
  /** Said again although known (repeat, a new result stream): subscribers may skip what they have. */
  again: z.boolean().optional(),
  names: z.array(NameResult).min(1).max(500),
});
export type Result = z.infer<typeof Result>;
export const ResultEvent = cloudEventOf('vmdns.dns.result.v1', Result);
export type ResultEvent = z.infer<typeof ResultEvent>;
