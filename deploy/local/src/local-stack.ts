import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { BinaryMissing, findNatsServer, findPowerdns } from './binaries.js';
import { DATABASE, provisionDatabase, roleUrl } from './database.js';
import { GatewayApi } from './gateway-api.js';
import type { Endpoints, Home } from './home.js';
import { NatsServer } from './nats.js';
import { localNatsConfig, natsUserEnv } from './nats-users.js';
import { isFree } from './ports.js';
import { PostgresServer } from './postgres.js';
import { PowerdnsServer } from './powerdns.js';
import { endLeftOver } from './processes.js';
import { adapterOf, adaptersOf, CORE, providerOf, schemaOf, ServiceProcess, type ServiceName } from './service-process.js';
import { PORTS, StartProblem, type Environment, type Settings, type StackPorts } from './settings.js';
import { Supervisor } from './supervisor.js';

export interface LocalStackOptions {
  readonly home: Home;
  readonly settings: Settings;
  /** The built working tree. */
  readonly root: string;
  readonly env: Environment;
  readonly say: (line: string) => void;
  /** Which services; default: all, with the adapters of the settings. */
  readonly services?: readonly ServiceName[];
}

/** What must be stopped, in the order it was started. */
interface Started { readonly name: string; stop(): Promise<unknown>; kill(): Promise<unknown> }

/** Everything vmdns is made of, as real processes on loopback, kept running. */
export class LocalStack {
  private readonly supervisor: Supervisor;
  private readonly started: Started[] = [];
  private readonly services: ServiceProcess[] = [];
  private powerdnsServer: PowerdnsServer | undefined;
  private starting: Promise<void> | undefined;
  private stopped: Promise<void> | undefined;

  constructor(private readonly options: LocalStackOptions) {
    this.supervisor = new Supervisor(options.say);
  }

