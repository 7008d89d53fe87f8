import { randomUUID } from 'node:crypto';
import { Bus, cloudEvent, type Outgoing } from '@vmdns/bus';
import { DeedEvent, type NoticeEvent, streams, subjects } from '@vmdns/contracts';
import { CLUSTER, Store, type Tx } from '@vmdns/store';
import { z } from 'zod';
import { Log } from './log.js';
import { ServiceInfo } from './service-info.js';

/** What a person decided, and what is needed to decide it once more. */
export type Deed = Pick<DeedEvent['data'], 'kind' | 'key' | 'what' | 'by'> & { readonly body?: unknown };
/** Its row is written; to be said after the commit. */
export type NotedDeed = Outgoing;

/** What became of a deed that was lost: the end of a sentence, and what is to be done after the commit. */
export interface Healed { readonly outcome: string; readonly after?: () => void }
/** Does a lost deed again where that is safe, or says what a person has to do; undefined: no trace of it is left to speak of. May run twice, of which one is rolled back. */
export type Heal = (tx: Tx, deed: DeedEvent['data']) => Promise<Healed | undefined>;

interface Told { readonly id: string; readonly data: DeedEvent['data'] }
interface Known { readonly id: string; readonly healed: string | null }

/** A failover loses seconds; this is what cursors go back too (PROTOCOL §1). */
const SPAN_MS = 3_600_000;
const READY_MS = 5_000;

/**
 * What people decided and no other stream tells: each deed has a row in the transaction that did it, and is said
 * straight after its commit. One that was said and has no row was lost with PostgreSQL's last seconds; then it is healed
 * or said, by one replica, and the row that is made of that keeps the others from doing it again.
 */
export class Deeds {
  static readonly provider = { provide: Deeds, inject: [Store, Bus, ServiceInfo, Log], useFactory: (store: Store, bus: Bus, info: ServiceInfo, log: Log): Deeds => new Deeds(store, bus, info, log) };

  constructor(private readonly store: Store, private readonly bus: Bus, private readonly info: Pick<ServiceInfo, 'name'>, private readonly log: Log) {}

  /** The statements of a migration. `healed` is null where nothing was lost, and empty where nothing is to be said of it. */
  static ddl(): readonly string[] {
    return [
      'create table deed (id text collate "C" primary key, key text collate "C" not null, at timestamptz not null default clock_timestamp(), history text not null, healed text)',
      'create index deed_key on deed (key)',
      'create index deed_at on deed (at)',
    ];
  }

  /** Within the transaction that does it; `say` what it gives after the commit. */
  async note(tx: Tx, { kind, key, what, by, body }: Deed): Promise<NotedDeed> {
    const service = this.info.name;
    const id = randomUUID();
    const [row] = await tx.query<{ at: Date }>(`insert into deed (id, key, history) select $1, $2, coalesce(${CLUSTER}, '') returning at`, [id, key]);
    // Long after every stream has forgotten them.
    await tx.query(`delete from deed where at < clock_timestamp() - interval '3 days'`);
    const at = (row?.at ?? new Date(0)).toISOString();
    return { subject: subjects.deed.of(service), event: cloudEvent('vmdns.deed.done.v1', `/${service}`, { service, kind, key, what, by, at, body: body ?? null } satisfies DeedEvent['data'], { id, time: at }) };
  }

  /** Returns at once. */
  say(...noted: readonly NotedDeed[]): void {
    this.bus.post(noted);
  }

  /** After a raise of the timeline; gives how many were lost. Throws while the bus is away. May run twice, and in two replicas at once. */
  async takeBack(timeline: number, heals: Readonly<Record<string, Heal>>): Promise<number> {
    await this.bus.whenReady(READY_MS);
    await this.bus.whenPosted(READY_MS);
    const told = await this.read();
    const newest = new Map(told.map((deed) => [deed.data.key, deed.id]));
    const known = await this.known(told);
    const lost = told.filter((deed) => !known.has(deed.id));
    for (const deed of lost) await this.heal(deed, newest.get(deed.data.key) === deed.id ? heals[deed.data.kind] : undefined);
    await this.tell(told, timeline);
    return lost.length;
  }

  /** Of this service, oldest first. */
  private async read(): Promise<readonly Told[]> {
    const told: Told[] = [];
    for await (const page of this.bus.readBack(streams.DEED.name, SPAN_MS)) {
      for (const { subject, body } of page) {
        const event = DeedEvent.safeParse(body);
        if (event.success && subject === subjects.deed.of(this.info.name)) told.push({ id: event.data.id, data: event.data.data });
      }
    }
    return told.reverse();
  }

  private async known(told: readonly Told[]): Promise<ReadonlyMap<string, Known>> {
    const rows = await this.store.query<Known>('select id, healed from deed where id = any($1::text[])', [told.map((deed) => deed.id)]);
    return new Map(rows.map((row) => [row.id, row]));
  }

  /** `heal` absent: something else was done to the same since, and counts. */
  private async heal({ id, data }: Told, heal: Heal | undefined): Promise<void> {
    const healed = await this.store.transaction(async (tx) => {
      const mine = await tx.query(`insert into deed (id, key, history, healed) select $1, $2, coalesce(${CLUSTER}, ''), '' on conflict do nothing returning id`, [id, data.key]);
      if (mine.length === 0 || heal === undefined) return undefined;
      // By who did not wait for this: after the failover, and before it was known what that had lost.
      const since = await tx.query(`select 1 from deed where key = $1 and id <> $2 and healed is null and history = ${CLUSTER} limit 1`, [data.key, id]);
      const done = since.length > 0 ? { outcome: 'it was decided anew since, and that counts' } : await readBy(heal, tx, data);
      if (done !== undefined) await tx.query('update deed set healed = $2 where id = $1', [id, done.outcome]);
      return done;
    });
    healed?.after?.();
  }

  /** What was healed, also by another replica or by this one before it died: the log keeps one of each. */
  private async tell(told: readonly Told[], timeline: number): Promise<void> {
    const known = await this.known(told);
    const notices = told.flatMap(({ id, data }): Outgoing[] => {
      const outcome = known.get(id)?.healed;
      if (outcome === null || outcome === undefined || outcome === '') return [];
      const text = `PostgreSQL lost ${data.what}, by ${data.by} at ${data.at}: ${outcome}`;
      this.log.warn({ timeline, deed: data.kind, key: data.key, by: data.by }, text);
      const notice: NoticeEvent['data'] = { service: this.info.name, code: 'lost', text, at: data.at };
      return [{ subject: subjects.notice.of(this.info.name), event: cloudEvent('vmdns.fact.ignored.v1', `/${this.info.name}`, notice, { time: data.at, id: `lost-${id}` }) }];
    });
    this.bus.post(notices);
    if (!await this.bus.whenPosted(READY_MS)) throw new Error('saying what PostgreSQL lost: the bus did not take it');
  }
}

/** A body of another version must not hold everything up: whoever decided it is told. */
async function readBy(heal: Heal, tx: Tx, deed: DeedEvent['data']): Promise<Healed | undefined> {
  try {
    return await heal(tx, deed);
  } catch (error) {
    if (error instanceof z.ZodError) return { outcome: 'it cannot be read by this version. Look how it stands, and decide it once more' };
    throw error;
  }
}
