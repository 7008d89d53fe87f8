import { Injectable } from '@nestjs/common';
import { Bus } from '@vmdns/bus';
import { Metrics } from '@vmdns/chassis';
import { type LogEntry, subjects, type ToldEntries } from '@vmdns/contracts';
import type { NewEntry } from './entry.js';
import { EntryTable, type StoredEntry } from './entry.table.js';

/** To those who follow live: well below what NATS carries in one message (1 MiB); an entry may hold a thousand addresses. */
const ENTRIES_PER_MESSAGE = 100;
const CHARACTERS_PER_MESSAGE = 250_000;
/** All of an entry but its body, at most: eight VMs of 128 characters, a name, a zone. */
const HEAD_CHARACTERS = 2_000;

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
    for (const kind of new Set(fresh.map(({ entry }) => entry.kind))) this.stored.inc({ kind }, fresh.filter(({ entry }) => entry.kind === kind).length);
    for (const told of messagesOf(fresh)) this.bus.broadcast(subjects.logEntry, told);
    return fresh.map(({ entry }) => entry);
  }
}

/** Entries in their order, as many in one message as it bears. */
export function messagesOf(entries: readonly StoredEntry[]): readonly ToldEntries[] {
  const messages: LogEntry[][] = [];
  let characters = 0;
  for (const { entry, size: body } of entries) {
    const size = HEAD_CHARACTERS + body;
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
