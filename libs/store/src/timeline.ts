import { CLUSTER } from './history.js';
import type { Store, Tx } from './store.js';

interface Row { readonly timeline: number; readonly cluster: string; readonly seen: string | null }

const LOCK = 'select pg_advisory_xact_lock(86367, 1)';
const LOOK = `select timeline, cluster, ${CLUSTER} as seen from vmdns_shared.timeline`;
const LOOK_EVERY_MS = 5000;
/** After a look that failed: the first ones do, while the schema is still being made; later it is a listener. */
const FIRST_AGAIN_MS = 100;
const LOOK_AGAIN_MS = 1000;

/** The one number that rises when Postgres may have lost its last seconds (PROTOCOL §1); in `vmdns_shared.timeline`. */
export class Timeline {
  private readonly listeners = new Set<(timeline: number) => void | Promise<void>>();
  private isMade = false;
  private telling: Promise<void> | undefined;
  private told = false;
  private wasTold = false;

  /** `listener` tells apart who listens within one service, where it is not one object. */
  constructor(readonly store: Store, readonly listener = 'service') {}

  /** The number, at least 1. Also looks whether Postgres' own timeline changed, and raises it once for all services. */
  async current(): Promise<number> {
    const [row] = await this.look();
    if (row === undefined) throw new Error('reading the timeline: its row is gone');
    if (row.seen === null || row.seen === row.cluster) return row.timeline;
    const [raised] = await this.store.query<Row>('update vmdns_shared.timeline set timeline = timeline + 1, cluster = $1 where cluster = $2 returning timeline', [row.seen, row.cluster]);
    return raised?.timeline ?? this.current();
  }

  /** After a restore: one more. */
  async raise(): Promise<number> {
    await this.current();
    const [row] = await this.store.query<Row>('update vmdns_shared.timeline set timeline = timeline + 1 returning timeline');
    return row?.timeline ?? 1;
  }

  /**
   * Called by `watch` with the new number: in every process that runs when it rises, and in the first one of a service
   * that starts after it rose. A listener that fails is called again, so it may run twice. Listen before you watch.
   */
  onRaise(listener: (timeline: number) => void | Promise<void>): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /**
   * Whether every listener has done what it does after a raise, and no connection has met another history since. Until
   * then, what would build on the lost seconds has to wait.
   */
  get isTold(): boolean {
    return this.told;
  }

  /** Whether what is read now may be older than what was known before: a connection met another history, and no listener has said yet what that lost. */
  get isInDoubt(): boolean {
    return this.wasTold && !this.told;
  }

  /** Looks at once and every 5 s until stopped, and when a connection meets another history; what cannot be seen now is seen later. */
  watch(everyMs = LOOK_EVERY_MS): () => void {
    let last: number | undefined;
    let doubts = 0;
    const look = async (): Promise<void> => {
      const seen = doubts;
      const timeline = await this.current();
      last ??= await this.lastTold(timeline);
      if (timeline > last) {
        this.told = false;
        await this.tell(timeline);
      }
      last = timeline;
      this.told = seen === doubts;
      this.wasTold ||= this.told;
    };
    let again: NodeJS.Timeout | undefined;
    const lookAlone = (): void => {
      clearTimeout(again);
      this.telling ??= look().catch(() => { again = setTimeout(lookAlone, last === undefined ? FIRST_AGAIN_MS : LOOK_AGAIN_MS).unref(); }).finally(() => { this.telling = undefined; });
    };
    const stopHearing = this.store.onNewHistory(() => {
      doubts += 1;
      this.told = false;
      void (this.telling ?? Promise.resolve()).then(lookAlone);
    });
    lookAlone();
    const timer = setInterval(lookAlone, everyMs).unref();
    return () => {
      stopHearing();
      clearInterval(timer);
      clearTimeout(again);
    };
  }

  private async tell(timeline: number): Promise<void> {
    for (const listener of this.listeners) await listener(timeline);
    await this.store.query('update vmdns_shared.timeline_told set timeline = greatest(timeline, $2) where listener = $1', [this.name, timeline]);
  }

  /** What this service was last told, by any of its processes; a new service begins with what is. */
  private async lastTold(timeline: number): Promise<number> {
    await this.store.query('insert into vmdns_shared.timeline_told (listener, timeline) values ($1, $2) on conflict do nothing', [this.name, timeline]);
    const [row] = await this.store.query<{ timeline: number }>('select timeline from vmdns_shared.timeline_told where listener = $1', [this.name]);
    return row?.timeline ?? timeline;
  }

  private get name(): string {
    return `${this.store.schema}/${this.listener}`;
  }

  private async look(): Promise<readonly Row[]> {
    if (!this.isMade) await this.store.transaction(make);
    this.isMade = true;
    return this.store.query<Row>(LOOK);
  }
}

/** Whichever service comes first makes it; the roles of all may read and raise it. */
async function make(tx: Tx): Promise<void> {
  if (await exists(tx)) return;
  await tx.query(LOCK);
  if (await exists(tx)) return;
  const [schema] = await tx.query('select 1 as found from pg_namespace where nspname = $1', ['vmdns_shared']);
  if (schema === undefined) await tx.query('create schema vmdns_shared');
  await tx.query('create table vmdns_shared.timeline (only_row boolean primary key default true check (only_row), timeline bigint not null, cluster text not null)');
  await tx.query(`insert into vmdns_shared.timeline (timeline, cluster) values (1, coalesce(${CLUSTER}, ''))`);
  await tx.query('create table vmdns_shared.timeline_told (listener text primary key, timeline bigint not null)');
  await tx.query('grant usage on schema vmdns_shared to public');
  await tx.query('grant select, update on vmdns_shared.timeline to public');
  await tx.query('grant select, insert, update on vmdns_shared.timeline_told to public');
}

/** From the catalogue's tables: to_regclass may answer from a cache that does not know the other's commit yet. */
async function exists(tx: Tx): Promise<boolean> {
  const found = await tx.query("select 1 as found from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'vmdns_shared' and c.relname = 'timeline'");
  return found.length > 0;
}
