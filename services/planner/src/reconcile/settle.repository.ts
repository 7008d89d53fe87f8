import type { NameResult, Reason } from '@vmdns/contracts';
import { bigintArray, booleanArray, jsonbArray, textArray, timestampArray, type Tx } from '@vmdns/store';
import { byText } from '@vmdns/domain';
import { placeKey } from '../planning/name.repository.js';
import type { ZoneRow } from '../zones/zone.row.js';
import { isFinal } from './judge-result.js';

/** What a taken result leaves on its row. */
export interface Taken {
  readonly zoneId: string;
  readonly ownerName: string;
  readonly final: boolean;
  readonly state: string;
  readonly reason: Reason | null;
  readonly turn: number;
  readonly attempts: number;
  readonly nextTryAt: string | null;
}

/** A row whose generation must overtake what the adapter knows. */
export interface Overtaken {
  readonly zoneId: string;
  readonly ownerName: string;
  readonly timeline: number;
  readonly generation: number;
  readonly later: boolean;
}

/** What an adapter said of one name. */
export interface Said { readonly zoneId: string; readonly ownerName: string; readonly result: NameResult }

/** A row that took what was said and is not all that its result tells: another row waits for it, or it is about other VMs by now. */
export interface OtherRow {
  /** Its key, where another row waits for this one. */
  readonly replacing: string | null;
  readonly vms: readonly string[];
}

/** What was taken, and when. */
export interface Took {
  readonly said: readonly Said[];
  /** By place; as a rule there is none. */
  readonly others: ReadonlyMap<string, OtherRow>;
  readonly at: Date;
}

/** What a taken result writes; `t` are the results. */
const TAKE = `state = t.state, reason = t.reason, turn = t.turn, attempts = t.attempts, next_try_at = t.next_try_at, heard = true,
        issue_at = 'infinity', issue_attempts = 0, updated_at = now(),
        since = case when n.state = t.state and n.reason->>'code' is not distinct from t.reason->>'code' then n.since else now() end,
        hands = case when t.final and n.hands = 'adopting' then null else n.hands end,
        settled_generation = case when t.final then n.generation else least(n.settled_generation, n.generation - 1) end`;

/**
 * The verdict that nearly every result gets, without reading first: its row has the same pair and digest and a lower
 * turn, and takes it. What is left is to be judged. Each row is probed by its key and locked, in
 * the order of locks (PROTOCOL §7): the inner `limit 1` leaves no other way to join, and the lock holds its address.
 */
export async function takeEqual(tx: Tx, said: readonly Said[]): Promise<Took> {
  const sorted = said.toSorted((a, b) => byText(a.zoneId, b.zoneId) || byText(a.ownerName, b.ownerName));
  const column = <T>(of: (result: NameResult) => T): T[] => sorted.map(({ result }) => of(result));
  // All of them took it, and are as the results say, as a rule: then no row is sent back.
  const [took] = await tx.query<TookRow>(
    `with took as (update name n set ${TAKE}
       from (select u.*, l.place
               from unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::text[], $6::bigint[], $7::boolean[], $8::text[], $9::jsonb[], $10::bigint[], $11::timestamptz[], $12::text[])
                    with ordinality as u(zone_id, owner_name, timeline, generation, digest, turn, final, state, reason, attempts, next_try_at, vms, number)
              cross join lateral (
                select ctid as place from name where zone_id = u.zone_id and owner_name = u.owner_name
                   and timeline = u.timeline and generation = u.generation and digest = u.digest and turn < u.turn limit 1 for update) l) t
      where n.ctid = t.place
      returning t.number, case when n.replaces then n.rkey end as replacing, array_to_string(n.vms, ' ') as vms, t.vms as told)
     select now() as at, count(*), case when count(*) < $13 then array_agg(number) end as numbers,
            jsonb_agg(jsonb_build_object('number', number, 'replacing', replacing, 'vms', vms)) filter (where replacing is not null or vms <> told) as others from took`,
    [
      textArray(sorted.map((one) => one.zoneId)), textArray(sorted.map((one) => one.ownerName)), bigintArray(column((r) => r.timeline)), bigintArray(column((r) => r.generation)),
      textArray(column((r) => r.digest)), bigintArray(column((r) => r.turn)), booleanArray(column((r) => isFinal(r.state))), textArray(column((r) => r.state)),
      jsonbArray(column((r) => (r.reason === undefined ? null : JSON.stringify(r.reason)))), bigintArray(column((r) => r.attempts)),
      timestampArray(column((r) => (r.nextTryAt === undefined ? null : Date.parse(r.nextTryAt)))), textArray(column((r) => r.vms.join(' '))), sorted.length,
    ]);
  if (took === undefined) throw new Error('settling names: an aggregate gave no row');
  const at = (number: number): Said[] => { const one = sorted[number - 1]; return one === undefined ? [] : [one]; };
  return {
    said: took.count === sorted.length ? sorted : (took.numbers ?? []).flatMap(at), at: took.at,
    others: new Map((took.others ?? []).flatMap(({ number, replacing, vms }) => at(number).map(({ zoneId, ownerName }) => [placeKey(zoneId, ownerName), { replacing, vms: vms === '' ? [] : vms.split(' ') }] as const))),
  };
}

