import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { PowerdnsServer } from '@vmdns/local';
import { childEnv, ROOT } from '../support/index.js';
import { patchesOf, type WantedRecord } from './payload.js';

export const REFERENCES = join(ROOT, 'test/bench/reference');

/** What a run of R1 says of itself. */
export interface Sent { readonly statuses: Readonly<Record<string, number>>; readonly ms: number; readonly cpuUs: number }

/**
 * R1 as a process of its own, started once a sandwich so that it is as warm as what it is compared with. Its clock stops at
 * its last 204: nobody asks before, since it flushes no cache and PowerDNS 4.7.3 would keep what it answered meanwhile.
 */
export class RawBatches {
  private readonly lines: AsyncIterator<string>;
  private files = 0;

  private constructor(private readonly child: ChildProcess, private readonly folder: string) {
    if (child.stdout === null) throw new Error('R1 has no output');
    this.lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  static start(powerdns: PowerdnsServer, folder: string): RawBatches {
    mkdirSync(folder, { recursive: true });
    const child = spawn(process.execPath, [join(REFERENCES, 'r1.mjs')], {
      stdio: ['pipe', 'pipe', 'inherit'], env: { ...childEnv(), PDNS_PORT: String(powerdns.apiPort), PDNS_KEY: powerdns.apiKey },
    });
    return new RawBatches(child, folder);
  }

  /** Reads the payload, which costs no time of the run. */
  async load(records: readonly WantedRecord[]): Promise<void> {
    this.files += 1;
    const file = join(this.folder, `payload-${this.files}.json`);
    writeFileSync(file, JSON.stringify(patchesOf(records)));
    this.child.stdin?.write(`${file}\n`);
    await this.line();
  }

  /** Throws when an answer was anything but 204: no reference then. */
  async send(): Promise<Sent> {
    this.child.stdin?.write('go\n');
    const sent = JSON.parse(await this.line()) as Sent;
    if (Object.keys(sent.statuses).join() !== '204') throw new Error(`R1 was answered ${JSON.stringify(sent.statuses)}`);
    return sent;
  }

  close(): void {
    this.child.kill('SIGKILL');
  }

  private async line(): Promise<string> {
    const next = await this.lines.next();
    if (next.done === true) throw new Error('R1 ended before its answer');
    return next.value;
  }
}
