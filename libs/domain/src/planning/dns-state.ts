import type { Reason } from './reason.js';

/** The states of a name (ARCHITECTURE §6). */
export type NameState = 'pending' | 'applied' | 'refused' | 'failed' | 'unconfirmed' | 'on-hold' | 'waiting' | 'outside' | 'observed';
/** The states of a VM's DNS. */
export type VmDnsState = 'planning' | 'pending' | 'live' | 'attention' | 'deleting' | 'gone';

export interface VmDnsQuestion {
  readonly deleted: boolean;
  readonly revision: number;
  readonly plannedRevision: number;
  /** The VM's records; for a deleted VM those still to be removed. */
  readonly records: readonly { readonly state: NameState; readonly reason?: Reason | undefined }[];
}
export interface VmDnsAnswer { readonly state: VmDnsState; readonly live: boolean; readonly reason?: Reason }

/** A VM's DNS state from its records (L14). */
export function vmDnsState(question: VmDnsQuestion): VmDnsAnswer {
  throw new Error(`state of revision ${question.revision}: not built yet`);
}
