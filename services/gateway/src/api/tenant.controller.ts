import { Controller } from '@nestjs/common';
import type { Caller } from '@vmdns/contracts';
import { Asked, By } from '../http/ask.js';
import { Handles, type AskOf } from '../http/call.js';
import { Services, valueOf } from './services.js';
import { tenantCalls } from './tenant.calls.js';

@Controller()
export class TenantController {
  constructor(private readonly services: Services) {}

  @Handles(tenantCalls.list)
  async list() {
    return valueOf(await this.services.planner['tenant-list']({}));
  }

  @Handles(tenantCalls.get)
  async get(@Asked() { params }: AskOf<typeof tenantCalls.get>) {
    return valueOf(await this.services.planner['tenant-get'](params));
  }

  @Handles(tenantCalls.limit)
  async limit(@Asked() { params, body }: AskOf<typeof tenantCalls.limit>, @By() caller: Caller) {
    return valueOf(await this.services.planner['tenant-limit']({ ...params, limits: body, caller }, this.services.slowly));
  }
}
