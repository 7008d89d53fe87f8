import { Injectable } from '@nestjs/common';
import { Clock } from '@vmdns/chassis';
import type { Caller, Pause, PauseMade, PauseScope } from '@vmdns/contracts';
import { Store } from '@vmdns/store';
import { newId } from '../ids.js';
import { notFound, refuseFaults, requireOperator } from './access.js';
import { refreshPaused, toPause, type PauseRow } from './pause.repository.js';
import { Stops } from './stops.js';
import { ZoneFeed } from './zone-feed.js';
import { lockZoneSetExclusive } from './zone-set.lock.js';

export interface PauseInput { readonly scope: PauseScope; readonly why: string; readonly until: string | null; readonly caller: Caller }

/** The stop button: by zone, connection or all; reaches adapters as `paused` in the feed. */
@Injectable()
export class Pauses {
  constructor(private readonly store: Store, private readonly feed: ZoneFeed, private readonly clock: Clock, private readonly stops: Stops) {}

  /** Answered when nothing is written under it any more, or says what may still be. */
  async add(input: PauseInput): Promise<PauseMade> {
    requireOperator(input.caller);
    if (input.until !== null && Date.parse(input.until) <= this.clock.now().getTime()) refuseFaults('the pause', [{ path: 'until', message: 'must lie in the future' }]);
    const { row, written } = await this.store.transaction(async (tx) => {
      await lockZoneSetExclusive(tx);
      const scopeId = input.scope.kind === 'all' ? null : input.scope.id;
      if (scopeId !== null) {
        const table = input.scope.kind === 'zone' ? `zone where id = $1 and state <> 'removed'` : 'connection where id = $1 and not removed';
        if ((await tx.query(`select 1 from ${table}`, [scopeId])).length === 0) throw notFound(input.scope.kind, scopeId);
      }
      const rows = await tx.query<PauseRow>('insert into pause (id, kind, scope_id, by, why, until) values ($1, $2, $3, $4, $5, $6) returning *',
        [newId('pause'), input.scope.kind, scopeId, input.caller.name, input.why, input.until]);
      const changed = await refreshPaused(tx);
      return { row: rows[0], written: await this.feed.append(tx, changed.zones, changed.connections) };
    });
    this.feed.publish(written);
    if (row === undefined) throw new Error('adding a pause gave no row');
    return { ...toPause(row), ...(await this.stops.confirm(input.scope)) };
  }

  async list(): Promise<readonly Pause[]> {
    return (await this.store.query<PauseRow>('select * from pause order by since, id')).map(toPause);
  }

  async remove(id: string, caller: Caller): Promise<void> {
    requireOperator(caller);
    if (await this.removeWhere('id = $1', [id]) === 0) throw notFound('pause', id);
  }

  /** Ends what has run out. Cheap when nothing has. */
  async expire(): Promise<void> {
    const due = await this.store.query('select 1 from pause where until <= now() limit 1');
    if (due.length > 0) await this.removeWhere('until <= now()', []);
  }

  /** A window is a day at most. */
  async forgetRemovals(): Promise<void> {
    await this.store.query(`delete from removal where at < now() - interval '25 hours'`);
  }

  private async removeWhere(condition: string, parameters: readonly unknown[]): Promise<number> {
    const { removed, written } = await this.store.transaction(async (tx) => {
      await lockZoneSetExclusive(tx);
      const rows = await tx.query(`delete from pause where ${condition} returning id`, parameters);
      const changed = await refreshPaused(tx);
      return { removed: rows.length, written: await this.feed.append(tx, changed.zones, changed.connections) };
    });
    this.feed.publish(written);
    return removed;
  }
}
