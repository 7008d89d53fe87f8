import { Injectable } from '@nestjs/common';
import { Clock } from '@vmdns/chassis';
import type { Rates } from '@vmdns/contracts';
import { Store } from '@vmdns/store';

const MINUTE_MS = 60_000;

/** How many outcomes came each minute. */
@Injectable()
export class EntryRates {
  constructor(private readonly store: Store, private readonly clock: Clock) {}

  /** The last `minutes`, the one that runs included, oldest first. */
  async read(minutes: number): Promise<Rates> {
    const first = Math.floor(this.clock.now().getTime() / MINUTE_MS) * MINUTE_MS - (minutes - 1) * MINUTE_MS;
    const rows = await this.store.query<{ minute: Date; applied: number; other: number }>(
      `select date_trunc('minute', at) as minute, count(*) filter (where status = 'applied') as applied, count(*) filter (where status <> 'applied') as other
         from entry where at >= $1 and kind = 'result' group by 1`, [new Date(first)]);
    const byMinute = new Map(rows.map((row) => [row.minute.getTime(), row]));
    return { minutes: Array.from({ length: minutes }, (_, place) => {
      const at = first + place * MINUTE_MS;
      const row = byMinute.get(at);
      return { at: new Date(at).toISOString(), applied: row?.applied ?? 0, other: row?.other ?? 0 };
    }) };
  }
}
