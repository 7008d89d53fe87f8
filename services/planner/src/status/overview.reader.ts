import { Injectable } from '@nestjs/common';
import { Bus } from '@vmdns/bus';
import { Clock, FeedFollower } from '@vmdns/chassis';
import type { ConnectionHealth, Lag, MissingZone, PlanningOverview, Reason, ReasonCode, VmState } from '@vmdns/contracts';
import { nameOfReverseKey } from '@vmdns/domain';
import { Store } from '@vmdns/store';
import { ZoneSets } from '../zones/zone-sets.js';

/** Many pages may look at once; the counting is done once in this time. */
const FRESH_MS = 3_000;
/** An adapter announces itself every 5 s. */
const SILENT_AFTER_MS = 20_000;
/** Wishes without a zone that are looked at for hints, and how often. */
const HOMELESS_MAX = 5_000;
const HINTS_FRESH_MS = 60_000;
const HINTS_MAX = 20;
/** More zones than a person reads, and too much for an answer that is asked for every few seconds. */
const ZONES_MAX = 1000;

interface Kept<T> { at: number; readonly value: Promise<T> }
interface CountRow { readonly zone_id: string; readonly state: string; readonly reason: Reason | null; readonly open: boolean; readonly count: number; readonly heard: number; readonly next_try_at: Date | null }
interface ConnectionRow { readonly id: string; readonly name: string; readonly provider: string; readonly paused: boolean; readonly zones: readonly string[] }

/** What the first page of the console shows of all names: counted in one pass over them, at most every few seconds. */
@Injectable()
export class OverviewReader {
  #overview: Kept<PlanningOverview> | undefined;
  #hints: Kept<readonly MissingZone[]> | undefined;

  constructor(private readonly store: Store, private readonly zoneSets: ZoneSets, private readonly clock: Clock, private readonly feed: FeedFollower<VmState>, private readonly bus: Bus) {}

  read(): Promise<PlanningOverview> {
    this.#overview = this.#kept(this.#overview, FRESH_MS, () => this.#count());
    return this.#overview.value;
  }

  #kept<T>(kept: Kept<T> | undefined, freshMs: number, make: () => Promise<T>): Kept<T> {
    const now = this.clock.now().getTime();
    if (kept !== undefined && now - kept.at < freshMs) return kept;
    // Fresh from when it was counted: however long that takes, nobody begins another count meanwhile.
    const fresh: Kept<T> = { at: Infinity, value: make() };
    // A failure is not kept: the next who looks tries again.
    fresh.value.then(() => { fresh.at = this.clock.now().getTime(); }, () => { this.#overview = undefined; this.#hints = undefined; });
    return fresh;
  }

  async #count(): Promise<PlanningOverview> {
    this.#hints = this.#kept(this.#hints, HINTS_FRESH_MS, () => this.#missingZones());
    const now = this.clock.now();
    const [rows, connections, providers, heads, missingZones, feedLag, lag] = await Promise.all([this.#counts(), this.#connections(), this.store.query<{ name: string; seen_at: Date }>('select name, seen_at from provider order by name'), this.#heads(), this.#hints.value, this.feed.reader.lagSeconds(), this.#lag()]);
    const sum = (of: (row: CountRow) => number) => rows.reduce((total, row) => total + of(row), 0);
    return {
      names: tally(rows, (row) => row.state), reasons: tally(rows.filter((row) => row.state !== 'applied'), (row) => row.reason?.code) as Partial<Record<ReasonCode, number>>,
      ...byZone(rows), vms: heads.vms, openHolds: heads.holds, oldestPendingSeconds: heads.oldest === null ? null : Math.max(0, heads.oldest),
      unheard: sum((row) => row.open ? row.count - row.heard : 0), heard: sum((row) => row.open ? row.heard : 0), feedLagSeconds: Number.isFinite(feedLag) ? feedLag : null, lag,
      providers: providers.map((one) => ({ name: one.name, seenAt: one.seen_at.toISOString(), isHeard: now.getTime() - one.seen_at.getTime() < SILENT_AFTER_MS })),
      connections: connections.map((one) => healthOf(one, rows.filter((row) => one.zones.includes(row.zone_id)))), missingZones: [...missingZones], at: now.toISOString(),
    };
  }

  /** By zone, state and reason; names that are gone and settled count no more. */
  #counts(): Promise<readonly CountRow[]> {
    return this.store.survey<CountRow>(
      `select zone_id, case when hold_id is not null then 'on-hold' when desired = '[]' and plan_reason is not null and settled_generation = generation then 'refused' else state end as state,
              (array_agg(coalesce(reason, plan_reason)))[1] as reason, settled_generation < generation as open, count(*) as count, count(*) filter (where heard) as heard, min(next_try_at) as next_try_at
         from name where desired <> '[]' or settled_generation < generation or plan_reason is not null
        group by zone_id, 2, coalesce(reason, plan_reason)->>'code', 4`);
  }

  #connections(): Promise<readonly ConnectionRow[]> {
    return this.store.query<ConnectionRow>(
      `select c.id, c.name, c.provider, c.paused, coalesce(array_agg(z.id) filter (where z.id is not null), '{}') as zones
         from connection c left join zone z on z.connection_id = c.id and z.state <> 'removed' where not c.removed group by c.id order by c.name, c.id`);
  }

