import { randomBytes } from 'node:crypto';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  connectionSettings, localNatsConfig, natsUserEnv, pause, PostgresServer, provisionDatabase, roleUrl, schemaOf, ServiceProcess, until,
  type NatsServer, type PowerdnsServer, type ServiceName,
} from '@vmdns/local';
import { connect, type JetStreamManager, type NatsConnection } from 'nats';
import pg from 'pg';
import { childEnv, GatewayClient, newFolder, ROOT, startNats, startPowerdns, type NewZoneEntry, type PowerdnsChoice } from '../support/index.js';
import { cpuOf, memoryOf, treeOf } from './measure/machine.js';
import { total } from './measure/numbers.js';
import { apexesOf } from './payload.js';

const ALL: readonly ServiceName[] = ['inventory', 'planner', 'log', 'gateway', 'adapter-powerdns'];
const DATABASE = 'vmdns';
const natsPassword = (user: string): string => `nats-password-of-${user}`;

export interface BenchStackOptions {
  readonly services?: readonly ServiceName[];
  readonly powerdns?: PowerdnsChoice;
  /** A folder for CPU profiles of the services. */
  readonly profile?: string | undefined;
  readonly env?: Partial<Readonly<Record<ServiceName, Readonly<Record<string, string>>>>>;
  /** What the connection is told in place of PowerDNS' own URL. */
  readonly api?: (powerdns: PowerdnsServer) => Promise<string>;
}

interface StatementRow { readonly role: string; readonly ms: number; readonly plan_ms: number; readonly calls: number; readonly rows: number; readonly query: string }

/** What statements cost, and the plans of those that cost much. */
const PROFILED = {
  'shared_preload_libraries': 'pg_stat_statements,auto_explain', 'pg_stat_statements.track_planning': 'on',
  'auto_explain.log_min_duration': '200ms', 'auto_explain.log_analyze': 'on', 'auto_explain.log_timing': 'off', 'auto_explain.log_parameter_max_length': '0',
} as const;

const STATEMENTS = `
select r.rolname as role, s.total_exec_time as ms, s.total_plan_time as plan_ms, s.calls::int, s.rows::int, s.query
from pg_stat_statements s join pg_roles r on r.oid = s.userid order by s.total_exec_time + s.total_plan_time desc limit 60`;

/** PERFORMANCE §2: the honest default, profile P-off. */
const PDNS = { 'loglevel': '3', 'distributor-threads': '3', 'max-ent-entries': '2000000' } as const;
const LMDB = { 'lmdb-shards': '64', 'lmdb-sync-mode': 'sync' } as const;

/** vmdns as in production: built services as processes, log level info, durable PostgreSQL, and nothing in between. */
export class BenchStack {
  readonly services = new Map<ServiceName, ServiceProcess>();
  private bus: NatsConnection | undefined;
  private api: string | undefined;

  private constructor(
    private readonly options: BenchStackOptions, readonly folder: string, readonly postgres: PostgresServer, readonly nats: NatsServer, readonly powerdns: PowerdnsServer,
  ) {}

  static async start(options: BenchStackOptions = {}): Promise<BenchStack> {
    const services = options.services ?? ALL;
    const folder = newFolder('bench');
    const [postgres, nats, powerdns] = await Promise.all([
      PostgresServer.start({
        folder: join(folder, 'postgres'), password: 'vmdns', env: childEnv(),
        ...(options.profile === undefined ? {} : { settings: PROFILED }),
      }),
      startNats({ config: localNatsConfig(ROOT, natsPassword) }),
      startPowerdns({ rectify: false, ...options.powerdns, settings: { ...PDNS, ...((options.powerdns?.backend ?? 'lmdb') === 'lmdb' ? LMDB : {}), ...options.powerdns?.settings } }),
    ]);
    const stack = new BenchStack(options, folder, postgres, nats, powerdns);
    try {
      await provisionDatabase((database) => postgres.url(database), new Map(services.map((service) => [schemaOf(service), 'vmdns'])));
      writeFileSync(join(folder, 'admin-token'), randomBytes(24).toString('hex'), { mode: 0o600 });
      await Promise.all(services.map((service) => stack.launch(service)));
      return stack;
    } catch (error) {
      await stack.stop();
      throw error;
    }
  }

