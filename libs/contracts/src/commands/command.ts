import { z } from 'zod';
import { Id, ProviderName, RrsetBody, VmId } from '../primitives.js';
import { cloudEventOf } from '../events/cloud-event.js';

/** 0 recycled PTR and customer, 1 event, 2 re-home, backfill, repair (PROTOCOL §5). */
export const Priority = z.union([z.literal(0), z.literal(1), z.literal(2)]);
export type Priority = z.infer<typeof Priority>;

/**
 * L3: "at this owner name, of the types we manage, exactly these RRsets". `rrsets: []` removes what we own there.
 * (timeline, generation) compare as a pair; `digest` is domain's `desiredDigest(rrsets)`.
 */
export const CommandName = z.object({
  /** Absolute owner name. */
  name: z.string(),
  timeline: z.int().min(1),
  generation: z.int().min(1),
  digest: z.string(),
  rrsets: z.array(RrsetBody),
  priority: Priority,
  /** The VMs that this name is about, at most 8: for the log and for explaining. */
  vms: z.array(VmId).max(8),
  /** A person has taken the name out of vmdns' hands: whatever is there stays, and is not ours. */
  released: z.boolean().optional(),
  /** A person gave it back: what is there at the wanted types is ours to change. */
  adopt: z.boolean().optional(),
});
export type CommandName = z.infer<typeof CommandName>;

export const COMMAND_NAMES_MAX = 500;

export const Command = z.object({
  zoneId: Id,
  apex: z.string(),
  provider: ProviderName,
  connectionId: Id,
  names: z.array(CommandName).min(1).max(COMMAND_NAMES_MAX),
});
export type Command = z.infer<typeof Command>;
export const CommandEvent = cloudEventOf('vmdns.dns.command.v1', Command);
export type CommandEvent = z.infer<typeof CommandEvent>;
