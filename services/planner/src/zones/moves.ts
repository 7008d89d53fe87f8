import { classlessBlock, isLargeMove, isWithin, type MoveLimits, wishKeyPrefixOf } from '@vmdns/domain';
import type { Tx } from '@vmdns/store';
import type { PlannedZone, ZonePicture } from './zone-sets.js';

/** The wish keys that a zone may enclose: `from` ≤ key < `to`. A key ends in a dot, and nothing sorts between `.` and `/`. */
export function keyRange(apex: string): { readonly from: string; readonly to: string } {
  const from = wishKeyPrefixOf(apex);
  return { from, to: `${from.slice(0, -1)}/` };
}
export const ALL_KEYS = { from: '', to: '\u{10ffff}' } as const;

/** More of a zone would leave it than goes without asking (L13). */
export interface LargeMove { readonly zoneId: string; readonly apex: string; readonly moved: number; readonly total: number }

/**
 * Zones of which more than their limit moves to one of these apexes, once those are released. Counts whole zones, so it
 * is asked when a person changes the zone set, before any lock is taken. A pointer to a classless zone replaces a value:
 * no removal.
 */
export async function findLargeMoves(tx: Tx, picture: ZonePicture, apexes: readonly string[]): Promise<LargeMove[]> {
  const moved = new Map<string, { zone: PlannedZone; count: number }>();
  for (const apex of new Set(apexes)) {
    const outer = [...picture.zones.values()].filter((zone) => zone.state === 'active' && zone.released && zone.view.apex !== apex && isWithin(apex, zone.view.apex));
    if (outer.length === 0 || classlessBlock(apex) !== null) continue;
    const { from, to } = keyRange(apex);
    const rows = await tx.query<{ zone_id: string; moved: number }>(
      `select zone_id, count(*) as moved from name where rkey >= $1 and rkey < $2 and zone_id = any($3::text[]) and desired <> '[]' group by zone_id`,
      [from, to, outer.map((zone) => zone.view.zoneId)]);
    for (const row of rows) {
      const zone = picture.zones.get(row.zone_id);
      if (zone !== undefined) moved.set(row.zone_id, { zone, count: (moved.get(row.zone_id)?.count ?? 0) + row.moved });
    }
  }
  const large: LargeMove[] = [];
  for (const [zoneId, { zone, count }] of moved) {
    const { total, ...limits } = await sizeOf(tx, zoneId);
    if (isLargeMove(count, total, limits)) large.push({ zoneId, apex: zone.view.apex, moved: Math.min(count, total), total });
  }
  return large;
}

/** How many names a zone has, and how many of them may leave it unasked. */
export async function sizeOf(tx: Tx, zoneId: string): Promise<MoveLimits & { readonly total: number }> {
  const [row] = await tx.query<MoveLimits & { total: number }>(
    `select (body->'limits'->>'rehomeShare')::float8 as share, coalesce((body->'limits'->>'rehomeNames')::int, 20) as names,
            (select count(*) from name where zone_id = $1 and desired <> '[]') as total from zone where id = $1`, [zoneId]);
  return row ?? { share: 0, names: 1, total: 0 };
}

export function moveText(move: LargeMove, why: string): string {
  return `${move.moved} of ${move.total} names of ${move.apex} move to another zone (${why}); their removal from ${move.apex} waits`;
}