  async #heads(): Promise<{ readonly vms: number; readonly holds: number; readonly oldest: number | null }> {
    const [row] = await this.store.survey<{ vms: number; holds: number; oldest: number | null }>(
      `select (select count(*) from vm where not deleted) as vms, (select count(*) from hold where state = 'open') as holds,
              (select extract(epoch from clock_timestamp() - since)::float8 from name where settled_generation < generation order by since limit 1) as oldest`);
    return row ?? { vms: 0, holds: 0, oldest: null };
  }

  async #lag(): Promise<Lag> {
    const [events, results] = await Promise.all([this.bus.backlog('EVENT', 'planner'), this.bus.backlog('RESULT', 'planner-results')]);
    return { ...(events === undefined ? {} : { events }), ...(results === undefined ? {} : { results }) };
  }

  /** Zones that would take what no zone takes: the enclosing domain of names, /24 and /64 of addresses. */
  async #missingZones(): Promise<readonly MissingZone[]> {
    const { full } = await this.zoneSets.picture(this.store);
    const rows = await this.store.survey<{ rkey: string }>('select w.rkey from wish w where not exists (select 1 from name n where n.rkey = w.rkey) limit $1', [HOMELESS_MAX]);
    const counts = new Map<string, number>();
    for (const { rkey } of rows) {
      const name = nameOfReverseKey(rkey);
      if (full.closest(name).length > 0) continue;
      const zone = zoneFor(name);
      if (zone !== undefined) counts.set(zone, (counts.get(zone) ?? 0) + 1);
    }
    return [...counts].map(([zone, names]) => ({ zone, names })).sort((one, other) => other.names - one.names).slice(0, HINTS_MAX);
  }
}

function tally(rows: readonly CountRow[], keyOf: (row: CountRow) => string | undefined): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const row of rows) {
    const key = keyOf(row);
    if (key !== undefined) counts[key] = (counts[key] ?? 0) + row.count;
  }
  return counts;
}

function byZone(rows: readonly CountRow[]): Pick<PlanningOverview, 'zones'> {
  const zones: Record<string, Record<string, number>> = {};
  for (const { zone_id: zoneId, state, count } of rows) {
    const counts = zones[zoneId] ??= {};
    counts[state] = (counts[state] ?? 0) + count;
  }
  return Object.keys(zones).length > ZONES_MAX ? {} : { zones };
}

function healthOf({ id, name, provider, paused, zones }: ConnectionRow, rows: readonly CountRow[]): ConnectionHealth {
  const open = rows.filter((row) => row.open);
  const worst = open.filter((row) => row.reason !== null).sort((one, other) => other.count - one.count)[0];
  return {
    id, name, provider, paused, zones: zones.length,
    applied: rows.filter((row) => row.state === 'applied').reduce((sum, row) => sum + row.count, 0), open: open.reduce((sum, row) => sum + row.count, 0),
    ...(worst?.reason === null || worst === undefined ? {} : { lastReason: worst.reason }), ...(worst?.next_try_at === null || worst === undefined ? {} : { nextTryAt: worst.next_try_at.toISOString() }),
  };
}

/** What a person would configure: a domain's name, a /24 or a /64; undefined where the name is too short to tell. */
function zoneFor(name: string): string | undefined {
  const labels = name.replace(/\.$/, '').split('.');
  if (name.endsWith('.ip6.arpa.')) return labels.length < 18 ? undefined : `${labels.slice(-18).join('.')}.`;
  if (name.endsWith('.in-addr.arpa.')) return labels.length < 5 ? undefined : `${labels.slice(-5).join('.')}.`;
  return labels.length < 3 ? undefined : `${labels.slice(1).join('.')}.`;
}
