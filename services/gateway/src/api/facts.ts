import { Injectable } from '@nestjs/common';
import type { Caller, CloudEvent, FactAnswer, FactRequest, InboundType, RpcReply } from '@vmdns/contracts';
import { Answer } from '../http/answer.js';
import { DatabaseClock } from './database-clock.js';
import { Services, valueOf } from './services.js';

/** Who says a fact: what versions are compared within, and what the brake on deletions counts by. */
export const sourceOf = (caller: Caller) => `http:${caller.name}`;

/** What makes a fact an event: it may name any source that the caller may, and the brake counts by both. */
export const eventFrom = (source: string, caller: Caller) => ({ source, via: 'event', publisher: `token ${caller.name}` }) as const;

/** 202 means stored (also when it waits for a person); 200 that nothing had to be. */
export const statusOf = (answer: FactAnswer) => answer.accepted || answer.reason === 'held' ? 202 : 200;

/** All writes of facts: one ask to inventory each, which takes those that come together as one batch. */
@Injectable()
export class Facts {
  constructor(private readonly services: Services, private readonly clock: DatabaseClock) {}

  /** A fact about one VM, by its own call. */
  async say(type: InboundType, fact: object, caller: Caller): Promise<Answer<FactAnswer>> {
    const answer = valueOf(await this.tell({ type, data: fact, source: sourceOf(caller), caller, via: 'call' }));
    return new Answer(statusOf(answer), answer);
  }

  /** A fact as an event, which may come late or twice; the reply as it came, never thrown. */
  deliver({ type, source, time, data }: CloudEvent, caller: Caller): Promise<RpcReply<FactAnswer>> {
    return this.tell({ type, data, caller, ...eventFrom(source, caller), ...(time === undefined ? {} : { time }) });
  }

  /**
   * Answered before it is too late to be stored, or after: who has a 503 of this, and says something newer, is not undone
   * by a replica that slept meanwhile. So it never gives up early.
   */
  private tell(fact: Omit<FactRequest, 'before'>): Promise<RpcReply<FactAnswer>> {
    return this.services.inventory.facts({ ...fact, before: this.clock.in(this.services.askMs) }, { unlessSilent: false });
  }
}
