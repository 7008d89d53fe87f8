import { Injectable } from '@nestjs/common';
import type { Caller, Zone, ZoneChanged, ZoneInput, ZonePatch } from '@vmdns/contracts';
import { faultsOfZone } from '@vmdns/domain';
import { Store, type Tx } from '@vmdns/store';
import { enqueue } from '../planning/job.repository.js';
import { JobRunner } from '../planning/job-runner.js';
import { conflict, notFound, refuseFaults, requireOperator } from './access.js';
import { findLargeMoves, keyRange, type LargeMove } from './moves.js';
import { refreshPaused } from './pause.repository.js';
import { Stops } from './stops.js';
import { ZoneFeed, type Written } from './zone-feed.js';
import { faultsForProvider } from './zone-faults.js';
import { findConnection, findTwin, findZone, insertZone, readCapabilities, replanRange } from './zone.repository.js';
import { lockZoneSetExclusive, raiseZoneSet } from './zone-set.lock.js';
import { ZoneSets } from './zone-sets.js';
import { toZone, type ConnectionRow, type ZoneBody, type ZoneRow } from './zone.row.js';

/** Zone entries: an apex at a connection. Apex, provider and connection are for life; a move is add, then remove. */
@Injectable()
export class Zones {
  constructor(private readonly store: Store, private readonly zoneSets: ZoneSets, private readonly feed: ZoneFeed, private readonly jobs: JobRunner, private readonly stops: Stops) {}

  async add(input: ZoneInput, caller: Caller): Promise<Zone> {
    requireOperator(caller);
    const checked = faultsOfZone(input);
    if (!checked.ok) { refuseFaults('the zone', checked.faults); throw new Error('unreachable'); }
    const { apex } = checked.fact;
    const isReleased = input.mode === 'write';
    const moves = isReleased ? await this.largeMoves(apex) : [];
    return this.changeSet(async (tx) => {
      const connection = await this.connectionFor(tx, input.connectionId, apex, input);
      const id = await insertZone(tx, { apex, connection, mode: input.mode, released: isReleased, body: toBody(input) });
      await replanRange(tx, keyRange(apex), `the zone ${apex} was added`, moves);
      return id;
    });
  }

  async change(id: string, patch: ZonePatch, caller: Caller): Promise<ZoneChanged> {
    requireOperator(caller);
    const seen = await findZone(this.store, id);
    if (seen === undefined || seen.state === 'removed') throw notFound('zone', id);
    const checked = faultsOfZone({ name: seen.apex, addresses: patch.addresses ?? seen.body.addresses, reservedNames: patch.reservedNames });
    if (!checked.ok) refuseFaults('the zone', checked.faults);
    refuseFaults('the zone', faultsForProvider(seen.apex, patch.ttl, await readCapabilities(this.store, seen.provider)));
    const moves = patch.mode === 'write' && !seen.released ? await this.largeMoves(seen.apex) : [];
    const changed = await this.changeSet(async (tx) => {
      const zone = await findZone(tx, id, true);
      if (zone === undefined || zone.state === 'removed') throw notFound('zone', id);
      if (zone.state === 'leaving') throw conflict('the zone is leaving', `the zone ${zone.apex} is being removed`);
      const { mode = zone.mode, brakeOff, ...body } = patch;
      const off = brakeOff === undefined ? {} : { brakeOff: brakeOff === null ? undefined : { ...brakeOff, by: caller.name } };
      const next: ZoneBody = { ...zone.body, ...withoutUndefined(body), ...off };
      const changed = await tx.query(
        `update zone set mode = $2, released = released or $2 = 'write', body = $3::jsonb, revision = revision + 1
          where id = $1 and (mode <> $2 or body <> $3::jsonb) returning 1`, [id, mode, JSON.stringify(next)]);
      if (changed.length === 0) return undefined;
      await replanRange(tx, keyRange(zone.apex), `the zone ${zone.apex} was changed`, moves);
      return id;
    }, id);
    return patch.mode === 'observe' ? { ...changed, ...(await this.stops.confirm({ kind: 'zone', id })) } : changed;
  }

  /** `purge`: our records go first, then the entry; else it goes at once and they stay at the provider (L2). */
  async remove(id: string, purge: boolean, caller: Caller): Promise<Zone> {
    requireOperator(caller);
    return this.changeSet(async (tx) => {
      const zone = await findZone(tx, id, true);
      if (zone === undefined || zone.state === 'removed') throw notFound('zone', id);
      await tx.query('update zone set state = $2, purge = $3, revision = revision + 1 where id = $1', [id, purge ? 'leaving' : 'removed', purge]);
      await replanRange(tx, keyRange(zone.apex), `the zone ${zone.apex} was removed`, []);
      if (!purge) await buryZone(tx, id);
      return id;
    });
  }

