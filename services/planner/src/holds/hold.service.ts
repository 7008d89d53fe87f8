import { Injectable } from '@nestjs/common';
import { Clock, Deeds, Log, type NotedDeed } from '@vmdns/chassis';
import type { Caller, Hold, HoldMember } from '@vmdns/contracts';
import { isLargeMove, reverseKey, reverseName } from '@vmdns/domain';
import { Store, type Tx } from '@vmdns/store';
import { enqueue } from '../planning/job.repository.js';
import { readDecidingWishes } from '../wishes/wish.repository.js';
import { conflict, notFound, requireOperator } from '../zones/access.js';
import { sizeOf } from '../zones/moves.js';
import { checksumOf, findHold, listHolds, listMembers, openHold, toHold, toMember, type HoldRow, type MemberRow } from './hold.repository.js';

export interface Decision { readonly checksum?: string | undefined; readonly holdId: string; readonly decision: 'approve' | 'reject'; readonly caller: Caller }
export interface Outcome { readonly hold: Hold; readonly released: number; readonly changed: string[] }

const STATE_OF = { approve: 'approved', reject: 'rejected' } as const;

/** Big removals wait for a person (L13); here: names that leave a zone because another takes them in. */
@Injectable()
export class Holds {
  constructor(private readonly store: Store, private readonly clock: Clock, private readonly log: Log, private readonly deeds: Deeds) {}

  async list(state: string | undefined, limit: number, cursor?: string): Promise<{ items: Hold[]; next?: string }> {
    const rows = await listHolds(this.store, state, limit + 1, cursor);
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    return { items: page.map(toHold), ...(rows.length > limit && last !== undefined ? { next: last.id } : {}) };
  }

  async show(holdId: string, limit: number, cursor?: string): Promise<{ hold: Hold; members: HoldMember[]; next?: string }> {
    const hold = await this.get(this.store, holdId);
    const rows = await listMembers(this.store, holdId, limit + 1, cursor);
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    return {
      hold: { ...toHold(hold), checksum: await checksumOf(this.store, holdId) }, members: await this.members(page),
      ...(rows.length > limit && last !== undefined ? { next: `${last.zone_id} ${last.owner_name}` } : {}),
    };
  }

  /**
   * Approve releases exactly the members whose generation is what was shown; reject keeps those for good. The others are
   * listed, and wait in a new hold where the person said no, or where they are many by themselves.
   */
  async decide(ask: Decision): Promise<Outcome> {
    requireOperator(ask.caller);
    const { outcome, noted } = await this.store.transaction(async (tx) => {
      const outcome = await this.decideIn(tx, ask);
      if (outcome.checksum === undefined) return { outcome, noted: [] as NotedDeed[] };
      const { holdId, decision, caller } = ask;
      return { outcome, noted: [await this.deeds.note(tx, { kind: 'hold-decided', key: `hold:${holdId}`, what: `that the hold ${holdId} (${outcome.hold.scope}) was ${STATE_OF[decision]}`, by: caller.name, body: { holdId, decision, checksum: outcome.checksum } })] };
    });
    this.deeds.say(...noted);
    this.log.info({ holdId: ask.holdId, decision: ask.decision, by: ask.caller.name, released: outcome.released, changed: outcome.changed.length }, 'hold decided');
    return { hold: outcome.hold, released: outcome.released, changed: outcome.changed };
  }

  /** Whether it is there and still open, with this list. */
  async isOpen(tx: Tx, holdId: string, checksum: string): Promise<'open' | 'changed' | 'decided' | 'gone'> {
    const [hold] = await tx.query<{ state: string }>('select state from hold where id = $1 for update', [holdId]);
    if (hold === undefined) return 'gone';
    if (hold.state !== 'open') return 'decided';
    return checksum === await checksumOf(tx, holdId) ? 'open' : 'changed';
  }

