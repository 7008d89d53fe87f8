import { rangeContains } from '../addresses/ip-range.js';
import { isWithin } from '../names/labels.js';
import { rulesOf, type PlanningSettings } from './planning-settings.js';

/** Whether a tenant's VMs may be called so: by whole labels, in one of its domains. */
export function mayUseName(tenant: string | null, name: string, settings: PlanningSettings): boolean {
  const domains = limitsOf(tenant, settings)?.domains ?? null;
  return domains === null || domains.some((domain) => isWithin(name, domain));
}

/** Whether a tenant's VMs may have this (canonical) address. */
export function mayUseAddress(tenant: string | null, ip: string, settings: PlanningSettings): boolean {
  const ranges = limitsOf(tenant, settings)?.ranges ?? null;
  return ranges === null || ranges.some((range) => rangeContains(range, ip));
}

function limitsOf(tenant: string | null, settings: PlanningSettings) {
  return tenant === null ? undefined : rulesOf(settings).limits.get(tenant);
}
