import { z } from 'zod';
import { Count, FactAnswer, TenantId, VmDns, VmDnsState, VmFact, VmSummary, VmView } from '@vmdns/contracts';
import { call, numberIn, pageOf, pageQuery, PUBLISHERS, READERS } from '../http/call.js';
import { morePtrFaults, moreVmFaults } from './vm-faults.js';
import { vmParams, waitMs } from './fields.js';

export const factAnswers = {
  200: { text: 'Nothing new: a repeat, or ignored (stale, an old life, an unknown VM), and why.', schema: FactAnswer },
  202: { text: 'Stored. DNS follows; ask for the revision with `GET /v1/vms/{vmId}/dns`.', schema: FactAnswer },
} as const;

export const vmCalls = {
  put: call({
    id: 'putVm', method: 'put', path: '/v1/vms/:vmId', tag: 'VMs', summary: 'Say all that is true of a VM: it appears, changes, or nothing happens.',
    roles: PUBLISHERS, forTenants: true, isFact: true, params: vmParams, body: VmFact, moreFaults: moreVmFaults, answers: factAnswers,
  }),
  get: call({
    id: 'getVm', method: 'get', path: '/v1/vms/:vmId', tag: 'VMs', summary: 'What is known of a VM.',
    roles: READERS, forTenants: true, params: vmParams, answers: { 200: { text: 'The VM as it was last said to be.', schema: VmView } },
  }),
  remove: call({
    id: 'deleteVm', method: 'delete', path: '/v1/vms/:vmId', tag: 'VMs', summary: 'The VM is gone; its records follow.',
    roles: PUBLISHERS, forTenants: true, isFact: true, params: vmParams,
    query: z.strictObject({
      uid: z.string().min(1).max(128).optional().describe('Only this life of the VM.'),
      version: numberIn(Count).optional().describe("The publisher's own counter."),
      tenant: TenantId.optional(),
    }),
    answers: factAnswers,
  }),
  find: call({
    id: 'findVms', method: 'get', path: '/v1/vms', tag: 'VMs', summary: 'VMs by address or name; all of them without either.',
    roles: READERS, forTenants: true,
    query: z.strictObject({ ip: z.string().max(64).optional(), name: z.string().max(255).optional(), tenant: TenantId.optional(), ...pageQuery }),
    answers: { 200: { text: 'A page of VMs.', schema: pageOf(VmView) } },
  }),
  search: call({
    id: 'searchVms', method: 'get', path: '/v1/search/vms', tag: 'VMs', summary: 'VMs as one types: by the beginning of an id, a name or an address, or by tenant; with the state of their DNS.',
    roles: READERS, forTenants: true, query: z.strictObject({ q: z.string().max(255).default(''), state: VmDnsState.optional(), ...pageQuery }),
    answers: { 200: { text: 'A page of VMs, by id. It may be short and still have a `next`.', schema: pageOf(VmSummary) } },
  }),
  setPtr: call({
    id: 'putPtr', method: 'put', path: '/v1/vms/:vmId/addresses/:ip/ptr', tag: 'VMs', summary: "The customer's own reverse name of one address; null goes back to the default.",
    roles: PUBLISHERS, forTenants: true, isFact: true, params: vmParams.extend({ ip: z.string().max(64) }),
    body: z.strictObject({
      hostname: z.string().max(255).nullable().describe('A full host name, or null for the default.'),
      uid: z.string().min(1).max(128).optional().describe('Only this life of the VM.'),
    }),
    moreFaults: morePtrFaults, answers: factAnswers,
  }),
  dns: call({
    id: 'getVmDns', method: 'get', path: '/v1/vms/:vmId/dns', tag: 'VMs', summary: "How a VM's records stand, and why; may wait until they are live.",
    roles: READERS, forTenants: true, params: vmParams,
    query: z.strictObject({
      revision: numberIn(Count).optional().describe('Live means: live for this revision or a later one.'),
      wait: waitMs.optional().describe('Answer when live, at the latest after this time: `30s`, `500ms`, at most `60s`.'),
    }),
    answers: { 200: { text: 'The state of the VM and of each of its records.', schema: VmDns } },
  }),
};
