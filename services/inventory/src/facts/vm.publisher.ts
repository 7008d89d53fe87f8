import { Injectable } from '@nestjs/common';
import { Bus, childTraceparent, cloudEvent } from '@vmdns/bus';
import { subjects } from '@vmdns/contracts';
import type { AcceptedRevision } from './batch-decision.js';
import { toVmState } from './vm.table.js';

/** Where our events come from, as CloudEvents name it. */
export const EVENT_SOURCE = 'vmdns/inventory';

/** Says what was committed. */
@Injectable()
export class VmPublisher {
  constructor(private readonly bus: Bus) {}

  /**
   * Straight after the commit, from memory; returns at once. What is lost here (a crash, a bus that stays away) is read
   * from the change feed by whoever needs it (PROTOCOL §1).
   */
  say(revisions: readonly AcceptedRevision[]): void {
    this.bus.post(revisions.map(({ state, traceparent, json }) => ({
      subject: subjects.event.vm(state.fact.vmId),
      event: cloudEvent('vmdns.vm.state.v1', EVENT_SOURCE, null, { subject: state.fact.vmId, time: state.fact.changedAt }),
      dataJson: json ?? JSON.stringify(toVmState(state.fact)),
      traceparent: childTraceparent(traceparent),
    })));
  }
}
