import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Binary, PowerdnsBackend } from './binaries.js';
import { freePort } from './ports.js';
import { powerdnsTables } from './powerdns-schema.js';
import { ManagedProcess, type Exit } from './processes.js';
import { until } from './wait.js';

/** Where PowerDNS keeps its zones. A gpgsql database must exist and hold the tables of `powerdnsTables`. */
export type PowerdnsStore =
  | { readonly backend: 'lmdb' }
  | { readonly backend: 'gsqlite3'; readonly sqlite3: Binary }
  | { readonly backend: 'gpgsql'; readonly host: string; readonly port: number; readonly user: string; readonly password: string; readonly database: string };

export interface PowerdnsOptions {
  readonly binary: Binary;
  /** Holds the configuration (with the key: 0600), the zones and the log. */
  readonly folder: string;
  readonly store: PowerdnsStore;
  readonly apiKey: string;
  readonly apiPort?: number;
  readonly dnsPort?: number;
  /** Further settings of pdns.conf. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly pidFile?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** A record set as the API takes it. */
export interface PowerdnsRrset {
  readonly name: string;
  readonly type: string;
  readonly ttl: number;
  readonly records: readonly { readonly content: string; readonly disabled: boolean }[];
}

export interface NewZone {
  readonly kind?: 'Native' | 'Master' | 'Slave';
  readonly soaEditApi?: string;
  /** Whether each PATCH rectifies the whole zone; the server's default where absent. */
  readonly apiRectify?: boolean;
  readonly nameservers?: readonly string[];
  readonly rrsets?: readonly PowerdnsRrset[];
  readonly masters?: readonly string[];
}

/** A real PowerDNS authoritative server on loopback, with its HTTP API; always on the same ports. */
export class PowerdnsServer {
  readonly serverId = 'localhost';

  private constructor(readonly options: PowerdnsOptions, readonly apiPort: number, readonly dnsPort: number, private current: ManagedProcess) {}

  static async start(options: PowerdnsOptions): Promise<PowerdnsServer> {
    const apiPort = options.apiPort ?? await freePort();
    const dnsPort = options.dnsPort ?? await freePort();
    return new PowerdnsServer(options, apiPort, dnsPort, await launch(options, apiPort, dnsPort));
  }

  get backend(): PowerdnsBackend {
    return this.options.store.backend;
  }

  /** Base of the API, without `/api/v1`. */
  get api(): string {
    return `http://127.0.0.1:${this.apiPort}`;
  }

  get apiKey(): string {
    return this.options.apiKey;
  }

  get dns(): { readonly host: string; readonly port: number } {
    return { host: '127.0.0.1', port: this.dnsPort };
  }

  get process(): ManagedProcess {
    return this.current;
  }

  async stop(): Promise<Exit> {
    return this.current.stop();
  }

  async kill(): Promise<Exit> {
    return this.current.kill();
  }

  async restart(): Promise<void> {
    await this.stop();
    this.current = await launch(this.options, this.apiPort, this.dnsPort);
  }

  /** SIGSTOP: it takes connections and answers nothing. */
  freeze(): void {
    this.current.signal('SIGSTOP');
  }

  thaw(): void {
    this.current.signal('SIGCONT');
  }

