import type { Command } from '@vmdns/contracts';
import type { Tx } from '@vmdns/store';
import { GATE_COLUMNS, GATE_JOINS, type GateRow } from '../lanes/gate.js';

/** Where the names of one zone entry belong, with its lane's row locked. */
export interface ZoneLane extends GateRow {
  readonly zone_id: string;
  readonly apex: string;
  readonly connection_id: string;
  readonly state: string;
  readonly target: string;
  readonly limiter_key: string | null;
}

/** A zone that the feed has not told of yet has this target until it does: absent is "not known yet" (PROTOCOL §4). */
export const unknownTarget = (zoneId: string): string => `?${zoneId}`;

const LOCK = `
select z.zone_id, z.apex, z.connection_id, z.state, z.target, l.limiter_key, ${GATE_COLUMNS}
from zone z join lane l on l.target = z.target ${GATE_JOINS}
where z.zone_id = any($1) order by l.target for update of l`;

/** An unknown zone is remembered; twice is enough unless the feed moves zones faster than we look. */
const TRIES = 3;

/** Locks the lanes of these commands' zones, sorted; makes room for zones that the feed has not told of. */
export async function lockLanes(tx: Tx, commands: readonly Command[]): Promise<{ readonly lanes: ReadonlyMap<string, ZoneLane>; readonly unknown: boolean }> {
  const asked = new Map(commands.map((command) => [command.zoneId, command]));
  const lanes = new Map<string, ZoneLane>();
  let unknown = false;
  for (let round = 0; round < TRIES && asked.size > 0; round += 1) {
    if (round > 0) {
      unknown = true;
      await rememberZones(tx, [...asked.values()]);
    }
    for (const lane of await tx.query<ZoneLane>(LOCK, [[...asked.keys()].sort()])) {
      lanes.set(lane.zone_id, lane);
      asked.delete(lane.zone_id);
    }
  }
  return { lanes, unknown };
}

async function rememberZones(tx: Tx, commands: readonly Command[]): Promise<void> {
  const ids = commands.map((c) => c.zoneId);
  await tx.query(
    `insert into zone (zone_id, apex, connection_id, mode, paused, state, settings, revision, target)
     select u.zone_id, u.apex, u.connection_id, 'write', false, 'active', '{}', 0, u.target
     from unnest($1::text[], $2::text[], $3::text[], $4::text[]) as u (zone_id, apex, connection_id, target) order by 1
     on conflict (zone_id) do nothing`,
    [ids, commands.map((c) => c.apex), commands.map((c) => c.connectionId), ids.map(unknownTarget)],
  );
  await tx.query(
    `insert into lane (target, zone_id, connection_id, held)
     select z.target, z.zone_id, z.connection_id, 'unknown' from zone z where z.zone_id = any($1) and z.revision = 0 order by 1
     on conflict (target) do nothing`,
    [ids],
  );
}
