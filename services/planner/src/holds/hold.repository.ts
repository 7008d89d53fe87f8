import type { Hold, HoldMember, RrsetBody } from '@vmdns/contracts';
import type { Tx } from '@vmdns/store';
import { newId } from '../ids.js';
import { placeKey, type NameCore } from '../planning/name.repository.js';

export interface HoldRow {
  readonly id: string;
  readonly zone_id: string;
  readonly kind: 're-homing' | 'removals';
  readonly state: 'open' | 'approved' | 'rejected';
  readonly text: string;
  readonly opened_at: Date;
  readonly decided_at: Date | null;
  readonly decided_by: string | null;
  /** What the decision did, for whoever decides the same once more. */
  readonly released: number;
  readonly left_out: string[];
  readonly members: number;
}

export interface MemberRow {
  readonly zone_id: string;
  readonly owner_name: string;
  readonly timeline: number;
  readonly generation: number;
  readonly changed: boolean;
  readonly text: string;
  readonly removes: RrsetBody[] | null;
}

/** A removal that waits: the row as it was when it joined. */
export interface NewMember {
  readonly holdId: string;
  readonly zoneId: string;
  readonly ownerName: string;
  readonly timeline: number;
  readonly generation: number;
  readonly text: string;
  readonly removes: readonly RrsetBody[];
}

const HOLD_COLUMNS = `h.*, (select count(*) from hold_member m where m.hold_id = h.id and not m.changed) as members`;

export function toHold(row: HoldRow): Hold {
  return {
    holdId: row.id, service: 'planner', kind: row.kind, scope: row.kind === 'removals' ? row.zone_id.slice(SOURCE.length) : row.zone_id, state: row.state, members: row.members, openedAt: row.opened_at.toISOString(),
    ...(row.decided_at === null ? {} : { decidedAt: row.decided_at.toISOString() }), ...(row.decided_by === null ? {} : { decidedBy: row.decided_by }), text: row.text,
  };
}

/** `used`: addresses of it that another VM has by now, and which. */
export function toMember(row: MemberRow, apex: string, used: ReadonlyMap<string, string>): HoldMember {
  const others = (row.removes ?? []).flatMap((rrset) => rrset.values).filter((value) => used.has(value));
  const marks = others.map((ip) => `; ${ip} is used by ${used.get(ip) ?? 'another VM'} by now`).join('');
  return {
    name: row.owner_name, zone: apex, text: row.changed ? `${row.text}; changed since, no longer waiting here` : `${row.text}${marks}`,
    ...(row.removes === null ? {} : { removes: row.removes }), ...(others.length === 0 ? {} : { usedByOthers: others }),
  };
}

/** At most one hold is open for a zone; a second reason joins it. */
export async function openHold(tx: Tx, zoneId: string, text: string): Promise<void> {
  await tx.query(`insert into hold (id, zone_id, state, text) values ($1, $2, 'open', $3) on conflict (zone_id) where state = 'open' do nothing`, [newId('hold'), zoneId, text]);
}

const SOURCE = 'source ';
/** What the hold of a source's removals has in the place of a zone. */
export const sourceScope = (source: string): string => `${SOURCE}${source}`;

/** The open hold of a source's removals; opened where there is none. */
export async function openRemovalHold(tx: Tx, source: string, text: string): Promise<string> {
  await tx.query(`insert into hold (id, zone_id, kind, state, text) values ($1, $2, 'removals', 'open', $3) on conflict (zone_id) where state = 'open' do nothing`, [newId('hold'), sourceScope(source), `${source}: ${text}; what it removes waits, in all zones`]);
  const [row] = await tx.query<{ id: string }>(`select id from hold where zone_id = $1 and state = 'open'`, [sourceScope(source)]);
  if (row === undefined) throw new Error(`opening a hold for ${source}: it is not there`);
  return row.id;
}

/** The open holds of these sources' removals; who decides one waits until this transaction has ended. */
export async function shareSourceHolds(tx: Tx, sources: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const rows = await tx.query<Pick<HoldRow, 'id' | 'zone_id'>>(`select id, zone_id from hold where state = 'open' and zone_id = any($1::text[]) order by id for share`, [sources.map(sourceScope)]);
  return new Map(rows.map((row) => [row.zone_id.slice(SOURCE.length), row.id]));
}

/** How rows stand with holds; maps and set are by place. */
export interface HoldsAtHand {
  /** The open hold of a zone. */
  readonly openOf: ReadonlyMap<string, string>;
  /** The state of the hold on whose list a row is, if its generation is still the one that joined. */
  readonly stateOf: ReadonlyMap<string, HoldRow['state']>;
  /** Rows that a newer fact took off the list of the hold that is open. */
  readonly leftOf: ReadonlySet<string>;
}
export const NO_HOLDS: HoldsAtHand = { openOf: new Map(), stateOf: new Map(), leftOf: new Set() };

