import { Injectable } from '@nestjs/common';
import type { Tx } from '@vmdns/store';

export interface SnapshotRow {
  readonly id: string;
  readonly source: string;
  /** Whose VMs it lists; null: all of the source. */
  readonly tenant: string | null;
  readonly publisher: string;
  readonly begun_at: Date;
  /** How many lines came, faulty ones among them. */
  readonly lines: number;
  /** Lines of which not even the VM is known. */
  readonly unreadable: number;
  readonly phase: 'filling' | 'facts' | 'sightings' | 'deletions' | 'done';
  readonly cursor: string;
}
/** `fact` null: what the line says of the VM is faulty. */
export interface SnapshotLine { readonly vmId: string; readonly line: number; readonly fact: unknown }
export interface MissingVm { readonly vm_id: string; readonly first_at: Date }

/** VMs of the source (and tenant) that live, and that nothing has changed since the list began to come. */
const OF_SOURCE = `v.source = s.source and v.deleted_at is null and (s.tenant is null or v.tenant = s.tenant)`;
const NOT_IN_LIST = 'not exists (select from snapshot_line l where l.snapshot_id = s.id and l.vm_id = v.vm_id)';

/** What was given up by whoever sent it. */
const FORGOTTEN = `begun_at < clock_timestamp() - interval '1 hour'`;

/** The rows of complete lists. */
@Injectable()
export class SnapshotTable {
  async begin(tx: Tx, { id, source, tenant, publisher, begunAt }: { readonly id: string; readonly source: string; readonly tenant: string | null; readonly publisher: string; readonly begunAt: Date }): Promise<void> {
    await tx.query(`delete from snapshot where ${FORGOTTEN} or (source = $1 and publisher = $2)`, [source, publisher]);
    await tx.query('insert into snapshot (id, source, tenant, publisher, begun_at) values ($1, $2, $3, $4, $5)', [id, source, tenant, publisher, begunAt]);
  }

  /** Locked until the transaction ends; undefined: given up, or never begun. */
  async lock(tx: Tx, id: string): Promise<SnapshotRow | undefined> {
    const [row] = await tx.query<SnapshotRow>('select * from snapshot where id = $1 for update', [id]);
    return row;
  }

  /** Gives the ids of VMs that were in the list already. */
  async add(tx: Tx, id: string, lines: readonly SnapshotLine[], counts: { readonly lines: number; readonly unreadable: number }): Promise<ReadonlySet<string>> {
    await tx.query('update snapshot set lines = lines + $2, unreadable = unreadable + $3 where id = $1', [id, counts.lines, counts.unreadable]);
    if (lines.length === 0) return new Set();
    const rows = await tx.query<{ vm_id: string }>(
      `insert into snapshot_line (snapshot_id, vm_id, line, fact) select $1, u.vm_id, u.line, u.fact from unnest($2::text[], $3::bigint[], $4::jsonb[]) as u(vm_id, line, fact)
       on conflict do nothing returning vm_id`,
      [id, lines.map((line) => line.vmId), lines.map((line) => line.line), lines.map((line) => (line.fact === null ? null : JSON.stringify(line.fact)))]);
    const fresh = new Set(rows.map((row) => row.vm_id));
    return new Set(lines.map((line) => line.vmId).filter((vmId) => !fresh.has(vmId)));
  }

  async move(tx: Tx, id: string, phase: SnapshotRow['phase'], cursor = ''): Promise<void> {
    await tx.query('update snapshot set phase = $2, cursor = $3 where id = $1', [id, phase, cursor]);
  }

  async drop(tx: Tx, id: string): Promise<void> {
    await tx.query('delete from snapshot where id = $1', [id]);
  }

  /** In the order of the list. */
  linesAfter(tx: Tx, id: string, line: number, limit: number): Promise<readonly { readonly line: number; readonly vm_id: string; readonly fact: unknown }[]> {
    return tx.query('select line, vm_id, fact from snapshot_line where snapshot_id = $1 and line > $2 order by line limit $3', [id, line, limit]);
  }

  /**
   * Notes what the list does not have: what was missing before and is as it was stays noted since then; what is there
   * again, was changed, or is gone is forgotten. Gives how many are missing.
   */
  async sight(tx: Tx, id: string): Promise<number> {
    await tx.query(
      `delete from missing m using snapshot s where s.id = $1 and m.source = s.source
          and (exists (select from snapshot_line l where l.snapshot_id = s.id and l.vm_id = m.vm_id)
            or not exists (select from vm v where v.vm_id = m.vm_id and v.source = m.source and v.deleted_at is null and v.life = m.life and v.revision = m.revision))`, [id]);
    await tx.query(
      `insert into missing (source, vm_id, life, revision, first_at)
       select s.source, v.vm_id, v.life, v.revision, s.begun_at from snapshot s join vm v on ${OF_SOURCE} and (v.body->>'changedAt')::timestamptz < s.begun_at
        where s.id = $1 and ${NOT_IN_LIST} order by v.vm_id on conflict do nothing`, [id]);
    const [row] = await tx.query<{ count: number }>(`select count(*)::bigint as count from snapshot s join missing m on m.source = s.source join vm v on v.vm_id = m.vm_id and ${OF_SOURCE} where s.id = $1`, [id]);
    return row?.count ?? 0;
  }

  /** Missing since `apartSeconds` before the list began, or longer; by id. */
  due(tx: Tx, id: string, apartSeconds: number, afterVmId: string, limit: number): Promise<readonly MissingVm[]> {
    return tx.query<MissingVm>(
      `select m.vm_id, m.first_at from snapshot s join missing m on m.source = s.source join vm v on v.vm_id = m.vm_id and ${OF_SOURCE} and v.revision = m.revision and v.life = m.life
        where s.id = $1 and m.first_at <= s.begun_at - make_interval(secs => $2) and m.first_at < s.begun_at and m.vm_id > $3 order by m.vm_id limit $4`, [id, apartSeconds, afterVmId, limit]);
  }
}
