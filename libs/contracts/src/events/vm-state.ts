import { z } from 'zod';
import { Count, Instant, TenantId, VmId } from '../primitives.js';
import { cloudEventOf } from './cloud-event.js';

/**
 * A VM's whole state after an accepted change: the body of inventory's change feed and of `vmdns.event.vm.<token>`.
 * Names and addresses are canonical (lower case, absolute with a dot; RFC 5952). Order between events is by `revision`.
 */
export const VmState = z.object({
  vmId: VmId,
  tenant: TenantId.nullable(),
  source: z.string(),
  life: z.int().min(1),
  uid: z.string().nullable(),
  version: Count.nullable(),
  revision: z.int().min(1),
  deleted: z.boolean(),
  /** At most one of fqdn and hostname. `fqdn` is absolute; `hostname` is relative to `domain`, or the main domain. */
  fqdn: z.string().nullable(),
  hostname: z.string().nullable(),
  domain: z.string().nullable(),
  shareName: z.boolean(),
  /** Given when this name first appeared in this life; the lowest claim holds a name. Null where there is no name. */
  nameClaim: Count.nullable(),
  addresses: z.array(z.object({
    ip: z.string(),
    forward: z.boolean(),
    /** The publisher's PTR target, or null for the default. */
    ptr: z.string().nullable(),
    /** The customer's PTR target (the ptr call), or null. */
    customerPtr: z.string().nullable(),
    /** Given when the address first appeared in this life; the highest claim holds an address. */
    claim: Count,
  })),
  labels: z.record(z.string(), z.string()),
  changedAt: Instant,
  /** The hold by whose approval a person let this deletion go. */
  approvedBy: z.string().optional(),
});
export type VmState = z.infer<typeof VmState>;

export const VmStateEvent = cloudEventOf('vmdns.vm.state.v1', VmState);
export type VmStateEvent = z.infer<typeof VmStateEvent>;
