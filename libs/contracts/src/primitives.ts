import { z } from 'zod';

/** A VM's id as the publisher names it; encoded where it becomes a subject token (see subjects.ts). */
export const VmId = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:~-]{0,127}$/, 'must be 1 to 128 letters, digits or . _ : ~ - and begin with a letter or digit');
export type VmId = z.infer<typeof VmId>;

/** A tenant's id; also a subject token, so without dots. */
export const TenantId = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/, 'must be 1 to 63 letters, digits, _ or -');

/** Our own ids: zones, connections, pauses, holds, tokens. Lower-case, so they are subject tokens as they are. */
export const Id = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be 1 to 63 lower-case letters, digits or -');

/** A provider's name, as its adapter announces it. */
export const ProviderName = z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, 'must be lower-case letters, digits or -');

/** An instant, RFC 3339 in UTC with milliseconds. */
export const Instant = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/, 'must be an RFC 3339 time in UTC');

/** Counts from 0 or 1 that fit a JSON number exactly. */
export const Count = z.int().min(0);

/** The record types that vmdns writes. CNAME only as the parent's pointer into a classless zone (RFC 2317). */
export const ManagedType = z.enum(['A', 'AAAA', 'PTR', 'CNAME']);
export type ManagedType = z.infer<typeof ManagedType>;

/** One RRset without its owner name. `values` are canonical and sorted; TTL in seconds. */
export const RrsetBody = z.object({ type: ManagedType, ttl: Count, values: z.array(z.string()).min(1) });
export type RrsetBody = z.infer<typeof RrsetBody>;
