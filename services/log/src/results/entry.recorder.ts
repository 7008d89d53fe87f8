import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Bus } from '@vmdns/bus';
import { Log, Metrics } from '@vmdns/chassis';
import { type LogEntry, subjects } from '@vmdns/contracts';
import type { NewEntry } from './entry.js';
import { EntryPartitions } from './entry-partitions.js';
import { EntryTable } from './entry.table.js';

/** Entries per message to those who follow live: well below what NATS carries in one. */
const ENTRIES_PER_MESSAGE = 100;
const SWEEP_EVERY_MS = 3_600_000;

/** Stores entries, then says the new ones to whoever follows live. */
@Injectable()
export class EntryRecorder implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly stored;
  private sweeping: NodeJS.Timeout | undefined;

  constructor(
    private readonly table: EntryTable,
    private readonly partitions: EntryPartitions,
    private readonly bus: Bus,
    private readonly log: Log,
    metrics: Metrics,
  ) {
    this.stored = metrics.counter('vmdns_log_entries_total', 'Entries stored, by kind', ['kind']);
  }

  onApplicationBootstrap(): void {
    this.sweeping = setInterval(() => void this.sweep(), SWEEP_EVERY_MS);
    this.sweeping.unref();
    void this.sweep();
  }

  onApplicationShutdown(): void {
    clearInterval(this.sweeping);
  }

  /** Every entry is stored when this is fulfilled; a repeat stores and says nothing. */
  async record(entries: readonly NewEntry[]): Promise<readonly LogEntry[]> {
    const fresh = await this.table.insert(entries);
    for (const entry of fresh) this.stored.inc({ kind: entry.kind });
    for (let start = 0; start < fresh.length; start += ENTRIES_PER_MESSAGE) {
      this.bus.broadcast(subjects.logEntry, fresh.slice(start, start + ENTRIES_PER_MESSAGE));
    }
    return fresh;
  }

  private async sweep(): Promise<void> {
    try {
      const dropped = await this.partitions.dropOld();
      if (dropped.length > 0) this.log.info({ dropped }, 'old days of the log dropped');
    } catch (err) {
      this.log.warn({ err }, 'old days of the log could not be dropped; tried again in an hour');
    }
  }
}
