import { Injectable } from '@nestjs/common';
import type { AuditEntry } from '@vmdns/contracts';
import { Store } from '@vmdns/store';
import { badCursor } from '../http/problems.js';

interface Row extends Omit<AuditEntry, 'at'> { readonly at: Date }

/** What was done through the door, for good. */
@Injectable()
export class AuditTable {
  constructor(private readonly store: Store) {}

  async add(entry: Omit<AuditEntry, 'id' | 'at'>): Promise<void> {
    await this.store.query('insert into audit (by_name, role, tenant, via, call, method, path, about, status, traceparent) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)',
      [entry.by, entry.role, entry.tenant, entry.via, entry.call, entry.method, entry.path, entry.about, entry.status, entry.traceparent]);
  }

  /** Newest first; the cursor is the id of the last entry of the page before. */
  async list({ by, limit, cursor }: { readonly by?: string | undefined; readonly limit: number; readonly cursor?: string | undefined }): Promise<{ readonly items: readonly AuditEntry[]; readonly next?: string }> {
    if (cursor !== undefined && !/^\d{1,15}$/.test(cursor)) throw badCursor();
    const before = cursor === undefined ? null : Number(cursor);
    const rows = await this.store.query<Row>(`
      select id, at, by_name as by, role, tenant, via, call, method, path, about, status, traceparent from audit
      where ($1::bigint is null or id < $1) and ($2::text is null or by_name = $2) order by id desc limit $3`, [before, by ?? null, limit + 1]);
    const items = rows.slice(0, limit).map((row) => ({ ...row, at: row.at.toISOString() }));
    const last = items.at(-1);
    return { items, ...(rows.length > limit && last !== undefined ? { next: String(last.id) } : {}) };
  }
}
