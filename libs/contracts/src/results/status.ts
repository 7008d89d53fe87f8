import { z } from 'zod';
import { Count, Id, Instant, ManagedType, ProviderName, VmId } from '../primitives.js';
import { NameState, Reason, VmDnsState } from '../reasons.js';
import { cloudEventOf } from '../events/cloud-event.js';

/** One record that a VM wants, and how it stands. */
export const RecordStatus = z.object({
  name: z.string(),
  type: ManagedType,
  ttl: Count.nullable(),
  values: z.array(z.string()),
  /** The zone's apex and entry; null where no zone encloses the name. */
  zone: z.string().nullable(),
  zoneId: Id.nullable(),
  provider: ProviderName.nullable(),
  state: NameState,
  reason: Reason.optional(),
  attempts: Count,
  nextTryAt: Instant.optional(),
  generation: Count,
  updatedAt: Instant,
});
export type RecordStatus = z.infer<typeof RecordStatus>;

/** The answer of `GET /v1/vms/{id}/dns`. `live` for revision N: N was planned and every record is answered or explained (L14). */
export const VmDns = z.object({
  vmId: VmId,
  revision: Count,
  plannedRevision: Count,
  live: z.boolean(),
  state: VmDnsState,
  reason: Reason.optional(),
  records: z.array(RecordStatus),
});
export type VmDns = z.infer<typeof VmDns>;

/** On `vmdns.status.<vm token>` whenever a VM's DNS changes state. */
export const VmStatusEvent = cloudEventOf('vmdns.vm.status.v1', VmDns);
export type VmStatusEvent = z.infer<typeof VmStatusEvent>;

/** On `vmdns.deadletter.<service>`: a message that could not be taken, and why. */
export const DeadLetterEvent = cloudEventOf('vmdns.message.dead.v1', z.object({
  service: z.string(), subject: z.string(), reason: z.string(),
  /** The message as it came, at most 64 KiB of text. */
  payload: z.string(), headers: z.record(z.string(), z.string()), at: Instant,
}));
export type DeadLetterEvent = z.infer<typeof DeadLetterEvent>;

/**
 * On `vmdns.notice.<service>`: what a person should hear of, although nothing failed. About a fact: well-formed, but not
 * acted on, and why (stale, an old life, …). About a zone (`zone` is set), from its adapter: it was not as expected
 * (somebody else wrote there, a record of ours was changed).
 */
export const NoticeEvent = cloudEventOf('vmdns.fact.ignored.v1', z.object({
  service: z.string(), vmId: VmId.optional(), code: z.string(), text: z.string(), source: z.string().optional(), at: Instant,
  /** The apex. */
  zone: z.string().optional(), zoneId: Id.optional(), provider: ProviderName.optional(),
  /** An owner name of the zone, and the VMs that it is about. */
  name: z.string().optional(), vms: z.array(VmId).max(8).optional(),
}));
export type NoticeEvent = z.infer<typeof NoticeEvent>;
