import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Bus, cloudEvent } from '@vmdns/bus';
import { Clock, Log } from '@vmdns/chassis';
import { subjects } from '@vmdns/contracts';
import { VmDnsReader } from './vm-dns.reader.js';

const VMS_AT_ONCE = 200;
/** More than this are not owed a message: whoever asks gets the answer. */
const VMS_WAITING_MAX = 50_000;
/** In a burst, a VM's names settle one zone after the other: one message for them, this long after the first. */
const BURST_VMS = 20;
const BURST_MS = 100;
/** What was only planned is said a little later: mostly it has settled by then, and is said once. */
const PLANNED_MS = 250;

/**
 * Says a VM's DNS whenever one of its names was planned or settled. Changes that come while the last statuses are worked
 * out become one message; a lost one is not repeated: the answer to a request is the truth.
 */
@Injectable()
export class StatusPublisher implements OnApplicationShutdown {
  /** When each is due, by the process' own clock; the earliest counts. */
  private readonly touched = new Map<string, number>();
  private timer: NodeJS.Timeout | undefined;
  private timerAt = Infinity;
  private running: Promise<void> | undefined;
  private isStopped = false;

  constructor(private readonly reader: VmDnsReader, private readonly bus: Bus, private readonly clock: Clock, private readonly log: Log) {}

  /** Names of these VMs have settled. */
  settled(vmIds: Iterable<string>): void {
    this.touch(vmIds, this.touched.size > BURST_VMS ? BURST_MS : 0);
  }

  planned(vmIds: Iterable<string>): void {
    this.touch(vmIds, PLANNED_MS);
  }

  async onApplicationShutdown(): Promise<void> {
    this.isStopped = true;
    clearTimeout(this.timer);
    await this.running;
  }

  private touch(vmIds: Iterable<string>, afterMs: number): void {
    const due = performance.now() + afterMs;
    for (const vmId of vmIds) {
      const known = this.touched.get(vmId);
      if (known === undefined ? this.touched.size < VMS_WAITING_MAX : due < known) this.touched.set(vmId, due);
    }
    if (this.touched.size > 0) this.schedule(due);
  }

  private schedule(due: number): void {
    if (this.isStopped || this.running !== undefined || due >= this.timerAt) return;
    clearTimeout(this.timer);
    this.timerAt = due;
    this.timer = setTimeout(() => {
      this.timerAt = Infinity;
      this.running = this.run().finally(() => {
        this.running = undefined;
        if (this.touched.size > 0) this.schedule(this.earliest());
      });
    }, Math.max(0, due - performance.now()));
  }

  private earliest(): number {
    let earliest = Infinity;
    for (const due of this.touched.values()) earliest = Math.min(earliest, due);
    return earliest;
  }

  private async run(): Promise<void> {
    const now = performance.now();
    const due = [...this.touched].filter(([, at]) => at <= now).map(([vmId]) => vmId);
    for (let from = 0; from < due.length; from += VMS_AT_ONCE) {
      const vmIds = due.slice(from, from + VMS_AT_ONCE);
      for (const vmId of vmIds) this.touched.delete(vmId);
      try {
        const answers = await this.reader.read(vmIds);
        const time = this.clock.now().toISOString();
        // The stream stores them without being asked to confirm: a status that is lost is asked for.
        for (const dns of answers.values()) this.bus.broadcast(subjects.status.vm(dns.vmId), cloudEvent('vmdns.vm.status.v1', '/planner', dns, { subject: dns.vmId, time }));
      } catch (err) {
        this.log.warn({ err, vms: vmIds.length }, 'statuses were not said');
      }
    }
  }
}
