/** One line of a zone's record file. Without TTL the zone's own holds. */
export interface FakeRow {
  readonly ID: string;
  readonly RECORD: string;
  readonly TYPE: string;
  readonly PRIORITY: string;
  readonly VALUE: string;
  readonly SUSPENDED: 'yes' | 'no';
  readonly TIME: string;
  readonly DATE: string;
  readonly TTL?: string;
}

export type FakeVersion = '1.9.4' | '1.10.3';

/** The first serial of 1.10; up to 1.9 it is YYYYMMDDNN, and NN goes on to 100 and beyond [S]. */
const SERIAL_BASE = 3_000_000_000;
const SERIAL_MAX = 4_294_967_295;

/** One zone as HestiaCP keeps it: a file of rows, and a line about the zone. */
export class FakeZone {
  /** In the order of the file. */
  rows: FakeRow[] = [];
  suspended = false;
  ttl = '14400';
  serial: string;

  constructor(readonly user: string, readonly name: string, readonly version: FakeVersion, private readonly today: () => Date) {
    this.serial = version === '1.10.3' ? String(SERIAL_BASE) : `${this.date()}01`;
  }

  /** Moves as the version does: 1.9's hundredth change of a day no longer fits 32 bits (hestiacp #5533). */
  raiseSerial(): void {
    if (this.version === '1.10.3') {
      const serial = Number(this.serial);
      this.serial = String(serial < SERIAL_BASE ? SERIAL_BASE : serial >= SERIAL_MAX ? 1 : serial + 1);
    } else if (this.serial.startsWith(this.date())) {
      this.serial = `${this.date()}${String(Number(this.serial.slice(8)) + 1).padStart(2, '0')}`;
    } else {
      this.serial = `${this.date()}01`;
    }
  }

  row(row: Omit<FakeRow, 'TIME' | 'DATE' | 'SUSPENDED' | 'PRIORITY'> & Partial<FakeRow>): FakeRow {
    const now = this.today().toISOString();
    return { PRIORITY: '', SUSPENDED: 'no', TIME: now.slice(11, 19), DATE: now.slice(0, 10), ...row };
  }

  get nextId(): string {
    return String(this.rows.reduce((max, row) => Math.max(max, Number(row.ID)), 0) + 1);
  }

  sorted(): FakeRow[] {
    return [...this.rows].sort((a, b) => Number(a.ID) - Number(b.ID));
  }

  /** The rows of a zone that was just made: the default template, also for a reverse zone [T]. */
  fillFromTemplate(ip: string, nameServers: readonly string[]): void {
    const add = (RECORD: string, TYPE: string, VALUE: string, PRIORITY = ''): void => { this.rows.push(this.row({ ID: this.nextId, RECORD, TYPE, VALUE, PRIORITY })); };
    for (const server of nameServers) add('@', 'NS', `${server}.`);
    add('@', 'A', ip);
    add('www', 'CNAME', `${this.name}.`);
    for (const host of ['ftp', 'mail', 'webmail']) add(host, 'A', ip);
    add('@', 'MX', `mail.${this.name}.`, '0');
    add('@', 'TXT', `"v=spf1 a mx ip4:${ip} -all"`);
    add('_dmarc', 'TXT', '"v=DMARC1; p=quarantine; pct=100"');
    add('_imap._tcp', 'SRV', `10 143 mail.${this.name}.`, '0');
  }

  private date(): string {
    return this.today().toISOString().slice(0, 10).replaceAll('-', '');
  }
}

const quoted = (text: string): string => `"${text.replaceAll('"', '\\"')}"`;

/** `{` key: fields `}` as the shell scripts print it, four blanks a level; equal keys are printed twice. */
export function jsonOf(entries: readonly (readonly [string, Readonly<Record<string, string>>])[]): string {
  const blocks = entries.map(([key, fields]) => `    "${key}": {\n${Object.entries(fields).map(([name, value]) => `        "${name}": ${quoted(value)}`).join(',\n')}\n    }`);
  return `{\n${blocks.join(',\n')}${blocks.length === 0 ? '' : '\n'}}`;
}

/** What breaks 1.9.4's own reading of its file: an apostrophe, or what is not ASCII, in a TXT [T]. */
export const breaksListing = (row: FakeRow, version: FakeVersion): boolean => version === '1.9.4' && row.TYPE === 'TXT' && /['\u0080-\uffff]/.test(row.VALUE);

/** The listing of a zone's records; `broken`: half of it, then an error, with code 2. */
export function listRows(zone: FakeZone): { readonly text: string; readonly broken: boolean } {
  const at = zone.rows.findIndex((row) => breaksListing(row, zone.version));
  // Backslashes vanish on read.
  const shown = (at < 0 ? zone.rows : zone.rows.slice(0, at)).map((row): [string, Record<string, string>] => [row.ID, { ...row, TTL: row.TTL ?? '', VALUE: row.VALUE.replaceAll('\\', '') }]);
  const text = jsonOf(shown);
  return at < 0 ? { text, broken: false } : { text: `${text.slice(0, -1)}    "${zone.rows[at]?.ID ?? ''}": {\n        "RECORD": "Error: invalid object format :: ${zone.rows[at]?.VALUE ?? ''}`, broken: true };
}

export const headOf = (zone: FakeZone, ip: string): Record<string, string> => ({
  IP: ip, TPL: 'default', TTL: zone.ttl, EXP: '2027-01-01', SOA: 'ns1.panel.example', SERIAL: zone.serial, DNSSEC: 'no', SRC: '',
  RECORDS: String(zone.rows.length), SUSPENDED: zone.suspended ? 'yes' : 'no', TIME: '12:00:00', DATE: '2026-01-01',
});
