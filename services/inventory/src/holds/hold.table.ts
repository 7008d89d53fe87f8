import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { type Deed, Deeds, type NotedDeed } from '@vmdns/chassis';
import type { Fact } from '@vmdns/domain';
import type { Tx } from '@vmdns/store';
import type { VmDraft } from '../facts/batch-decision.js';
import type { DeletionFact } from './waiting-deletion.js';

/** A hold as stored, with the count of its members. */
export interface HoldRow {
  readonly hold_id: string;
  readonly source: string;
  /** By whom the deletions came, where the source is only what they say; else ''. */
  readonly publisher: string;
  readonly state: 'open' | 'approved' | 'rejected';
  readonly rule: string;
  readonly opened_at: Date;
  readonly decided_at: Date | null;
  readonly decided_by: string | null;
  readonly members: number;
}
export interface MemberRow {
  readonly vm_id: string;
  readonly state: 'waiting' | 'released' | 'changed' | 'kept';
  readonly life: number;
  readonly revision: number;
  readonly deletion: DeletionFact;
}

/** A member with what a person must know of its VM: what it is, and which of its addresses another VM has by now. */
export interface ShownMember extends MemberRow { readonly body: Fact | null; readonly used: readonly string[] }

const SHOWN = `
  select m.vm_id, m.state, m.life, m.revision, m.deletion, v.body,
    array(select a.ip from jsonb_array_elements(v.body->'addresses') with ordinality e(address, place), lateral (select e.address->>'ip' as ip) a
      where exists (select 1 from vm o where o.find_keys @> array[a.ip] and o.vm_id <> m.vm_id) order by e.place) as used
  from hold_member m left join vm v on v.vm_id = m.vm_id where m.hold_id = $1 and m.vm_id > $2 order by m.vm_id limit $3`;

const HOLD = `select h.*, (select count(*)::bigint from hold_member m where m.hold_id = h.hold_id) as members from hold h`;

const JOIN = `
  insert into hold_member (hold_id, vm_id, life, revision, state, deletion)
  select u.hold_id, u.vm_id, u.life, u.revision, 'waiting', u.deletion
  from unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::jsonb[]) as u(hold_id, vm_id, life, revision, deletion)
  on conflict (hold_id, vm_id) do update set life = excluded.life, revision = excluded.revision, deletion = excluded.deletion
  where hold_member.state = 'waiting'`;

/** A hold that is decided but not yet carried out keeps its members, so that its list says what became of each. */
const LEAVE_OPEN = `
  delete from hold_member m using unnest($1::text[], $2::text[]) as u(hold_id, vm_id), hold h
  where m.hold_id = u.hold_id and m.vm_id = u.vm_id and h.hold_id = u.hold_id and h.state = 'open'`;
const LEAVE_DECIDED = `
  update hold_member m set state = 'changed' from unnest($1::text[], $2::text[]) as u(hold_id, vm_id)
  where m.hold_id = u.hold_id and m.vm_id = u.vm_id and m.state = 'waiting'`;

/** Holds and their members. */
@Injectable()
export class HoldTable {
  constructor(private readonly deeds: Deeds) {}

  /** Of the deletions that wait, as they are now: another list has another. */
  async checksum(tx: Tx, holdId: string): Promise<string> {
    const [row] = await tx.query<{ sum: string }>(`select md5(coalesce(string_agg(concat_ws(' ', vm_id, life, revision), ',' order by vm_id), '')) as sum from hold_member where hold_id = $1 and state = 'waiting'`, [holdId]);
    return row?.sum ?? '';
  }

  /** Members that joined, moved on or left by the decisions of a batch; the holds themselves exist. Who deleted them was told that they wait. */
  async writeMembers(tx: Tx, drafts: readonly VmDraft[]): Promise<readonly NotedDeed[]> {
    const joining = drafts.flatMap(({ vmId, waiting, before }) => (waiting === null || waiting === before.waiting ? [] : [{ vmId, ...waiting }]));
    const leaving = drafts.flatMap(({ vmId, waiting, before }) => (before.waiting?.state === 'waiting' && waiting?.holdId !== before.waiting.holdId ? [{ vmId, holdId: before.waiting.holdId }] : []));
    if (leaving.length > 0) {
      const parameters = [leaving.map((m) => m.holdId), leaving.map((m) => m.vmId)];
      await tx.query(LEAVE_OPEN, parameters);
      await tx.query(LEAVE_DECIDED, parameters);
    }
    if (joining.length === 0) return [];
    await tx.query(JOIN, [joining.map((m) => m.holdId), joining.map((m) => m.vmId), joining.map((m) => m.life), joining.map((m) => m.revision), joining.map((m) => JSON.stringify(m.deletion))]);
    const noted: NotedDeed[] = [];
    for (const holdId of new Set(joining.map((m) => m.holdId))) noted.push(await this.deeds.note(tx, heldDeed(holdId, joining.filter((m) => m.holdId === holdId))));
    return noted;
  }

