import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';

const TICK_US = 10_000;

/** A fixed amount of work, about 100 ms on the machine of PERFORMANCE.md: gives how long it took. */
export function canary(): number {
  const from = performance.now();
  let x = 1;
  for (let i = 0; i < 60_000_000; i += 1) x = (Math.imul(x, 1_103_515_245) + 12_345) | 0;
  const took = performance.now() - from;
  return x === 0 ? took + 1 : took;
}

/** CPU time of these processes so far, in microseconds; children that ended count where their parent waited for them. */
export function cpuOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + (statOf(pid)?.cpuUs ?? 0), 0);
}

/** A process and everything below it. */
export function treeOf(root: number): readonly number[] {
  const parents = new Map<number, number>();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const stat = statOf(Number(entry));
    if (stat !== undefined) parents.set(Number(entry), stat.parent);
  }
  const tree = [root];
  for (const pid of tree) for (const [child, parent] of parents) if (parent === pid) tree.push(child);
  return tree;
}

function statOf(pid: number): { readonly parent: number; readonly cpuUs: number } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ').map(Number);
    // utime, stime and those of children that were waited for: fields 14 to 17, counted from the state as 3.
    return { parent: fields[1] ?? 0, cpuUs: [11, 12, 13, 14].reduce((sum, at) => sum + (fields[at] ?? 0), 0) * TICK_US };
  } catch {
    return undefined;
  }
}

/** Resident memory in MB: now, and the most it ever was. */
export function memoryOf(pid: number): { readonly rss: number; readonly peak: number } {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8');
  const mb = (field: string): number => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) / 1024;
  return { rss: mb('VmRSS'), peak: mb('VmHWM') };
}

/** From here on the most that it ever was is counted anew. */
export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

/** What voids a latency: connections that the kernel dropped, in this network namespace. */
export interface Drops { readonly listenOverflows: number; readonly synRetransmits: number }

export function drops(): Drops {
  const lines = readFileSync('/proc/net/netstat', 'utf8').split('\n').filter((line) => line.startsWith('TcpExt:'));
  const [names = [], values = []] = lines.map((line) => line.split(' '));
  const of = (name: string): number => Number(values[names.indexOf(name)] ?? 0);
  return { listenOverflows: of('ListenOverflows'), synRetransmits: of('TCPSynRetrans') };
}

export const dropsSince = (before: Drops): Drops => {
  const now = drops();
  return { listenOverflows: now.listenOverflows - before.listenOverflows, synRetransmits: now.synRetransmits - before.synRetransmits };
};

export const load = (): number => loadavg()[0] ?? 0;
