import type { Hold, HoldMember } from '@vmdns/contracts';
import type { Tx } from '@vmdns/store';
import { newId } from '../ids.js';
import { placeKey, type NameCore } from '../planning/name.repository.js';

export interface HoldRow {
  readonly id: string;
  readonly zone_id: string;
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
}

/** A removal that waits: the row as it was when it joined. */
export interface NewMember {
  readonly holdId: string;
  readonly zoneId: string;
  readonly ownerName: string;
  readonly timeline: number;
  readonly generation: number;
  readonly text: string;
}

const HOLD_COLUMNS = `h.*, (select count(*) from hold_member m where m.hold_id = h.id and not m.changed) as members`;

export function toHold(row: HoldRow): Hold {
  return {
    holdId: row.id, service: 'planner', kind: 're-homing', scope: row.zone_id, state: row.state, members: row.members, openedAt: row.opened_at.toISOString(),
    ...(row.decided_at === null ? {} : { decidedAt: row.decided_at.toISOString() }), ...(row.decided_by === null ? {} : { decidedBy: row.decided_by }), text: row.text,
  };
}

export function toMember(row: MemberRow, apex: string): HoldMember {
  return { name: row.owner_name, zone: apex, text: row.changed ? `${row.text}; changed since, no longer waiting here` : row.text };
}

/** At most one hold is open for a zone; a second reason joins it. */
export async function openHold(tx: Tx, zoneId: string, text: string): Promise<void> {
  await tx.query(`insert into hold (id, zone_id, state, text) values ($1, $2, 'open', $3) on conflict (zone_id) where state = 'open' do nothing`, [newId('hold'), zoneId, text]);
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

/** A member that left by a newer fact does not come back to the same hold. */
export async function joinHold(tx: Tx, members: readonly NewMember[]): Promise<void> {
  if (members.length === 0) return;
  await tx.query(
    `insert into hold_member (hold_id, zone_id, owner_name, timeline, generation, text)
     select * from unnest($1::text[], $2::text[], $3::text[], $4::int[], $5::bigint[], $6::text[])
     on conflict (hold_id, zone_id, owner_name) do nothing`,
    [members.map((m) => m.holdId), members.map((m) => m.zoneId), members.map((m) => m.ownerName), members.map((m) => m.timeline), members.map((m) => m.generation), members.map((m) => m.text)]);
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

export async function listMembers(tx: Tx, holdId: string, limit: number, cursor = ''): Promise<readonly MemberRow[]> {
  return tx.query<MemberRow>('select * from hold_member where hold_id = $1 and owner_name > $2 order by owner_name limit $3', [holdId, cursor, limit]);
}
