import { z } from 'zod';
import { Count, Id, Instant } from '../primitives.js';
import { Reason } from '../reasons.js';
import { ZoneMode } from '../events/feed.js';

// What can be done with a zone at its provider: compare it, take it over, hand it back.

/** One side of a comparison. `remarks`: what a provider keeps beside a record and vmdns never changes. */
export const RrsetSide = z.object({
  ttl: Count, values: z.array(z.string()),
  remarks: z.object({ proxied: z.boolean().optional(), comments: z.array(z.string()).optional() }).optional(),
});
export type RrsetSide = z.infer<typeof RrsetSide>;

/**
 * `differs`: wanted so, there otherwise. `missing`: wanted and not there. `orphan`: vmdns wrote it and it is wanted no
 * more. `foreign`: neither wanted nor ours (only the first of them are listed).
 */
export const DriftKind = z.enum(['differs', 'missing', 'orphan', 'foreign']);
export type DriftKind = z.infer<typeof DriftKind>;
export const DriftEntry = z.object({
  kind: DriftKind, name: z.string(), type: z.string(),
  ours: z.boolean().describe('vmdns wrote what is there: in mode write it is put right. What others wrote is left until somebody adopts it.'),
  wanted: RrsetSide.optional(), held: RrsetSide.optional(),
});
export type DriftEntry = z.infer<typeof DriftEntry>;

/** A whole comparison in numbers of RRsets. */
export const DriftCounts = z.object({
  equal: Count, adoptable: Count.describe('Equal ones that vmdns did not write: they can be taken over without a write.'),
  differs: Count, missing: Count, orphans: Count, foreign: Count, foreignByType: z.record(z.string(), Count),
  moving: Count.describe('Names that were being changed meanwhile; they are not compared.'),
  repaired: Count.describe('Names that are being put right because of it.'),
});
export type DriftCounts = z.infer<typeof DriftCounts>;

/** The last comparison of a zone with its provider. */
export const ZoneDrift = z.object({
  zoneId: Id, mode: ZoneMode,
  state: z.enum(['never', 'comparing', 'compared', 'failed']),
  beganAt: Instant.optional().describe('When the reading began that the numbers are from.'), tookMs: z.number().optional(), counts: DriftCounts.optional(),
  askedAt: Instant.optional(), nextAt: Instant.optional(),
  fault: Reason.optional().describe('Why the last try gave nothing to act on; the numbers are from before.'),
  items: z.array(DriftEntry), next: z.string().optional(),
});
export type ZoneDrift = z.infer<typeof ZoneDrift>;

export const DriftAsk = z.object({ kind: DriftKind.optional(), limit: z.int().min(1).max(500).default(100), cursor: z.string().optional() });

/** What adopting did, or would do. */
export const Adoption = z.object({
  zoneId: Id, mode: ZoneMode, dryRun: z.boolean(),
  equal: Count.describe('RRsets that are as wanted: taken over without a write.'),
  different: Count.describe('RRsets that are otherwise and were to be taken over too: in mode write they become as wanted.'),
  left: Count.describe('RRsets that are otherwise and are left as they are.'),
  foreign: Count.describe('RRsets that nobody wishes here: always left.'),
  comparedAt: Instant, items: z.array(DriftEntry).describe('The first 500 of those that are otherwise.'),
});
export type Adoption = z.infer<typeof Adoption>;
/** Which of those that are otherwise are taken over too. */
export const AdoptDifferent = z.union([z.literal('none'), z.literal('all'), z.array(z.string().min(1).max(255)).min(1).max(1000)]);
export type AdoptDifferent = z.infer<typeof AdoptDifferent>;

/** An owner name of one zone, and in whose hands it is now. */
export const HandedName = z.object({ name: z.string(), zoneId: Id, zone: z.string(), released: z.boolean() });
export type HandedName = z.infer<typeof HandedName>;
export const HandedNames = z.object({ items: z.array(HandedName) });
