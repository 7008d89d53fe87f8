import { Controller } from '@nestjs/common';
import { OnRawBatch, OnRequest, OnRequests, type Outcome, type RawMessage } from '@vmdns/bus';
import { type FactAnswer, type FactRequest, inventoryRpc, type PreviewedFacts, type RpcReply, subjects } from '@vmdns/contracts';
import { FactService } from './fact.service.js';

/** `vmdns.rpc.inventory.facts` and the INGEST stream. */
@Controller()
export class FactController {
  constructor(private readonly facts: FactService) {}

  @OnRequests('inventory', 'facts', inventoryRpc.facts, { max: 200, concurrency: 4 })
  answer(requests: readonly FactRequest[]): Promise<readonly RpcReply<FactAnswer>[]> {
    return this.facts.answer(requests);
  }

  @OnRequest('inventory', 'facts-preview', inventoryRpc['facts-preview'], { concurrency: 2 })
  preview(ask: { facts: readonly FactRequest[] }): Promise<PreviewedFacts> {
    return this.facts.preview(ask.facts);
  }

  @OnRequest('inventory', 'ingest-replay', inventoryRpc['ingest-replay'])
  replay(ask: { subject: string; payload: string }): Promise<FactAnswer> {
    return this.facts.replay(ask);
  }

  /** One call at a time: events without version or time count in the order of their arrival. */
  @OnRawBatch({ stream: 'INGEST', subject: subjects.ingest.all, max: 200 })
  ingest(messages: readonly RawMessage[]): Promise<readonly Outcome[]> {
    return this.facts.ingest(messages);
  }
}
