import type { Reason, RrsetBody } from '@vmdns/contracts';
import type { Tx } from '@vmdns/store';

/** One (zone, owner name): what it shall hold, and how that stands. */
export interface NameRow {
  readonly zone_id: string;
  readonly owner_name: string;
  /** Key of the wishes that decide it. */
  readonly rkey: string;
  readonly desired: readonly RrsetBody[];
  readonly digest: string;
  /** Why `desired` is not all that was wished. */
  readonly plan_reason: Reason | null;
  readonly timeline: number;
  readonly generation: number;
  readonly settled_generation: number;
  readonly state: string;
  readonly reason: Reason | null;
  readonly turn: number;
  readonly heard: boolean;
  readonly issue_attempts: number;
  readonly priority: number;
  readonly vms: readonly string[];
  readonly attempts: number;
  readonly next_try_at: Date | null;
  readonly replaces: boolean;
  readonly hold_id: string | null;
  readonly kept: boolean;
  /** Since when state and reason are what they are. */
  readonly since: Date;
  readonly updated_at: Date;
}

/** The place of a row, and the key that decides it. */
export interface NamePlace { readonly zoneId: string; readonly ownerName: string; readonly rkey: string }

export function placeKey(zoneId: string, ownerName: string): string {
  return `${zoneId} ${ownerName}`;
}

/** Everything but `issue_at`, which only statements use. */
export const NAME_COLUMNS = `zone_id, owner_name, rkey, desired, digest, plan_reason, timeline, generation, settled_generation, state, reason,
  turn, heard, issue_attempts, priority, vms, attempts, next_try_at, replaces, hold_id, kept, since, updated_at`;

/** Every row that these keys decide, in whatever zone; not locked. */
export async function findPlacesOfKeys(tx: Tx, keys: readonly string[]): Promise<NamePlace[]> {
  const rows = await tx.query<{ zone_id: string; owner_name: string; rkey: string }>('select zone_id, owner_name, rkey from name where rkey = any($1::text[])', [keys]);
  return rows.map((row) => ({ zoneId: row.zone_id, ownerName: row.owner_name, rkey: row.rkey }));
}

export async function insertPlaces(tx: Tx, places: readonly NamePlace[]): Promise<void> {
  if (places.length === 0) return;
  await tx.query(
    `insert into name (zone_id, owner_name, rkey) select * from unnest($1::text[], $2::text[], $3::text[]) as p(zone_id, owner_name, rkey)
      order by zone_id collate "C", owner_name collate "C" on conflict do nothing`,
    [places.map((p) => p.zoneId), places.map((p) => p.ownerName), places.map((p) => p.rkey)]);
}

/** Locks in the order that all keep (PROTOCOL §7); rows that are not there are left out. */
export async function lockNames(tx: Tx, places: readonly { readonly zoneId: string; readonly ownerName: string }[]): Promise<readonly NameRow[]> {
  if (places.length === 0) return [];
  return tx.query<NameRow>(
    `select ${NAME_COLUMNS} from name where (zone_id, owner_name) in (select * from unnest($1::text[], $2::text[]))
      order by zone_id, owner_name for update`,
    [places.map((p) => p.zoneId), places.map((p) => p.ownerName)]);
}

/** A decided row that differs from what was stored. */
export interface NameChange {
  readonly zoneId: string;
  readonly ownerName: string;
  readonly desired: readonly RrsetBody[];
  readonly digest: string;
  readonly planReason: Reason | null;
  readonly vms: readonly string[];
  readonly priority: number;
  readonly replaces: boolean;
  readonly holdId: string | null;
  readonly kept: boolean;
  /** The pair it has from now on; the same as before where nothing is to be issued. */
  readonly timeline: number;
  readonly generation: number;
  /** The generation is new: nothing has been heard of it. */
  readonly isNew: boolean;
}

/** Writes what was decided; a new generation starts unheard and is due again after `firstMs`. */
export async function writeNames(tx: Tx, changes: readonly NameChange[], firstMs: number): Promise<void> {
  if (changes.length === 0) return;
  await tx.query(
    `update name n set desired = c.desired, digest = c.digest, plan_reason = c.plan_reason, vms = c.vms, priority = c.priority, replaces = c.replaces,
        hold_id = c.hold_id, kept = c.kept, timeline = c.timeline, generation = c.generation,
        state = case when c.is_new then 'pending' else n.state end,
        reason = case when c.is_new then null else n.reason end,
        turn = case when c.is_new then -1 else n.turn end,
        heard = n.heard and not c.is_new,
        issue_at = case when c.is_new then clock_timestamp() + $2 * interval '1 millisecond' else n.issue_at end,
        issue_attempts = case when c.is_new then 0 else n.issue_attempts end,
        attempts = case when c.is_new then 0 else n.attempts end,
        next_try_at = case when c.is_new then null else n.next_try_at end,
        since = case when c.is_new then now() else n.since end, updated_at = now()
       from jsonb_to_recordset($1::jsonb) as c(zone_id text, owner_name text, desired jsonb, digest text, plan_reason jsonb, vms text[], priority smallint,
            replaces boolean, hold_id text, kept boolean, timeline int, generation bigint, is_new boolean)
      where n.zone_id = c.zone_id and n.owner_name = c.owner_name`,
    [JSON.stringify(changes.map((c) => ({
      zone_id: c.zoneId, owner_name: c.ownerName, desired: c.desired, digest: c.digest, plan_reason: c.planReason, vms: c.vms, priority: c.priority,
      replaces: c.replaces, hold_id: c.holdId, kept: c.kept, timeline: c.timeline, generation: c.generation, is_new: c.isNew,
    }))), firstMs]);
}
