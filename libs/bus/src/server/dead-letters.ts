import { type DeadLetterEvent, subjects } from '@vmdns/contracts';
import type { Bus } from '../bus.js';
import { cloudEvent } from '../cloud-event.js';
import type { Delivery } from '../message.js';

const PAYLOAD_MAX = 65_536;

/** Where a message goes that can never be taken, with its reason; the log shows it. */
export class DeadLetters {
  constructor(private readonly bus: Bus, private readonly service: string, private readonly now: () => Date) {}

  /** Fulfilled when it is stored; throws BusError. The same message twice is stored once (for two minutes). */
  async bury(stream: string, delivery: Delivery & { readonly text: string }, reason: string): Promise<void> {
    const data: DeadLetterEvent['data'] = {
      service: this.service, subject: delivery.subject, reason, payload: delivery.text.slice(0, PAYLOAD_MAX), headers: { ...delivery.headers }, at: this.now().toISOString(),
    };
    const id = `${this.service}:${stream}:${delivery.streamSequence}:${delivery.storedAt.getTime()}`;
    await this.bus.publish(subjects.deadLetter.of(this.service), cloudEvent('vmdns.message.dead.v1', `vmdns/${this.service}`, data, { id }), delivery.traceparent === undefined ? {} : { traceparent: delivery.traceparent });
  }
}
