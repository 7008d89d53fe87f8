import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import type { FakeNamed } from './fake-named.js';
import { breaksListing, FakeZone, headOf, jsonOf, listRows, type FakeRow, type FakeVersion } from './fake-zone.js';

/** What a command leaves: its exit code and what it printed. */
export interface FakeResult { readonly code: number; readonly output: string }

export interface FakeUser { readonly name: string; suspended: boolean; recordsMax: number | 'unlimited'; zonesMax: number | 'unlimited'; recordsCounted: number }

const IP = '192.0.2.80';
const NAME_SERVERS = ['ns1.panel.example', 'ns2.panel.example'];
const TYPES_1_9 = ['A', 'AAAA', 'NS', 'CNAME', 'MX', 'TXT', 'SRV', 'DNSKEY', 'KEY', 'IPSECKEY', 'PTR', 'SPF', 'TLSA', 'CAA'];
const NAMES_TARGET = new Set(['NS', 'CNAME', 'MX', 'PTR', 'SRV']);
const RESTARTS = new Set(['', 'yes', 'no', 'scheduled']);

class Exit extends Error {
  constructor(readonly code: number, message: string) { super(message); }
}

/** The commands of PROVIDERS §2.2 with the semantics of §2.3 and §2.4: bash on flat files, without a lock. */
export class FakeCommands {
  readonly users = new Map<string, FakeUser>();
  /** By zone name: one panel has a zone once. */
  readonly zones = new Map<string, FakeZone>();
  readonly tmpFiles = new Map<string, string>();
  /** ms for each change, and for each record of its zone on top. */
  latencyMs = 0;
  latencyPerRecordMs = 0;
  /** False: BIND is not told, whatever a command answers. */
  reloads = true;
  today: () => Date = () => new Date();

  constructor(readonly version: FakeVersion, readonly named: FakeNamed) {}

  addUser(name: string): FakeUser {
    const user: FakeUser = { name, suspended: false, recordsMax: 'unlimited', zonesMax: 'unlimited', recordsCounted: 0 };
    this.users.set(name, user);
    return user;
  }

  /** A zone with name servers only; `template`: as the panel makes one. */
  addZone(user: string, name: string, o: { readonly template?: boolean } = {}): FakeZone {
    const zone = new FakeZone(user, name, this.version, () => this.today());
    if (o.template === true) zone.fillFromTemplate(IP, NAME_SERVERS);
    else for (const [at, server] of NAME_SERVERS.entries()) zone.rows.push(zone.row({ ID: String(at + 1), RECORD: '@', TYPE: 'NS', VALUE: `${server}.` }));
    this.zones.set(name, zone);
    this.named.reload(zone);
    return zone;
  }

  has(command: string): boolean { return command in this.scripts; }

  /** As the API's envelope runs it; undefined: there is no such command. */
  async run(command: string, args: readonly string[]): Promise<FakeResult | undefined> {
    const script = this.scripts[command];
    if (script === undefined) return undefined;
    try {
      return { code: 0, output: await script(args.map((arg) => arg.trim())) };
    } catch (error) {
      if (error instanceof Exit) return { code: error.code, output: error.message };
      throw error;
    }
  }

  /** The zone after another hand was on it: a new serial, and BIND is told. */
  touch(zone: FakeZone): void {
    zone.raiseSerial();
    if (this.reloads) this.named.reload(zone);
  }

  private readonly scripts: Readonly<Record<string, (args: readonly string[]) => string | Promise<string>>> = {
    'v-list-sys-config': () => jsonOf([['config', { VERSION: this.version, DNS_SYSTEM: 'bind9', API: 'yes' }]]),
    'v-list-user': ([user = '']) => this.listUser(user),
    'v-list-dns-domains': ([user = '']) => {
      this.user(user);
      return jsonOf([...this.zones.values()].filter((zone) => zone.user === user).map((zone) => [zone.name, headOf(zone, IP)]));
    },
    'v-list-dns-domain': ([user = '', name = '']) => jsonOf([[name, headOf(this.zone(user, name), IP)]]),
    'v-list-dns-records': ([user = '', name = '']) => {
      const { text, broken } = listRows(this.zone(user, name));
      if (broken) throw new Exit(2, text);
      return text;
    },
    'v-add-dns-record': (args) => this.addRecord(args),
    'v-change-dns-record': (args) => this.changeRecord(args),
    'v-delete-dns-record': (args) => this.deleteRecord(args),
    'v-add-dns-domain': ([user = '', name = '']) => this.addDomain(user, name),
    'v-make-tmp-file': ([content = '', name = '']) => { this.tmpFiles.set(`/tmp/${name.split('/').at(-1) ?? ''}`, `${content}\n`); return ''; },
    'v-insert-dns-records': ([user = '', name = '', file = '']) => this.insertRecords(user, name, file),
    'v-rebuild-dns-domain': ([user = '', name = '', restart = '', update = '']) => this.rebuild(user, name, restart, update),
  };

