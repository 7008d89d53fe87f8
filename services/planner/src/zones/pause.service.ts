import { Injectable } from '@nestjs/common';
import { Clock, Deeds, type NotedDeed } from '@vmdns/chassis';
import type { Caller, Pause, PauseMade, PauseScope } from '@vmdns/contracts';
import { Store, type Tx } from '@vmdns/store';
import { newId } from '../ids.js';
import { notFound, refuseFaults, requireOperator } from './access.js';
import { refreshPaused, toPause, type PauseRow } from './pause.repository.js';
import { Stops } from './stops.js';
import { ZoneFeed, type Written } from './zone-feed.js';
import { lockZoneSetExclusive } from './zone-set.lock.js';

export interface PauseInput { readonly scope: PauseScope; readonly why: string; readonly until: string | null; readonly caller: Caller }

/** The stop button: by zone, connection or all; reaches adapters as `paused` in the feed. */
@Injectable()
export class Pauses {
  constructor(private readonly store: Store, private readonly feed: ZoneFeed, private readonly clock: Clock, private readonly stops: Stops, private readonly deeds: Deeds) {}

  /** Answered when nothing is written under it any more, or says what may still be. */
  async add(input: PauseInput): Promise<PauseMade> {
    requireOperator(input.caller);
    if (input.until !== null && Date.parse(input.until) <= this.clock.now().getTime()) refuseFaults('the pause', [{ path: 'until', message: 'must lie in the future' }]);
    const id = newId('pause');
    const made = await this.store.transaction(async (tx) => {
      await lockZoneSetExclusive(tx);
      await requireScope(tx, input.scope);
      const { row, written } = await this.insert(tx, { id, scope: input.scope, by: input.caller.name, why: input.why, since: null, until: input.until });
      const pause = toPause(row);
      const noted = await this.deeds.note(tx, { kind: 'pause-added', key: `pause:${id}`, what: `a pause of ${scopeText(input.scope)} (${id})`, by: input.caller.name, body: pause });
      return { pause, written, noted };
    });
    this.feed.publish(made.written);
    this.deeds.say(made.noted);
    return { ...made.pause, ...(await this.stops.confirm(input.scope)) };
  }

  /** One that PostgreSQL lost is on again: what to publish after the commit. Undefined: what it paused is not there (any more). */
  async restore(tx: Tx, pause: Pause): Promise<Written | undefined> {
    await lockZoneSetExclusive(tx);
    if (!await hasScope(tx, pause.scope)) return undefined;
    return (await this.insert(tx, pause)).written;
  }

  private async insert(tx: Tx, { id, scope, by, why, since, until }: Omit<Pause, 'since'> & { readonly since: string | null }): Promise<{ readonly row: PauseRow; readonly written: Written }> {
    const [row] = await tx.query<PauseRow>('insert into pause (id, kind, scope_id, by, why, since, until) values ($1, $2, $3, $4, $5, coalesce($6::timestamptz, now()), $7) returning *',
      [id, scope.kind, scope.kind === 'all' ? null : scope.id, by, why, since, until]);
    if (row === undefined) throw new Error('adding a pause gave no row');
    const changed = await refreshPaused(tx);
    return { row, written: await this.feed.append(tx, changed.zones, changed.connections) };
  }

  async list(): Promise<readonly Pause[]> {
    return (await this.store.query<PauseRow>('select * from pause order by since, id')).map(toPause);
  }

  async remove(id: string, caller: Caller): Promise<void> {
    requireOperator(caller);
    if (await this.removeWhere('id = $1', [id], caller.name) === 0) throw notFound('pause', id);
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

  /** `by` a person: what runs out by itself does so again. */
  private async removeWhere(condition: string, parameters: readonly unknown[], by?: string): Promise<number> {
    const { removed, written, noted } = await this.store.transaction(async (tx) => {
      await lockZoneSetExclusive(tx);
      const rows = await tx.query<PauseRow>(`delete from pause where ${condition} returning *`, parameters);
      const changed = await refreshPaused(tx);
      const noted: NotedDeed[] = [];
      for (const { id, scope } of by === undefined ? [] : rows.map(toPause)) noted.push(await this.deeds.note(tx, { kind: 'pause-removed', key: `pause:${id}`, what: `the end of the pause of ${scopeText(scope)} (${id})`, by: by ?? '', body: { id } }));
      return { removed: rows.length, written: await this.feed.append(tx, changed.zones, changed.connections), noted };
    });
    this.feed.publish(written);
    this.deeds.say(...noted);
    return removed;
  }
}

const scopeText = (scope: PauseScope): string => (scope.kind === 'all' ? 'everything' : `the ${scope.kind} ${scope.id}`);

async function requireScope(tx: Tx, scope: PauseScope): Promise<void> {
  if (scope.kind !== 'all' && !await hasScope(tx, scope)) throw notFound(scope.kind, scope.id);
}

async function hasScope(tx: Tx, scope: PauseScope): Promise<boolean> {
  if (scope.kind === 'all') return true;
  const table = scope.kind === 'zone' ? `zone where id = $1 and state <> 'removed'` : 'connection where id = $1 and not removed';
  return (await tx.query(`select 1 from ${table}`, [scope.id])).length > 0;
}
