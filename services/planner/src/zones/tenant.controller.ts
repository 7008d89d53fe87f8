import { Controller } from '@nestjs/common';
import { OnRequest } from '@vmdns/bus';
import { plannerRpc, type Caller, type Tenant, type TenantLimits } from '@vmdns/contracts';
import { TenantLimitsDesk } from './tenant-limits.service.js';

/** `vmdns.rpc.planner.tenant-list`, `tenant-get`, `tenant-limit` */
@Controller()
export class TenantController {
  constructor(private readonly desk: TenantLimitsDesk) {}

  @OnRequest('planner', 'tenant-list', plannerRpc['tenant-list'])
  async list() {
    return { items: await this.desk.list() };
  }

  @OnRequest('planner', 'tenant-get', plannerRpc['tenant-get'])
  get(ask: { tenant: string }): Promise<Tenant> {
    return this.desk.get(ask.tenant);
  }

  @OnRequest('planner', 'tenant-limit', plannerRpc['tenant-limit'])
  limit(ask: { tenant: string; limits: TenantLimits; caller: Caller }): Promise<Tenant> {
    return this.desk.put(ask.tenant, ask.limits, ask.caller);
  }
}
