import { z } from 'zod';
import { TenantId, VmId } from '../primitives.js';

/** With it, and with as many addresses as may be, a fact fits a message of the bus. */
const LABELS_MAX = 100;

/**
 * What a publisher may say of a VM: the body of `PUT /v1/vms/{vmId}`, and, with `vmId`, the data of
 * `vmdns.vm.changed.v1`. Strict: an unknown field is a fault that names its path. Names and addresses are text here;
 * inventory parses them with the domain and answers every fault at once.
 */
export const VmFact = z.strictObject({
  fqdn: z.string().max(255).optional(),
  hostname: z.string().max(255).optional(),
  domain: z.string().max(255).optional(),
  tenant: TenantId.optional(),
  /** The publisher's own unique id of this machine: another uid at the same vmId is another life. */
  uid: z.string().min(1).max(128).optional(),
  /** The publisher's own counter; compared only within one source and life. */
  version: z.int().min(0).optional(),
  /** Two VMs of one tenant may answer to one name when both say so. */
  shareName: z.boolean().optional(),
  addresses: z.array(z.strictObject({
    ip: z.string().max(64),
    /** absent: untouched; null: the default. */
    ptr: z.string().max(255).nullable().optional(),
    /** Also make A/AAAA for this address, although it is not primary. */
    forward: z.boolean().optional(),
  })).max(1000, 'at most 1,000 addresses'),
  labels: z.record(z.string().max(63), z.string().max(255)).refine((labels) => Object.keys(labels).length <= LABELS_MAX, `at most ${LABELS_MAX} labels`).optional(),
});
export type VmFact = z.infer<typeof VmFact>;

export const VmChangedData = VmFact.extend({ vmId: VmId });
export const VmDeletedData = z.strictObject({ vmId: VmId, uid: z.string().min(1).max(128).optional(), version: z.int().min(0).optional(), tenant: TenantId.optional() });
export const AddressPtrData = z.strictObject({ vmId: VmId, ip: z.string().max(64), hostname: z.string().max(255).nullable(), uid: z.string().min(1).max(128).optional() });

/** Inbound CloudEvent types and the schema of their data. */
export const inboundTypes = {
  'vmdns.vm.changed.v1': VmChangedData,
  'vmdns.vm.deleted.v1': VmDeletedData,
  'vmdns.address.ptr.v1': AddressPtrData,
} as const;
export type InboundType = keyof typeof inboundTypes;

/** Header by which a publisher on the bus asks for the answer after the commit; must name an `_INBOX.` subject. */
export const REPLY_HEADER = 'Vmdns-Reply-To';

/** The answer to one fact: 202 when accepted, 200 when known or stale, a problem otherwise. */
export const FactAnswer = z.object({
  vmId: VmId,
  accepted: z.boolean(),
  /** `repeat`: nothing new, not an error. `stale`, `old-life`, `unknown-vm`: ignored, and why. `held`: stored, waits for a person (L13). */
  reason: z.enum(['repeat', 'stale', 'old-life', 'unknown-vm', 'held']).optional(),
  text: z.string().optional(),
  revision: z.int().min(0),
  version: z.int().min(0).optional(),
  /** What is known, when the answer is `stale`. */
  current: z.object({ version: z.int().min(0).optional(), revision: z.int().min(0) }).optional(),
  holdId: z.string().optional(),
});
export type FactAnswer = z.infer<typeof FactAnswer>;
