import { Inject, Injectable } from '@nestjs/common';
import { Clock, CONFIG } from '@vmdns/chassis';
import { Store, type Tx } from '@vmdns/store';
import type { Config } from '../config.js';

const DAY_MS = 86_400_000;
/** Clocks differ; what is further ahead than this goes to the default partition. */
const DAYS_AHEAD = 2;
/** `entry_20251121` */
const PARTITION = /^entry_(\d{4})(\d\d)(\d\d)$/;

/** The table's days: made when an entry needs one, dropped when the retention has passed. */
@Injectable()
export class EntryPartitions {
  private readonly known = new Set<string>();

  constructor(private readonly store: Store, private readonly clock: Clock, @Inject(CONFIG) private readonly config: Pick<Config, 'LOG_RETENTION_DAYS'>) {}

  /** When the oldest entry can have happened. */
  firstKept(): Date {
    return new Date(this.firstKeptDay());
  }

  /** Makes the days' partitions that do not exist yet. May run twice, also in two replicas at once. */
  async ensureFor(instants: readonly string[]): Promise<void> {
    const limit = this.clock.now().getTime() + DAYS_AHEAD * DAY_MS;
    // Instants are in UTC: they begin with their day.
    for (const day of new Set(instants.map((at) => at.slice(0, 10)))) {
      if (this.known.has(day) || Date.parse(day) >= limit) continue;
      await this.store.transaction((tx) => ensureDay(tx, day));
      this.known.add(day);
    }
  }

  /** Drops the days before the first that is kept, and gives their names. */
  async dropOld(): Promise<readonly string[]> {
    const rows = await this.store.query<{ name: string }>(`select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'entry'::regclass`);
    const old = rows.map((row) => row.name).filter((name) => dayOf(name) < this.firstKeptDay());
    for (const name of old) await this.store.query(`drop table if exists ${name}`);
    await this.store.query('delete from entry_default where at < $1', [this.firstKept()]);
    return old;
  }

  private firstKeptDay(): number {
    const today = Math.floor(this.clock.now().getTime() / DAY_MS) * DAY_MS;
    return today - this.config.LOG_RETENTION_DAYS * DAY_MS;
  }
}

function dayOf(partition: string): number {
  const match = PARTITION.exec(partition);
  return match === null ? Infinity : Date.parse(`${match[1]}-${match[2]}-${match[3]}T00:00:00Z`);
}

/** Filled before it is attached, so that a day which lay in the default partition moves over, and readers hardly wait. */
async function ensureDay(tx: Tx, day: string): Promise<void> {
  const name = `entry_${day.replaceAll('-', '')}`;
  await tx.query(`select pg_advisory_xact_lock(hashtext('vmdns.log.partitions'))`);
  const [found] = await tx.query<{ there: boolean }>('select to_regclass($1) is not null as there', [name]);
  if (found?.there === true) return;
  const from = `${day}T00:00:00Z`;
  const to = new Date(Date.parse(from) + DAY_MS).toISOString();
  await tx.query(`create table ${name} (like entry including all)`);
  await tx.query(`with moved as (delete from entry_default where at >= $1 and at < $2 returning *) insert into ${name} select * from moved`, [from, to]);
  await tx.query(`alter table entry attach partition ${name} for values from ('${from}') to ('${to}')`);
}
