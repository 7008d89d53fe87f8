import { z } from 'zod';

/**
 * The closed list of reasons why a VM or record is not (or not yet) as wished. Each has a text for people in
 * deploy/docs; a new one is a change of the contract.
 */
export const ReasonCode = z.enum([
  'no-zone', 'outside', 'foreign-record', 'cname-conflict', 'name-conflict', 'address-conflict', 'reserved-name',
  'not-permitted', 'not-yet-planned', 'provider-unreachable', 'credentials', 'throttled', 'zone-missing', 'zone-full',
  'target-changed', 'refused-by-provider', 'unconfirmed', 'on-hold', 'kept', 'paused', 'released', 'observed',
]);
export type ReasonCode = z.infer<typeof ReasonCode>;

/** Why, in one sentence, and what to do about it. Never names another tenant's VM, never holds a secret. */
export const Reason = z.object({ code: ReasonCode, text: z.string(), hint: z.string().optional() });
export type Reason = z.infer<typeof Reason>;

/** The states of a name (ARCHITECTURE §6). */
export const NameState = z.enum(['pending', 'applied', 'refused', 'failed', 'unconfirmed', 'on-hold', 'waiting', 'outside', 'observed']);
export type NameState = z.infer<typeof NameState>;

/** The states of a VM's DNS as `GET /v1/vms/{id}/dns` gives them. */
export const VmDnsState = z.enum(['planning', 'pending', 'live', 'attention', 'deleting', 'gone']);
export type VmDnsState = z.infer<typeof VmDnsState>;