  async find(tx: Tx, holdId: string): Promise<HoldRow | undefined> {
    const [row] = await tx.query<HoldRow>(`${HOLD} where h.hold_id = $1`, [holdId]);
    return row;
  }

  /** Newest first. */
  list(tx: Tx, state: HoldRow['state'] | undefined, limit: number, after: { readonly openedAt: string; readonly holdId: string } | undefined): Promise<readonly HoldRow[]> {
    const sql = `${HOLD} where ($1::text is null or h.state = $1) and ($2::timestamptz is null or (h.opened_at, h.hold_id) < ($2, $3)) order by h.opened_at desc, h.hold_id desc limit $4`;
    return tx.query<HoldRow>(sql, [state ?? null, after?.openedAt ?? null, after?.holdId ?? null, limit]);
  }

  /** By VM id. `states` absent: all. */
  members(tx: Tx, holdId: string, limit: number, afterVmId: string, state?: MemberRow['state']): Promise<readonly MemberRow[]> {
    return tx.query<MemberRow>(
      'select vm_id, state, life, revision, deletion from hold_member where hold_id = $1 and vm_id > $2 and ($3::text is null or state = $3) order by vm_id limit $4',
      [holdId, afterVmId, state ?? null, limit],
    );
  }

  /** The same for people who look. */
  shown(tx: Tx, holdId: string, limit: number, afterVmId: string): Promise<readonly ShownMember[]> {
    return tx.query<ShownMember>(SHOWN, [holdId, afterVmId, limit]);
  }

  /** Decides an open hold; undefined: it is not open (any more). The source is locked by the caller. */
  async decide(tx: Tx, holdId: string, state: 'approved' | 'rejected', by: string): Promise<string | undefined> {
    const [row] = await tx.query<{ source: string }>(
      `update hold set state = $2, decided_by = $3, decided_at = clock_timestamp() where hold_id = $1 and state = 'open' returning source`, [holdId, state, by],
    );
    return row?.source;
  }

  /** All that wait become kept; gives how many. */
  async keepAll(tx: Tx, holdId: string): Promise<number> {
    const rows = await tx.query(`update hold_member set state = 'kept' where hold_id = $1 and state = 'waiting' returning vm_id`, [holdId]);
    return rows.length;
  }

  async settle(tx: Tx, holdId: string, vmIds: readonly string[], state: 'released' | 'changed'): Promise<void> {
    if (vmIds.length > 0) await tx.query(`update hold_member set state = $3 where hold_id = $1 and vm_id = any($2)`, [holdId, vmIds, state]);
  }

  /** Approved holds with members that are still to be deleted: a process died while it did so. */
  async unfinished(tx: Tx): Promise<readonly string[]> {
    const rows = await tx.query<{ hold_id: string }>(`select hold_id from hold h where state = 'approved' and exists (select from hold_member m where m.hold_id = h.hold_id and m.state = 'waiting')`);
    return rows.map((row) => row.hold_id);
  }
}

const NAMED_MAX = 10;

function heldDeed(holdId: string, members: readonly { readonly vmId: string; readonly deletion: DeletionFact }[]): Deed {
  const vmIds = members.map((member) => member.vmId);
  const by = [...new Set(members.map((member) => member.deletion.source))].join(', ');
  return { kind: 'deletions-held', key: `held:${randomUUID()}`, what: `${vmIds.length} ${vmIds.length === 1 ? 'deletion' : 'deletions'} that waited in the hold ${holdId} (${namesOf(vmIds)})`, by, body: { vmIds } };
}

/** Some of them, and how many more. */
export function namesOf(vmIds: readonly string[]): string {
  return `${vmIds.slice(0, NAMED_MAX).join(', ')}${vmIds.length > NAMED_MAX ? ` and ${vmIds.length - NAMED_MAX} more` : ''}`;
}