  private user(name: string): FakeUser {
    const user = this.users.get(name);
    if (user === undefined) throw new Exit(3, `Error: user ${name} doesn't exist`);
    return user;
  }

  private zone(user: string, name: string): FakeZone {
    this.user(user);
    if (/[/\s]|\.$/.test(name)) throw new Exit(2, `Error: invalid domain format :: ${name}`);
    const zone = this.zones.get(name);
    if (zone === undefined || zone.user !== user) throw new Exit(3, `Error: dns domain ${name} doesn't exist`);
    return zone;
  }

  private writable(user: string, name: string): FakeZone {
    const zone = this.zone(user, name);
    if (this.users.get(user)?.suspended === true) throw new Exit(5, `Error: user ${user} is suspended`);
    if (zone.suspended) throw new Exit(5, `Error: dns domain ${name} is suspended`);
    return zone;
  }

  private listUser(name: string): string {
    const user = this.user(name);
    return jsonOf([[name, { NAME: name, PACKAGE: 'default', DNS_DOMAINS: String(user.zonesMax), DNS_RECORDS: String(user.recordsMax), U_DNS_RECORDS: String(user.recordsCounted), SUSPENDED: user.suspended ? 'yes' : 'no' }]]);
  }

  private addDomain(user: string, name: string): string {
    const owner = this.user(user);
    if (/[/\s]|\.$/.test(name)) throw new Exit(2, `Error: invalid domain format :: ${name}`);
    if (this.zones.has(name)) throw new Exit(4, `Error: DNS domain ${name} exists`);
    if (owner.zonesMax !== 'unlimited' && [...this.zones.values()].filter((zone) => zone.user === user).length >= owner.zonesMax) throw new Exit(8, 'Error: DNS_DOMAINS limit is reached :: upgrade user package');
    this.addZone(user, name, { template: true });
    return '';
  }

  private async addRecord(args: readonly string[]): Promise<string> {
    const [user = '', name = '', record = '', type = '', value = '', priority = '', id = '', restart = '', ttl = ''] = args;
    if (args.length < 5) throw new Exit(1, 'Usage: v-add-dns-record USER DOMAIN RECORD TYPE VALUE [PRIORITY] [ID] [RESTART] [TTL]');
    const known = this.zone(user, name);
    const checked = this.checked({ type: type.toUpperCase(), value, priority: priority === '' ? '10' : priority, record: record.toLowerCase() });
    const zone = this.writable(user, name);
    const { recordsMax } = this.user(user);
    if (recordsMax !== 'unlimited' && known.rows.length >= recordsMax) throw new Exit(8, 'Error: DNS_RECORDS limit is reached :: upgrade user package');
    if (id !== '' && !/^\d+$/.test(id)) throw new Exit(2, `Error: invalid id format :: ${id}`);
    // Taken before the row is written, and nobody locks: two at once take the same.
    const own = id === '' ? zone.nextId : id;
    if (zone.rows.some((row) => row.ID === own)) throw new Exit(4, `Error: ID=${own} already exists`);
    this.checkTtl(ttl);
    this.checkRestart(restart);
    await this.takeTime(zone);
    zone.rows.push(zone.row({ ID: own, ...checked, ...(ttl === '' ? {} : { TTL: ttl }) }));
    this.user(user).recordsCounted += 1;
    await this.rewrite(zone);
    return '';
  }

  private async changeRecord(args: readonly string[]): Promise<string> {
    const [user = '', name = '', id = '', record = '', type = '', value = '', priority = '', restart = '', ttl = ''] = args;
    if (args.length < 6) throw new Exit(1, 'Usage: v-change-dns-record USER DOMAIN ID RECORD TYPE VALUE [PRIORITY] [RESTART] [TTL]');
    const zone = this.writable(user, name);
    const row = zone.rows.find((one) => one.ID === id);
    if (row === undefined) throw new Exit(3, `Error: dns id ${id} doesn't exist`);
    // Names keep their upper case, and a lower-case type is no type.
    const checked = this.checked({ type, value, priority, record });
    this.checkTtl(ttl);
    this.checkRestart(restart);
    if (row.RECORD === checked.RECORD && row.TYPE === checked.TYPE && row.VALUE === checked.VALUE && row.PRIORITY === checked.PRIORITY && (row.TTL ?? '') === ttl) throw new Exit(4, 'Error: No pending changes in DNS entry.');
    await this.takeTime(zone);
    zone.rows = zone.rows.filter((one) => one.ID !== id);
    zone.rows.push(zone.row({ ID: id, ...checked, ...(ttl === '' ? {} : { TTL: ttl }) }));
    await this.rewrite(zone);
    return '';
  }

