import { z } from 'zod';
import { Tenant, TenantId, TenantLimits } from '@vmdns/contracts';
import { call, OPERATORS, WATCHERS } from '../http/call.js';

const params = z.object({ tenant: TenantId });
const one = { 200: { text: 'The tenant and its limits.', schema: Tenant } };

export const tenantCalls = {
  list: call({ id: 'listTenants', method: 'get', path: '/v1/tenants', tag: 'Tenants', summary: 'Tenants that have limits.', roles: WATCHERS, forTenants: false, answers: { 200: { text: 'All of them.', schema: z.object({ items: z.array(Tenant) }) } } }),
  get: call({ id: 'getTenant', method: 'get', path: '/v1/tenants/:tenant', tag: 'Tenants', summary: 'What a tenant may use.', roles: WATCHERS, forTenants: false, params, answers: one }),
  limit: call({
    id: 'limitTenant', method: 'put', path: '/v1/tenants/:tenant/limits', tag: 'Tenants', summary: "Limits a tenant's VMs to domains and address ranges; what lies outside is refused (`not-permitted`), the rest goes on. It is planned again at once.",
    roles: OPERATORS, forTenants: false, params, body: z.strictObject({ domains: TenantLimits.shape.domains.default(null), ranges: TenantLimits.shape.ranges.default(null) }), answers: one,
  }),
};
