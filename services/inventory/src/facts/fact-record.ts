import { Injectable } from '@nestjs/common';
import { Log, Metrics } from '@vmdns/chassis';
import type { FactAnswer, RpcReply } from '@vmdns/contracts';

/** What became of facts, for whoever runs this: a counter by outcome, and one line per batch that changed something. */
@Injectable()
export class FactRecord {
  private readonly facts;

  constructor(private readonly log: Log, metrics: Metrics) {
    this.facts = metrics.counter('vmdns_facts_total', 'Facts decided, by way in and outcome', ['via', 'outcome']);
  }

  note(via: 'call' | 'event', replies: readonly RpcReply<FactAnswer>[], tookMs: number): void {
    const counts = new Map<string, number>();
    for (const reply of replies) counts.set(outcomeOf(reply), (counts.get(outcomeOf(reply)) ?? 0) + 1);
    for (const [outcome, count] of counts) this.facts.inc({ via, outcome }, count);
    const fields = { via, ...Object.fromEntries(counts), tookMs: Math.round(tookMs) };
    if (counts.has('held')) this.log.warn({ ...fields, holdIds: holdIdsOf(replies) }, 'deletions wait for a person');
    else if (counts.has('accepted')) this.log.info(fields, 'facts stored');
    else this.log.debug(fields, 'facts changed nothing');
  }
}

function outcomeOf(reply: RpcReply<FactAnswer>): string {
  return reply.ok ? reply.value.reason ?? 'accepted' : reply.problem.code;
}

function holdIdsOf(replies: readonly RpcReply<FactAnswer>[]): readonly string[] {
  return [...new Set(replies.flatMap((reply) => (reply.ok && reply.value.holdId !== undefined ? [reply.value.holdId] : [])))];
}
