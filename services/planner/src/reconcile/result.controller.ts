import { Controller } from '@nestjs/common';
import { OnBatch, type InMessage } from '@vmdns/bus';
import { ResultEvent, subjects, type Result } from '@vmdns/contracts';
import { Settler } from './settler.service.js';

/** What adapters say of names. */
@Controller()
export class ResultController {
  constructor(private readonly settler: Settler) {}

  @OnBatch({ stream: 'RESULT', subject: subjects.result.all, durable: 'planner-results', event: ResultEvent, max: 200 })
  async results(messages: readonly InMessage<Result>[]): Promise<void> {
    await this.settler.settle(messages.map((message) => message.data), messages[0]?.traceparent);
  }
}