  /** Waits until every service says that it is ready. */
  async ready(): Promise<void> {
    await Promise.all([...this.services.values()].map((service) => service.ready(90_000)));
  }

  private async launch(service: ServiceName): Promise<void> {
    this.services.set(service, await ServiceProcess.start({
      service, instance: service, root: ROOT, logFile: join(this.folder, `${service}.log`),
      env: {
        ...childEnv(),
        NATS_URL: this.nats.url,
        ...natsUserEnv(service, natsPassword),
        DATABASE_URL: roleUrl(this.postgres.port, schemaOf(service), 'vmdns'),
        LOG_LEVEL: 'info',
        ...(service === 'gateway' ? { ADMIN_TOKEN_FILE: join(this.folder, 'admin-token') } : {}),
        ...(service.startsWith('adapter-') ? { KEY_FILE: join(this.folder, `${service}-keys.json`) } : {}),
        ...this.profiling(service),
        ...this.options.env?.[service],
      },
    }));
  }

  private profiling(service: ServiceName): Readonly<Record<string, string>> {
    const { profile } = this.options;
    return profile === undefined ? {} : { NODE_OPTIONS: `--import ${join(ROOT, 'test/bench/measure/profiler.mjs')}`, BENCH_PROFILE_FILE: join(profile, `${service}-${process.pid}-${this.powerdns.apiPort}`) };
  }

  /** Starts profiles of the services and of what PostgreSQL does, where they were asked for. */
  async startProfiles(): Promise<void> {
    if (this.options.profile === undefined) return;
    await this.query('create extension if not exists pg_stat_statements');
    await this.query('select pg_stat_statements_reset()');
    await this.signalProfilers();
  }

  /** Writes them. */
  async writeProfiles(): Promise<void> {
    if (this.options.profile === undefined) return;
    const rows = await this.query<StatementRow>(STATEMENTS);
    const text = rows.map((row) => `${row.ms.toFixed(0).padStart(7)} ms ${row.plan_ms.toFixed(0).padStart(6)} ms planning ${String(row.calls).padStart(7)} calls ${String(row.rows).padStart(8)} rows  ${row.role}: ${row.query.replace(/\s+/g, ' ').slice(0, 220)}`).join('\n');
    writeFileSync(join(this.options.profile, `statements-${process.pid}-${this.powerdns.apiPort}.txt`), `${text}\n`);
    copyFileSync(join(this.folder, 'postgres/postgres.log'), join(this.options.profile, `postgres-${process.pid}-${this.powerdns.apiPort}.log`));
    await this.signalProfilers();
  }

  private async signalProfilers(): Promise<void> {
    for (const service of this.services.values()) service.process.signal('SIGUSR2');
    await pause(500);
  }

  service(name: ServiceName): ServiceProcess {
    const found = this.services.get(name);
    if (found === undefined) throw new Error(`this stack has no ${name}`);
    return found;
  }

  get gateway(): GatewayClient {
    return new GatewayClient(this.service('gateway').url, readFileSync(join(this.folder, 'admin-token'), 'utf8'));
  }

  /** A connection of the bench itself, as operator. */
  async natsConnection(): Promise<NatsConnection> {
    this.bus ??= await connect({ servers: this.nats.url });
    return this.bus;
  }

  /** Where the adapter meets PowerDNS. */
  async apiUrl(): Promise<string> {
    this.api ??= await (this.options.api?.(this.powerdns) ?? Promise.resolve(this.powerdns.api));
    return this.api;
  }

  /** Makes the zones of these sets at PowerDNS only. */
  async makeZones(sets: readonly number[]): Promise<void> {
    for (const apex of sets.flatMap(apexesOf)) await this.powerdns.createZone(apex);
  }

