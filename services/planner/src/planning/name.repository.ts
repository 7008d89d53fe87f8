import type { Reason, RrsetBody } from '@vmdns/contracts';
import { byText } from '@vmdns/domain';
import { bigintArray, booleanArray, jsonbArray, textArray, type Tx } from '@vmdns/store';

/** One (zone, owner name) as far as deciding and settling need it. */
export interface NameCore {
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
  readonly turn: number;
  readonly priority: number;
  readonly vms: readonly string[];
  readonly replaces: boolean;
  readonly hold_id: string | null;
  readonly kept: boolean;
  /** `released`: a person took it out of our hands. `adopting`: it was given back, and its adapter may take what is there for ours. */
  readonly hands: 'released' | 'adopting' | null;
  /** How often its generation was issued again. */
  readonly issue_attempts: number;
}

/** The same, with how it stands. */
export interface NameRow extends NameCore {
  readonly reason: Reason | null;
  readonly heard: boolean;
  readonly attempts: number;
  readonly next_try_at: Date | null;
  /** Since when state and reason are what they are. */
  readonly since: Date;
  readonly updated_at: Date;
}

/** What a VM's status is worked out from. */
export type NameStanding = Pick<NameRow, 'zone_id' | 'owner_name' | 'desired' | 'plan_reason' | 'generation' | 'settled_generation' | 'state' | 'vms' | 'hold_id' | 'kept' | 'reason' | 'heard' | 'attempts' | 'next_try_at' | 'updated_at'>;

/** The place of a row, and the key that decides it. */
export interface NamePlace { readonly zoneId: string; readonly ownerName: string; readonly rkey: string }

export function placeKey(zoneId: string, ownerName: string): string {
  return `${zoneId} ${ownerName}`;
}

const CORE_COLUMNS = 'zone_id, owner_name, rkey, desired, digest, plan_reason, timeline, generation, settled_generation, state, turn, priority, vms, replaces, hold_id, kept, hands, issue_attempts';
/** Everything but `issue_at`, which only statements use. */
export const NAME_COLUMNS = `${CORE_COLUMNS}, reason, heard, attempts, next_try_at, since, updated_at`;

const STANDING_COLUMNS = 'zone_id, owner_name, desired, plan_reason, generation, settled_generation, state, vms, hold_id, kept, reason, heard, attempts, next_try_at, updated_at';

/** A place that has no row yet, as a row. */
export function blankName(place: NamePlace): NameCore {
  return {
    zone_id: place.zoneId, owner_name: place.ownerName, rkey: place.rkey, desired: [], digest: '', plan_reason: null, timeline: 1, generation: 0, settled_generation: 0,
    state: 'pending', turn: -1, priority: 1, vms: [], replaces: false, hold_id: null, kept: false, hands: null, issue_attempts: 0,
  };
}

/**
 * Those of the keys that decide some row already, or that somebody wishes besides the wishes that the caller wrote:
 * `own` counts these, by key. Not locked. Counted, since `exists` may be planned as one reading of all keys, while these are few (L6).
 */
export async function findContested(tx: Tx, keys: readonly string[], own: readonly number[]): Promise<ReadonlySet<string>> {
  if (keys.length === 0) return new Set();
  const rows = await tx.query<{ rkey: string }>(
    `select k.rkey from unnest($1::text[], $2::bigint[]) k(rkey, own)
      where (select count(*) from (select 1 from name where rkey = k.rkey limit 1) n) > 0 or (select count(*) from (select 1 from wish where rkey = k.rkey limit k.own + 1) w) > k.own`,
    [textArray(keys), bigintArray(own)]);
  return new Set(rows.map((row) => row.rkey));
}