  /** `checksum`: of the list that was decided; absent: it was decided before. */
  async decideIn(tx: Tx, ask: Decision): Promise<Outcome & { readonly checksum?: string }> {
    const [locked] = await tx.query<{ state: string; zone_id: string; kind: string }>('select state, zone_id, kind from hold where id = $1 for update', [ask.holdId]);
    if (locked === undefined) throw notFound('hold', ask.holdId);
    if (locked.state !== 'open') return this.decided(tx, ask);
    const checksum = await checksumOf(tx, ask.holdId);
    if (ask.checksum !== undefined && ask.checksum !== checksum) throw conflict('the list has changed since', 'look at the hold again, then decide with its new checksum');
    const filling = await tx.query(`select 1 from job where kind = 'keys' and body->'filling' ? $1 limit 1`, [locked.zone_id]);
    if (filling.length > 0) throw conflict('the list of the hold is still being made', 'look at it again in some seconds, then decide');
    await tx.query('update hold set state = $2, decided_at = $3, decided_by = $4 where id = $1',
      [ask.holdId, STATE_OF[ask.decision], this.clock.now(), ask.caller.name]);
    const members = await tx.query<{ owner_name: string; same: boolean }>(
      `select m.owner_name, not m.changed and n.owner_name is not null as same from hold_member m
         left join name n on n.zone_id = m.zone_id and n.owner_name = m.owner_name and n.timeline = m.timeline and n.generation = m.generation
        where m.hold_id = $1 order by 1`, [ask.holdId]);
    const changed = members.filter((member) => !member.same).map((member) => member.owner_name);
    if (locked.kind === 're-homing' && changed.length > 0 && (ask.decision === 'reject' || await areMany(tx, locked.zone_id, changed.length))) {
      await openHold(tx, locked.zone_id, `${changed.length} names changed while hold ${ask.holdId} was open; their removal waits`);
    }
    await enqueue(tx, { kind: 'hold', holdId: ask.holdId });
    const released = ask.decision === 'approve' ? members.length - changed.length : 0;
    await tx.query('update hold set released = $2, left_out = $3 where id = $1', [ask.holdId, released, changed]);
    return { hold: toHold(await this.get(tx, ask.holdId)), released, changed, checksum };
  }

  /** With what a person must know before he lets them go: addresses that others have by now. */
  private async members(rows: readonly (MemberRow & { readonly apex: string | null; readonly vms: readonly string[] | null })[]): Promise<HoldMember[]> {
    const addresses = [...new Set(rows.flatMap((row) => row.removes ?? []).filter((rrset) => rrset.type === 'A' || rrset.type === 'AAAA').flatMap((rrset) => rrset.values))];
    const keyOf = new Map(addresses.map((ip) => [reverseKey(reverseName(ip)), ip]));
    const wishes = await readDecidingWishes(this.store, [...keyOf.keys()]);
    const holders = new Map(wishes.flatMap((wish) => (wish.kind === 'address' ? [[wish.ip, wish.vmId] as const] : [])));
    return rows.map((row) => toMember(row, row.apex ?? '', new Map([...holders].filter(([, vmId]) => row.vms?.includes(vmId) !== true).map(([ip, vmId]) => [ip, `VM ${vmId}`]))));
  }

  /** The same decision again is a repeat (an answer that was lost): it is answered as the first time. The other one is refused. */
  private async decided(tx: Tx, ask: Decision): Promise<Outcome> {
    const hold = await this.get(tx, ask.holdId);
    if (hold.state !== STATE_OF[ask.decision]) {
      throw conflict(`This hold is already ${hold.state}.`, `by ${hold.decided_by ?? 'somebody'} at ${hold.decided_at?.toISOString() ?? 'some time'}`);
    }
    return { hold: toHold(hold), released: hold.released, changed: hold.left_out };
  }

  private async get(tx: Tx, holdId: string): Promise<HoldRow> {
    const hold = await findHold(tx, holdId);
    if (hold === undefined) throw notFound('hold', holdId);
    return hold;
  }
}

async function areMany(tx: Tx, zoneId: string, count: number): Promise<boolean> {
  const { total, ...limits } = await sizeOf(tx, zoneId);
  return isLargeMove(count, total, limits);
}
