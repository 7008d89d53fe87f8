import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectionSettings, CORE, dnsAsk, localNatsConfig, natsUserEnv, schemaOf, ServiceProcess, type AskedType, type DnsAnswer, type HttpAnswer, type NatsServer, type NewZone, type PostgresServer, type PowerdnsServer, type ServiceName } from '@vmdns/local';
import type { Connection, Zone } from '@vmdns/contracts';
import { FaultProxy } from './fault-proxy.js';
import { GatewayClient, type NewZoneEntry } from './gateway-client.js';
import { freshDatabase, startPostgres, type TestDatabase } from './postgres.js';
import { childEnv, newFolder, ROOT } from './run-folder.js';
import { findSecrets, findSecretsInFiles, textOfFiles, textOfTables, type Places } from './secret-search.js';
import { startNats, startPowerdns, type PowerdnsChoice } from './servers.js';
import { TcpProxy } from './tcp-proxy.js';

export interface StackOptions {
  /** Default: those that are always there, and adapter-powerdns where there is a PowerDNS. */
  readonly services?: readonly ServiceName[];
  /** How its PowerDNS is to be; false for none. */
  readonly powerdns?: PowerdnsChoice | false;
  /** Environment of single services, or of `all`. */
  readonly env?: Partial<Readonly<Record<ServiceName | 'all', Readonly<Record<string, string>>>>>;
  /** `own`: a PostgreSQL of this stack alone, which may be killed, or one made for it; default: a database on the shared one. */
  readonly postgres?: 'shared' | 'own' | PostgresServer;
  /** false: nobody looks for secrets at its end; for a stack whose servers are gone by then, or that is searched before. */
  readonly searched?: false;
}

const POWERDNS = 'adapter-powerdns';
/** Where secrets are meant to be. */
const SECRET_FILES = ['admin-token', '-keys.json'], CONFIG_FILES = ['.conf'];

const natsPassword = (user: string): string => `nats-password-of-${user}`;

/** A whole vmdns as real processes, with proxies before everything that can fail. */
export class Stack {
  private readonly services: ServiceProcess[] = [];
  private readonly more: { close(): Promise<void> }[] = [];
  private readonly leaks = new Set<string>();
  /** What went in and must never come out, by name: its end looks for these everywhere (L10). */
  readonly secrets: Record<string, string>;

  constructor(
    private readonly options: StackOptions,
    readonly folder: string,
    readonly token: string,
    readonly nats: NatsServer,
    /** Between the services and NATS. */
    readonly natsProxy: TcpProxy,
    readonly database: TestDatabase,
    /** Between the services and PostgreSQL. */
    readonly postgresProxy: TcpProxy,
    /** The PostgreSQL of this stack alone, where one was asked for. */
    readonly postgres: PostgresServer | undefined,
    private readonly ownPowerdns: PowerdnsServer | undefined,
    private readonly ownProxy: FaultProxy | undefined,
  ) {
    this.secrets = { 'the admin token': token, ...(ownPowerdns === undefined ? {} : { "PowerDNS' key": ownPowerdns.apiKey }) };
  }

  get powerdns(): PowerdnsServer {
    if (this.ownPowerdns === undefined) throw new Error('this stack has no PowerDNS');
    return this.ownPowerdns;
  }

  /** Between the adapter and PowerDNS' API; records every call. */
  get proxy(): FaultProxy {
    if (this.ownProxy === undefined) throw new Error('this stack has no PowerDNS');
    return this.ownProxy;
  }

  get gateway(): GatewayClient {
    return this.gatewayOf(0);
  }

  gatewayOf(replica: number): GatewayClient {
    return new GatewayClient(this.service('gateway', replica).url, this.token, (call, answer) => { this.hear(call, answer); });
  }

  /** The replica of a service; 0 is the first. */
  service(name: ServiceName, replica = 0): ServiceProcess {
    const found = this.services.filter((service) => service.name === name)[replica];
    if (found === undefined) throw new Error(`this stack has no ${name} number ${replica}`);
    return found;
  }

  get replicas(): readonly ServiceProcess[] {
    return this.services;
  }

  /** Starts one more replica of a service (or the first) and waits until it is ready. */
  async add(name: ServiceName, env: Readonly<Record<string, string>> = {}, options: { readonly wait?: boolean } = {}): Promise<ServiceProcess> {
    const number = this.services.filter((service) => service.name === name).length;
    const instance = `${name}-${number}`;
    const started = await ServiceProcess.start({
      service: name, instance, root: ROOT, logFile: join(this.folder, `${instance}.log`),
      env: {
        ...childEnv(),
        NATS_URL: this.natsProxy.instead(this.nats.url),
        ...natsUserEnv(name, natsPassword),
        DATABASE_URL: this.postgresProxy.instead(await this.database.urlFor(schemaOf(name))),
        INSTANCE: instance,
        LOG_LEVEL: 'debug',
        ...(name === 'gateway' ? { ADMIN_TOKEN_FILE: join(this.folder, 'admin-token') } : {}),
        ...(name.startsWith('adapter-') ? { KEY_FILE: join(this.folder, `${name}-keys.json`) } : {}),
        ...this.options.env?.all,
        ...this.options.env?.[name],
        ...env,
      },
    });
    this.services.push(started);
    if (options.wait !== false) await started.ready();
    return started;
  }

  /** A connection to this stack's PowerDNS, through the fault proxy. */
  async connect(name = 'powerdns'): Promise<Connection> {
    return this.connectTo(this.powerdns, { name, api: this.proxy.url });
  }

  /** A connection to any PowerDNS. */
  async connectTo(powerdns: PowerdnsServer, options: { readonly name?: string; readonly api?: string } = {}): Promise<Connection> {
    await this.gateway.announced('powerdns');
    return this.gateway.addConnection(options.name ?? `powerdns ${powerdns.apiPort}`, 'powerdns', connectionSettings(powerdns, options.api ?? powerdns.api));
  }

