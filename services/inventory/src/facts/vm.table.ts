import { Injectable } from '@nestjs/common';
import type { VmState } from '@vmdns/contracts';
import { type Fact, type Forgotten, type KnownVm, NONE_FORGOTTEN } from '@vmdns/domain';
import { bigintArray, ChangeFeed, isTaken, jsonbArray, textArray, timestampArray, type Tx } from '@vmdns/store';
import type { DeletionFact, WaitingDeletion } from '../holds/waiting-deletion.js';
import type { VmBefore, VmDraft } from './batch-decision.js';

/** A VM as read, with a mark that differs after every write of its row. */
export interface VmRead extends VmBefore { readonly mark: string }

/** Somebody else created one of these VMs in the meantime: the transaction is to be done again. */
export class RacedInsert extends Error {
  override readonly name = 'RacedInsert';
}

interface Row {
  readonly vm_id: string;
  readonly mark: string;
  readonly body: Fact;
  readonly memory: Omit<KnownVm, 'fact'>;
  readonly hold_id: string | null;
  readonly member_state: string | null;
  readonly member_life: number;
  readonly member_revision: number;
  readonly deletion: DeletionFact;
  readonly decided_at: Date | null;
}

const READ = `
  select v.vm_id, v.xmin::text as mark, v.body, v.memory, v.hold_id,
         m.state as member_state, m.life as member_life, m.revision as member_revision, m.deletion, h.decided_at
  from vm v
  left join hold_member m on m.hold_id = v.hold_id and m.vm_id = v.vm_id
  left join hold h on h.hold_id = v.hold_id
  where v.vm_id = any($1::text[])`;

/** The same for what a batch names, and for an id that is absent as many claims as it may need, and what was forgotten. */
const LOOK = `
  select a.vm_id as asked, v.vm_id, v.xmin::text as mark, v.body, v.memory, v.hold_id,
         m.state as member_state, m.life as member_life, m.revision as member_revision, m.deletion, h.decided_at,
         case when v.vm_id is null then array_to_string(array(select nextval('claim') from generate_series(1, a.needs)), ' ') end as claims,
         case when v.vm_id is null then (select life from forgotten) end as life, case when v.vm_id is null then (select revision from forgotten) end as revision
  from unnest($1::text[], $2::bigint[]) as a(vm_id, needs)
  left join vm v on v.vm_id = a.vm_id
  left join hold_member m on m.hold_id = v.hold_id and m.vm_id = v.vm_id
  left join hold h on h.hold_id = v.hold_id`;

/** Sorted, so that two batches never wait for each other crosswise. */
const LOCK = 'select vm_id, xmin::text as mark from vm where vm_id = any($1::text[]) order by vm_id for update';

const COLUMNS = 'vm_id, tenant, source, uid, life, version, revision, deleted_at, find_keys, body, memory, hold_id';
const VALUES = `
  select u.vm_id, u.tenant, u.source, u.uid, u.life, u.version, u.revision, u.deleted_at, string_to_array(u.find_keys, ' ') as find_keys, u.body, u.memory, u.hold_id
  from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[], $8::timestamptz[], $9::text[], $10::jsonb[], $11::jsonb[], $12::text[])
       as u(vm_id, tenant, source, uid, life, version, revision, deleted_at, find_keys, body, memory, hold_id)`;
const INSERT = `insert into vm (${COLUMNS}) ${VALUES} order by u.vm_id on conflict do nothing returning vm_id`;
/** The row and its first change. What it waits for and what stops it is one and the same key, so it needs no lock. */
const BEAR = `with born as (insert into vm (${COLUMNS}) ${VALUES} where $13::float8 is null or (select clock_timestamp()) <= to_timestamp($13::float8 / 1000) order by u.vm_id returning vm_id, body)
  ${ChangeFeed.appendFrom('born', { key: 'vm_id', body: 'body' })} returning 1 as told`;
const UPDATE = `
  update vm set tenant = n.tenant, source = n.source, uid = n.uid, life = n.life, version = n.version, revision = n.revision,
                deleted_at = n.deleted_at, find_keys = n.find_keys, body = n.body, memory = n.memory, hold_id = n.hold_id
  from (${VALUES}) n where vm.vm_id = n.vm_id`;

/** What is known of the VMs of a batch before anything is locked. */
export interface Look {
  readonly vms: ReadonlyMap<string, VmRead>;
  /** For those that are absent, in rising order. */
  readonly claims: readonly number[];
  readonly forgotten: Forgotten;
}
type LookRow = (Row | { readonly vm_id: null; readonly claims: string } & Forgotten);

/** A VM as it is to be stored. */
export interface VmToStore {
  readonly draft: VmDraft;
  readonly known: KnownVm;
  /** The fact, where it was written already. */
  readonly json?: string;
}

/** The rows of VMs. Every method is one statement for a whole batch. */
@Injectable()
export class VmTable {
  /** What is stored of these ids; absent ones are absent. Takes no lock. */
  async read(tx: Tx, vmIds: readonly string[]): Promise<Map<string, VmRead>> {
    const rows = await tx.query<Row>(READ, [textArray(vmIds)]);
    return new Map(rows.map((row) => [row.vm_id, readOf(row)]));
  }

  /** What is stored of these ids; for absent ones so many claims as they may need are drawn. Takes no lock. */
  async look(tx: Tx, needs: ReadonlyMap<string, number>): Promise<Look> {
    const rows = await tx.query<LookRow>(LOOK, [textArray([...needs.keys()]), bigintArray([...needs.values()])]);
    const vms = new Map<string, VmRead>();
    const claims: number[] = [];
    let forgotten = NONE_FORGOTTEN;
    for (const row of rows) {
      if (row.vm_id !== null) {
        vms.set(row.vm_id, readOf(row));
        continue;
      }
      if (row.claims !== '') claims.push(...row.claims.split(' ').map(Number));
      forgotten = { life: row.life, revision: row.revision };
    }
    return { vms, claims: claims.sort((a, b) => a - b), forgotten };
  }

