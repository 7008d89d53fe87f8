import { resolve } from 'node:path';

/** The listeners of a local stack. */
export interface StackPorts {
  readonly http: number;
  readonly nats: number;
  readonly postgres: number;
  readonly powerdnsApi: number;
  readonly dns: number;
}

/** What the environment says about a local stack. */
export interface Settings {
  readonly home: string;
  readonly toolsFolder: string;
  readonly ports: StackPorts;
  readonly demo: boolean;
  readonly logLevel: string;
  /** Providers whose adapters are started. */
  readonly adapters: readonly string[] | 'all';
}

/** Which variable sets which port, and where it is when nothing is said. */
export const PORTS: Readonly<Record<keyof StackPorts, { readonly variable: string; readonly preset: number; readonly what: string }>> = {
  http: { variable: 'VMDNS_HTTP_PORT', preset: 8080, what: 'the API' },
  nats: { variable: 'VMDNS_NATS_PORT', preset: 14222, what: 'nats-server' },
  postgres: { variable: 'VMDNS_POSTGRES_PORT', preset: 15432, what: 'PostgreSQL' },
  powerdnsApi: { variable: 'VMDNS_POWERDNS_API_PORT', preset: 18081, what: "PowerDNS' API" },
  dns: { variable: 'VMDNS_DNS_PORT', preset: 15353, what: "PowerDNS' DNS" },
};

/** The local PowerDNS', and the one that keeps zones in memory; each further one costs its memory. */
export const ADAPTERS_PRESET = 'powerdns,memory';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Something the person who starts the stack can mend; shown as one line, without a stack trace. */
export class StartProblem extends Error {
  override readonly name = 'StartProblem';
}

/** Reads `VMDNS_…`; all faults at once, by variable. Paths are relative to `folder`. */
export function readSettings(env: Environment, folder: string): Settings {
  const faults: string[] = [];
  const port = (key: keyof StackPorts): number => {
    const { variable, preset } = PORTS[key];
    const text = env[variable];
    if (text === undefined || text === '') return preset;
    const number = Number(text);
    if (!/^\d+$/.test(text) || number < 1 || number > 65_535) faults.push(`${variable} must be a port from 1 to 65535`);
    return number;
  };
  const ports = { http: port('http'), nats: port('nats'), postgres: port('postgres'), powerdnsApi: port('powerdnsApi'), dns: port('dns') };
  const taken = new Map<number, string>();
  for (const key of Object.keys(PORTS) as (keyof StackPorts)[]) {
    const { variable } = PORTS[key];
    const other = taken.get(ports[key]);
    if (other !== undefined) faults.push(`${variable} and ${other} are both ${ports[key]}`);
    taken.set(ports[key], variable);
  }
  if (faults.length > 0) throw new StartProblem(faults.join('\n'));
  const home = resolve(folder, env['VMDNS_HOME'] === undefined || env['VMDNS_HOME'] === '' ? '.vmdns' : env['VMDNS_HOME']);
  const tools = env['VMDNS_TOOLS'];
  const adapters = env['VMDNS_ADAPTERS'] === undefined || env['VMDNS_ADAPTERS'] === '' ? ADAPTERS_PRESET : env['VMDNS_ADAPTERS'];
  return {
    home,
    toolsFolder: tools === undefined || tools === '' ? `${home}/tools` : resolve(folder, tools),
    ports,
    demo: !['0', 'false', 'no', 'off'].includes((env['VMDNS_DEMO'] ?? '').toLowerCase()),
    logLevel: env['VMDNS_LOG_LEVEL'] ?? 'info',
    adapters: adapters === 'all' ? 'all' : adapters.split(',').map((name) => name.trim()).filter((name) => name !== ''),
  };
}