  /** Makes a zone on this stack's PowerDNS and adds it to vmdns, over a connection made when none is given. */
  async addZone(name: string, options: { readonly onServer?: NewZone; readonly entry?: Partial<NewZoneEntry> } = {}): Promise<Zone> {
    const absolute = name.endsWith('.') ? name : `${name}.`;
    await this.powerdns.createZone(absolute, { apiRectify: false, ...options.onServer });
    const connectionId = options.entry?.connectionId ?? (await this.gateway.connections()).items[0]?.id ?? (await this.connect()).id;
    return this.gateway.addZone({ ...options.entry, name: absolute, connectionId });
  }

  /** What the name server answers. */
  dns(name: string, type: AskedType): Promise<DnsAnswer> {
    return dnsAsk(this.powerdns.dns, name, type);
  }

  /** Another PowerDNS and a proxy before it, ended with the stack. */
  async secondPowerdns(choice: PowerdnsChoice = {}): Promise<{ readonly powerdns: PowerdnsServer; readonly proxy: FaultProxy }> {
    const powerdns = await startPowerdns(choice);
    this.secrets[`the key of PowerDNS ${powerdns.apiPort}`] = powerdns.apiKey;
    const proxy = await FaultProxy.before(powerdns.api);
    this.more.push({ close: async () => { await proxy.close(); await powerdns.stop(); } });
    return { powerdns, proxy };
  }

  /** All logs, a service after the other: for a failed test's last words. */
  logs(): string {
    return this.services.map((service) => `=== ${service.instance} ===\n${service.logs()}`).join('\n');
  }

  /** Everything that came out of it so far, by place; answers of the API are searched as they come. */
  async whatCameOut(): Promise<Places> {
    return { logs: textOfFiles(this.folder, SECRET_FILES), metrics: await this.metrics(), tables: await textOfTables(this.database).catch(unlessKilled), streams: textOfFiles(this.nats.options.folder, CONFIG_FILES) };
  }

  /** The secrets that are in anything that came out (L10): must be none. */
  async findSecrets(): Promise<readonly string[]> {
    const { secrets } = this;
    return [
      ...this.leaks,
      ...findSecretsInFiles('logs', this.folder, secrets, SECRET_FILES), ...findSecretsInFiles('streams', this.nats.options.folder, secrets, CONFIG_FILES),
      ...findSecrets({ metrics: await this.metrics(), tables: await textOfTables(this.database, secrets).catch(unlessKilled) }, secrets),
    ];
  }

  private async metrics(): Promise<string> {
    const running = this.services.filter((service) => service.process.exit === undefined);
    return (await Promise.all(running.map((service) => service.metrics().catch(() => '')))).join('\n');
  }

  /** Ends everything that was started for it; throws where a secret came out of it. */
  async stop(): Promise<void> {
    this.ownProxy?.clear();
    for (const service of this.services) service.thaw();
    const found = await (this.options.searched === false ? Promise.resolve([]) : this.findSecrets()).finally(() => this.end());
    if (found.length > 0) throw new Error(`L10 secrets came out:\n${found.join('\n')}`);
  }

  /** Tests need no graceful end of services: what must survive a kill -9 survives this too. */
  async end(): Promise<void> {
    await Promise.all(this.services.map((service) => service.kill()));
    await Promise.all([this.natsProxy.close(), this.postgresProxy.close(), this.ownProxy?.close(), ...this.more.map((one) => one.close())]);
    await Promise.all([this.nats.kill(), this.ownPowerdns?.kill()]);
    await (this.postgres === undefined ? this.database.drop() : this.postgres.stop());
  }

  private hear(call: string, { headers, body }: HttpAnswer): void {
    const fields: string[] = [];
    headers.forEach((value, name) => { fields.push(`${name}: ${value}`); });
    for (const leak of findSecrets({ [`the answer to ${call}`]: `${fields.join('\n')}\n${typeof body === 'string' ? body : JSON.stringify(body)}` }, this.secrets)) this.leaks.add(leak);
  }
}

/** A test may have killed its PostgreSQL; then no table can be read. */
function unlessKilled(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'code' in error && error.code === 'ECONNREFUSED') return '';
  throw error;
}

/** Starts the built services on servers of their own, and waits until all are ready. `tsc -b` comes first. */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const folder = newFolder('stack');
  const token = randomBytes(24).toString('hex');
  writeFileSync(join(folder, 'admin-token'), token, { mode: 0o600 });
  const ownPostgres = options.postgres === 'own' ? await startPostgres() : options.postgres === 'shared' ? undefined : options.postgres;
  const [nats, database, powerdns] = await Promise.all([
    startNats({ config: localNatsConfig(ROOT, natsPassword) }),
    freshDatabase(ownPostgres?.url()),
    options.powerdns === false ? undefined : startPowerdns({ rectify: false, ...options.powerdns }),
  ]);
  const stack = new Stack(
    options, folder, token, nats, await TcpProxy.before({ host: '127.0.0.1', port: nats.port }),
    database, await TcpProxy.before({ host: database.host, port: database.port }), ownPostgres,
    powerdns, powerdns === undefined ? undefined : await FaultProxy.before(powerdns.api),
  );
  try {
    const wanted = options.services ?? [...CORE, ...(powerdns === undefined ? [] : [POWERDNS] as const)];
    await Promise.all(wanted.map((service) => stack.add(service, {}, { wait: false })));
    await Promise.all(stack.replicas.map((service) => service.ready(90_000)));
    return stack;
  } catch (error) {
    await stack.end();
    throw error;
  }
}