  /** Locks the rows that exist until the transaction ends, and gives their marks. */
  async lock(tx: Tx, vmIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const rows = await tx.query<{ vm_id: string; mark: string }>(LOCK, [textArray(vmIds)]);
    return new Map(rows.map((row) => [row.vm_id, row.mark]));
  }

  /** What ids begin above that were forgotten; to be read after it is known which ids are absent. */
  async forgotten(tx: Tx): Promise<Forgotten> {
    const [row] = await tx.query<Forgotten>('select life, revision from forgotten');
    return row ?? NONE_FORGOTTEN;
  }

  /** The same, and what time it is by PostgreSQL: asked when the rows are locked, so that whatever changes them is stored later. */
  async forgottenAndTime(tx: Tx): Promise<{ readonly forgotten: Forgotten; readonly time: number }> {
    const [row] = await tx.query<Forgotten & { readonly time: number }>('select life, revision, (extract(epoch from clock_timestamp()) * 1000)::float8 as time from forgotten');
    if (row === undefined) throw new Error('asking PostgreSQL for the time: no row');
    const { time, ...forgotten } = row;
    return { forgotten, time };
  }

  /** Claims for whatever appears for the first time, in rising order. */
  async drawClaims(tx: Tx, count: number): Promise<readonly number[]> {
    if (count === 0) return [];
    const rows = await tx.query<{ claim: number }>(`select nextval('claim') as claim from generate_series(1, $1::int)`, [count]);
    return rows.map((row) => row.claim).sort((a, b) => a - b);
  }

  /** No claim up to this one is drawn again: a failover takes the sequence back too. */
  async passClaims(tx: Tx, highest: number): Promise<void> {
    await tx.query(`select setval('claim', $1) where $1 > (select last_value from claim)`, [highest]);
  }

  /**
   * Writes VMs that nobody knew, each with its one change row, in one statement. Throws RacedInsert, and then nothing is
   * written, when one is there already, or it is later than `before` by PostgreSQL's clock.
   */
  async bear(tx: Tx, drafts: readonly VmToStore[], before: number | undefined): Promise<void> {
    try {
      const told = await tx.query(BEAR, [...columnsOf(drafts), before ?? null]);
      if (told.length === 0) throw new RacedInsert(`inserting ${drafts.length} VMs: too late`);
    } catch (error) {
      throw isTaken(error) ? new RacedInsert(`inserting ${drafts.length} VMs: one was there already`) : error;
    }
  }

  /** Writes drafts whose existing rows are locked. Throws RacedInsert when a new one is there already. */
  async write(tx: Tx, drafts: readonly VmToStore[]): Promise<void> {
    const fresh = drafts.filter(({ draft }) => draft.before.known === null);
    const present = drafts.filter(({ draft }) => draft.before.known !== null);
    if (present.length > 0) await tx.query(UPDATE, columnsOf(present));
    if (fresh.length === 0) return;
    const inserted = await tx.query(INSERT, columnsOf(fresh));
    if (inserted.length < fresh.length) throw new RacedInsert(`inserting ${fresh.length} VMs: ${fresh.length - inserted.length} were there already`);
  }
}

const readOf = (row: Row): VmRead => ({ known: { fact: row.body, ...row.memory }, waiting: waitingOf(row), mark: row.mark });

function waitingOf(row: Row): WaitingDeletion | null {
  const state = row.member_state;
  if (row.hold_id === null || (state !== 'waiting' && state !== 'kept')) return null;
  return { holdId: row.hold_id, state, life: row.member_life, revision: row.member_revision, deletion: row.deletion, decidedAt: row.decided_at };
}

function columnsOf(drafts: readonly VmToStore[]): readonly Buffer[] {
  const column = <T>(of: (known: KnownVm, draft: VmDraft) => T): T[] => drafts.map(({ draft, known }) => of(known, draft));
  const bodies = drafts.map(({ known, json }) => json ?? JSON.stringify(known.fact));
  return [
    textArray(column((k) => k.fact.vmId)), textArray(column((k) => k.fact.tenant)), textArray(column((k) => k.fact.source)), textArray(column((k) => k.fact.uid)),
    bigintArray(column((k) => k.fact.life)), bigintArray(column((k) => k.fact.version)), bigintArray(column((k) => k.fact.revision)),
    timestampArray(column((k) => (k.fact.deleted ? Date.parse(k.fact.changedAt) : null))), textArray(column((k) => findKeysOf(k.fact).join(' '))),
    jsonbArray(bodies), jsonbArray(column(({ said, oldUids, deletion }) => JSON.stringify({ said, oldUids, deletion }))),
    textArray(column((_, draft) => draft.waiting?.holdId ?? null)),
  ];
}

/** What a living VM is found by: its addresses, and its name as far as inventory knows it. */
function findKeysOf(fact: Fact): readonly string[] {
  if (fact.deleted) return [];
  const { fqdn, hostname, domain } = fact;
  const names = fqdn !== null ? [fqdn] : hostname === null ? [] : domain === null ? [hostname] : [hostname, `${hostname}.${domain}`];
  return [...names, ...fact.addresses.map((address) => address.ip)];
}

/** The state as it travels. */
export function toVmState(fact: Fact): VmState {
  return { ...fact, addresses: fact.addresses.map((address) => ({ ...address })), labels: { ...fact.labels } };
}
