import type { Rrset } from '@vmdns/domain';
import { disabledType, ProviderError, type RrsetChange } from '@vmdns/provider-kit';
import { ownersOf, recordOf, valueFault, valueOf, type OwnedRow, type Row } from './hestiacp.wire.js';

/** One command for one record. */
export type RowStep =
  | { readonly kind: 'add'; readonly record: string; readonly type: string; readonly value: string; readonly ttl: number }
  | { readonly kind: 'change'; readonly row: Row; readonly record: string; readonly value: string; readonly ttl: number }
  | { readonly kind: 'delete'; readonly row: Row };

/**
 * The commands that make one RRset as wanted, in an order in which a polled name never answers nothing: rows are changed
 * in place where they can be (one command, and the zone's last A record is never in the way), then added, then deleted.
 * Throws `refused`, before anything is sent, for what HestiaCP would take and BIND would choke on.
 */
export function planRows(rows: readonly Row[], change: RrsetChange, held: readonly Rrset[] | undefined, apex: string, guard: 'guarded' | 'unguarded' = 'guarded'): readonly RowStep[] {
  const { name, type } = change.kind === 'put' ? change.rrset : change;
  const here = ownersOf(rows, apex).filter(({ owner }) => owner === name);
  const own = here.filter(({ row }) => row.type === type);
  refuseSharedIds(rows, own);
  if (change.kind === 'remove') return removals(guard, rows, [...own.filter(({ row }) => !row.suspended), ...switchedOffOurs(own, held, type, apex, undefined)]);
  const { rrset } = change;
  refuse(rrset, here, apex);
  const record = recordOf(name, apex) ?? '';
  const served = own.filter(({ row }) => !row.suspended);
  const first = new Map<string, Row>();
  for (const { row } of served) if (!first.has(valueOf(row, apex))) first.set(valueOf(row, apex), row);
  const kept = rrset.values.flatMap((value) => first.get(value) ?? []);
  const spare = served.map(({ row }) => row).filter((row) => !kept.includes(row));
  const missing = rrset.values.filter((value) => !first.has(value));
  const { ttl } = rrset;
  const retimed = kept.filter((row) => row.ttl === '' || Number(row.ttl) !== ttl).map((row): RowStep => ({ kind: 'change', row, record, value: valueOf(row, apex), ttl }));
  const moved = missing.flatMap((value, at): readonly RowStep[] => {
    const row = spare[at];
    return row === undefined ? [] : [{ kind: 'change', row, record, value, ttl }];
  });
  const added = missing.slice(spare.length).map((value): RowStep => ({ kind: 'add', record, type, value, ttl }));
  const left = [...own.filter(({ row }) => spare.slice(missing.length).includes(row)), ...switchedOffOurs(own, held, type, apex, rrset.values)];
  return [...retimed, ...moved, ...added, ...removals(guard, rows, left)];
}

/** Rows of ours that somebody suspended: what the engine does not name as kept, or what is wanted anew. */
function switchedOffOurs(own: readonly OwnedRow[], held: readonly Rrset[] | undefined, type: string, apex: string, values: readonly string[] | undefined): readonly OwnedRow[] {
  if (held === undefined) return [];
  const keeps = held.find((rrset) => rrset.type === disabledType(type))?.values ?? [];
  return own.filter(({ row }) => row.suspended && (values?.includes(valueOf(row, apex)) === true || !keeps.includes(valueOf(row, apex))));
}

const GUARDED = new Set(['A', 'NS']);

/** HestiaCP keeps one A and one NS record in every zone, suspended ones counted; asked for the last, it says code 2. */
function removals(guard: 'guarded' | 'unguarded', rows: readonly Row[], left: readonly OwnedRow[]): readonly RowStep[] {
  const [first] = left;
  if (first === undefined) return [];
  const { type } = first.row;
  if (guard === 'guarded' && GUARDED.has(type) && rows.filter((row) => row.type === type).length <= left.length) throw lastRecord(first.owner, type);
  return left.map(({ row }): RowStep => ({ kind: 'delete', row }));
}

export const lastRecord = (owner: string, type: string): ProviderError => new ProviderError('refused', `removing ${owner} ${type}: HestiaCP keeps at least one ${type} record in a zone, and this is the last`, {
  culprit: owner, hint: `Add another ${type} record to the zone at HestiaCP; vmdns looks again every hour. Or set the zone to writes: whole-file.`,
});

/** Two writers took one id: a command by id would hit both rows. */
function refuseSharedIds(rows: readonly Row[], own: readonly OwnedRow[]): void {
  const ids = new Map<number, number>();
  for (const row of rows) ids.set(row.id, (ids.get(row.id) ?? 0) + 1);
  const shared = own.find(({ row }) => (ids.get(row.id) ?? 0) > own.filter((one) => one.row.id === row.id).length);
  if (shared === undefined) return;
  throw new ProviderError('refused', `changing ${shared.owner} ${shared.row.type}: its id ${shared.row.id} is also that of another record, and HestiaCP would change both`, {
    culprit: shared.owner, hint: `Give one of the records with id ${shared.row.id} another id on the server, in the user's dns folder, then run v-rebuild-dns-domain.`,
  });
}

/** What HestiaCP would store without a word. */
function refuse(rrset: Rrset, here: readonly OwnedRow[], apex: string): void {
  const { name, type, values } = rrset;
  const say = (text: string, hint?: string): never => { throw new ProviderError('refused', `writing ${name} ${type}: ${text}`, { culprit: name, ...(hint === undefined ? {} : { hint }) }); };
  if (recordOf(name, apex) === undefined) say('HestiaCP does not take this name');
  for (const value of values) {
    const fault = valueFault(type, value);
    if (fault !== undefined) say(fault);
  }
  const others = here.filter(({ row }) => !row.suspended && row.type !== type);
  const inTheWay = type === 'CNAME' ? others[0] : others.find(({ row }) => row.type === 'CNAME');
  if (inTheWay !== undefined) say(`record ${inTheWay.row.id} of that name is ${inTheWay.row.type}, a CNAME stands alone, and BIND would not load the zone`, 'Remove one of the two.');
  if (type === 'CNAME' && (name === apex || values.length > 1)) say('a CNAME cannot be at the apex, and has one value; BIND would not load the zone');
}
