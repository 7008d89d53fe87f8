import { Controller } from '@nestjs/common';
import { OnRequest } from '@vmdns/bus';
import { plannerRpc, type Caller, type Explanation, type PlanningOverview, type VmDns } from '@vmdns/contracts';
import { Answers } from './answers.js';
import { Explainer } from './explainer.js';
import { LegacyFeed } from './legacy-feed.js';
import { OverviewReader } from './overview.reader.js';
import { VmSearch, type FoundVms, type VmSearchAsk } from './vm-search.js';

/** How things stand, and why. */
@Controller()
export class StatusController {
  constructor(private readonly answers: Answers, private readonly explainer: Explainer, private readonly vms: VmSearch, private readonly overviews: OverviewReader, private readonly legacy: LegacyFeed) {}

  @OnRequest('planner', 'vm-dns', plannerRpc['vm-dns'])
  vmDns(ask: { vmId: string; caller: Caller; minRevision?: number | undefined }): Promise<VmDns> {
    return this.answers.vmDns(ask.vmId, ask.caller, ask.minRevision ?? 0);
  }

  @OnRequest('planner', 'explain', plannerRpc.explain)
  explain(ask: { q: string; caller: Caller }): Promise<Explanation> {
    return this.explainer.explain(ask.q, ask.caller);
  }

  @OnRequest('planner', 'vm-search', plannerRpc['vm-search'])
  search(ask: VmSearchAsk): Promise<FoundVms> {
    return this.vms.search(ask);
  }

  @OnRequest('planner', 'legacy-feed', plannerRpc['legacy-feed'])
  legacyFeed(ask: { cursor?: string | undefined; limit: number }) {
    return this.legacy.page(ask.cursor, ask.limit);
  }

  @OnRequest('planner', 'overview', plannerRpc.overview)
  overview(): Promise<PlanningOverview> {
    return this.overviews.read();
  }
}
