import { Injectable } from '@nestjs/common';
import type { LogEntry } from '@vmdns/contracts';
import { bigintArray, jsonbArray, Store, textArray, timestampArray, type Tx } from '@vmdns/store';
import { bodyOf, type NewEntry } from './entry.js';
import { EntryPartitions } from './entry-partitions.js';

/** Rows per statement: a batch of results may hold 100,000 names. */
const ROWS_PER_STATEMENT = 2_000;

const INSERT = `
  with stored as (insert into entry (id, at, kind, status, name, target, timeline, generation, turn, zone, zone_id, provider, vms, body)
  select u.id::uuid, u.at, u.kind, u.status, u.name, u.target, u.timeline, u.generation, u.turn, u.zone, u.zone_id, u.provider,
         string_to_array(u.vms, ' '), u.body
  from unnest($1::text[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::bigint[],
              $9::bigint[], $10::text[], $11::text[], $12::text[], $13::text[], $14::jsonb[])
       as u(id, at, kind, status, name, target, timeline, generation, turn, zone, zone_id, provider, vms, body)
  on conflict do nothing
  returning id)
  select count(*)::int as count, case when count(*) < cardinality($1) then array_agg(id::text) end as ids from stored`;

/** An entry that was stored, and how large its body is, in characters. */
export interface StoredEntry { readonly entry: LogEntry; readonly size: number }

/** Where entries are stored, each once. */
@Injectable()
export class EntryTable {
  constructor(private readonly store: Store, private readonly partitions: EntryPartitions) {}

  /** Stores what is new and gives only that back; what is older than the retention is left out. May run twice. */
  async insert(entries: readonly NewEntry[]): Promise<readonly StoredEntry[]> {
    // Instants are in UTC, so that their order is that of their text.
    const firstKept = this.partitions.firstKept().toISOString();
    const kept = entries.filter(({ entry }) => entry.at >= firstKept);
    await this.partitions.ensureFor(kept.map(({ entry }) => entry.at));
    const fresh: StoredEntry[] = [];
    for (let start = 0; start < kept.length; start += ROWS_PER_STATEMENT) {
      fresh.push(...await insertRows(this.store, kept.slice(start, start + ROWS_PER_STATEMENT)));
    }
    return fresh;
  }
}

async function insertRows(tx: Tx, entries: readonly NewEntry[]): Promise<readonly StoredEntry[]> {
  const column = <T>(of: (row: NewEntry) => T): readonly T[] => entries.map(of);
  const bodies = column(({ entry }) => bodyOf(entry));
  const [stored] = await tx.query<{ count: number; ids: readonly string[] | null }>(INSERT, [
    textArray(column((r) => r.entry.id)), timestampArray(column((r) => Date.parse(r.entry.at))), textArray(column((r) => r.entry.kind)), textArray(column((r) => r.entry.status)),
    textArray(column((r) => r.key.name)), textArray(column((r) => r.key.target)),
    bigintArray(column((r) => r.key.timeline)), bigintArray(column((r) => r.key.generation)), bigintArray(column((r) => r.key.turn)),
    textArray(column((r) => r.entry.zone ?? null)), textArray(column((r) => r.entry.zoneId ?? null)), textArray(column((r) => r.entry.provider ?? null)),
    textArray(column((r) => r.entry.vms.join(' '))), jsonbArray(bodies),
  ]);
  const all = entries.map(({ entry }, at) => ({ entry, size: bodies[at]?.length ?? 0 }));
  if (stored?.count === entries.length) return all;
  const ids = new Set(stored?.ids ?? []);
  return all.filter(({ entry }) => ids.has(entry.id));
}
