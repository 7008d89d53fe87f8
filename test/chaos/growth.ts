import { readFileSync } from 'node:fs';
import type { Trouble } from './trouble.js';
import type { World } from './world.js';

/** What is kept and what is used at one moment. */
interface Sample {
  readonly vms: number;
  /** MiB, of the largest process of each service. */
  readonly memory: ReadonlyMap<string, number>;
  /** By table of our schemas. */
  readonly rows: ReadonlyMap<string, number>;
}

const EVERY_MS = 30_000;
/** Answers of providers that are older are not read any more. */
const BODIES_KEPT = 500;

/** Watches what a long run makes grow: memory of each service, rows of each table. */
export class Growth {
  private readonly samples: Sample[] = [];

  constructor(private readonly world: World, private readonly trouble: Trouble) {}

  async watch(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.look();
      for (const { proxy } of this.world.sites) for (const call of proxy.calls.slice(0, -BODIES_KEPT)) call.responseBody = undefined;
      await this.trouble.pause(EVERY_MS, signal);
    }
  }

  /** Where PostgreSQL is away just now, nothing is seen. */
  async look(): Promise<void> {
    const rows = await this.rows().catch(() => undefined);
    if (rows !== undefined) this.samples.push({ vms: this.world.book.vms.size, memory: this.memory(), rows });
  }

  /** At first, at most in the first and in the last third, and at the end. */
  text(): readonly string[] {
    const first = this.samples[0];
    const last = this.samples.at(-1);
    if (first === undefined || last === undefined) return [];
    const third = Math.ceil(this.samples.length / 3);
    const most = (of: (sample: Sample) => number | undefined, part: readonly Sample[]): number => Math.max(0, ...part.map((sample) => of(sample) ?? 0));
    const line = (what: string, of: (sample: Sample) => number | undefined): string => `${what}: ${of(first) ?? 0}, ${most(of, this.samples.slice(0, third))}, ${most(of, this.samples.slice(-third))}, ${of(last) ?? 0}`;
    const keys = (of: (sample: Sample) => ReadonlyMap<string, number>): readonly string[] => [...new Set(this.samples.flatMap((sample) => [...of(sample).keys()]))].sort();
    return [
      `${this.samples.length} looks; at first, at most in the first third, at most in the last third, at the end`, line('VMs', ({ vms }) => vms),
      ...keys(({ memory }) => memory).map((name) => line(`MiB of ${name}`, ({ memory }) => memory.get(name))),
      ...keys(({ rows }) => rows).map((name) => line(`rows of ${name}`, ({ rows }) => rows.get(name))),
    ];
  }

  private memory(): ReadonlyMap<string, number> {
    const largest = new Map<string, number>([['the run itself', Math.round(process.memoryUsage.rss() / 1_048_576)]]);
    for (const { process: its } of this.world.replicas) largest.set(its.name, Math.max(largest.get(its.name) ?? 0, residentMiB(its.process.exit === undefined ? its.process.pid : undefined)));
    return largest;
  }

  private async rows(): Promise<ReadonlyMap<string, number>> {
    const { database } = this.world;
    const tables = await database.query<{ name: string }>(`
      select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where c.relkind in ('r', 'p') and not c.relispartition and n.nspname not like 'pg\\_%' and n.nspname <> 'information_schema' order by 1`);
    const counts = await database.query<{ name: string; rows: number }>(tables.map(({ name }) => `select '${name}' as name, count(*)::int as rows from ${name}`).join(' union all '));
    return new Map(counts.map(({ name, rows }) => [name, rows]));
  }
}

/** 0 of a process that has ended. */
function residentMiB(pid: number | undefined): number {
  try {
    return Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid ?? 0}/status`, 'utf8'))?.[1] ?? 0) / 1_024);
  } catch {
    return 0;
  }
}
