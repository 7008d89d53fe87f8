import { Injectable } from '@nestjs/common';
import { Bus } from '@vmdns/bus';
import { Metrics } from '@vmdns/chassis';
import { type LogEntry, subjects } from '@vmdns/contracts';
import type { NewEntry } from './entry.js';
import { EntryTable } from './entry.table.js';

/** Entries per message to those who follow live: well below what NATS carries in one. */
const ENTRIES_PER_MESSAGE = 100;

/** Stores entries, then says the new ones to whoever follows live. */
@Injectable()
export class EntryRecorder {
  private readonly stored;

  constructor(
    private readonly table: EntryTable,
    private readonly bus: Bus,
    metrics: Metrics,
  ) {
    this.stored = metrics.counter('vmdns_log_entries_total', 'Entries stored, by kind', ['kind']);
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
}
