import { z } from 'zod';
import { Count, Instant, ProviderName } from '../primitives.js';
import { cloudEventOf } from '../events/cloud-event.js';

export const Capabilities = z.object({
  grain: z.enum(['rrset', 'record']),
  batch: z.boolean(),
  types: z.array(z.string()),
  ttl: z.object({ min: Count, max: Count }),
  /** How an outcome is verified: by the API's answer, or by asking the name server (L9). */
  verify: z.enum(['api', 'dns']),
  multiplePtr: z.boolean(),
  wildcard: z.boolean(),
  classlessReverse: z.boolean(),
  overlap: z.enum(['harmless', 'harmful']),
  callLifeMs: Count,
});
export type Capabilities = z.infer<typeof Capabilities>;

/** An adapter says who it is; repeated every 5 s, so that whoever starts later learns it too. */
export const Announcement = z.object({
  provider: ProviderName,
  instance: z.string(),
  /** New when the adapter's store is new: unsettled names are issued again at once. */
  era: z.string(),
  capabilities: Capabilities,
  /** JSON Schema; secret fields carry `"writeOnly": true`. */
  connectionSchema: z.record(z.string(), z.unknown()),
  zoneSchema: z.record(z.string(), z.unknown()),
  /** Public JWK for sealing secrets: ECDH-ES on P-256, `kid` set. */
  publicKey: z.record(z.string(), z.unknown()),
  at: Instant,
});
export type Announcement = z.infer<typeof Announcement>;
export const AnnouncementEvent = cloudEventOf('vmdns.adapter.announced.v1', Announcement);