/** Read after the names are locked; who decides a hold waits until this transaction has ended. */
export async function shareHolds(tx: Tx, rows: readonly NameCore[]): Promise<HoldsAtHand> {
  if (rows.length === 0) return NO_HOLDS;
  const holds = await tx.query<Pick<HoldRow, 'id' | 'zone_id' | 'state'>>(
    `select id, zone_id, state from hold where id = any($1::text[]) or (state = 'open' and zone_id = any($2::text[])) order by id for share`,
    [rows.map((row) => row.hold_id).filter((id) => id !== null), [...new Set(rows.map((row) => row.zone_id))]]);
  if (holds.length === 0) return NO_HOLDS;
  const members = await tx.query<MemberRow & { hold_id: string }>(
    `select * from hold_member where hold_id = any($1::text[]) and (zone_id, owner_name) in (select * from unnest($2::text[], $3::text[]))`,
    [holds.map((hold) => hold.id), rows.map((row) => row.zone_id), rows.map((row) => row.owner_name)]);
  const open = new Map(holds.filter((hold) => hold.state === 'open').map((hold) => [hold.zone_id, hold.id]));
  const states = new Map(holds.map((hold) => [hold.id, hold.state]));
  const byPlace = new Map(rows.map((row) => [placeKey(row.zone_id, row.owner_name), row]));
  const stateOf = new Map<string, HoldRow['state']>();
  const leftOf = new Set<string>();
  for (const member of members) {
    const place = placeKey(member.zone_id, member.owner_name);
    const row = byPlace.get(place);
    const state = states.get(member.hold_id);
    if (row === undefined || state === undefined) continue;
    const isSame = !member.changed && row.hold_id === member.hold_id && member.timeline === row.timeline && member.generation === row.generation;
    if (isSame) stateOf.set(place, state);
    else if (open.get(member.zone_id) === member.hold_id) leftOf.add(place);
  }
  return { openOf: open, stateOf, leftOf };
}

/** A member that left a re-homing's hold by a newer fact does not come back to it. */
export async function joinHold(tx: Tx, members: readonly NewMember[]): Promise<void> {
  if (members.length === 0) return;
  await tx.query(
    `insert into hold_member as m (hold_id, zone_id, owner_name, timeline, generation, text, removes)
     select hold_id, zone_id, owner_name, timeline, generation, text, removes
       from jsonb_to_recordset($1::jsonb) as n(hold_id text, zone_id text, owner_name text, timeline int, generation bigint, text text, removes jsonb)
     on conflict (hold_id, zone_id, owner_name) do update set timeline = excluded.timeline, generation = excluded.generation, text = excluded.text, removes = excluded.removes, changed = false
     where (select kind from hold where id = excluded.hold_id) = 'removals'`,
    [JSON.stringify(members.map((m) => ({ hold_id: m.holdId, zone_id: m.zoneId, owner_name: m.ownerName, timeline: m.timeline, generation: m.generation, text: m.text, removes: m.removes })))]);
}

/** A newer fact changed these names: they are off the list (PROTOCOL §8). */
export async function leaveHold(tx: Tx, members: readonly { readonly holdId: string; readonly zoneId: string; readonly ownerName: string }[]): Promise<void> {
  if (members.length === 0) return;
  await tx.query(
    `update hold_member m set changed = true from unnest($1::text[], $2::text[], $3::text[]) as c(hold_id, zone_id, owner_name)
      where m.hold_id = c.hold_id and m.zone_id = c.zone_id and m.owner_name = c.owner_name`,
    [members.map((m) => m.holdId), members.map((m) => m.zoneId), members.map((m) => m.ownerName)]);
}

export async function findHold(tx: Tx, holdId: string): Promise<HoldRow | undefined> {
  return (await tx.query<HoldRow>(`select ${HOLD_COLUMNS} from hold h where h.id = $1`, [holdId]))[0];
}

export async function listHolds(tx: Tx, state: string | undefined, limit: number, cursor = ''): Promise<readonly HoldRow[]> {
  return tx.query<HoldRow>(`select ${HOLD_COLUMNS} from hold h where h.id > $1 and ($2::text is null or h.state = $2) order by h.id limit $3`, [cursor, state ?? null, limit]);
}

/** In the order of zone and name; `cursor` is the last one's `zone name`. */
export async function listMembers(tx: Tx, holdId: string, limit: number, cursor = ''): Promise<readonly (MemberRow & { readonly apex: string | null; readonly vms: readonly string[] | null })[]> {
  const [zoneId = '', ownerName = ''] = cursor.split(' ');
  return tx.query(
    `select m.*, z.apex, n.vms from hold_member m left join zone z on z.id = m.zone_id left join name n on n.zone_id = m.zone_id and n.owner_name = m.owner_name
      where m.hold_id = $1 and (m.zone_id, m.owner_name) > ($2, $3) order by m.zone_id, m.owner_name limit $4`, [holdId, zoneId, ownerName, limit]);
}

/** Of the list as it is now: another list has another. */
export async function checksumOf(tx: Tx, holdId: string): Promise<string> {
  const [row] = await tx.query<{ sum: string }>(
    `select md5(coalesce(string_agg(concat_ws(' ', zone_id, owner_name, timeline, generation, removes), ',' order by zone_id, owner_name), '')) as sum from hold_member where hold_id = $1 and not changed`, [holdId]);
  return row?.sum ?? '';
}
