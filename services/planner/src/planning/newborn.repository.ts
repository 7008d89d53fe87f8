import { byText } from '@vmdns/domain';
import { bigintArray, jsonbArray, textArray, type Tx } from '@vmdns/store';
import { wishColumns, WISH_ARRAYS } from '../wishes/wish.repository.js';
import type { Newborn } from './newborn.js';
import { vmColumns, VM_COLUMNS } from './vm.repository.js';

/**
 * Whether all of them are new indeed: the zone set is the one they were decided by, nobody knows one of the VMs, and
 * no row and no other wish has to do with one of their keys. One probe for each, whatever the statistics say (L6).
 */
const IS_SO = `(select version from zone_set) = $1
  and not exists (select from unnest($2::text[]) v(vm_id) cross join lateral (select from vm where vm_id = v.vm_id limit 1) known)
  and not exists (select from unnest($8::text[]) k(rkey) cross join lateral (select from name where rkey = k.rkey limit 1) known)
  and not exists (select from unnest($8::text[]) k(rkey) cross join lateral (select from wish where rkey = k.rkey limit 1) known)`;

/**
 * Stores VMs with their wishes and names as they were decided, all or none: one statement, whose snapshot is taken under
 * the zone set's lock. The inserts are the locks: whoever makes one of these VMs or names at the same time, or has just
 * made it, lets this statement fail (`unique_violation`), and with it its transaction. They run in the order in which they are
 * counted, each in the order of locks: VMs, wishes, names (PROTOCOL §7).
 */
export async function bear(tx: Tx, newborns: readonly Newborn[], version: number, firstMs: number): Promise<boolean> {
  const sorted = newborns.toSorted((a, b) => byText(a.fact.vmId, b.fact.vmId));
  const wishes = sorted.flatMap(({ fact, wishes: own }) => own.map((wish) => ({ wish, life: fact.life })));
  const names = newborns.flatMap((newborn) => newborn.names).sort(({ change: a }, { change: b }) => byText(a.zoneId, b.zoneId) || byText(a.ownerName, b.ownerName));
  const [row] = await tx.query<{ born: number }>(
    `with so as materialized (select ${IS_SO} as yes),
      vms as (insert into vm (${VM_COLUMNS}, planned_revision)
        select ${VM_COLUMNS}, revision from unnest($2::text[], $3::bigint[], $4::bigint[], $5::text[], $6::boolean[], $7::jsonb[]) v(${VM_COLUMNS}) where (select yes from so) returning 1),
      wishes as (insert into wish (rkey, kind, vm_id, life, claim, tenant, share, body)
        select * from unnest(${WISH_ARRAYS(8)}) w where (select yes from so) returning 1),
      names as (insert into name (zone_id, owner_name, rkey, desired, digest, plan_reason, vms, priority, timeline, generation, issue_at)
        select zone_id, owner_name, rkey, desired, digest, plan_reason, string_to_array(vms, ' '), priority, timeline, generation,
               case when generation > 0 then clock_timestamp() + $26 * interval '1 millisecond' else 'infinity' end
          from unnest($16::text[], $17::text[], $18::text[], $19::jsonb[], $20::text[], $21::jsonb[], $22::text[], $23::bigint[], $24::bigint[], $25::bigint[])
               n(zone_id, owner_name, rkey, desired, digest, plan_reason, vms, priority, timeline, generation) where (select yes from so) returning 1)
     select (select count(*) from vms) as born, (select count(*) from wishes) as wished, (select count(*) from names) as named`,
    [
      version, ...vmColumns(sorted.map(({ fact }) => fact)), ...wishColumns(wishes),
      textArray(names.map(({ change }) => change.zoneId)), textArray(names.map(({ change }) => change.ownerName)), textArray(names.map(({ key }) => key)),
      jsonbArray(names.map(({ change }) => JSON.stringify(change.desired))), textArray(names.map(({ change }) => change.digest)),
      jsonbArray(names.map(({ change }) => (change.planReason === null ? null : JSON.stringify(change.planReason)))), textArray(names.map(({ change }) => change.vms.join(' '))),
      bigintArray(names.map(({ change }) => change.priority)), bigintArray(names.map(({ change }) => change.timeline)), bigintArray(names.map(({ change }) => change.generation)), firstMs,
    ]);
  return row?.born === newborns.length;
}

/** Those of the VMs that are not new: somebody knows them, or one of their keys. Not locked. */
export async function findInTheWay(tx: Tx, newborns: readonly Newborn[]): Promise<ReadonlySet<string>> {
  const keys = newborns.flatMap(({ fact, wishes }) => wishes.map((wish) => ({ vmId: fact.vmId, key: wish.key })));
  const rows = await tx.query<{ vm_id: string }>(
    `select v.vm_id from unnest($1::text[]) v(vm_id) cross join lateral (select from vm where vm_id = v.vm_id limit 1) known
     union all select k.vm_id from unnest($2::text[], $3::text[]) k(vm_id, rkey) cross join lateral (select from name where rkey = k.rkey limit 1) known
     union all select k.vm_id from unnest($2::text[], $3::text[]) k(vm_id, rkey) cross join lateral (select from wish where rkey = k.rkey limit 1) known`,
    [textArray(newborns.map(({ fact }) => fact.vmId)), textArray(keys.map(({ vmId }) => vmId)), textArray(keys.map(({ key }) => key))]);
  return new Set(rows.map((row) => row.vm_id));
}
