import { Injectable } from '@nestjs/common';
import type { Caller, EventOutcome, FactAnswer } from '@vmdns/contracts';
import { Answer } from '../http/answer.js';
import { badInput, outward, problemOf } from '../http/problems.js';
import type { Delivery, ReadEvent } from './cloud-events.js';
import { Facts, statusOf } from './facts.js';
import { valueOf } from './services.js';

/** CloudEvents as facts: each one ask to inventory, all of a batch at the same time. */
@Injectable()
export class Events {
  constructor(private readonly facts: Facts) {}

  async take(delivery: Delivery, caller: Caller): Promise<Answer<FactAnswer | readonly EventOutcome[]>> {
    if (delivery.kind === 'batch') return this.#batch(delivery.events, caller);
    if (!delivery.event.ok) throw badInput(delivery.event.faults);
    const answer = valueOf(await this.facts.deliver(delivery.event.event, caller));
    return new Answer(statusOf(answer), answer);
  }

  /** 202 and 200 say of the whole batch that nothing need be sent again; 207 says to look; where nothing at all could be stored it is a 503. */
  async #batch(events: readonly ReadEvent[], caller: Caller): Promise<Answer<readonly EventOutcome[]>> {
    const outcomes = await this.#inOrder(events, caller);
    const statuses = new Set(outcomes.map((outcome) => outcome.status));
    if (statuses.size === 1 && statuses.has(503)) valueOf({ ok: false, problem: outcomes[0]?.problem ?? problemOf(503) });
    const taken = [...statuses].every((status) => status === 200 || status === 202);
    return new Answer(!taken ? 207 : statuses.has(202) ? 202 : 200, outcomes);
  }

  /** In parallel, but what one batch says of one VM is said in the order of the batch. */
  async #inOrder(events: readonly ReadEvent[], caller: Caller): Promise<readonly EventOutcome[]> {
    const last = new Map<string, Promise<unknown>>();
    return Promise.all(events.map((event) => {
      const vmId = event.ok ? vmIdOf(event.event.data) : undefined;
      const before = vmId === undefined ? undefined : last.get(vmId);
      const outcome = Promise.resolve(before).then(() => this.#outcome(event, caller));
      if (vmId !== undefined) last.set(vmId, outcome);
      return outcome;
    }));
  }

  async #outcome(event: ReadEvent, caller: Caller): Promise<EventOutcome> {
    if (!event.ok) {
      const { id, source, faults } = event;
      return { ...(id === undefined ? {} : { id }), ...(source === undefined ? {} : { source }), status: 400, problem: badInput(faults).problem };
    }
    const reply = await this.facts.deliver(event.event, caller);
    const { id, source } = event.event;
    return reply.ok ? { id, source, status: statusOf(reply.value), answer: reply.value } : { id, source, status: reply.problem.status, problem: outward(reply.problem) };
  }
}

function vmIdOf(fact: unknown): string | undefined {
  return typeof fact === 'object' && fact !== null && 'vmId' in fact && typeof fact.vmId === 'string' ? fact.vmId : undefined;
}
