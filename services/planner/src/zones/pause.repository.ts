import type { Pause, PauseScope } from '@vmdns/contracts';
import type { Tx } from '@vmdns/store';
import type { ConnectionRow, ZoneRow } from './zone.row.js';

export interface PauseRow {
  readonly id: string;
  readonly kind: 'all' | 'zone' | 'connection';
  readonly scope_id: string | null;
  readonly by: string;
  readonly why: string;
  readonly since: Date;
  readonly until: Date | null;
}

export function toPause(row: PauseRow): Pause {
  const scope: PauseScope = row.kind === 'all' || row.scope_id === null ? { kind: 'all' } : { kind: row.kind, id: row.scope_id };
  return { id: row.id, scope, by: row.by, why: row.why, since: row.since.toISOString(), until: row.until?.toISOString() ?? null };
}

/** Entries whose pause began or ended by what this transaction did, with their revision raised; for the feed. */
export async function refreshPaused(tx: Tx): Promise<{ zones: readonly ZoneRow[]; connections: readonly ConnectionRow[] }> {
  const zones = await tx.query<ZoneRow>(
    `with p as (select z.id, exists (select 1 from pause where kind = 'all' or (kind = 'zone' and scope_id = z.id)
                  or (kind = 'connection' and scope_id = z.connection_id)) as paused from zone z where z.state <> 'removed')
     update zone z set paused = p.paused, revision = z.revision + 1 from p where z.id = p.id and z.paused <> p.paused returning z.*`);
  const connections = await tx.query<ConnectionRow>(
    `with p as (select c.id, exists (select 1 from pause where kind = 'all' or (kind = 'connection' and scope_id = c.id)) as paused
                from connection c where not c.removed)
     update connection c set paused = p.paused, revision = c.revision + 1 from p where c.id = p.id and c.paused <> p.paused returning c.*`);
  return { zones, connections };
}

/** The pause that stops a zone, the widest first: for reasons. */
export async function pausesOfZones(tx: Tx, zoneIds: readonly string[]): Promise<ReadonlyMap<string, Pause>> {
  if (zoneIds.length === 0) return new Map();
  const rows = await tx.query<PauseRow & { zone_id: string }>(
    `select distinct on (z.id) z.id as zone_id, p.* from zone z join pause p on p.kind = 'all'
        or (p.kind = 'zone' and p.scope_id = z.id) or (p.kind = 'connection' and p.scope_id = z.connection_id)
      where z.id = any($1::text[]) order by z.id, p.kind, p.since`, [zoneIds]);
  return new Map(rows.map((row) => [row.zone_id, toPause(row)]));
}
