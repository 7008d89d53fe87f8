import type { HeldRrset } from '@vmdns/provider-kit';
import type { Tx } from '@vmdns/store';

/**
 * A whole reading replaces what is known of foreign types: everything in it that no row owns. Names whose own RRsets
 * were found missing or different are read before their next write; a person's change is not undone unasked. Rows that
 * stay as they are are not written again: a large zone may have many, and be read whole often.
 */
const REPLACE = `
with held as materialized (
  select h.owner_name, '[' || string_agg(to_json(h.type)::text, ',' order by h.type collate "C") || ']' as types
  from unnest($2::text[], $3::text[]) as h (owner_name, type)
  left join name n on n.target = $1 and n.owner_name = h.owner_name
  where n.owned is null or not n.owned ? h.type group by h.owner_name
), gone as (
  delete from held_foreign f where f.target = $1 and not exists (select 1 from held h where h.owner_name = f.owner_name)
)
insert into held_foreign as f (target, owner_name, types) select $1, owner_name, types from held
on conflict (target, owner_name) do update set types = excluded.types where f.types <> excluded.types`;

const DRIFTED = `
with held as materialized (select * from unnest($2::text[], $3::text[], $4::text[]) as h (owner_name, type, digest)),
ours as materialized (select n.owner_name, o.key as type, o.value as digest from name n cross join lateral jsonb_each_text(n.owned) o where n.target = $1 and n.owned <> '{}'
  and not exists (select 1 from unnest($5::text[]) as d (owner_name) where d.owner_name = n.owner_name)),
drifted as (
  select distinct o.owner_name from ours o left join held h on h.owner_name = o.owner_name and h.type = o.type where h.digest is distinct from o.digest
)
update name n set must_read = true from drifted d where n.target = $1 and n.owner_name = d.owner_name and not n.must_read
returning n.owner_name`;

/** Stores a whole reading; gives the names that were found changed behind our back. `due`: names of the turn, which the reading leaves out. */
export async function storeWholeReading(tx: Tx, target: string, reading: readonly HeldRrset[], due: readonly string[]): Promise<readonly string[]> {
  const columns = [target, reading.map((r) => r.name), reading.map((r) => r.type), reading.map((r) => r.digest)];
  await tx.query(REPLACE, columns.slice(0, 3));
  const drifted = await tx.query<{ owner_name: string }>(DRIFTED, [...columns, due]);
  return drifted.map((row) => row.owner_name);
}

/** Stores what single names were found to have. */
export async function storeForeign(tx: Tx, target: string, foreign: ReadonlyMap<string, readonly string[]>): Promise<void> {
  if (foreign.size === 0) return;
  const has = [...foreign].filter(([, types]) => types.length > 0);
  const none = [...foreign].filter(([, types]) => types.length === 0).map(([name]) => name);
  if (has.length > 0) {
    await tx.query(
      `insert into held_foreign (target, owner_name, types) select $1, u.* from unnest($2::text[], $3::text[]) as u (owner_name, types) order by 2
       on conflict (target, owner_name) do update set types = excluded.types where held_foreign.types <> excluded.types`,
      [target, has.map(([name]) => name), has.map(([, types]) => JSON.stringify([...types].sort()))],
    );
  }
  if (none.length > 0) await tx.query('delete from held_foreign where target = $1 and owner_name = any($2)', [target, none]);
}
