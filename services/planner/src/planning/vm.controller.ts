import { Controller } from '@nestjs/common';
import { OnBatch, OnRequest, type InMessage } from '@vmdns/bus';
import { plannerRpc, subjects, VmStateEvent, type PlannedFacts, type VmState } from '@vmdns/contracts';
import { PlanPreview } from './plan-preview.js';
import { Planner } from './planner.service.js';

/** Facts as inventory says them, straight after its commit; and what facts would do. */
@Controller()
export class VmController {
  constructor(private readonly planner: Planner, private readonly previews: PlanPreview) {}

  @OnBatch({ stream: 'EVENT', subject: subjects.event.all, durable: 'planner', event: VmStateEvent, max: 200 })
  async events(messages: readonly InMessage<VmState>[]): Promise<void> {
    await this.planner.takeFacts(messages.map((message) => message.data), { priority: 1, traceparent: messages[0]?.traceparent });
  }

  @OnRequest('planner', 'plan-preview', plannerRpc['plan-preview'], { concurrency: 2 })
  preview(ask: { states: readonly VmState[] }): Promise<PlannedFacts> {
    return this.previews.preview(ask.states);
  }
}
