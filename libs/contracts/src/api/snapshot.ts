import { z } from 'zod';
import { Count } from '../primitives.js';

/** Lines of one `snapshot-add`. */
export const SNAPSHOT_LINES_MAX = 500;

/** The last line of a complete list: how many lines came before it. Without it the list was cut off. */
export const SnapshotEnd = z.strictObject({ end: z.literal(true), count: Count });
export type SnapshotEnd = z.infer<typeof SnapshotEnd>;

/** Something wrong at one line (the first is 1). */
export const SnapshotFault = z.object({ line: Count, vmId: z.string().optional(), message: z.string() });
export type SnapshotFault = z.infer<typeof SnapshotFault>;

/** What one step of carrying out a complete list did. */
export const SnapshotStep = z.object({
  more: z.boolean(), stored: Count, known: Count, faults: z.array(SnapshotFault),
  /** VMs that are missing in the list for the first time, or not long enough to count. */
  missing: Count, deleted: Count, held: Count, kept: Count, isKeptBack: z.boolean(),
});
export type SnapshotStep = z.infer<typeof SnapshotStep>;

/** What a source's complete list came to. */
export const SnapshotReport = z.object({
  source: z.string(), lines: Count, stored: Count.describe('VMs that are new or changed.'), known: Count.describe('VMs that are as they were.'),
  missing: Count.describe('VMs that are not in the list, seen missing for the first time (or too shortly after it): nothing happens to them yet.'),
  deleted: Count.describe('VMs that were missing twice, and are deleted.'), held: Count.describe('Deletions that wait for a person, by the brake.'), kept: Count.describe('VMs that a person decided to keep.'),
  isKeptBack: z.boolean().describe('Lines could not be read, so nothing was taken for missing.'),
  faults: z.array(SnapshotFault).describe('At most 1,000.'), moreFaults: Count, text: z.string(),
});
export type SnapshotReport = z.infer<typeof SnapshotReport>;
