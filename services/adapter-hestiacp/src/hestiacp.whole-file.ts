import { randomBytes } from 'node:crypto';
import type { Rrset } from '@vmdns/domain';
import { ProviderError, type RrsetChange, type WriteAid, type ZoneLedger } from '@vmdns/provider-kit';
import { changesLeftToday } from './hestiacp.serial.js';
import { planRows } from './hestiacp.rows.js';
import { spentDay } from './hestiacp.record-writer.js';
import { ownersOf, type Row } from './hestiacp.wire.js';
import type { ZoneFile } from './hestiacp.zone-file.js';

interface Terms {
  readonly signal: AbortSignal;
  readonly aid: WriteAid;
  /** `name type` of what this turn wrote already. */
  readonly written: Set<string>;
}

const SHOWN = 3;

/**
 * Many changes as one new record file: for zones in which every record but the apex' name servers is ours, looked at
 * anew before each use. HestiaCP checks nothing of such a file, so it is read back row by row. Gives the changes of the
 * zone that it took: one, or none.
 */
export async function writeWholeFile(file: ZoneFile, changes: readonly RrsetChange[], held: ReadonlyMap<string, readonly Rrset[]>, terms: Terms): Promise<number> {
  const head = await file.readHead(terms.signal);
  const before = await file.readRows(terms.signal);
  const ledger = await terms.aid.ledger();
  if (ledger === null) throw new ProviderError('missing-zone', `writing the whole file of ${file.apex}: nobody here knows which of its records are ours`);
  refuseForeign(before, file.apex, ledger, changes, terms.written);
  const after = changes.reduce((rows, change) => changed(rows, change, held.get(nameOf(change)), file.apex), before);
  if (after === before) return 0;
  if (changesLeftToday(head.serial, new Date()) === 0) throw spentDay(file.apex, head.serial);
  await file.replace(after.map(lineOf).join('\n'), `vmdns-${randomBytes(8).toString('hex')}`, terms.signal, terms.aid.goOn);
  for (const change of changes) terms.written.add(`${nameOf(change)} ${typeOf(change)}`);
  await verify(file, after, terms.signal);
  return 1;
}

const nameOf = (change: RrsetChange): string => (change.kind === 'put' ? change.rrset.name : change.name);
const typeOf = (change: RrsetChange): string => (change.kind === 'put' ? change.rrset.type : change.type);

/** The whole zone is refused, not a name: no part of it could be written. */
function refuseForeign(rows: readonly Row[], apex: string, ledger: ZoneLedger, changes: readonly RrsetChange[], written: ReadonlySet<string>): void {
  const own = new Set([...written, ...changes.map((change) => `${nameOf(change)} ${typeOf(change)}`)]);
  const foreign = ownersOf(rows, apex).filter(({ owner, row }) => {
    if (row.type === 'NS' && owner === apex && !row.suspended) return false;
    return row.suspended || (ledger.get(owner)?.has(row.type) !== true && !own.has(`${owner} ${row.type}`));
  });
  if (foreign.length === 0) return;
  const shown = foreign.slice(0, SHOWN).map(({ owner, row }) => `${row.id} (${owner} ${row.type}${row.suspended ? ', suspended' : ''})`).join(', ');
  throw new ProviderError('missing-zone', `writing the whole file of ${apex}: ${foreign.length} records in it are not of vmdns, such as ${shown}; a new file would replace them unread`, {
    hint: 'Remove these records at HestiaCP or let vmdns adopt their names, or set the zone back to writes: record.',
  });
}

/** The rows with one change made. The panel's guard of the last A record does not hold here, so ours need not. */
function changed(rows: readonly Row[], change: RrsetChange, held: readonly Rrset[] | undefined, apex: string): readonly Row[] {
  return planRows(rows, change, held, apex, 'unguarded').reduce<readonly Row[]>((now, step) => {
    switch (step.kind) {
      case 'add': return [...now, { ...stampOf(new Date()), id: nextId(now), record: step.record, type: step.type, priority: '', value: step.value, suspended: false, ttl: String(step.ttl) }];
      case 'change': return now.map((row) => (row === step.row ? { ...row, record: step.record, value: step.value, ttl: String(step.ttl) } : row));
      case 'delete': return now.filter((row) => row !== step.row);
    }
  }, rows);
}

const nextId = (rows: readonly Row[]): number => rows.reduce((max, row) => Math.max(max, row.id), 0) + 1;
const stampOf = (now: Date): { readonly time: string; readonly date: string } => ({ time: now.toISOString().slice(11, 19), date: now.toISOString().slice(0, 10) });

/** One line of the record file. Nothing of ours has a quote in it; what has is foreign, and was refused. */
export function lineOf(row: Row): string {
  const fields = { ID: String(row.id), RECORD: row.record, TYPE: row.type, PRIORITY: row.priority, VALUE: row.value, SUSPENDED: row.suspended ? 'yes' : 'no', TIME: row.time, DATE: row.date, ...(row.ttl === '' ? {} : { TTL: row.ttl }) };
  return Object.entries(fields).map(([name, value]) => `${name}='${value.replaceAll("'", '')}'`).join(' ');
}

const shapeOf = (row: Row): string => [row.id, row.record, row.type, row.priority, row.value, row.suspended, row.ttl].join(' ');

/** What the panel says success for need not be what it holds. */
async function verify(file: ZoneFile, wanted: readonly Row[], signal: AbortSignal): Promise<void> {
  const held = (await file.readRows(signal)).map(shapeOf).sort();
  const expected = wanted.map(shapeOf).sort();
  if (held.length === expected.length && held.every((row, at) => row === expected[at])) return;
  throw new ProviderError('retry', `reading ${file.apex} back after its whole file was written: it holds ${held.length} records, ${expected.length} were written, and they differ`, { answered: true, inDoubt: true });
}
