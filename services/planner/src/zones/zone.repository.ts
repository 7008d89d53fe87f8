import type { Capabilities } from '@vmdns/contracts';
import type { Tx } from '@vmdns/store';
import { openHold } from '../holds/hold.repository.js';
import { enqueue } from '../planning/job.repository.js';
import { newId } from '../ids.js';
import { moveText, type LargeMove } from './moves.js';
import { raiseZoneSet } from './zone-set.lock.js';
import type { ConnectionRow, ZoneBody, ZoneRow } from './zone.row.js';

export async function findZone(tx: Tx, id: string, lock = false): Promise<ZoneRow | undefined> {
  return (await tx.query<ZoneRow>(`select * from zone where id = $1 ${lock ? 'for update' : ''}`, [id]))[0];
}

export async function findConnection(tx: Tx, id: string): Promise<ConnectionRow | undefined> {
  return (await tx.query<ConnectionRow>('select * from connection where id = $1 and not removed', [id]))[0];
}

export async function findTwin(tx: Tx, apex: string, connectionId: string): Promise<ZoneRow | undefined> {
  return (await tx.query<ZoneRow>(`select * from zone where apex = $1 and connection_id = $2 and state <> 'removed'`, [apex, connectionId]))[0];
}

export async function readCapabilities(tx: Tx, provider: string): Promise<Capabilities | undefined> {
  const rows = await tx.query<{ capabilities: Capabilities }>(`select announcement->'capabilities' as capabilities from provider where name = $1`, [provider]);
  return rows[0]?.capabilities;
}

export interface NewZone { readonly apex: string; readonly connection: ConnectionRow; readonly mode: 'write' | 'observe'; readonly released: boolean; readonly body: ZoneBody }

export async function insertZone(tx: Tx, zone: NewZone): Promise<string> {
  const id = newId('zone');
  await tx.query(`insert into zone (id, apex, provider, connection_id, mode, released, body, state) values ($1, $2, $3, $4, $5, $6, $7, 'active')`,
    [id, zone.apex, zone.connection.provider, zone.connection.id, zone.mode, zone.released, JSON.stringify(zone.body)]);
  return id;
}

/** The set changed: names in a range of keys are decided again, page by page; where that moves too much, a hold opens. */
export async function replanRange(tx: Tx, range: { readonly from: string; readonly to: string }, why: string, moves: readonly LargeMove[]): Promise<void> {
  await raiseZoneSet(tx);
  for (const move of moves) await openHold(tx, move.zoneId, moveText(move, why));
  await enqueue(tx, { kind: 'keys', from: range.from, to: range.to, why, filling: moves.map((move) => move.zoneId) });
}

/** How many names are in which state; all of a zone (it reads the whole zone), or only those not settled of many. */
export async function countNames(tx: Tx, zoneIds: readonly string[], openOnly: boolean): Promise<ReadonlyMap<string, Record<string, number>>> {
  const rows = await tx.query<{ zone_id: string; state: string; count: number }>(
    `select zone_id, case when hold_id is not null then 'on-hold' when desired = '[]' and plan_reason is not null and settled_generation = generation then 'refused' else state end as state, count(*) as count
       from name where zone_id = any($1::text[]) and ${openOnly ? 'settled_generation < generation' : `(desired <> '[]' or settled_generation < generation or plan_reason is not null)`}
      group by 1, 2`, [zoneIds]);
  const counts = new Map<string, Record<string, number>>();
  for (const row of rows) counts.set(row.zone_id, { ...counts.get(row.zone_id), [row.state]: row.count });
  return counts;
}

/** Names whose provider has not answered yet what was planned for them in pages, or put right; undefined: none. */
export async function countUnwritten(tx: Tx, zoneId: string): Promise<{ readonly count: number; readonly since: Date } | undefined> {
  const [row] = await tx.query<{ count: number; since: Date | null }>(
    `select count(*) as count, min(since) as since from name where zone_id = $1 and settled_generation < generation and state = 'pending' and priority = 2`, [zoneId]);
  return row === undefined || row.since === null ? undefined : { count: row.count, since: row.since };
}
