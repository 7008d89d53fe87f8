import { z } from 'zod';
import { Id, Instant, VmId } from '@vmdns/contracts';

/** Schemas of path parts and query fields that several calls share. */
export const vmParams = z.object({ vmId: VmId });
export const idParams = z.object({ id: Id });

/** An instant that a caller gives: of the right form, and one that there is. */
export const instant = Instant.refine((text) => !Number.isNaN(Date.parse(text)) || !Instant.safeParse(text).success, 'must be a time that there is');

/** A flag in a query: `?purge=true`. */
export const flag = z.enum(['true', 'false']).default('false').transform((text) => text === 'true');

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };
export const WAIT_MAX_MS = 60_000;

/** A time to wait, `30s`, `500ms`, `1m` or plain seconds; at most a minute. As milliseconds. */
export const waitMs = z.string().regex(/^\d{1,6}(ms|s|m)?$/, 'must be a time such as 30s or 500ms')
  .transform((text) => {
    const [, count = '0', unit = 's'] = /^(\d+)(ms|s|m)?$/.exec(text) ?? [];
    return Number(count) * (UNITS[unit] ?? 1000);
  })
  .refine((ms) => ms <= WAIT_MAX_MS, 'must be at most 60s');
