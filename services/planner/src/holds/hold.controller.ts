import { Controller } from '@nestjs/common';
import { OnRequest } from '@vmdns/bus';
import { plannerRpc } from '@vmdns/contracts';
import { Holds, type Decision } from './hold.service.js';

/** Holds on re-homings (L13). */
@Controller()
export class HoldController {
  constructor(private readonly holds: Holds) {}

  @OnRequest('planner', 'holds-list', plannerRpc['holds-list'])
  list(ask: { limit: number; cursor?: string | undefined; state?: string | undefined }) {
    return this.holds.list(ask.state, ask.limit, ask.cursor);
  }

  @OnRequest('planner', 'hold-show', plannerRpc['hold-show'])
  show(ask: { holdId: string; limit: number; cursor?: string | undefined }) {
    return this.holds.show(ask.holdId, ask.limit, ask.cursor);
  }

  @OnRequest('planner', 'hold-decide', plannerRpc['hold-decide'])
  decide(ask: Decision) {
    return this.holds.decide(ask);
  }
}
