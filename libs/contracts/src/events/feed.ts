import { z } from 'zod';
import { Count, Id, ProviderName } from '../primitives.js';
import { cloudEventOf } from './cloud-event.js';

/** One row of a change feed as it travels: the sequence orders, the key names the thing, the body is its whole state. */
export const feedChange = <B extends z.ZodType>(body: B) => z.object({ sequence: Count, key: z.string(), body });

/** `rpc.<service>.changes-after`: the rows after a cursor whose transactions have all ended (PROTOCOL §1). */
export const ChangesAfter = z.object({ cursor: Count, limit: z.int().min(1).max(5000), topic: z.string().optional() });
export const changesPage = <B extends z.ZodType>(body: B) => z.object({ changes: z.array(feedChange(body)), cursor: Count, more: z.boolean() });

/** How a zone is written: `observe` plans and compares, and writes nothing. */
export const ZoneMode = z.enum(['write', 'observe']);

/** A zone entry as adapters see it. A removal is a tombstone (`state: removed`), never an absence. */
export const ZoneFact = z.object({
  kind: z.literal('zone'),
  zoneId: Id,
  /** Absolute, lower case, with the dot. */
  apex: z.string(),
  provider: ProviderName,
  connectionId: Id,
  mode: ZoneMode,
  paused: z.boolean(),
  state: z.enum(['active', 'leaving', 'removed']),
  /** By the provider's zoneSchema. */
  settings: z.record(z.string(), z.unknown()),
  /** How often it is compared with the provider; 0: only when asked; absent: daily. */
  reconcileEverySeconds: Count.optional(),
  revision: z.int().min(1),
});
export type ZoneFact = z.infer<typeof ZoneFact>;

/** A connection as adapters see it. `sealed` holds each secret field as a compact JWE for one adapter's key. */
export const ConnectionFact = z.object({
  kind: z.literal('connection'),
  connectionId: Id,
  name: z.string(),
  provider: ProviderName,
  settings: z.record(z.string(), z.unknown()),
  sealed: z.record(z.string(), z.string()),
  paused: z.boolean(),
  removed: z.boolean(),
  /** A person said that these settings lead to the same server as those before: what is ours there stays ours. */
  sameServer: z.boolean().optional(),
  revision: z.int().min(1),
});
export type ConnectionFact = z.infer<typeof ConnectionFact>;

export const ZoneFeedBody = z.discriminatedUnion('kind', [ZoneFact, ConnectionFact]);
export type ZoneFeedBody = z.infer<typeof ZoneFeedBody>;
/** On `vmdns.zone.<provider>`: one or more rows of the planner's zone feed. */
export const ZoneFeedEvent = cloudEventOf('vmdns.zone.changed.v1', z.object({ changes: z.array(feedChange(ZoneFeedBody)) }));
export type ZoneFeedEvent = z.infer<typeof ZoneFeedEvent>;
