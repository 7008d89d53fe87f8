import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** What programs need to reach a running stack; `endpoints.json` (ARCHITECTURE §5). */
export interface Endpoints {
  readonly http: string;
  readonly token: string;
  readonly nats: { readonly url: string };
  readonly postgres: { readonly url: string };
  readonly powerdns: { readonly api: string; readonly apiKey: string; readonly serverId: string; readonly dns: { readonly host: string; readonly port: number } };
}

/** The folder that holds all state of a local stack. Others may pass through it (PostgreSQL's user must), not look. */
export class Home {
  constructor(readonly folder: string) {
    makeHome(folder);
    for (const part of ['secrets', 'keys', 'logs', 'run']) {
      mkdirSync(join(folder, part), { recursive: true, mode: 0o700 });
      chmodSync(join(folder, part), 0o700);
    }
  }

  path(...parts: readonly string[]): string {
    return join(this.folder, ...parts);
  }

  log(name: string): string {
    return this.path('logs', `${name}.log`);
  }

  pidFile(name: string): string {
    return this.path('run', `${name}.json`);
  }

  get tokenFile(): string {
    return this.path('secrets', 'admin-token');
  }

  get endpointsFile(): string {
    return this.path('endpoints.json');
  }

  /** A secret that is made when first asked for, and stays. */
  secret(name: string): string {
    const file = this.path('secrets', name);
    if (existsSync(file)) {
      const kept = readFileSync(file, 'utf8').trim();
      if (kept !== '') return kept;
    }
    const made = randomBytes(24).toString('base64url');
    this.writePrivately(file, `${made}\n`);
    return made;
  }

  /** Where an adapter keeps its private keys: a folder of its own. */
  keyFile(service: string): string {
    const folder = this.path('keys', service);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return join(folder, 'keys.json');
  }

  writeEndpoints(endpoints: Endpoints): void {
    this.writePrivately(this.endpointsFile, `${JSON.stringify(endpoints, null, 2)}\n`);
  }

  /** Whoever waits for the file must not find an old one. */
  removeEndpoints(): void {
    rmSync(this.endpointsFile, { force: true });
  }

  has(mark: string): boolean {
    return existsSync(this.path('run', mark));
  }

  mark(mark: string): void {
    writeFileSync(this.path('run', mark), '', { mode: 0o600 });
  }

  /** Whole or not at all, and for the owner only. */
  private writePrivately(file: string, text: string): void {
    writeFileSync(`${file}.new`, text, { mode: 0o600 });
    renameSync(`${file}.new`, file);
  }
}

/** Throws what a person can act on. */
function makeHome(folder: string): void {
  try {
    makeFolder(resolve(folder), 0o711);
    chmodSync(folder, 0o711);
  } catch (cause) {
    throw new Error(`VMDNS_HOME cannot be at ${folder}: ${cause instanceof Error ? cause.message : String(cause)}. Name a folder on a disk that you may write to`, { cause });
  }
}

/** From the first folder that is there, one by one: where nothing can be made (below /proc), Node's own recursive way never ends. */
function makeFolder(folder: string, mode: number): void {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) return;
  const parent = dirname(folder);
  if (parent !== folder) makeFolder(parent, mode);
  mkdirSync(folder, { mode });
}
