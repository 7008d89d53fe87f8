import type { Store, Tx } from '@vmdns/store';
import type { Host } from '../host.js';

/** A row that is there keeps its time: it may stand for outcomes before these. */
export const ON_NOTED = 'on conflict (target, instance) do update set mark = excluded.mark';

interface Mark {
  readonly mark: number;
  readonly at: Date;
  isSaid: boolean;
}

/**
 * Outcomes that were committed and perhaps not said. A row is written with them and deleted, a second's worth at once,
 * when the bus has them; so a crash or a bus that is away for hours loses no result, and nobody's row but ours is touched.
 */
export class Unsaid {
  private counter = 0;
  private readonly open = new Map<string, Mark[]>();
  private readonly failed = new Set<string>();

  constructor(private readonly store: Store, private readonly host: Host) {}

  /** For the transaction of the outcomes; `noted` when it is committed. */
  nextMark(): number {
    this.counter += 1;
    return this.counter;
  }

  /** Within the transaction of the outcomes; `noted` when it is committed. */
  async note(tx: Tx, targets: readonly string[]): Promise<NotedOutcomes> {
    const mark = this.nextMark();
    const rows = await tx.query<{ at: Date }>(
      `insert into unsaid (target, instance, since, mark) select t, $2, clock_timestamp(), $3 from unnest($1::text[]) t order by t collate "C" ${ON_NOTED} returning clock_timestamp() as at`,
      [targets, this.host.instance, mark],
    );
    return { targets, mark, at: rows[0]?.at ?? new Date(0) };
  }

  /** The transaction is committed. */
  noted(outcomes: NotedOutcomes): void {
    for (const target of outcomes.targets) {
      const marks = this.open.get(target) ?? [];
      marks.push({ mark: outcomes.mark, at: outcomes.at, isSaid: false });
      this.open.set(target, marks);
    }
  }

  said(outcomes: NotedOutcomes, ok: boolean): void {
    for (const target of outcomes.targets) {
      if (!ok) this.failed.add(target);
      for (const mark of this.open.get(target) ?? []) if (mark.mark === outcomes.mark) mark.isSaid = true;
    }
  }

  /** Forgets what was said; called once a second and at the end. What failed is left to the one who says again. */
  async flush(): Promise<void> {
    if (this.failed.size > 0) await this.forgetMended();
    const done = this.takeSaid();
    if (done.length === 0) return;
    const parameters = [done.map((d) => d.target), done.map((d) => d.mark), this.host.instance, done.map((d) => d.at)];
    try {
      await this.store.query(
        `with said as (select * from unnest($1::text[], $2::bigint[], $4::timestamptz[]) as s (target, mark, at)),
         gone as (delete from unsaid u using said s where u.target = s.target and u.instance = $3 and u.mark <= s.mark)
         update unsaid u set since = s.at from said s where u.target = s.target and u.instance = $3 and u.mark > s.mark and u.since < s.at`,
        parameters,
      );
    } catch (error) {
      for (const { target } of done) this.failed.add(target);
      throw error;
    }
  }

  private takeSaid(): { target: string; mark: number; at: Date }[] {
    const done: { target: string; mark: number; at: Date }[] = [];
    for (const [target, marks] of this.open) {
      let last: Mark | undefined;
      while (marks[0]?.isSaid === true) last = marks.shift();
      if (marks.length === 0) this.open.delete(target);
      if (last !== undefined && !this.failed.has(target)) done.push({ target, mark: last.mark, at: last.at });
    }
    return done;
  }

  private async forgetMended(): Promise<void> {
    const left = await this.store.query<{ target: string }>('select target from unsaid where instance = $1 and target = any($2)', [this.host.instance, [...this.failed]]);
    const still = new Set(left.map((row) => row.target));
    for (const target of this.failed) if (!still.has(target)) this.failed.delete(target);
  }
}

/** What `note` wrote: the targets, and when. */
export interface NotedOutcomes {
  readonly targets: readonly string[];
  readonly mark: number;
  readonly at: Date;
}
