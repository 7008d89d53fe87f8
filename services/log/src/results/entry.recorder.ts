import { Injectable } from '@nestjs/common';
import { Bus } from '@vmdns/bus';
import { Metrics } from '@vmdns/chassis';
import { type LogEntry, subjects, type ToldEntries } from '@vmdns/contracts';
import type { NewEntry } from './entry.js';
import { EntryTable } from './entry.table.js';

/** To those who follow live: well below what NATS carries in one message (1 MiB); an entry may hold a thousand addresses. */
const ENTRIES_PER_MESSAGE = 100;
const CHARACTERS_PER_MESSAGE = 250_000;

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
    for (const told of messagesOf(fresh)) this.bus.broadcast(subjects.logEntry, told);
    return fresh;
  }
}

/** Entries in their order, as many in one message as it bears. */
export function messagesOf(entries: readonly LogEntry[]): readonly ToldEntries[] {
  const messages: LogEntry[][] = [];
  let characters = 0;
  for (const entry of entries) {
    const size = JSON.stringify(entry).length;
    const last = messages.at(-1);
    if (last === undefined || last.length >= ENTRIES_PER_MESSAGE || characters + size > CHARACTERS_PER_MESSAGE) {
      messages.push([entry]);
      characters = size;
    } else {
      last.push(entry);
      characters += size;
    }
  }
  return messages;
}
