import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from './ports.js';
import { ManagedProcess, type Exit } from './processes.js';
import { until } from './wait.js';

/** The services that are always there; adapters come and go with their folders. */
export const CORE = ['inventory', 'planner', 'log', 'gateway'] as const;
const ADAPTER = 'adapter-';
export type AdapterName = `${typeof ADAPTER}${string}`;
export type ServiceName = (typeof CORE)[number] | AdapterName;

const isAdapter = (name: string): name is AdapterName => name.startsWith(ADAPTER);

/** Every adapter of a working tree, by its folder under services/. */
export const adaptersOf = (root: string): readonly AdapterName[] => readdirSync(join(root, 'services')).filter(isAdapter).sort();
export const adapterOf = (provider: string): AdapterName => `${ADAPTER}${provider}`;
export const providerOf = (adapter: AdapterName): string => adapter.slice(ADAPTER.length);

/** A service's Postgres schema; its role is `vmdns_<schema>`. */
export function schemaOf(service: string): string {
  return service.replaceAll('-', '_');
}

export interface ServiceOptions {
  readonly service: ServiceName;
  /** Tells replicas apart; also the log's name. */
  readonly instance?: string;
  /** The working tree with the built services. */
  readonly root: string;
  readonly env: Readonly<Record<string, string>>;
  readonly port?: number;
  readonly logFile: string;
  readonly pidFile?: string;
}

/** What `/readyz` says. */
export interface Readiness { readonly ready: boolean; readonly text: string }

/** One replica of a service as a real process, `node services/<x>/dist/main.js`, on a port that stays. */
export class ServiceProcess {
  private constructor(readonly options: ServiceOptions, readonly port: number, private current: ManagedProcess, private env: Readonly<Record<string, string>>) {}

  /** Starts it and returns at once; `ready` waits. */
  static async start(options: ServiceOptions): Promise<ServiceProcess> {
    const port = options.port ?? await freePort();
    return new ServiceProcess(options, port, launch(options, port, options.env), options.env);
  }

  get name(): ServiceName {
    return this.options.service;
  }

  get instance(): string {
    return this.options.instance ?? this.options.service;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get process(): ManagedProcess {
    return this.current;
  }

  async readiness(): Promise<Readiness> {
    const answer = await fetch(`${this.url}/readyz`, { signal: AbortSignal.timeout(3_000) });
    return { ready: answer.ok, text: (await answer.text()).slice(0, 500) };
  }

  /** Waits until `/readyz` says so; throws with the last lines of its log when the process ends or the time does. */
  async ready(withinMs = 60_000): Promise<void> {
    let last = 'it did not answer';
    const isReady = async (): Promise<boolean> => {
      if (this.current.exit !== undefined) return true;
      const seen = await this.readiness();
      last = seen.text;
      return seen.ready;
    };
    await until(isReady, { withinMs, everyMs: 50, what: `${this.instance} to be ready` }).catch((error: unknown) => {
      throw new Error(`${this.instance} is not ready after ${withinMs} ms: ${last}\n${this.current.tail()}`, { cause: error });
    });
    if (this.current.exit !== undefined) throw new Error(`${this.instance} ended (${exitText(this.current.exit)}):\n${this.current.tail()}`);
  }

  async stop(): Promise<Exit> {
    return this.current.stop();
  }

  /** kill -9. */
  async kill(): Promise<Exit> {
    return this.current.kill();
  }

  /** SIGSTOP: it keeps its connections and leases, and does nothing. */
  freeze(): void {
    this.current.signal('SIGSTOP');
  }

  thaw(): void {
    this.current.signal('SIGCONT');
  }

  /** Starts it again on the same port, after a stop when it still runs; `env` replaces single variables from then on. */
  async restart(env: Readonly<Record<string, string>> = {}): Promise<void> {
    if (this.current.exit === undefined) await this.stop();
    this.relaunch(env);
  }

  /** Starts it again without waiting for anything: the old process has ended. */
  relaunch(env: Readonly<Record<string, string>> = {}): void {
    this.env = { ...this.env, ...env };
    this.current = launch(this.options, this.port, this.env);
  }

  /** All it ever wrote, over all its starts. */
  logs(): string {
    return readFileSync(this.options.logFile, 'utf8');
  }

  /** Its metrics as Prometheus text. */
  async metrics(): Promise<string> {
    const answer = await fetch(`${this.url}/metrics`, { signal: AbortSignal.timeout(5_000) });
    return answer.text();
  }
}

/**
 * A heap that may grow to gigabytes is collected late, and what is garbage counts as memory. Below 2 GB the engine collects
 * sooner, for a little more CPU (figures: B13 in test/bench/README.md); nothing of ours needs as much as this.
 */
const HEAP = ['--max-old-space-size=1536', '--max-semi-space-size=8'] as const;

function launch(options: ServiceOptions, port: number, env: Readonly<Record<string, string>>): ManagedProcess {
  const passed = Object.fromEntries(['PATH', 'HOME', 'TZ', 'NODE_EXTRA_CA_CERTS'].flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name] ?? '']])));
  return ManagedProcess.start({
    name: options.instance ?? options.service,
    command: process.execPath,
    args: [...HEAP, join(options.root, 'services', options.service, 'dist', 'main.js')],
    cwd: options.root,
    env: { ...passed, NODE_ENV: 'production', HTTP_HOST: '127.0.0.1', HTTP_PORT: String(port), ...env },
    logFile: options.logFile,
    ...(options.pidFile === undefined ? {} : { pidFile: options.pidFile }),
  });
}

export function exitText(exit: Exit): string {
  return exit.signal === null ? `exit code ${exit.code ?? '?'}` : exit.signal;
}