/** Inserts rows as they are decided, in the order of locks; gives the places that were free. */
export async function insertNames(tx: Tx, names: readonly { readonly row: NameCore; readonly change: NameChange | undefined }[], firstMs: number): Promise<ReadonlySet<string>> {
  if (names.length === 0) return new Set();
  const sorted = names.toSorted((a, b) => byPlace(a.row, b.row));
  const column = <T>(of: (change: NameChange | undefined) => T): T[] => sorted.map(({ change }) => of(change));
  // All of them were free, as a rule: then none is sent back.
  const [born] = await tx.query<{ count: number; places: readonly string[] | null }>(
    `with born as (insert into name (zone_id, owner_name, rkey, desired, digest, plan_reason, vms, priority, timeline, generation, issue_at)
     select zone_id, owner_name, rkey, desired, digest, plan_reason, string_to_array(vms, ' '), priority, timeline, generation,
            case when generation > 0 then clock_timestamp() + $11 * interval '1 millisecond' else 'infinity' end
       from unnest($1::text[], $2::text[], $3::text[], $4::jsonb[], $5::text[], $6::jsonb[], $7::text[], $8::bigint[], $9::bigint[], $10::bigint[])
            as c(zone_id, owner_name, rkey, desired, digest, plan_reason, vms, priority, timeline, generation)
      on conflict do nothing returning zone_id, owner_name)
     select count(*), case when count(*) < $12 then array_agg(zone_id || ' ' || owner_name) end as places from born`,
    [
      textArray(sorted.map(({ row }) => row.zone_id)), textArray(sorted.map(({ row }) => row.owner_name)), textArray(sorted.map(({ row }) => row.rkey)),
      jsonbArray(column((c) => (c === undefined ? '[]' : JSON.stringify(c.desired)))), textArray(column((c) => c?.digest ?? '')),
      jsonbArray(column((c) => reasonJson(c?.planReason))), textArray(column((c) => c?.vms.join(' ') ?? '')),
      bigintArray(column((c) => c?.priority ?? 1)), bigintArray(column((c) => c?.timeline ?? 1)), bigintArray(column((c) => c?.generation ?? 0)), firstMs, sorted.length,
    ]);
  return new Set(born?.count === sorted.length ? sorted.map(({ row }) => placeKey(row.zone_id, row.owner_name)) : born?.places ?? []);
}

/** The order in which all lock names (PROTOCOL §7): that of \`collate "C"\`, as zone ids and names are ASCII. */
const byPlace = (a: Pick<NameCore, 'zone_id' | 'owner_name'>, b: Pick<NameCore, 'zone_id' | 'owner_name'>) => byText(a.zone_id, b.zone_id) || byText(a.owner_name, b.owner_name);

const reasonJson = (reason: Reason | null | undefined): string | null => (reason === null || reason === undefined ? null : JSON.stringify(reason));

export async function dropNames(tx: Tx, places: readonly Pick<NamePlace, 'zoneId' | 'ownerName'>[]): Promise<void> {
  if (places.length === 0) return;
  await tx.query('delete from name where (zone_id, owner_name) in (select * from unnest($1::text[], $2::text[]))', columns(places));
}

/** Inserts what is not there, in the order of locks. */
export async function insertPlaces(tx: Tx, places: readonly NamePlace[]): Promise<void> {
  if (places.length === 0) return;
  await tx.query(
    `insert into name (zone_id, owner_name, rkey) select * from unnest($1::text[], $2::text[], $3::text[]) as p(zone_id, owner_name, rkey)
      order by zone_id collate "C", owner_name collate "C" on conflict do nothing`,
    [...columns(places), textArray(places.map((p) => p.rkey))]);
}

type Place = Pick<NamePlace, 'zoneId' | 'ownerName'>;

/**
 * One probe of the key for each place, whatever the statistics say: `limit 1` keeps the inner query from being turned
 * into a join that reads the whole table (L6).
 */
const rowsAt = (places: string, columnsRead: string, lock: '' | 'for update') =>
  `select n.* from (${places} order by 1, 2) p cross join lateral (
     select ${columnsRead} from name where zone_id = p.zone_id and owner_name = p.owner_name limit 1 ${lock}) n`;