interface TookRow {
  readonly at: Date;
  readonly count: number;
  readonly numbers: readonly number[] | null;
  readonly others: readonly { readonly number: number; readonly replacing: string | null; readonly vms: string }[] | null;
}

/** Heard of: never issued again by time. Final: settled; a later turn that is not final unsettles it again. */
export async function writeTaken(tx: Tx, taken: readonly Taken[]): Promise<void> {
  if (taken.length === 0) return;
  await tx.query(
    `update name n set ${TAKE}
       from jsonb_to_recordset($1::jsonb) as t(zone_id text, owner_name text, final boolean, state text, reason jsonb, turn bigint, attempts int, next_try_at timestamptz)
      where n.zone_id = t.zone_id and n.owner_name = t.owner_name`,
    [JSON.stringify(taken.map((t) => ({
      zone_id: t.zoneId, owner_name: t.ownerName, final: t.final, state: t.state, reason: t.reason, turn: t.turn, attempts: t.attempts, next_try_at: t.nextTryAt,
    })))]);
}

/** The pair rises; `later` keeps counting attempts, so that a disagreement that lasts is no loop without pause. */
export async function writeOvertaken(tx: Tx, overtaken: readonly Overtaken[], firstMs: number, maxMs: number): Promise<void> {
  if (overtaken.length === 0) return;
  await tx.query(
    `update name n set timeline = o.timeline, generation = o.generation, state = 'pending', reason = null, turn = -1, heard = false, attempts = 0, next_try_at = null,
        issue_at = clock_timestamp() + least($2 * case when o.later then power(2, least(n.issue_attempts, 20)) else 1 end, $3) * interval '1 millisecond',
        issue_attempts = case when o.later then n.issue_attempts + 1 else 0 end, since = now(), updated_at = now()
       from jsonb_to_recordset($1::jsonb) as o(zone_id text, owner_name text, timeline int, generation bigint, later boolean)
      where n.zone_id = o.zone_id and n.owner_name = o.owner_name`,
    [JSON.stringify(overtaken.map((o) => ({ zone_id: o.zoneId, owner_name: o.ownerName, timeline: o.timeline, generation: o.generation, later: o.later }))), firstMs, maxMs]);
}

/** Read after the names are locked: who writes a zone's mode plans its names again afterwards, and so meets our commit. */
export async function readZones(tx: Tx, zoneIds: readonly string[]): Promise<ReadonlyMap<string, ZoneRow>> {
  const rows = await tx.query<ZoneRow>('select * from zone where id = any($1::text[])', [zoneIds]);
  return new Map(rows.map((row) => [row.id, row]));
}
