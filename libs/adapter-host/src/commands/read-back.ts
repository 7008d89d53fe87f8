import { CommandEvent, streams, type Command } from '@vmdns/contracts';
import { bigintArray, type Store, textArray, type Tx } from '@vmdns/store';
import type { Bus } from '@vmdns/bus';
import type { Host } from '../host.js';
import { lockFacts } from '../zones/zone-tables.js';
import { type Incoming, incomingOf, newestOf } from './incoming.js';
import { storeNames } from './name-table.js';

/** A failover loses seconds; this is what cursors go back too (PROTOCOL §1). */
const SPAN_MS = 3_600_000;
const READY_MS = 5000;
const NAMES_PER_STATEMENT = 2000;
/** How long after a raise equals are taken over: cursors go back an hour, so the planner has asked for all by then. */
const ADOPT_MINUTES = 60;
/** More claims than a failover can lose: what was claimed in them is nobody's claim any more. */
const EPOCHS = 1_000_000;

/**
 * After a raise of the timeline, before any command is taken and any lane claimed: what the command stream still holds
 * and this store does not know was perhaps put at the provider in the lost seconds, so where it is found it is ours (L4).
 * Then the newest of each name is taken in once more: its result may have reached the planner, which does not say it again.
 * What this store knows and had not yet settled may have been put as well.
 */
export class ReadBack {
  constructor(private readonly host: Host, private readonly store: Store, private readonly bus: Pick<Bus, 'readBack' | 'whenReady'>) {}

  /** Throws while the bus is away; then it is tried again, and commands wait. By one of the replicas, or by several: it may run twice. */
  async read(timeline: number): Promise<void> {
    const [news] = await this.store.query('select 1 from host where timeline < $1', [timeline]);
    if (news === undefined) return;
    await this.bus.whenReady(READY_MS);
    await this.store.transaction(doubtWaiting);
    // A removal puts nothing, so nothing of it is found.
    await this.inPages((names) => names.filter(({ wanted }) => wanted !== '[]'), doubtLost);
    await this.inPages((names) => newestOf(names, ({ zoneId, ownerName }) => `${zoneId} ${ownerName}`), takeLost);
    await this.store.transaction((tx) => adoptEquals(tx, timeline));
  }

  private async inPages(of: (names: readonly Incoming[]) => readonly Incoming[], work: (tx: Tx, names: readonly Incoming[]) => Promise<void>): Promise<void> {
    for await (const page of this.bus.readBack(streams.COMMAND.name, SPAN_MS)) {
      const names = of(page.flatMap(({ body }) => this.namesOf(body)));
      for (let start = 0; start < names.length; start += NAMES_PER_STATEMENT) {
        await this.store.transaction((tx) => work(tx, names.slice(start, start + NAMES_PER_STATEMENT)));
      }
    }
  }

  private namesOf(body: unknown): readonly Incoming[] {
    const event = CommandEvent.safeParse(body);
    return event.success && event.data.data.provider === this.host.provider ? namesOfCommand(event.data.data) : [];
  }
}

const namesOfCommand = (command: Command): readonly Incoming[] => command.names.map((name) => incomingOf(command.zoneId, name));

/**
 * Above the row that we have, or without one: lost. A name without a row gets one that wants nothing, at generation 0, so
 * that whatever the planner says of it next is news.
 */
const DOUBT = `
with lost as (
  select z.target, u.owner_name, min(u.zone_id) as zone_id, jsonb_agg(distinct p.digest)::text as doubt
  from unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::text[]) as u (zone_id, owner_name, timeline, generation, puts)
    join zone z on z.zone_id = u.zone_id cross join lateral jsonb_array_elements_text(u.puts::jsonb) as p (digest)
    left join name n on n.target = z.target and n.owner_name = u.owner_name
  where n.owner_name is null or (u.timeline, u.generation) > (n.timeline, n.generation)
  group by z.target, u.owner_name
)
insert into name as n (target, owner_name, zone_id, timeline, generation, digest, wanted, puts, vms, priority, state, doubt, doubt_until, must_read)
select target, owner_name, zone_id, 0, 0, '', '[]', '[]', '[]', 2, 'applied', doubt, clock_timestamp(), true from lost order by target collate "C", owner_name collate "C"
on conflict (target, owner_name) do update set must_read = true, doubt_until = greatest(n.doubt_until, excluded.doubt_until),
  doubt = (select jsonb_agg(distinct d.digest)::text from jsonb_array_elements_text(coalesce(n.doubt, '[]')::jsonb || excluded.doubt::jsonb) as d (digest))`;

const DOUBT_WAITING = `
update name n set doubt_until = greatest(n.doubt_until, clock_timestamp()),
  doubt = (select jsonb_agg(distinct d.digest)::text from jsonb_array_elements_text(coalesce(n.doubt, '[]')::jsonb || n.puts::jsonb) as d (digest))
where n.due_at is not null and n.puts <> '[]'`;

/** No zone moves to another target meanwhile, and whoever changes a name holds its lane's row. */
async function lockTargets(tx: Tx, names: readonly Incoming[]): Promise<void> {
  const zoneIds = [...new Set(names.map((name) => name.zoneId))];
  await lockFacts(tx);
  await tx.query('select 1 from lane l where l.target in (select target from zone where zone_id = any($1)) order by l.target for update', [zoneIds]);
}

/** What is above the row that we have replaces it, as if it came for the first time. */
async function takeLost(tx: Tx, names: readonly Incoming[]): Promise<void> {
  await lockTargets(tx, names);
  const zones = await tx.query<{ zone_id: string; target: string }>(`select zone_id, target from zone where state <> 'removed' and zone_id = any($1)`, [[...new Set(names.map((name) => name.zoneId))]]);
  const targets = new Map(zones.map((zone) => [zone.zone_id, zone.target]));
  const known = newestOf(names.filter(({ zoneId }) => targets.has(zoneId)), ({ zoneId, ownerName }) => `${targets.get(zoneId) ?? ''} ${ownerName}`);
  if (known.length > 0) await storeNames(tx, known.map((incoming) => ({ target: targets.get(incoming.zoneId) ?? '', incoming, gate: null })));
}

/** What waited may have been claimed and put in the lost seconds, whatever else is known of them. */
async function doubtWaiting(tx: Tx): Promise<void> {
  await tx.query('select 1 from lane order by target for update');
  await tx.query(DOUBT_WAITING);
}

async function doubtLost(tx: Tx, names: readonly Incoming[]): Promise<void> {
  const texts = (of: (name: Incoming) => string): Buffer => textArray(names.map(of));
  await lockTargets(tx, names);
  await tx.query(DOUBT, [
    texts((n) => n.zoneId), texts((n) => n.ownerName), bigintArray(names.map((n) => n.timeline)), bigintArray(names.map((n) => n.generation)), texts((n) => n.puts),
  ]);
}

/** For a while equals become ours, and whole readings are not trusted; also in zones that are added again. */
async function adoptEquals(tx: Tx, timeline: number): Promise<void> {
  const news = await tx.query(`update host set timeline = $1, adopt_until = clock_timestamp() + $2::int * interval '1 minute' where timeline < $1 returning 1`, [timeline, ADOPT_MINUTES]);
  if (news.length === 0) return;
  await tx.query(`update lane set token = null, epoch = epoch + $2::int, adopt_until = clock_timestamp() + $1::int * interval '1 minute'`, [ADOPT_MINUTES, EPOCHS]);
}