/** Locks in the order that all keep (PROTOCOL §7); rows that are not there are left out. */
export async function lockNames(tx: Tx, places: readonly Place[]): Promise<readonly NameCore[]> {
  if (places.length === 0) return [];
  return tx.query<NameCore>(rowsAt('select * from unnest($1::text[], $2::text[]) as u(zone_id, owner_name)', CORE_COLUMNS, 'for update'), columns(places));
}

/** The same for every row that these keys decide, in whatever zone, and for these places. */
export async function lockNamesOfKeys(tx: Tx, keys: readonly string[], places: readonly Place[]): Promise<readonly NameCore[]> {
  const all = `select r.zone_id, r.owner_name from unnest($3::text[]) k(rkey) cross join lateral (select zone_id, owner_name from name where rkey = k.rkey limit 1000) r
    union select * from unnest($1::text[], $2::text[])`;
  return tx.query<NameCore>(rowsAt(all, CORE_COLUMNS, 'for update'), [...columns(places), textArray(keys)]);
}

const EACH_ONCE = 'select distinct * from unnest($1::text[], $2::text[]) as u(zone_id, owner_name)';

export async function readNames(tx: Tx, places: readonly Place[]): Promise<readonly NameRow[]> {
  if (places.length === 0) return [];
  return tx.query<NameRow>(rowsAt(EACH_ONCE, NAME_COLUMNS, ''), columns(places));
}

export async function readStandings(tx: Tx, places: readonly Place[]): Promise<readonly NameStanding[]> {
  if (places.length === 0) return [];
  return tx.query<NameStanding>(rowsAt(EACH_ONCE, STANDING_COLUMNS, ''), columns(places));
}

/** Every row that these keys decide, as it is now. Not locked. */
export async function readNamesOfKeys(tx: Tx, keys: readonly string[]): Promise<readonly NameCore[]> {
  if (keys.length === 0) return [];
  return tx.query<NameCore>(`select n.* from unnest($1::text[]) k(rkey) cross join lateral (select ${CORE_COLUMNS} from name where rkey = k.rkey limit 1000) n`, [textArray(keys)]);
}

function columns(places: readonly Place[]): readonly Buffer[] {
  return [textArray(places.map((place) => place.zoneId)), textArray(places.map((place) => place.ownerName))];
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
  readonly hands: NameCore['hands'];
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
       from (select zone_id, owner_name, desired, digest, plan_reason, string_to_array(vms, ' ') as vms, priority, replaces, hold_id, kept, timeline, generation, is_new
               from unnest($1::text[], $3::text[], $4::jsonb[], $5::text[], $6::jsonb[], $7::text[], $8::bigint[], $9::boolean[], $10::text[], $11::boolean[], $12::bigint[], $13::bigint[], $14::boolean[])
                    as u(zone_id, owner_name, desired, digest, plan_reason, vms, priority, replaces, hold_id, kept, timeline, generation, is_new)) c
      where n.zone_id = c.zone_id and n.owner_name = c.owner_name`,
    [
      textArray(changes.map((c) => c.zoneId)), firstMs, textArray(changes.map((c) => c.ownerName)), jsonbArray(changes.map((c) => JSON.stringify(c.desired))), textArray(changes.map((c) => c.digest)),
      jsonbArray(changes.map((c) => reasonJson(c.planReason))), textArray(changes.map((c) => c.vms.join(' '))), bigintArray(changes.map((c) => c.priority)),
      booleanArray(changes.map((c) => c.replaces)), textArray(changes.map((c) => c.holdId)), booleanArray(changes.map((c) => c.kept)),
      bigintArray(changes.map((c) => c.timeline)), bigintArray(changes.map((c) => c.generation)), booleanArray(changes.map((c) => c.isNew)),
    ]);
}
