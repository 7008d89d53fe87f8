import { Controller } from '@nestjs/common';
import type { Caller } from '@vmdns/contracts';
import { Asked, By, Raw } from '../http/ask.js';
import { Handles, type AskOf } from '../http/call.js';
import type { DoorRequest } from '../http/door-request.js';
import { DnsWait } from '../live/dns-wait.js';
import { Facts } from './facts.js';
import { Services, valueOf } from './services.js';
import { vmCalls } from './vm.calls.js';

@Controller()
export class VmController {
  constructor(private readonly facts: Facts, private readonly services: Services, private readonly dnsWait: DnsWait) {}

  @Handles(vmCalls.put)
  put(@Asked() { params, body }: AskOf<typeof vmCalls.put>, @By() caller: Caller) {
    return this.facts.say('vmdns.vm.changed.v1', { ...body, vmId: params.vmId }, caller);
  }

  @Handles(vmCalls.get)
  async get(@Asked() { params }: AskOf<typeof vmCalls.get>, @By() caller: Caller) {
    return valueOf(await this.services.inventory['vm-get']({ vmId: params.vmId, caller }));
  }

  @Handles(vmCalls.remove)
  remove(@Asked() { params, query }: AskOf<typeof vmCalls.remove>, @By() caller: Caller) {
    return this.facts.say('vmdns.vm.deleted.v1', { ...query, vmId: params.vmId }, caller);
  }

  @Handles(vmCalls.find)
  async find(@Asked() { query }: AskOf<typeof vmCalls.find>, @By() caller: Caller) {
    return valueOf(await this.services.inventory['vm-find']({ ...query, caller }, this.services.slowly));
  }

  @Handles(vmCalls.search)
  async search(@Asked() { query }: AskOf<typeof vmCalls.search>, @By() caller: Caller) {
    return valueOf(await this.services.planner['vm-search']({ ...query, caller }, this.services.slowly));
  }

  @Handles(vmCalls.setPtr)
  setPtr(@Asked() { params, body }: AskOf<typeof vmCalls.setPtr>, @By() caller: Caller) {
    return this.facts.say('vmdns.address.ptr.v1', { ...body, ...params }, caller);
  }

  @Handles(vmCalls.dns)
  dns(@Asked() { params, query }: AskOf<typeof vmCalls.dns>, @By() caller: Caller, @Raw() request: DoorRequest) {
    return this.dnsWait.answer({ vmId: params.vmId, revision: query.revision, waitMs: query.wait ?? 0, caller }, request);
  }
}