  private async deleteRecord(args: readonly string[]): Promise<string> {
    const [user = '', name = '', id = '', restart = ''] = args;
    if (args.length < 3) throw new Exit(1, 'Usage: v-delete-dns-record USER DOMAIN ID [RESTART]');
    const zone = this.zone(user, name);
    const row = zone.rows.find((one) => one.ID === id);
    if (row === undefined) throw new Exit(3, `Error: dns id ${id} doesn't exist`);
    if (['A', 'NS'].includes(row.TYPE) && zone.rows.filter((one) => one.TYPE === row.TYPE).length <= 1) throw new Exit(2, `Error: at least one ${row.TYPE} record should remain active`);
    this.checkRestart(restart);
    this.writable(user, name);
    await this.takeTime(zone);
    zone.rows = zone.rows.filter((one) => one.ID !== id);
    this.user(user).recordsCounted -= 1;
    await this.rewrite(zone);
    return '';
  }

  private insertRecords(user: string, name: string, file: string): string {
    const zone = this.writable(user, name);
    const text = this.tmpFiles.get(file);
    // What is not there is not moved, and nobody says so.
    if (text === undefined) return '';
    this.tmpFiles.delete(file);
    zone.rows = text.split('\n').filter((line) => line.trim() !== '').map((line) => parseLine(line, zone));
    return '';
  }

  private async rebuild(user: string, name: string, restart: string, update: string): Promise<string> {
    const zone = this.writable(user, name);
    this.checkRestart(restart);
    await this.takeTime(zone);
    zone.rows = zone.sorted();
    if (update !== 'no') zone.raiseSerial();
    if (this.reloads) this.named.reload(zone);
    return '';
  }

  private checked(asked: { readonly record: string; readonly type: string; readonly value: string; readonly priority: string }): Pick<FakeRow, 'RECORD' | 'TYPE' | 'VALUE' | 'PRIORITY'> {
    const { record, type } = asked;
    if (![...TYPES_1_9, ...(this.version === '1.10.3' ? ['DS'] : [])].includes(type)) throw new Exit(2, `Error: invalid dns record type format :: ${type}`);
    let value = asked.value;
    if (NAMES_TARGET.has(type) && !value.endsWith('.')) value += '.';
    if (type !== 'CAA') {
      value = value.replaceAll('"', '');
      if (type !== 'SRV' && /[;\s]/.test(value)) value = `"${value}"`;
    }
    if (type === 'A' && !/^\d+(\.\d+){3}$/.test(value)) throw new Exit(2, `Error: invalid ip format :: ${value}`);
    if (type === 'MX' && /^\d+\s/.test(value.replaceAll('"', ''))) throw new Exit(2, `Error: invalid mx_record format :: ${value}`);
    if (NAMES_TARGET.has(type) && (value.match(/\./g) ?? []).length < (type === 'NS' || type === 'SRV' ? 3 : 2)) throw new Exit(2, `Error: ${type} record ${value.replace(/\.$/, '')} should be a fully qualified domain name (FQDN)`);
    if (type === 'TXT' && this.version === '1.10.3' && /[^\x20-\x7e]/.test(value)) throw new Exit(2, `Error: invalid dns record format :: ${value}`);
    if (type === 'SRV' && this.version === '1.10.3') return { RECORD: record, TYPE: type, ...srvOf(value) };
    return { RECORD: record, TYPE: type, VALUE: value, PRIORITY: type === 'MX' || type === 'SRV' ? asked.priority : '' };
  }

  private checkTtl(ttl: string): void {
    if (ttl !== '' && !/^\d+$/.test(ttl)) throw new Exit(2, `Error: invalid ttl format :: ${ttl}`);
  }

  private checkRestart(restart: string): void {
    if (!RESTARTS.has(restart)) throw new Exit(2, `Error: invalid restart format :: ${restart}`);
  }

  private async takeTime(zone: FakeZone): Promise<void> {
    if (zone.rows.some((row) => breaksListing(row, zone.version))) throw new Exit(2, `Error: invalid object format :: ${zone.name}`);
    const ms = this.latencyMs + this.latencyPerRecordMs * zone.rows.length;
    await (ms === 0 ? turn() : sleep(ms));
  }

  /** Sorted into another file, which then takes the place of the first: what came in between is lost. */
  private async rewrite(zone: FakeZone): Promise<void> {
    const sorted = zone.sorted();
    await turn();
    zone.rows = sorted;
    this.touch(zone);
  }
}

/** 1.10 wants `priority weight port target` in one value, and takes three of them for `target port weight`. */
function srvOf(value: string): Pick<FakeRow, 'VALUE' | 'PRIORITY'> {
  const parts = value.split(/\s+/);
  const [priority = '', weight = '', port = '', target = ''] = parts;
  if (parts.length !== 4 || !/^\d+$/.test(priority + weight + port)) throw new Exit(2, `Error: invalid SRV format :: ${value}`);
  return { PRIORITY: priority, VALUE: `${weight} ${port} ${target}` };
}

function parseLine(line: string, zone: FakeZone): FakeRow {
  const fields = Object.fromEntries([...line.matchAll(/([A-Z]+)='([^']*)'/g)].map((match) => [match[1] ?? '', match[2] ?? '']));
  return zone.row({ ID: '', RECORD: '', TYPE: '', VALUE: '', ...fields });
}
