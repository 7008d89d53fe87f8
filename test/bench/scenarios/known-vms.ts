import type { BenchStack } from '../bench-stack.js';
import type { BenchVm } from '../payload.js';

const PAGE = 20_000;

/** The VM in the texts of a row, and what stands there in its clone `n`; 10.222.222.222 and the like appear nowhere else. */
const PARTS = [
  [`known-vm-0`, `'known-vm-' || n`],
  ['10.222.222.222', `'10.' || 128 + (n >> 16) || '.' || ((n >> 8) & 255) || '.' || (n & 255)`],
  ['222.222.222.10', `(n & 255) || '.' || ((n >> 8) & 255) || '.' || 128 + (n >> 16) || '.10'`],
  ['aaaa:bbbb', `to_hex(4096 + (n >> 12)) || ':' || to_hex(4096 + (n & 4095))`],
  ['a.a.a.a.b.b.b.b', `regexp_replace(to_hex(4096 + (n >> 12)) || to_hex(4096 + (n & 4095)), '(.)(?!$)', '\\1.', 'g')`],
  ['b.b.b.b.a.a.a.a', `regexp_replace(reverse(to_hex(4096 + (n >> 12)) || to_hex(4096 + (n & 4095))), '(.)(?!$)', '\\1.', 'g')`],
] as const;

/** Which rows of a table are the template's. */
const ROWS = { vm: 't.vm_id = $1', wish: 't.vm_id = $1', name: 't.vms @> array[$1]' } as const;

/** Clones all that the planner's tables hold of one VM, which has so many names there: names of their own, everything else alike, and settled where it is. */
export async function cloneKnownVm(stack: BenchStack, { vmId }: BenchVm, count: number, namesEach = 3): Promise<void> {
  // Side by side, as each table keeps one core busy.
  await Promise.all(Object.entries(ROWS).map(([table, isTemplate]) => cloneRows(stack, { table, isTemplate, vmId, count })));
  await stack.query('vacuum analyze planner.vm, planner.wish, planner.name');
  await stack.query('checkpoint');
  const [known] = await stack.query<{ vms: number; names: number }>('select (select count(*)::int from planner.vm) as vms, (select count(*)::int from planner.name) as names');
  if (known?.vms !== count + 1 || known.names !== (count + 1) * namesEach) throw new Error(`${known?.vms ?? 0} VMs with ${known?.names ?? 0} names are known in place of ${count + 1}`);
}

async function cloneRows(stack: BenchStack, { table, isTemplate, vmId, count }: { readonly table: string; readonly isTemplate: string; readonly vmId: string; readonly count: number }): Promise<void> {
  const columns = await stack.query<{ name: string }>(
    `select quote_ident(column_name) as name from information_schema.columns where table_schema = 'planner' and table_name = $1 and is_generated = 'NEVER'`, [table]);
  const of = (prefix: string): string => columns.map(({ name }) => `${prefix}${name}`).join(', ');
  const changed = PARTS.reduce((text, [from, to]) => `replace(${text}, '${from}', ${to})`, 'body');
  for (let from = 1; from <= count; from += PAGE) {
    // The function stands in `from`: behind `.*` it would be worked out once for each column.
    await stack.query(
      `with template as materialized (select to_jsonb(t)::text as body from planner.${table} t where ${isTemplate})
       insert into planner.${table} (${of('')}) select ${of('clone.')} from template, generate_series($2::int, $3::int) n,
         lateral jsonb_populate_record(null::planner.${table}, (${changed})::jsonb) clone`, [vmId, from, Math.min(count, from + PAGE - 1)]);
  }
}
