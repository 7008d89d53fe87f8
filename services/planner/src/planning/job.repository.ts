import type { Store, Tx } from '@vmdns/store';

/**
 * Work on many names or VMs, done in pages so that events never wait long. Each kind is level-triggered: a page looks
 * at how things are now, so jobs may overlap, repeat and run in any order.
 */
export type JobBody =
  /** Decide every key of a range again: a zone came, went or changed. `filling`: zones whose open hold is listed by it. */
  | { readonly kind: 'keys'; readonly from: string; readonly to: string; readonly why: string; readonly filling: readonly string[] }
  /** Work out every VM's wishes again, or those of one tenant: the settings or its limits changed. */
  | { readonly kind: 'vms'; readonly why: string; readonly tenant?: string }
  /** Issue again, as a new generation, what is not settled: an adapter's new era, a raised timeline (provider null: all). */
  | { readonly kind: 'unsettled'; readonly provider: string | null }
  /** Decide the names of a decided hold again. */
  | { readonly kind: 'hold'; readonly holdId: string }
  /** Drop the rows of a removed zone entry. */
  | { readonly kind: 'forget'; readonly zoneId: string };

export interface Job {
  readonly id: number;
  readonly body: JobBody;
  readonly cursor: string;
  /** How much there was when it began; null: not counted yet. */
  readonly total: number | null;
}

export async function enqueue(tx: Tx, body: JobBody): Promise<void> {
  await tx.query('insert into job (kind, body) values ($1, $2)', [body.kind, JSON.stringify(body)]);
}

/** Of the jobs that nobody works on, the one that has done least, so that a small zone does not wait for a large one; locked until the transaction ends. */
export async function takeJob(tx: Tx, except: readonly number[]): Promise<Job | undefined> {
  const rows = await tx.query<Job>('select id, body, cursor, total from job where id <> all($1::bigint[]) order by done, id limit 1 for update skip locked', [except]);
  return rows[0];
}

/** Counts what a job that is shown to people will do; undefined where that is no matter. Reads a whole range, so it takes no lock. */
export async function countJob(store: Pick<Store, 'survey'>, { body }: Job): Promise<number | undefined> {
  if (body.kind === 'keys') {
    const rows = await store.survey<{ total: number }>(
      `select count(*) as total from (select rkey from wish where rkey >= $1 and rkey < $2 union select rkey from name where rkey >= $1 and rkey < $2) k`, [body.from, body.to]);
    return rows[0]?.total;
  }
  if (body.kind === 'vms') return (await store.survey<{ total: number }>('select count(*) as total from vm where $1::text is null or tenant = $1', [body.tenant ?? null]))[0]?.total;
  return undefined;
}

export async function writeTotal(tx: Tx, id: number, total: number): Promise<void> {
  await tx.query('update job set total = $2 where id = $1', [id, total]);
}

/** Paged work on the keys of a range or on all VMs; the oldest first. */
export interface JobProgress { readonly why: string; readonly done: number; readonly total: number | null; readonly created_at: Date }

export async function findProgress(tx: Tx, range: { readonly from: string; readonly to: string }): Promise<JobProgress | undefined> {
  const rows = await tx.query<JobProgress>(
    `select body->>'why' as why, done, total, created_at from job
      where kind = 'vms' or (kind = 'keys' and (body->>'from') collate "C" < $2 and (body->>'to') collate "C" > $1) order by id limit 1`, [range.from, range.to]);
  return rows[0];
}

/** Deciding again that is under way: keys of a range, or VMs; those above the cursor are still to come. */
export interface Replan { readonly kind: 'keys' | 'vms'; readonly from: string; readonly to: string; readonly cursor: string; /** Of whose VMs; null: all. */ readonly tenant: string | null }

export async function readReplans(tx: Tx): Promise<readonly Replan[]> {
  return tx.query<Replan>(`select kind, coalesce(body->>'from', '') as "from", coalesce(body->>'to', '') as "to", cursor, body->>'tenant' as tenant from job where kind in ('keys', 'vms')`);
}

/** Whether a VM, or one of its keys, is yet to be decided by the zones and settings of now. */
export function isStillToCome(replans: readonly Replan[], vm: { readonly vmId: string; readonly tenant: string | null }, keys: readonly string[]): boolean {
  return replans.some(({ kind, from, to, cursor, tenant }) => (kind === 'vms' ? vm.vmId > cursor && (tenant === null || tenant === vm.tenant) : keys.some((key) => key > cursor && key >= from && key < to)));
}

/** `cursor` undefined: done. */
export async function moveJob(tx: Tx, id: number, cursor: string | undefined, count: number): Promise<void> {
  if (cursor === undefined) await tx.query('delete from job where id = $1', [id]);
  else await tx.query('update job set cursor = $2, done = done + $3 where id = $1', [id, cursor, count]);
}