  /** Makes the zones of these sets at PowerDNS, and gives them to vmdns. */
  async takeZones(sets: readonly number[], entry: Partial<NewZoneEntry> = {}): Promise<void> {
    const { gateway } = this;
    await gateway.announced('powerdns');
    const connection = (await gateway.connections()).items[0] ?? await gateway.addConnection('bench', 'powerdns', connectionSettings(this.powerdns, await this.apiUrl()));
    for (const apex of sets.flatMap(apexesOf)) {
      await this.powerdns.createZone(apex);
      await gateway.addZone({ ...entry, name: apex, connectionId: connection.id });
    }
  }

  /** The processes of our side: services, NATS, PostgreSQL with its children. */
  get pids(): readonly number[] {
    return [...[...this.services.values()].map((service) => service.process.pid), this.nats.process.pid, ...treeOf(this.postgres.process.pid)];
  }

  /** CPU time of our side so far, in microseconds, by process. */
  cpu(): Readonly<Record<string, number>> {
    return Object.fromEntries([
      ...[...this.services].map(([name, service]) => [name, cpuOf([service.process.pid])] as const),
      ['nats', cpuOf([this.nats.process.pid])] as const,
      ['postgres', cpuOf(treeOf(this.postgres.process.pid))] as const,
    ]);
  }

  /** Resident memory in MB by process of ours; PostgreSQL's with what its processes share counted in each. */
  memory(): Readonly<Record<string, { readonly rss: number; readonly peak: number }>> {
    const postgres = treeOf(this.postgres.process.pid).map(memoryOf);
    return Object.fromEntries([
      ...[...this.services].map(([name, service]) => [name, memoryOf(service.process.pid)] as const),
      ['nats', memoryOf(this.nats.process.pid)] as const,
      ['postgres', { rss: total(postgres.map((one) => one.rss)), peak: total(postgres.map((one) => one.peak)) }] as const,
    ]);
  }

  async query<T>(sql: string, parameters: readonly unknown[] = []): Promise<readonly T[]> {
    const client = new pg.Client({ connectionString: this.postgres.url(DATABASE) });
    await client.connect();
    try {
      return (await client.query(sql, [...parameters])).rows as T[];
    } finally {
      await client.end();
    }
  }

  /** Names that the adapter has still to write. */
  async due(): Promise<number> {
    const [row] = await this.query<{ count: number }>('select count(*)::int as count from adapter_powerdns.name where due_at is not null');
    return row?.count ?? 0;
  }

  /** Waits until every consumer has taken and acknowledged everything, twice in a row. */
  async quiet(withinMs = 120_000): Promise<void> {
    const manager = await (await this.natsConnection()).jetstreamManager();
    let calm = 0;
    await until(async () => {
      calm = await isIdle(manager) ? calm + 1 : 0;
      return calm >= 3;
    }, { withinMs, everyMs: 50, what: 'all streams to be read to their end' });
  }

  async stop(): Promise<void> {
    await this.bus?.close();
    await Promise.all([...this.services.values()].map((service) => service.kill()));
    await Promise.all([this.nats.kill(), this.powerdns.kill(), this.postgres.kill()]);
  }
}

async function isIdle(manager: JetStreamManager): Promise<boolean> {
  for (const stream of await manager.streams.list().next()) {
    if (['STATUS', 'DEADLETTER', 'ZONE', 'DEED'].includes(stream.config.name)) continue;
    for (const consumer of await manager.consumers.list(stream.config.name).next()) {
      if (consumer.num_pending > 0 || consumer.num_ack_pending > 0) return false;
    }
  }
  return true;
}

/** Runs a part under the profiler, where one was asked for. */
export async function profiled<T>(stack: BenchStack, work: () => Promise<T>): Promise<T> {
  await stack.startProfiles();
  try {
    return await work();
  } finally {
    await stack.writeProfiles();
  }
}
