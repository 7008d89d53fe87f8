import { type NatsConnection } from 'nats';
import { eventOf, type BenchVm } from './payload.js';

const IN_FLIGHT = 256;
const encoder = new TextEncoder();

/** What a platform team's publisher does: facts as CloudEvents on the bus, each acknowledged. */
export class Publisher {
  private version = 0;

  constructor(private readonly nats: NatsConnection) {}

  /** Facts ready to go, so that writing JSON is not what is measured. `ptr`: a target for all their PTRs. */
  prepare(vms: readonly BenchVm[], ptr?: string): readonly Uint8Array[] {
    this.version += 1;
    return vms.map((vm) => encoder.encode(JSON.stringify(eventOf(vm, this.version, ptr))));
  }

  async send(messages: readonly Uint8Array[]): Promise<void> {
    const js = this.nats.jetstream();
    let next = 0;
    await Promise.all(Array.from({ length: Math.min(IN_FLIGHT, messages.length) }, async () => {
      for (let message = messages[next++]; message !== undefined; message = messages[next++]) await js.publish('vmdns.ingest.vm', message);
    }));
  }

  async say(vm: BenchVm): Promise<void> {
    await this.send(this.prepare([vm]));
  }
}
