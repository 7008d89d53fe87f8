import { Controller } from '@nestjs/common';
import type { Caller } from '@vmdns/contracts';
import { Asked, By } from '../http/ask.js';
import { Handles, type AskOf } from '../http/call.js';
import { planCalls } from './plan.calls.js';
import { Plans } from './plans.js';

@Controller()
export class PlanController {
  constructor(private readonly plans: Plans) {}

  @Handles(planCalls.post)
  plan(@Asked() { body }: AskOf<typeof planCalls.post>, @By() caller: Caller) {
    return this.plans.plan(body.facts, body.source, caller);
  }
}
