import { bigintArray, textArray, type Tx } from '@vmdns/store';
import type { ForeseenVm } from './foreseen-dns.js';

/**
 * The VMs, of some decided by one zone set, whose rows say at this moment just what was foreseen: their fact is the newest, and each
 * name is applied in that generation, for them, and wanted (L14). While anything is planned again by other zones or settings it
 * is none. One statement, one probe for each row; what it gives back is only who is not so.
 */
export async function readConfirmed(tx: Tx, version: number, vms: readonly ForeseenVm[]): Promise<readonly ForeseenVm[]> {
  const names = vms.flatMap(({ vmId, names: all }) => all.map(({ change }) => ({ vmId, change })));
  const rows = await tx.query<{ vm_id: string | null }>(
    `select u.vm_id from unnest($2::text[], $3::bigint[], $4::bigint[]) u(vm_id, life, revision)
       left join lateral (select true as is_so from vm where vm_id = u.vm_id and life = u.life and revision = u.revision and planned_revision = u.revision and not deleted limit 1) v on true
      where v.is_so is null
     union all
     select u.vm_id from unnest($5::text[], $6::text[], $7::text[], $8::bigint[]) u(vm_id, zone_id, owner_name, generation)
       left join lateral (select true as is_so from name where zone_id = u.zone_id and owner_name = u.owner_name and generation = u.generation and settled_generation = u.generation
         and state = 'applied' and reason is null and plan_reason is null and hold_id is null and not kept and u.vm_id = any(vms) limit 1) n on true
      where n.is_so is null
     union all
     select null where (select version from zone_set) <> $1 or exists (select from job where kind in ('keys', 'vms'))`,
    [
      version, textArray(vms.map(({ vmId }) => vmId)), bigintArray(vms.map(({ life }) => life)), bigintArray(vms.map(({ revision }) => revision)),
      textArray(names.map(({ vmId }) => vmId)), textArray(names.map(({ change }) => change.zoneId)), textArray(names.map(({ change }) => change.ownerName)), bigintArray(names.map(({ change }) => change.generation)),
    ]);
  const others = new Set(rows.map((row) => row.vm_id));
  return others.has(null) ? [] : vms.filter(({ vmId }) => !others.has(vmId));
}
