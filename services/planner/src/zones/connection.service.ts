import { Injectable } from '@nestjs/common';
import type { Caller, Connection, ConnectionInput } from '@vmdns/contracts';
import { Store } from '@vmdns/store';
import { newId } from '../ids.js';
import { conflict, notFound, requireOperator } from './access.js';
import { refreshPaused } from './pause.repository.js';
import { ZoneFeed } from './zone-feed.js';
import { lockZoneSetExclusive } from './zone-set.lock.js';
import { toConnection, type ConnectionRow } from './zone.row.js';

export interface ConnectionChange {
  readonly id: string;
  readonly name?: string | undefined;
  readonly settings?: Readonly<Record<string, unknown>> | undefined;
  readonly sealed?: Readonly<Record<string, string>> | undefined;
  /** Secrets that are taken away. */
  readonly unsealed?: readonly string[] | undefined;
  /** The server is the same as before, at whatever address. */
  readonly sameServer: boolean;
  readonly caller: Caller;
}

/** Settings that are taken away. */
const namesOfNull = (settings: Readonly<Record<string, unknown>>): readonly string[] => Object.entries(settings).filter(([, value]) => value === null).map(([name]) => name);

/** How to reach a provider's account. Secrets arrive sealed for the adapter and leave only to it (L10). */
@Injectable()
export class Connections {
  constructor(private readonly store: Store, private readonly feed: ZoneFeed) {}

  async add(input: ConnectionInput, caller: Caller): Promise<Connection> {
    requireOperator(caller);
    const { row, written } = await this.store.transaction(async (tx) => {
      await lockZoneSetExclusive(tx);
      // The gateway has checked the settings against the announced form; we may hear of the adapter a moment later.
      const id = newId('connection');
      await tx.query('insert into connection (id, name, provider, settings, sealed) values ($1, $2, $3, $4, $5)',
        [id, input.name, input.provider, JSON.stringify(input.settings), JSON.stringify(input.sealed)]);
      await refreshPaused(tx);
      const rows = await tx.query<ConnectionRow>('select * from connection where id = $1', [id]);
      return { row: rows[0], written: await this.feed.append(tx, [], rows) };
    });
    this.feed.publish(written);
    if (row === undefined) throw new Error('adding a connection gave no row');
    return toConnection(row);
  }

  async get(id: string): Promise<Connection> {
    const rows = await this.store.query<ConnectionRow>('select * from connection where id = $1 and not removed', [id]);
    if (rows[0] === undefined) throw notFound('connection', id);
    return toConnection(rows[0]);
  }

  async list(limit: number, cursor = ''): Promise<{ items: Connection[]; next?: string }> {
    const rows = await this.store.query<ConnectionRow>('select * from connection where id > $1 and not removed order by id limit $2', [cursor, limit + 1]);
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    return { items: page.map(toConnection), ...(rows.length > limit && last !== undefined ? { next: last.id } : {}) };
  }

  /** Replaces the named settings and secrets only; the same again changes nothing (L12). */
  async change(change: ConnectionChange): Promise<Connection> {
    requireOperator(change.caller);
    const { row, written } = await this.store.transaction(async (tx) => {
      const [old] = await tx.query<ConnectionRow>('select * from connection where id = $1 and not removed for update', [change.id]);
      if (old === undefined) throw notFound('connection', change.id);
      const rows = await tx.query<ConnectionRow>(
        `with wanted as (select coalesce($2, name) as name, (settings || $3::jsonb) - $6::text[] as settings, (sealed || $4::jsonb) - $7::text[] as sealed from connection where id = $1)
         update connection c set name = w.name, settings = w.settings, sealed = w.sealed, same_server = $5 or (c.same_server and c.settings = w.settings), revision = revision + 1
           from wanted w where c.id = $1 and ((c.name, c.settings, c.sealed) is distinct from (w.name, w.settings, w.sealed) or $5 and not c.same_server) returning c.*`,
        [change.id, change.name ?? null, JSON.stringify(change.settings ?? {}), JSON.stringify(change.sealed ?? {}), change.sameServer, namesOfNull(change.settings ?? {}), change.unsealed ?? []]);
      return { row: rows[0] ?? old, written: await this.feed.append(tx, [], rows) };
    });
    this.feed.publish(written);
    return toConnection(row);
  }

  async remove(id: string, caller: Caller): Promise<void> {
    requireOperator(caller);
    const written = await this.store.transaction(async (tx) => {
      await lockZoneSetExclusive(tx);
      const used = await tx.query<{ apex: string }>(`select apex from zone where connection_id = $1 and state <> 'removed' order by apex limit 3`, [id]);
      if (used.length > 0) throw conflict('the connection is in use', `remove or move its zones first: ${used.map((zone) => zone.apex).join(', ')}`);
      const rows = await tx.query<ConnectionRow>(
        `update connection set removed = true, sealed = '{}', revision = revision + 1 where id = $1 and not removed returning *`, [id]);
      if (rows.length === 0) throw notFound('connection', id);
      await tx.query(`delete from pause where kind = 'connection' and scope_id = $1`, [id]);
      return this.feed.append(tx, [], rows);
    });
    this.feed.publish(written);
  }
}
