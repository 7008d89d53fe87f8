import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Bus, cloudEvent } from '@vmdns/bus';
import { Clock, Log } from '@vmdns/chassis';
import { subjects } from '@vmdns/contracts';
import { VmDnsReader } from './vm-dns.reader.js';

const VMS_AT_ONCE = 200;
/** More than this are not owed a message: whoever asks gets the answer. */
const VMS_WAITING_MAX = 50_000;

/**
 * Says a VM's DNS whenever one of its names was planned or settled. Changes that come while the last statuses are worked
 * out become one message; a lost one is not repeated: the answer to a request is the truth.
 */
@Injectable()
export class StatusPublisher implements OnApplicationShutdown {
  private readonly touched = new Set<string>();
  private running: Promise<void> | undefined;

  constructor(private readonly reader: VmDnsReader, private readonly bus: Bus, private readonly clock: Clock, private readonly log: Log) {}

  touch(vmIds: Iterable<string>): void {
    for (const vmId of vmIds) if (this.touched.size < VMS_WAITING_MAX) this.touched.add(vmId);
    if (this.touched.size === 0 || this.running !== undefined) return;
    this.running = this.run().finally(() => {
      this.running = undefined;
      this.touch([]);
    });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.running;
  }

  private async run(): Promise<void> {
    // One turn of the event loop, so that all that a batch touches is read at once.
    await new Promise((resume) => setImmediate(resume));
    while (this.touched.size > 0) {
      const vmIds = [...this.touched].slice(0, VMS_AT_ONCE);
      for (const vmId of vmIds) this.touched.delete(vmId);
      try {
        const answers = await this.reader.read(vmIds);
        const time = this.clock.now().toISOString();
        this.bus.post([...answers.values()].map((dns) => ({ subject: subjects.status.vm(dns.vmId), event: cloudEvent('vmdns.vm.status.v1', '/planner', dns, { subject: dns.vmId, time }) })));
      } catch (err) {
        this.log.warn({ err, vms: vmIds.length }, 'statuses were not said');
      }
    }
  }
}
