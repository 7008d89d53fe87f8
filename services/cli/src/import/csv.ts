import type { VmFact } from '@vmdns/contracts';
import { usage } from '../exit.js';
import { checked, type Found, type FoundVm, type LineFault } from './found.js';

const OF_VM = ['fqdn', 'hostname', 'domain', 'tenant', 'uid', 'version', 'shareName'] as const;
const OF_ADDRESS = ['ip', 'ptr', 'forward'] as const;
const KNOWN: readonly string[] = ['vmId', ...OF_VM, ...OF_ADDRESS];
const LABEL = 'label.';
const FLAGS: Readonly<Record<string, boolean>> = { true: true, yes: true, 1: true, false: false, no: false, 0: false };

type Row = ReadonlyMap<string, string>;
interface PlacedRow { readonly line: number; readonly row: Row }

/**
 * A table with a heading: one row for each address of a VM, `vmId` on each (or, without that column, `fqdn`). What is
 * of the VM may stand on its first row alone. Comma, semicolon or tab; quotes as in RFC 4180.
 */
export function readCsv(text: string): Found {
  const [heading, ...rows] = recordsOf(text.replace(/^\uFEFF/, ''));
  if (heading === undefined) throw usage('the file is empty');
  const columns = columnsOf(heading.cells);
  const faults: LineFault[] = [];
  const groups = new Map<string, PlacedRow[]>();
  for (const { cells, line } of rows) {
    if (cells.every((cell) => cell.trim() === '')) continue;
    const row: Row = new Map(columns.map((column, at) => [column, (cells[at] ?? '').trim()]));
    const vmId = row.get('vmId') ?? (row.get('fqdn') ?? '').toLowerCase().replace(/\.$/, '');
    if (cells.length > columns.length) faults.push({ line, ...(vmId === '' ? {} : { vmId }), what: `has ${cells.length} fields, and the heading ${columns.length}: is a quote missing?` });
    else if (vmId === '') faults.push({ line, what: columns.includes('vmId') ? 'vmId: is required' : 'fqdn: is required, where there is no column vmId' });
    if (vmId !== '') groups.set(vmId, [...(groups.get(vmId) ?? []), { line, row }]);
  }
  const vms = [...groups].map(([vmId, placed]) => vmOf(vmId, placed, faults));
  return checked(vms, faults);
}

function columnsOf(cells: readonly string[]): readonly string[] {
  const columns = cells.map((cell) => KNOWN.find((known) => known.toLowerCase() === cell.trim().toLowerCase()) ?? cell.trim());
  const unknown = columns.filter((column) => !KNOWN.includes(column) && !column.startsWith(LABEL));
  if (unknown.length > 0) throw usage(`the heading has columns that are not known: ${unknown.map((column) => `"${column}"`).join(', ')}`, `known are ${KNOWN.join(', ')}, and label.<name>`);
  if (!columns.includes('vmId') && !columns.includes('fqdn')) throw usage('the heading must name vmId or fqdn');
  if (new Set(columns).size < columns.length) throw usage('the heading names a column twice');
  return columns;
}

function vmOf(vmId: string, placed: readonly PlacedRow[], faults: LineFault[]): FoundVm {
  const one = (column: string): string | undefined => {
    const said = placed.filter(({ row }) => (row.get(column) ?? '') !== '');
    const [first] = said;
    const value = first?.row.get(column);
    for (const { line, row } of said) if (row.get(column) !== value) faults.push({ line, vmId, what: `${column}: is another than at line ${first?.line ?? 0} of the same VM` });
    return value;
  };
  const flag = (column: string, text: string | undefined, line: number): boolean | undefined => {
    if (text === undefined || text === '') return undefined;
    const value = FLAGS[text.toLowerCase()];
    if (value === undefined) faults.push({ line, vmId, what: `${column}: must be true or false` });
    return value;
  };
  const [firstLine = 0] = placed.map(({ line }) => line);
  const version = one('version');
  if (version !== undefined && !/^\d{1,15}$/.test(version)) faults.push({ line: firstLine, vmId, what: 'version: must be a whole number' });
  const withIp = placed.filter(({ row, line }) => {
    const hasIp = (row.get('ip') ?? '') !== '';
    if (!hasIp && (row.get('ptr') || row.get('forward'))) faults.push({ line, vmId, what: 'ip: is required beside ptr or forward' });
    return hasIp;
  });
  const labels = [...(placed[0]?.row.keys() ?? [])].filter((column) => column.startsWith(LABEL)).flatMap((column) => { const value = one(column); return value === undefined ? [] : [[column.slice(LABEL.length), value] as const]; });
  const fact: VmFact = {
    ...given({ fqdn: one('fqdn'), hostname: one('hostname'), domain: one('domain'), tenant: one('tenant'), uid: one('uid') }),
    ...(version === undefined ? {} : { version: Number(version) }), ...given({ shareName: flag('shareName', one('shareName'), firstLine) }),
    addresses: withIp.map(({ row, line }) => ({ ip: row.get('ip') ?? '', ...(row.has('ptr') ? { ptr: row.get('ptr') || null } : {}), ...given({ forward: flag('forward', row.get('forward'), line) }) })),
    ...(labels.length === 0 ? {} : { labels: Object.fromEntries(labels) }),
  };
  return { vmId, fact, lines: placed.map(({ line }) => line), addressLines: withIp.map(({ line }) => line) };
}

function given<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: Exclude<T[K], undefined> };
}

/** Records of a table, each with the line on which it begins. */
function recordsOf(text: string): readonly { readonly line: number; readonly cells: readonly string[] }[] {
  const [heading = ''] = text.split('\n', 1);
  const mark = [',', ';', '\t'].reduce((best, one) => (heading.split(one).length > heading.split(best).length ? one : best));
  const records: { line: number; cells: string[] }[] = [];
  let [line, cell, isQuoted] = [1, '', false];
  let record = { line, cells: [] as string[] };
  for (let at = 0; at <= text.length; at += 1) {
    const c = text.charAt(at);
    if (c === '\n') line += 1;
    if (isQuoted && c !== '') {
      if (c !== '"') cell += c;
      else if (text.charAt(at + 1) === '"') { cell += c; at += 1; } else isQuoted = false;
    } else if (c === '"' && cell.trim() === '') {
      isQuoted = true;
      cell = '';
    } else if (c === mark || c === '\n' || c === '') {
      record.cells.push(cell.replace(/\r$/, ''));
      cell = '';
      if (c === mark) continue;
      if (record.cells.some((each) => each !== '')) records.push(record);
      record = { line, cells: [] };
    } else cell += c;
  }
  return records;
}
