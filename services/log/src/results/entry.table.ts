import { Injectable } from '@nestjs/common';
import type { LogEntry } from '@vmdns/contracts';
import { Store, type Tx } from '@vmdns/store';
import type { NewEntry } from './entry.js';
import { EntryPartitions } from './entry-partitions.js';

/** Rows per statement: a batch of results may hold 100,000 names. */
const ROWS_PER_STATEMENT = 2_000;

const INSERT = `
  insert into entry (id, at, kind, status, name, target, timeline, generation, turn, zone, zone_id, provider, vms, body)
  select u.id, u.at, u.kind, u.status, u.name, u.target, u.timeline, u.generation, u.turn, u.zone, u.zone_id, u.provider,
         string_to_array(u.vms, ' '), u.body
  from unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::bigint[],
              $9::bigint[], $10::text[], $11::text[], $12::text[], $13::text[], $14::jsonb[])
       as u(id, at, kind, status, name, target, timeline, generation, turn, zone, zone_id, provider, vms, body)
  on conflict do nothing
  returning id`;

/** Where entries are stored, each once. */
@Injectable()
export class EntryTable {
  constructor(private readonly store: Store, private readonly partitions: EntryPartitions) {}

  /** Stores what is new and gives only that back; what is older than the retention is left out. May run twice. */
  async insert(entries: readonly NewEntry[]): Promise<readonly LogEntry[]> {
    const kept = entries.filter(({ entry }) => !this.partitions.isTooOld(entry.at));
    await this.partitions.ensureFor(kept.map(({ entry }) => entry.at));
    const fresh: LogEntry[] = [];
    for (let start = 0; start < kept.length; start += ROWS_PER_STATEMENT) {
      fresh.push(...await insertRows(this.store, kept.slice(start, start + ROWS_PER_STATEMENT)));
    }
    return fresh;
  }
}

async function insertRows(tx: Tx, entries: readonly NewEntry[]): Promise<readonly LogEntry[]> {
  const column = <T>(of: (row: NewEntry) => T): readonly T[] => entries.map(of);
  const stored = await tx.query<{ id: string }>(INSERT, [
    column((r) => r.entry.id), column((r) => r.entry.at), column((r) => r.entry.kind), column((r) => r.entry.status),
    column((r) => r.key.name), column((r) => r.key.target), column((r) => r.key.timeline), column((r) => r.key.generation), column((r) => r.key.turn),
    column((r) => r.entry.zone ?? null), column((r) => r.entry.zoneId ?? null), column((r) => r.entry.provider ?? null),
    column((r) => r.entry.vms.join(' ')), column((r) => JSON.stringify(r.entry)),
  ]);
  const ids = new Set(stored.map((row) => row.id));
  return entries.filter((row) => ids.has(row.entry.id)).map((row) => row.entry);
}
