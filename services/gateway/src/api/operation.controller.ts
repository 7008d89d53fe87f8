import { Controller } from '@nestjs/common';
import type { Caller } from '@vmdns/contracts';
import { Asked, By } from '../http/ask.js';
import { Handles, type AskOf } from '../http/call.js';
import { Holds } from './holds.js';
import { explainCalls, holdCalls, overviewCalls, pauseCalls, settingsCalls } from './operation.calls.js';
import { overviewOf } from './overview.js';
import { Services, valueOf } from './services.js';

/** What an operator asks and does: explanations, the stop button, holds, settings. */
@Controller()
export class OperationController {
  constructor(private readonly services: Services, private readonly holds: Holds) {}

  @Handles(explainCalls.explain)
  async explain(@Asked() { query }: AskOf<typeof explainCalls.explain>, @By() caller: Caller) {
    return valueOf(await this.services.planner.explain({ ...query, caller }, this.services.slowly));
  }

  @Handles(overviewCalls.get)
  overview() {
    return overviewOf(this.services);
  }

  @Handles(pauseCalls.list)
  async pauses() {
    return valueOf(await this.services.planner['pause-list']({}));
  }

  @Handles(pauseCalls.add)
  async pause(@Asked() { body }: AskOf<typeof pauseCalls.add>, @By() caller: Caller) {
    return valueOf(await this.services.planner['pause-add']({ ...body, caller }, this.services.slowly));
  }

  @Handles(pauseCalls.remove)
  async resume(@Asked() { params }: AskOf<typeof pauseCalls.remove>, @By() caller: Caller) {
    valueOf(await this.services.planner['pause-remove']({ ...params, caller }, this.services.slowly));
  }

  @Handles(holdCalls.list)
  listHolds(@Asked() { query }: AskOf<typeof holdCalls.list>) {
    return this.holds.list(query);
  }

  @Handles(holdCalls.get)
  showHold(@Asked() { params, query }: AskOf<typeof holdCalls.get>) {
    return this.holds.get(params.id, query);
  }

  @Handles(holdCalls.approve)
  approve(@Asked() { params, body }: AskOf<typeof holdCalls.approve>, @By() caller: Caller) {
    return this.holds.decide(params.id, 'approve', body?.checksum, caller);
  }

  @Handles(holdCalls.reject)
  reject(@Asked() { params, body }: AskOf<typeof holdCalls.reject>, @By() caller: Caller) {
    return this.holds.decide(params.id, 'reject', body?.checksum, caller);
  }

  @Handles(settingsCalls.get)
  async settings() {
    const [planning, brakes] = await Promise.all([this.services.planner['settings-get']({}), this.services.inventory['brakes-get']({})]);
    return { ...valueOf(planning), brakes: valueOf(brakes) };
  }

  /** Two owners, so not one transaction: a 503 in between says "send it again", and that mends it. */
  @Handles(settingsCalls.put)
  async putSettings(@Asked() { body: { brakes, ...settings } }: AskOf<typeof settingsCalls.put>, @By() caller: Caller) {
    const planning = valueOf(await this.services.planner['settings-put']({ settings, caller }, this.services.slowly));
    return { ...planning, brakes: valueOf(await this.services.inventory['brakes-put']({ brakes, caller })) };
  }
}
