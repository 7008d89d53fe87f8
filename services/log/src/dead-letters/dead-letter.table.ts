import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { DeadLetterEvent } from '@vmdns/contracts';
import { Store } from '@vmdns/store';
import { storable } from '../results/entry.js';

export interface DeadLetterRow {
  readonly id: string;
  readonly at: Date;
  readonly service: string;
  readonly subject: string;
  readonly reason: string;
  readonly payload: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly state: 'open' | 'replayed';
  readonly replayed_at: Date | null;
  readonly replayed_by: string | null;
}

/** Messages that were put aside. */
@Injectable()
export class DeadLetterTable {
  constructor(private readonly store: Store) {}

  /** The same one again is stored once. */
  async insert(events: readonly DeadLetterEvent[]): Promise<void> {
    if (events.length === 0) return;
    const column = (of: (event: DeadLetterEvent) => string) => events.map((event) => storable(of(event)));
    await this.store.query(
      `insert into dead_letter (id, event_id, at, service, subject, reason, payload, headers)
       select * from unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::text[], $8::jsonb[]) on conflict do nothing`,
      [
        events.map(() => randomUUID()), column((e) => e.id), column((e) => e.data.at), column((e) => e.data.service), column((e) => e.data.subject),
        column((e) => e.data.reason), column((e) => e.data.payload), events.map((e) => JSON.stringify(Object.fromEntries(Object.entries(e.data.headers).map(([name, value]) => [storable(name), storable(value)])))),
      ]);
  }

  /** Newest first, before the one of the cursor. */
  list(ask: { readonly service: string | undefined; readonly state: string | undefined; readonly before: { readonly at: Date; readonly id: string } | undefined; readonly limit: number }): Promise<readonly DeadLetterRow[]> {
    return this.store.query<DeadLetterRow>(
      `select * from dead_letter where ($1::text is null or service = $1) and ($2::text is null or state = $2) and ($3::timestamptz is null or (at, id) < ($3, $4::uuid)) order by at desc, id desc limit $5`,
      [ask.service ?? null, ask.state ?? null, ask.before?.at ?? null, ask.before?.id ?? null, ask.limit]);
  }

  async find(id: string): Promise<DeadLetterRow | undefined> {
    return (await this.store.query<DeadLetterRow>('select * from dead_letter where id = $1', [id]))[0];
  }

  async markReplayed(id: string, by: string): Promise<void> {
    await this.store.query(`update dead_letter set state = 'replayed', replayed_at = clock_timestamp(), replayed_by = $2 where id = $1`, [id, by]);
  }

  async dropBefore(day: Date): Promise<void> {
    await this.store.query('delete from dead_letter where at < $1', [day]);
  }
}
