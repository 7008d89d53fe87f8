import { Controller } from '@nestjs/common';
import { OnRequest } from '@vmdns/bus';
import { plannerRpc, type Caller, type Explanation, type VmDns } from '@vmdns/contracts';
import { Answers } from './answers.js';
import { Explainer } from './explainer.js';

/** How things stand, and why. */
@Controller()
export class StatusController {
  constructor(private readonly answers: Answers, private readonly explainer: Explainer) {}

  @OnRequest('planner', 'vm-dns', plannerRpc['vm-dns'])
  vmDns(ask: { vmId: string; caller: Caller; minRevision?: number | undefined }): Promise<VmDns> {
    return this.answers.vmDns(ask.vmId, ask.caller, ask.minRevision ?? 0);
  }

  @OnRequest('planner', 'explain', plannerRpc.explain)
  explain(ask: { q: string; caller: Caller }): Promise<Explanation> {
    return this.explainer.explain(ask.q, ask.caller);
  }
}