  /** One call of the API below `/api/v1/servers/localhost`; throws with the server's words when it refuses. */
  async call(method: string, path: string, body?: unknown): Promise<unknown> {
    const answer = await fetch(`${this.api}/api/v1/servers/${this.serverId}${path}`, {
      method,
      headers: { 'X-API-Key': this.apiKey, 'Content-Type': 'application/json' },
      signal: AbortSignal.timeout(10_000),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${text.slice(0, 300)}`);
    return text === '' || !text.startsWith('{') && !text.startsWith('[') ? text : JSON.parse(text);
  }

  /** Makes a zone (`name` with the dot at its end) and gives the server's id of it. */
  async createZone(name: string, zone: NewZone = {}): Promise<string> {
    const made = await this.call('POST', '/zones', {
      name,
      kind: zone.kind ?? 'Native',
      nameservers: zone.kind === 'Slave' ? [] : zone.nameservers ?? ['ns1.vmdns.test.'],
      soa_edit_api: zone.soaEditApi ?? 'DEFAULT',
      ...(zone.apiRectify === undefined ? {} : { api_rectify: zone.apiRectify }),
      ...(zone.masters === undefined ? {} : { masters: zone.masters }),
    });
    if (typeof made !== 'object' || made === null || !('id' in made) || typeof made.id !== 'string') throw new Error(`creating ${name}: no id in the answer`);
    if (zone.rrsets !== undefined && zone.rrsets.length > 0) await this.putRrsets(name, zone.rrsets);
    return made.id;
  }

  /** Writes record sets past vmdns, as a person or another program would. */
  async putRrsets(zone: string, rrsets: readonly PowerdnsRrset[]): Promise<void> {
    await this.call('PATCH', `/zones/${zoneId(zone)}`, { rrsets: rrsets.map((rrset) => ({ ...rrset, changetype: 'REPLACE' })) });
  }

  async deleteRrset(zone: string, name: string, type: string): Promise<void> {
    await this.call('PATCH', `/zones/${zoneId(zone)}`, { rrsets: [{ name, type, changetype: 'DELETE' }] });
  }

  async deleteZone(zone: string): Promise<void> {
    await this.call('DELETE', `/zones/${zoneId(zone)}`);
  }

  /** Everything in the zone, sorted by name and type. */
  async rrsets(zone: string): Promise<readonly PowerdnsRrset[]> {
    const whole = await this.call('GET', `/zones/${zoneId(zone)}`) as { readonly rrsets: readonly PowerdnsRrset[] };
    return [...whole.rrsets].sort((a, b) => `${a.name} ${a.type}`.localeCompare(`${b.name} ${b.type}`));
  }

  async serial(zone: string): Promise<number> {
    const head = await this.call('GET', `/zones/${zoneId(zone)}?rrsets=false`) as { readonly serial: number };
    return head.serial;
  }

  /** Whether the server knows the zone. */
  async hasZone(zone: string): Promise<boolean> {
    const found = await this.call('GET', `/zones?zone=${encodeURIComponent(zone)}&dnssec=false`);
    return Array.isArray(found) && found.length > 0;
  }
}

/** A zone's id in the API's paths: PowerDNS writes every odd character as `=XX`. */
export function zoneId(zone: string): string {
  return zone.replace(/[^A-Za-z0-9.-]/g, (c) => `=${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
}

async function launch(options: PowerdnsOptions, apiPort: number, dnsPort: number): Promise<ManagedProcess> {
  mkdirSync(options.folder, { recursive: true, mode: 0o700 });
  const settings = {
    'launch': options.store.backend,
    ...storeSettings(options),
    'local-address': '127.0.0.1',
    'local-port': String(dnsPort),
    'api': 'yes',
    'api-key': options.apiKey,
    'webserver': 'yes',
    'webserver-address': '127.0.0.1',
    'webserver-port': String(apiPort),
    'webserver-allow-from': '127.0.0.1',
    'socket-dir': options.folder,
    'daemon': 'no',
    'guardian': 'no',
    'security-poll-suffix': '',
    'disable-syslog': 'yes',
    ...options.settings,
  };
  writeFileSync(join(options.folder, 'pdns.conf'), Object.entries(settings).map(([key, value]) => `${key}=${value}\n`).join(''), { mode: 0o600 });
  const { binary } = options;
  const server = ManagedProcess.start({
    name: 'pdns_server',
    command: binary.path,
    args: [...binary.args, `--config-dir=${options.folder}`],
    env: { ...binary.env, ...options.env },
    logFile: join(options.folder, 'pdns.log'),
    ...(options.pidFile === undefined ? {} : { pidFile: options.pidFile }),
  });
  await until(async () => server.exit !== undefined || await isAlive(apiPort, options.apiKey), { withinMs: 30_000, what: 'PowerDNS to answer' });
  if (server.exit !== undefined) throw new Error(`PowerDNS did not start:\n${server.tail()}`);
  return server;
}

function storeSettings(options: PowerdnsOptions): Readonly<Record<string, string>> {
  const { store, folder } = options;
  switch (store.backend) {
    case 'lmdb':
      return { 'lmdb-filename': join(folder, 'zones.lmdb'), 'lmdb-shards': '1' };
    case 'gsqlite3': {
      const file = join(folder, 'zones.sqlite3');
      if (!existsSync(file)) makeSqliteDatabase(file, store.sqlite3);
      return { 'gsqlite3-database': file, 'gsqlite3-pragma-foreign-keys': 'yes' };
    }
    case 'gpgsql':
      return { 'gpgsql-host': store.host, 'gpgsql-port': String(store.port), 'gpgsql-user': store.user, 'gpgsql-password': store.password, 'gpgsql-dbname': store.database };
  }
}

function makeSqliteDatabase(file: string, sqlite3: Binary): void {
  const stage = `${file}.new`;
  rmSync(stage, { force: true });
  const made = spawnSync(sqlite3.path, [...sqlite3.args, '-bail', stage], { input: `pragma journal_mode=wal;\n${powerdnsTables('gsqlite3')}`, encoding: 'utf8', env: { ...sqlite3.env }, timeout: 30_000 });
  if (made.status !== 0) throw new Error(`making ${file} failed: ${made.stderr || made.error?.message || ''}`);
  renameSync(stage, file);
}

async function isAlive(apiPort: number, apiKey: string): Promise<boolean> {
  const answer = await fetch(`http://127.0.0.1:${apiPort}/api/v1/servers/localhost`, { headers: { 'X-API-Key': apiKey }, signal: AbortSignal.timeout(2_000) });
  await answer.arrayBuffer();
  return answer.ok;
}
