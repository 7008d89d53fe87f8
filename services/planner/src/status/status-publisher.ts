import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Bus, cloudEvent } from '@vmdns/bus';
import { Clock, Log } from '@vmdns/chassis';
import { subjects, type VmDns } from '@vmdns/contracts';
import { AwaitedNames } from './awaited-names.js';
import type { Newborn } from '../planning/newborn.js';
import type { ZonePicture } from '../zones/zone-sets.js';
import { ForeseenDns, type HeardName } from './foreseen-dns.js';
import { VmDnsReader } from './vm-dns.reader.js';

const VMS_AT_ONCE = 200;
/** More than this are not owed a message: whoever asks gets the answer. */
const VMS_WAITING_MAX = 50_000;
/** What was only planned, or whose other names are still awaited, is said so much later: mostly all has settled by then, and is said once. */
const PARTIAL_MS = 250;
/** With so many waiting there is a burst, and the pipeline takes longer. */
const BURST_VMS = 20;
const BURST_MS = 5_000;

/**
 * Says a VM's DNS whenever it was planned or settled: with the last of its names at once, else a little later. Changes
 * that come meanwhile become one message; a lost one is not repeated: the answer to a request is the truth.
 */
@Injectable()
export class StatusPublisher implements OnApplicationShutdown {
  /** When each is due, by the process' own clock; the earliest counts. */
  private readonly touched = new Map<string, number>();
  private readonly awaited = new AwaitedNames();
  private readonly foreseen = new ForeseenDns();
  private timer: NodeJS.Timeout | undefined;
  private timerAt = Infinity;
  private running: Promise<void> | undefined;
  private isStopped = false;

  constructor(private readonly reader: VmDnsReader, private readonly bus: Bus, private readonly clock: Clock, private readonly log: Log) {}

  /** Names have settled: the VMs of each of them, one after the other; and those whose rows took their results as they came. */
  settled(vmIds: Iterable<string>, heard: readonly HeardName[]): void {
    for (const name of heard) this.foreseen.heard(name);
    const now = performance.now();
    const later = now + this.partialMs;
    let earliest = Infinity;
    for (const vmId of vmIds) earliest = Math.min(earliest, this.touch(vmId, this.awaited.heard(vmId) ? later : now));
    this.schedule(earliest);
  }

  /** VMs were planned; `issued`: the VMs of each name that was issued by it. */
  planned(vmIds: Iterable<string>, issued: Iterable<readonly string[]>): void {
    for (const vms of issued) this.awaited.issued(vms);
    const later = performance.now() + this.partialMs;
    let earliest = Infinity;
    for (const vmId of vmIds) {
      this.foreseen.forget(vmId);
      earliest = Math.min(earliest, this.touch(vmId, later));
    }
    this.schedule(earliest);
  }

  /** The same for VMs that are new. */
  born(picture: ZonePicture, newborns: readonly Newborn[]): void {
    this.planned(newborns.map(({ fact }) => fact.vmId), newborns.flatMap(({ names }) => names.filter(({ change }) => change.isNew).map(({ change }) => change.vms)));
    this.foreseen.born(picture, newborns, performance.now());
  }

  async onApplicationShutdown(): Promise<void> {
    this.isStopped = true;
    clearTimeout(this.timer);
    await this.running;
  }

  private get partialMs(): number {
    return this.touched.size > BURST_VMS ? BURST_MS : PARTIAL_MS;
  }

  /** Gives when it is due. */
  private touch(vmId: string, due: number): number {
    const known = this.touched.get(vmId);
    if (known === undefined ? this.touched.size < VMS_WAITING_MAX : due < known) this.touched.set(vmId, due);
    return Math.min(due, known ?? due);
  }

  private schedule(due: number): void {
    if (this.isStopped || this.running !== undefined || due >= this.timerAt) return;
    clearTimeout(this.timer);
    this.timerAt = due;
    this.timer = setTimeout(() => {
      this.timerAt = Infinity;
      this.running = this.run().finally(() => {
        this.running = undefined;
        this.schedule(this.earliest());
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
    const due: string[] = [];
    for (const [vmId, at] of this.touched) if (at <= now) due.push(vmId);
    for (let from = 0; from < due.length; from += VMS_AT_ONCE) {
      const vmIds = due.slice(from, from + VMS_AT_ONCE);
      for (const vmId of vmIds) {
        this.touched.delete(vmId);
        this.awaited.forget(vmId);
      }
      try {
        const foreseen = await this.reader.readForeseen(vmIds.flatMap((vmId) => this.foreseen.take(vmId) ?? []));
        this.say(foreseen.values());
        this.say((await this.reader.read(vmIds.filter((vmId) => !foreseen.has(vmId)))).values());
      } catch (err) {
        this.log.warn({ err, vms: vmIds.length }, 'statuses were not said');
      }
    }
  }

  /** The stream stores them without being asked to confirm: a status that is lost is asked for. */
  private say(answers: Iterable<VmDns>): void {
    const time = this.clock.now().toISOString();
    for (const dns of answers) this.bus.broadcast(subjects.status.vm(dns.vmId), cloudEvent('vmdns.vm.status.v1', '/planner', dns, { subject: dns.vmId, time }));
  }
}
