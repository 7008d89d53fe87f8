import type { Log } from '@vmdns/chassis';
import type { Store } from '@vmdns/store';
import { OUTCOME_COLUMNS, outcomeOf, type OutcomeRow } from './outcome.js';
import type { Sayer } from './sayer.js';

interface UnsaidRow {
  readonly target: string;
  readonly instance: string;
  readonly since: Date;
  readonly mark: number;
  readonly apex: string | null;
  readonly connection_id: string | null;
}

/** Outcomes older than this were surely meant to be said by now. */
const OVERDUE_SECONDS = 15;
/** How far back a new result stream is told (PROTOCOL §1). */
const REBORN_HOURS = 24;
const PAGE = 500;
const LANES_AT_ONCE = 20;
/** The instance of rows that ask for a repeat, as no process has it. */
const REBORN = '(stream)';

const OVERDUE = `
select u.*, l.connection_id, (select z.apex from zone z where z.zone_id = l.zone_id) as apex
from unsaid u left join lane l on l.target = u.target
where (u.instance = $1 or u.since < clock_timestamp() - $2::int * interval '1 second') and (u.target, u.instance) > ($3, $4)
order by u.target, u.instance limit ${LANES_AT_ONCE}`;

const NAMES = `
select ${OUTCOME_COLUMNS} from name n
where n.target = $1 and n.owner_name > $2 and n.outcome_at >= $3 and n.state <> 'pending' order by n.owner_name limit ${PAGE}`;

/** Says outcomes that nobody may have heard: a process died between commit and saying, the bus was away, or its stream was wiped. */
export class SayAgain {
  private running: Promise<void> | undefined;

  constructor(private readonly store: Store, private readonly sayer: Sayer, private readonly log: Log) {}

  /** The result stream was born at this instant: if that is news, everything settled in the last 24 h is said again. */
  async onStream(created: string): Promise<void> {
    await this.store.transaction(async (tx) => {
      const rows = await tx.query<{ before: string | null }>(
        `update host h set result_stream = $1 from host o where h.result_stream is distinct from $1 returning o.result_stream as before`, [created]);
      if (rows[0] === undefined || rows[0].before === null) return;
      this.log.warn({ created, before: rows[0].before }, 'the result stream is new, the last outcomes are said again');
      await tx.query(
        `insert into unsaid (target, instance, since, mark) select target, $1, clock_timestamp() - $2::int * interval '1 hour', (extract(epoch from clock_timestamp()) * 1000)::bigint from lane order by target
         on conflict (target, instance) do update set since = least(unsaid.since, excluded.since), mark = excluded.mark`,
        [REBORN, REBORN_HOURS]);
    });
  }

  /** Says what is overdue, page by page; one run at a time. */
  run(): Promise<void> {
    this.running ??= this.sayOverdue().catch((error: unknown) => this.log.warn({ err: error }, 'outcomes could not be said again')).finally(() => {
      this.running = undefined;
    });
    return this.running;
  }

  /** One pass over all that is overdue; a row that grows meanwhile waits for the next pass. */
  private async sayOverdue(): Promise<void> {
    for (let last: Pick<UnsaidRow, 'target' | 'instance'> | undefined = { target: '', instance: '' }; last !== undefined; ) {
      const rows: readonly UnsaidRow[] = await this.store.query<UnsaidRow>(OVERDUE, [REBORN, OVERDUE_SECONDS, last.target, last.instance]);
      for (const row of rows) {
        if (!(await this.sayLane(row))) return;
        await this.store.query('delete from unsaid where target = $1 and instance = $2 and mark = $3', [row.target, row.instance, row.mark]);
      }
      last = rows.at(-1);
    }
  }

  private async sayLane(row: UnsaidRow): Promise<boolean> {
    for (let after = ''; ; ) {
      const names = await this.store.query<OutcomeRow>(NAMES, [row.target, after, row.since]);
      const outcomes = names.map((name) => outcomeOf({ zoneId: name.zone_id, apex: row.apex ?? '', connectionId: row.connection_id ?? '', target: row.target }, name, row.since));
      if (outcomes.length > 0 && !(await this.sayer.publish(outcomes, true))) return false;
      const last = names.at(-1);
      if (last === undefined || names.length < PAGE) return true;
      after = last.owner_name;
    }
  }
}
