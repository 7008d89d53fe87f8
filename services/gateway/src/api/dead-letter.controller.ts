import { Controller } from '@nestjs/common';
import type { Caller } from '@vmdns/contracts';
import { Asked, By } from '../http/ask.js';
import { Handles, type AskOf } from '../http/call.js';
import { deadLetterCalls } from './dead-letter.calls.js';
import { Services, valueOf } from './services.js';

@Controller()
export class DeadLetterController {
  constructor(private readonly services: Services) {}

  @Handles(deadLetterCalls.list)
  async list(@Asked() { query }: AskOf<typeof deadLetterCalls.list>) {
    return valueOf(await this.services.log['dead-letters'](query, this.services.slowly));
  }

  @Handles(deadLetterCalls.get)
  async get(@Asked() { params }: AskOf<typeof deadLetterCalls.get>) {
    return valueOf(await this.services.log['dead-letter-get'](params, this.services.slowly));
  }

  /** Marked when inventory has understood it; a mark that fails does no harm, as the same fact again is a repeat. */
  @Handles(deadLetterCalls.replay)
  async replay(@Asked() { params, body }: AskOf<typeof deadLetterCalls.replay>, @By() caller: Caller) {
    const { subject, payload } = valueOf(await this.services.log['dead-letter-take']({ id: params.id, isMended: body?.payload !== undefined }, this.services.slowly));
    const answer = valueOf(await this.services.inventory['ingest-replay']({ subject, payload: body?.payload === undefined ? payload : JSON.stringify(body.payload) }, this.services.slowly));
    valueOf(await this.services.log['dead-letter-replayed']({ id: params.id, caller }, this.services.slowly));
    return answer;
  }
}
