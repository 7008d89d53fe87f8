import type { Fact } from '@vmdns/domain';
import type { Tx } from '@vmdns/store';

/** A name that a VM had: `generation` is the one by which it is settled without the VM. */
export interface Former { readonly zoneId: string; readonly ownerName: string; readonly generation: number }

export interface VmRow {
  readonly vm_id: string;
  readonly life: number;
  readonly revision: number;
  readonly planned_revision: number;
  readonly tenant: string | null;
  readonly deleted: boolean;
  readonly fact: Fact;
  readonly former: readonly Former[];
}

/** Of one VM a later life is newer, and within a life a higher revision. */
export function isNewer(fact: Pick<Fact, 'life' | 'revision'>, known: { readonly life: number; readonly revision: number } | undefined): boolean {
  return known === undefined || fact.life > known.life || (fact.life === known.life && fact.revision > known.revision);
}

/** What is known of these VMs, without locks: most repeats end here. */
export async function readRevisions(tx: Tx, vmIds: readonly string[]): Promise<ReadonlyMap<string, { life: number; revision: number }>> {
  const rows = await tx.query<{ vm_id: string; life: number; revision: number }>('select vm_id, life, revision from vm where vm_id = any($1::text[])', [vmIds]);
  return new Map(rows.map((row) => [row.vm_id, row]));
}

/** Inserts VMs that are not there, in the order of locks; gives the ids of those it inserted. */
export async function insertVms(tx: Tx, facts: readonly Fact[]): Promise<ReadonlySet<string>> {
  if (facts.length === 0) return new Set();
  const rows = await tx.query<{ vm_id: string }>(
    `insert into vm (vm_id, life, revision, planned_revision, tenant, deleted, fact)
     select v.vm_id, v.life, v.revision, v.revision, v.tenant, v.deleted, v.fact
       from jsonb_to_recordset($1::jsonb) as v(vm_id text, life bigint, revision bigint, tenant text, deleted boolean, fact jsonb)
      order by v.vm_id collate "C" on conflict do nothing returning vm_id`, [JSON.stringify(facts.map(toRecord))]);
  return new Set(rows.map((row) => row.vm_id));
}

export async function lockVms(tx: Tx, vmIds: readonly string[]): Promise<readonly VmRow[]> {
  if (vmIds.length === 0) return [];
  return tx.query<VmRow>('select vm_id, life, revision, planned_revision, tenant, deleted, fact, former from vm where vm_id = any($1::text[]) order by vm_id for update', [vmIds]);
}

export async function updateVms(tx: Tx, vms: readonly { readonly fact: Fact; readonly former: readonly Former[] }[]): Promise<void> {
  if (vms.length === 0) return;
  await tx.query(
    `update vm set life = v.life, revision = v.revision, planned_revision = v.revision, tenant = v.tenant, deleted = v.deleted, fact = v.fact, former = v.former, updated_at = now()
       from jsonb_to_recordset($1::jsonb) as v(vm_id text, life bigint, revision bigint, tenant text, deleted boolean, fact jsonb, former jsonb)
      where vm.vm_id = v.vm_id`, [JSON.stringify(vms.map((vm) => ({ ...toRecord(vm.fact), former: vm.former })))]);
}

/** Those of the former names that are not settled yet, or were settled by a refusal. */
export async function stillFormer(tx: Tx, former: readonly Former[]): Promise<readonly Former[]> {
  if (former.length === 0) return [];
  return tx.query<Former>(
    `select n.zone_id as "zoneId", n.owner_name as "ownerName", f.generation from unnest($1::text[], $2::text[], $3::bigint[]) as f(zone_id, owner_name, generation)
       join name n on n.zone_id = f.zone_id and n.owner_name = f.owner_name and (n.settled_generation < f.generation or (n.state = 'refused' and n.generation = f.generation))`,
    [former.map((f) => f.zoneId), former.map((f) => f.ownerName), former.map((f) => f.generation)]);
}

function toRecord(fact: Fact) {
  return { vm_id: fact.vmId, life: fact.life, revision: fact.revision, tenant: fact.tenant, deleted: fact.deleted, fact };
}
