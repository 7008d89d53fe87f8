import { Controller } from '@nestjs/common';
import { OnBatch, type InMessage } from '@vmdns/bus';
import { subjects, VmStateEvent, type VmState } from '@vmdns/contracts';
import { Planner } from './planner.service.js';

/** Facts as inventory says them, straight after its commit. */
@Controller()
export class VmController {
  constructor(private readonly planner: Planner) {}

  @OnBatch({ stream: 'EVENT', subject: subjects.event.all, durable: 'planner', event: VmStateEvent, max: 200 })
  async events(messages: readonly InMessage<VmState>[]): Promise<void> {
    await this.planner.takeFacts(messages.map((message) => message.data), { priority: 1, traceparent: messages[0]?.traceparent });
  }
}
