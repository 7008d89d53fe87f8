import { byText, type Fact } from '@vmdns/domain';
import { bigintArray, booleanArray, jsonbArray, textArray, type Tx } from '@vmdns/store';

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
  const rows = await tx.query<{ vm_id: string; life: number; revision: number }>('select vm_id, life, revision from vm where vm_id = any($1::text[])', [textArray(vmIds)]);
  return new Map(rows.map((row) => [row.vm_id, row]));
}

const RECORD_ARRAYS = '$1::text[], $2::bigint[], $3::bigint[], $4::text[], $5::boolean[], $6::jsonb[]';
export const VM_COLUMNS = 'vm_id, life, revision, tenant, deleted, fact';

/** Inserts VMs that are not there, in the order of locks; gives the ids of those it inserted. */
export async function insertVms(tx: Tx, facts: readonly Fact[]): Promise<ReadonlySet<string>> {
  if (facts.length === 0) return new Set();
  const sorted = facts.toSorted((a, b) => byText(a.vmId, b.vmId));
  const rows = await tx.query<{ vm_id: string }>(
    `insert into vm (vm_id, life, revision, planned_revision, tenant, deleted, fact)
     select vm_id, life, revision, revision, tenant, deleted, fact from unnest(${RECORD_ARRAYS}) as v(${VM_COLUMNS}) order by vm_id collate "C" on conflict do nothing returning vm_id`, vmColumns(sorted));
  return new Set(rows.map((row) => row.vm_id));
}

export async function lockVms(tx: Tx, vmIds: readonly string[]): Promise<readonly VmRow[]> {
  if (vmIds.length === 0) return [];
  return tx.query<VmRow>('select vm_id, life, revision, planned_revision, tenant, deleted, fact, former from vm where vm_id = any($1::text[]) order by vm_id for update', [textArray(vmIds)]);
}

export async function updateVms(tx: Tx, vms: readonly { readonly fact: Fact; readonly former: readonly Former[] }[]): Promise<void> {
  if (vms.length === 0) return;
  await tx.query(
    `update vm set life = v.life, revision = v.revision, planned_revision = v.revision, tenant = v.tenant, deleted = v.deleted, fact = v.fact, former = v.former, updated_at = now()
       from unnest(${RECORD_ARRAYS}, $7::jsonb[]) as v(${VM_COLUMNS}, former)
      where vm.vm_id = v.vm_id`,
    [...vmColumns(vms.map((vm) => vm.fact)), jsonbArray(vms.map((vm) => JSON.stringify(vm.former)))]);
}

/** Those of the former names that are not settled yet, or were settled by a refusal. */
export async function stillFormer(tx: Tx, former: readonly Former[]): Promise<readonly Former[]> {
  if (former.length === 0) return [];
  return tx.query<Former>(
    `select n.zone_id as "zoneId", n.owner_name as "ownerName", f.generation from unnest($1::text[], $2::text[], $3::bigint[]) as f(zone_id, owner_name, generation)
       join name n on n.zone_id = f.zone_id and n.owner_name = f.owner_name and (n.settled_generation < f.generation or (n.state = 'refused' and n.generation = f.generation))`,
    [textArray(former.map((f) => f.zoneId)), textArray(former.map((f) => f.ownerName)), bigintArray(former.map((f) => f.generation))]);
}

/** Arrays of `VM_COLUMNS`. */
export function vmColumns(facts: readonly Fact[]): readonly Buffer[] {
  return [
    textArray(facts.map((fact) => fact.vmId)), bigintArray(facts.map((fact) => fact.life)), bigintArray(facts.map((fact) => fact.revision)),
    textArray(facts.map((fact) => fact.tenant)), booleanArray(facts.map((fact) => fact.deleted)), jsonbArray(facts.map((fact) => JSON.stringify(fact))),
  ];
}