  /**
   * The other connection takes every name; when all are answered there, this entry goes. Its records stay, since the
   * first server may be asked until the delegation changes; `purge`: each goes when the second server has it.
   */
  async move(id: string, to: { readonly connectionId: string; readonly purge: boolean; readonly settings?: ZoneBody['settings'] | undefined }, caller: Caller): Promise<Zone> {
    requireOperator(caller);
    const { connectionId, purge } = to;
    return this.changeSet(async (tx) => {
      const zone = await findZone(tx, id, true);
      if (zone === undefined || zone.state === 'removed') throw notFound('zone', id);
      if (zone.state === 'leaving') throw conflict('the zone is leaving', `the zone ${zone.apex} is being removed or moved already`);
      if (zone.connection_id === connectionId) throw conflict('the zone is there already', `the zone ${zone.apex} is at connection ${connectionId}`);
      const connection = await this.connectionFor(tx, connectionId, zone.apex, zone.body);
      const next = await insertZone(tx, { apex: zone.apex, connection, mode: zone.mode, released: zone.released, body: { ...zone.body, settings: to.settings ?? zone.body.settings } });
      await tx.query(`update zone set state = 'leaving', purge = $2, body = $3::jsonb, revision = revision + 1 where id = $1`, [id, purge, JSON.stringify({ ...zone.body, successor: next })]);
      await replanRange(tx, keyRange(zone.apex), `the zone ${zone.apex} moves to connection ${connectionId}`, []);
      return [next, id];
    });
  }

  /** Buries leaving entries of which nothing is left to do. Cheap when none is leaving. */
  async finishLeaving(): Promise<void> {
    const leaving = await this.store.query<{ id: string }>(`select id from zone where state = 'leaving'`);
    for (const { id } of leaving) {
      if (await hasOpenNames(this.store, id)) continue;
      await this.changeSet(async (tx) => {
        const gone = await tx.query(`update zone z set state = 'removed', revision = revision + 1 where id = $1 and state = 'leaving'
          and not exists (select 1 from name n where n.zone_id = z.id and n.settled_generation < n.generation) returning 1`, [id]);
        if (gone.length === 0) return undefined;
        await raiseZoneSet(tx);
        await buryZone(tx, id);
        return id;
      }, id);
    }
  }

  private async largeMoves(apex: string): Promise<LargeMove[]> {
    const picture = await this.zoneSets.picture(this.store);
    const isTaken = [...picture.zones.values()].some((zone) => zone.view.apex === apex && zone.released && zone.state === 'active');
    if (isTaken || picture.settings.zoneMatch === 'every') return [];
    return findLargeMoves(this.store, picture, [apex]);
  }

  private async connectionFor(tx: Tx, connectionId: string, apex: string, zone: Pick<ZoneBody, 'ttl'>): Promise<ConnectionRow> {
    const connection = await findConnection(tx, connectionId);
    if (connection === undefined) throw notFound('connection', connectionId);
    refuseFaults('the zone', faultsForProvider(apex, zone.ttl, await readCapabilities(tx, connection.provider)));
    const twin = await findTwin(tx, apex, connectionId);
    if (twin !== undefined) throw conflict('the zone exists', `the zone ${apex} is at connection ${connectionId} already, as ${twin.id}${twin.state === 'leaving' ? ', and is leaving' : ''}`);
    return connection;
  }

  /** One change of the set under its exclusive lock; `work` gives the entries it touched, the first of which is answered. */
  private async changeSet(work: (tx: Tx) => Promise<string | readonly string[] | undefined>, unchanged?: string): Promise<Zone> {
    const { row, written } = await this.store.transaction(async (tx) => {
      await lockZoneSetExclusive(tx);
      const touched = await work(tx);
      const ids = touched === undefined ? [] : typeof touched === 'string' ? [touched] : touched;
      const paused = await refreshPaused(tx);
      const rows = await tx.query<ZoneRow>('select * from zone where id = any($1::text[])', [[...ids, ...paused.zones.map((zone) => zone.id)]]);
      const feed: Written = await this.feed.append(tx, rows, paused.connections);
      const answer = ids[0] ?? unchanged;
      return { row: answer === undefined ? undefined : await findZone(tx, answer), written: feed };
    });
    this.feed.publish(written);
    if (written.length > 0) this.jobs.poke();
    if (row === undefined) throw new Error('changing the zone set gave no zone');
    return toZone(row);
  }
}

/** Looks at what is open first: only then may it take reading the zone's rows, in order, up to the first that holds something. */
async function hasOpenNames(tx: Tx, id: string): Promise<boolean> {
  const open = await tx.query('select 1 from name where zone_id = $1 and settled_generation < generation limit 1', [id]);
  if (open.length > 0) return true;
  return (await tx.query(`select 1 from name where zone_id = $1 and desired <> '[]' order by owner_name limit 1`, [id])).length > 0;
}

/** What hung on a zone entry that is no more. */
async function buryZone(tx: Tx, id: string): Promise<void> {
  await tx.query(`delete from pause where kind = 'zone' and scope_id = $1`, [id]);
  await tx.query(`update hold set state = 'rejected', decided_at = now(), decided_by = 'the zone was removed' where zone_id = $1 and state = 'open'`, [id]);
  await enqueue(tx, { kind: 'forget', zoneId: id });
}

function toBody(input: ZoneInput): ZoneBody {
  return { ttl: input.ttl, addresses: input.addresses, limits: input.limits, reconcile: input.reconcile, settings: input.settings, ...(input.reservedNames === undefined ? {} : { reservedNames: input.reservedNames }) };
}

function withoutUndefined<T extends object>(patch: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined)) as { [K in keyof T]: Exclude<T[K], undefined> };
}