  /** Starts it all, or nothing: what was started is stopped again when the rest cannot be. */
  async start(): Promise<void> {
    this.starting ??= this.startAll();
    try {
      await this.starting;
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  get powerdns(): PowerdnsServer {
    if (this.powerdnsServer === undefined) throw new Error('PowerDNS has not been started');
    return this.powerdnsServer;
  }

  get token(): string {
    return this.options.home.secret('admin-token');
  }

  get gateway(): GatewayApi {
    return new GatewayApi(this.endpoints().http, this.token);
  }

  endpoints(): Endpoints {
    const { home, settings } = this.options;
    const { ports } = settings;
    const postgresPassword = home.secret('postgres-superuser');
    return {
      http: `http://127.0.0.1:${ports.http}`,
      token: this.token,
      nats: { url: `nats://127.0.0.1:${ports.nats}` },
      postgres: { url: `postgres://postgres:${encodeURIComponent(postgresPassword)}@127.0.0.1:${ports.postgres}/${DATABASE}` },
      powerdns: { api: this.powerdns.api, apiKey: this.powerdns.apiKey, serverId: this.powerdns.serverId, dns: this.powerdns.dns },
    };
  }

  /** Stops everything, the services first; nothing is left. May run twice, and while it is still starting. */
  stop(): Promise<void> {
    this.stopped ??= this.stopAll();
    return this.stopped;
  }

  /** For somebody in a hurry: kill -9 for everything. The next start recovers. */
  async kill(): Promise<void> {
    this.supervisor.release();
    await Promise.all([...this.services, ...this.started].map((one) => one.kill()));
  }

  private async stopAll(): Promise<void> {
    this.supervisor.release();
    this.options.home.removeEndpoints();
    await Promise.all(this.services.map((service) => service.stop()));
    await this.starting?.catch(() => undefined);
    await Promise.all(this.services.map((service) => service.stop()));
    for (const one of [...this.started].reverse()) await one.stop();
  }

  get isStopping(): boolean {
    return this.stopped !== undefined;
  }

  private mustGoOn(): void {
    if (this.stopped !== undefined) throw new StartProblem('stopped while it was starting');
  }

  private async startAll(): Promise<void> {
    const { home, settings, env, say, root } = this.options;
    home.removeEndpoints();
    this.mustHaveAdapters();
    const finder = { toolsFolder: settings.toolsFolder, env, say };
    const [nats, powerdns] = await Promise.all([findNatsServer(finder), findPowerdns(finder, ['lmdb'])]).catch(asStartProblem);
    this.mustGoOn();
    await endAllLeftOvers(home);
    await mustBeFree(settings.ports);
    await Promise.all([
      this.startPostgres(),
      NatsServer.start({ binary: nats, folder: home.path('nats'), port: settings.ports.nats, pidFile: home.pidFile('nats'), config: localNatsConfig(root, this.natsPassword) }).then((server) => this.keep('nats-server', server)),
      PowerdnsServer.start({
        binary: powerdns, folder: home.path('powerdns'), store: { backend: 'lmdb' }, apiKey: home.secret('powerdns-api-key'),
        apiPort: settings.ports.powerdnsApi, dnsPort: settings.ports.dns, pidFile: home.pidFile('powerdns'),
        // A rectify of the whole zone with every change is what makes PowerDNS slow; the adapter rectifies where it matters.
        settings: { 'default-api-rectify': 'no', 'max-ent-entries': '2000000' },
      }).then((server) => { this.powerdnsServer = server; this.keep('PowerDNS', server); }),
    ]);
    say('PostgreSQL, nats-server and PowerDNS are up; starting the services');
    await this.startServices();
  }

  private async startPostgres(): Promise<void> {
    const { home, settings } = this.options;
    const server = await PostgresServer.start({
      folder: home.path('postgres'), port: settings.ports.postgres, password: home.secret('postgres-superuser'), pidFile: home.pidFile('postgres'),
    });
    this.keep('PostgreSQL', server);
    const roles = new Map(this.wanted().map((service) => [schemaOf(service), home.secret(`postgres-${service}`)]));
    await provisionDatabase((database) => server.url(database), roles);
  }

  private wanted(): readonly ServiceName[] {
    const { services, settings, root } = this.options;
    return services ?? [...CORE, ...(settings.adapters === 'all' ? adaptersOf(root) : settings.adapters.map(adapterOf))];
  }

  private mustHaveAdapters(): void {
    const known = adaptersOf(this.options.root);
    const missing = this.wanted().filter((service) => service.startsWith('adapter-') && !known.some((adapter) => adapter === service));
    if (missing.length > 0) throw new StartProblem(`VMDNS_ADAPTERS: there is no ${missing.map((service) => `services/${service}`).join(', ')}; there are ${known.map(providerOf).join(', ')}`);
  }

  private keep(name: string, server: PostgresServer | NatsServer | PowerdnsServer): void {
    this.started.push({ name, stop: () => server.stop(), kill: () => server.kill() });
    this.supervisor.watch({ name, process: () => server.process, restart: () => server.restart() });
  }

  private async startServices(): Promise<void> {
    const { home, root } = this.options;
    this.mustGoOn();
    await Promise.all(this.wanted().map(async (service) => {
      const running = await ServiceProcess.start({ service, root, env: this.envOf(service), logFile: home.log(service), pidFile: home.pidFile(service), ...this.portOf(service) });
      this.services.push(running);
      this.supervisor.watch({ name: service, process: () => running.process, restart: async () => { running.relaunch(); } });
    }));
    await Promise.all(this.services.map((service) => service.ready(90_000)));
    this.mustGoOn();
  }

  private portOf(service: ServiceName): { readonly port?: number } {
    return service === 'gateway' ? { port: this.options.settings.ports.http } : {};
  }

  private readonly natsPassword = (user: string): string => this.options.home.secret(`nats-${user}`);

  /** What a service is told; nothing of another's. */
  private envOf(service: ServiceName): Readonly<Record<string, string>> {
    const { home, settings } = this.options;
    this.options.home.secret('admin-token');
    return {
      NATS_URL: `nats://127.0.0.1:${settings.ports.nats}`,
      ...natsUserEnv(service, this.natsPassword),
      DATABASE_URL: roleUrl(settings.ports.postgres, schemaOf(service), home.secret(`postgres-${service}`)),
      LOG_LEVEL: settings.logLevel,
      ...(service === 'gateway' ? { ADMIN_TOKEN_FILE: home.tokenFile } : {}),
      ...(service.startsWith('adapter-') ? { KEY_FILE: home.keyFile(service) } : {}),
    };
  }
}

function asStartProblem(error: unknown): never {
  if (error instanceof BinaryMissing) throw new StartProblem(error.message, { cause: error });
  throw error;
}

/** Ends what a launcher that was killed has left running: services first, PostgreSQL gently. */
async function endAllLeftOvers(home: Home): Promise<void> {
  const names = existsSync(home.path('run')) ? await readdir(home.path('run')) : [];
  const parts = names.filter((name) => name.endsWith('.json') && !['launcher.json', 'caller.json', 'postgres.json'].includes(name));
  await Promise.all(parts.map((name) => endLeftOver(join(home.path('run'), name))));
  await endLeftOver(home.pidFile('postgres'), 'SIGINT');
}

async function mustBeFree(ports: StackPorts): Promise<void> {
  const lines: string[] = [];
  for (const [key, { variable, what }] of Object.entries(PORTS) as [keyof StackPorts, (typeof PORTS)[keyof StackPorts]][]) {
    const port = ports[key];
    if (!(await isFree(port, key === 'dns' ? ['tcp', 'udp'] : ['tcp']))) lines.push(`port ${port} for ${what} is taken: set ${variable} to another one, or stop what listens there`);
  }
  if (lines.length > 0) throw new StartProblem(lines.join('\n'));
}
