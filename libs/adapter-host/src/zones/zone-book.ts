import type { ConnectionFact, ZoneFact, ZoneFeedBody } from '@vmdns/contracts';
import type { Log } from '@vmdns/chassis';
import type { Limiter } from '@vmdns/provider-kit';
import type { Store, Tx } from '@vmdns/store';
import { followLanes } from '../compare/comparison-table.js';
import type { Host } from '../host.js';
import type { Connections, Opened } from './connections.js';
import { dropUndone, findMovable, type Move, moveNames, moveZones, releaseObserved } from './moves.js';
import { type ConnectionRow, laneConfig, leadingZone, type LaneConfig, type Resolution, resolveZone, type ZoneRow } from './resolve.js';
import { carryNames, findCarried, forgetSameServer } from './same-server.js';
import { findConnections, findZones, findZonesByTarget, lockFacts, storeConnections, storeLanes, storeLimiters, storeZones, type LimiterTerms } from './zone-tables.js';

/** What facts changed, for those who work on lanes. */
export interface Settled {
  /** Lanes that must send nothing more, and whose names are told why. */
  readonly stopped: readonly string[];
  /** Something may be due that was not. */
  readonly isChanged: boolean;
}

interface Known {
  readonly connections: Map<string, ConnectionRow>;
  readonly opened: Map<string, Opened<{ readonly connection: unknown }>>;
  readonly resolutions: Map<string, Resolution>;
}

/** Zones and connections as the planner tells them, and the lanes that follow from them; no restart (ARCHITECTURE §2). */
export class ZoneBook {
  /** What servers said of themselves: budget → calls at once. */
  private readonly learnt = new Map<string, number>();
  private readonly asked = new Set<string>();

  constructor(
    private readonly host: Host,
    private readonly store: Store,
    private readonly connections: Connections,
    private readonly log: Log,
  ) {}

  /** Takes facts of the feed, in any order, any number of times: the revision decides. */
  async take(facts: readonly ZoneFeedBody[]): Promise<Settled> {
    const zones = newest(facts.filter((fact): fact is ZoneFact => fact.kind === 'zone' && fact.provider === this.host.provider), (fact) => fact.zoneId);
    const connections = newest(facts.filter((fact): fact is ConnectionFact => fact.kind === 'connection' && fact.provider === this.host.provider), (fact) => fact.connectionId);
    if (zones.length === 0 && connections.length === 0) return { stopped: [], isChanged: false };
    return this.store.transaction(async (tx) => {
      await lockFacts(tx);
      const zoneIds = await storeZones(tx, zones);
      const connectionIds = await storeConnections(tx, connections);
      if (zoneIds.length === 0 && connectionIds.length === 0) return { stopped: [], isChanged: false };
      const settled = await this.settle(tx, await findZones(tx, { zoneIds, connectionIds }));
      this.log.info({ zones: zoneIds.length, connections: connectionIds.length }, 'zones taken in');
      return { ...settled, isChanged: true };
    });
  }

  /** At start: what an earlier process left half done, or another version of the provider sees otherwise. Changes nothing twice. */
  async settleAll(): Promise<Settled> {
    return this.store.transaction(async (tx) => {
      await lockFacts(tx);
      return { ...(await this.settle(tx, await findZones(tx, null))), isChanged: true };
    });
  }

  private async settle(tx: Tx, zones: readonly ZoneRow[]): Promise<Omit<Settled, 'isChanged'>> {
    const known: Known = { connections: new Map(), opened: new Map(), resolutions: new Map() };
    await this.resolve(tx, zones, known);
    const wanted = zones.flatMap((zone): Move[] => {
      const resolution = known.resolutions.get(zone.zone_id);
      return resolution?.kind === 'known' && resolution.target !== zone.target && zone.state !== 'removed' ? [{ zone, to: resolution.target }] : [];
    });
    const targets = [...new Set([...zones.map((zone) => zone.target), ...wanted.map((move) => move.to)])].sort();
    const before = await tx.query<{ target: string; observe: boolean }>('select target, observe from lane where target = any($1) order by target for update', [targets]);
    const moves = await findMovable(tx, wanted);
    const isSame = (zone: ZoneRow) => known.connections.get(zone.connection_id)?.same_server === true;
    const said = wanted.filter((move) => !moves.includes(move) && isSame(move.zone));
    const carried = await findCarried(tx, said);
    await moveZones(tx, [...moves, ...carried]);
    const lanes = await this.lanesOf(tx, targets, known);
    await storeLimiters(tx, this.limitersOf(known));
    const changed = await storeLanes(tx, lanes);
    await tx.query('update lane set blocked_until = null, blocked_by = null where target = any($1) and blocked_until is not null', [targets]);
    await moveNames(tx, moves);
    await carryNames(tx, carried);
    const waiting = new Set(said.filter((move) => !carried.includes(move)).map((move) => move.zone.connection_id));
    await forgetSameServer(tx, [...known.connections.values()].filter((one) => one.same_server && !waiting.has(one.connection_id)).map((one) => one.connection_id));
    await followLanes(tx, lanes.map((lane) => lane.target));
    await dropUndone(tx, zones.filter((zone) => zone.state === 'removed'));
    const observed = new Set(before.filter((lane) => lane.observe).map((lane) => lane.target));
    await releaseObserved(tx, changed.filter((lane) => !lane.observe && observed.has(lane.target)).map((lane) => lane.target));
    this.learnLater(known);
    return { stopped: lanes.filter((lane) => lane.paused || lane.removed || lane.held !== null || (lane.observe && !observed.has(lane.target))).map((lane) => lane.target) };
  }

  private async resolve(tx: Tx, zones: readonly ZoneRow[], known: Known): Promise<void> {
    const missing = [...new Set(zones.map((zone) => zone.connection_id))].filter((id) => !known.connections.has(id));
    for (const row of await findConnections(tx, missing)) {
      known.connections.set(row.connection_id, row);
      if (!row.removed) known.opened.set(row.connection_id, await this.connections.open({ connectionId: row.connection_id, revision: row.revision, settings: row.settings, sealed: row.sealed }));
    }
    for (const zone of zones) {
      const connection = known.connections.get(zone.connection_id);
      const opened = known.opened.get(zone.connection_id) ?? (connection?.removed === true ? { ok: false as const, reason: { code: 'credentials' as const, text: 'the connection was removed' } } : undefined);
      known.resolutions.set(zone.zone_id, resolveZone(this.host.definition, zone, connection, opened, this.connections.parseZone(zone.settings)));
    }
  }

  private async lanesOf(tx: Tx, targets: readonly string[], known: Known): Promise<readonly LaneConfig[]> {
    const zones = await findZonesByTarget(tx, targets);
    await this.resolve(tx, zones.filter((zone) => !known.resolutions.has(zone.zone_id)), known);
    const byTarget = new Map<string, ZoneRow[]>();
    for (const zone of zones) byTarget.set(zone.target, [...(byTarget.get(zone.target) ?? []), zone]);
    return [...byTarget.values()].flatMap((group): LaneConfig[] => {
      const zone = leadingZone(group);
      if (zone === undefined) return [];
      return [laneConfig(zone, known.connections.get(zone.connection_id), known.resolutions.get(zone.zone_id) ?? { kind: 'unknown' })];
    });
  }

  private limitersOf(known: Known): ReadonlyMap<string, LimiterTerms> {
    const limiters = new Map<string, LimiterTerms>();
    for (const resolution of known.resolutions.values()) {
      if (resolution.kind !== 'known') continue;
      const { key, inFlightMax, rate } = resolution.limiter;
      const other = limiters.get(key)?.rate;
      // Of connections that share a budget the one that takes least decides.
      const slower = rate === undefined || (other !== undefined && other.callsPerSecond < rate.callsPerSecond) ? other : rate;
      limiters.set(key, { inFlightMax: Math.max(1, Math.min(inFlightMax, this.learnt.get(key) ?? inFlightMax)), ...(slower === undefined ? {} : { rate: slower }) });
    }
    return limiters;
  }

  /** Asks each server once, off the hot path, how many calls it bears at once. */
  private learnLater(known: Known): void {
    const { definition } = this.host;
    if (definition.learnInFlightMax === undefined) return;
    for (const [id, opened] of known.opened) {
      const key = `${id} ${known.connections.get(id)?.revision ?? 0}`;
      if (!opened.ok || this.asked.has(key)) continue;
      this.asked.add(key);
      const limiter = definition.limiter(opened.connection);
      definition.learnInFlightMax(opened.connection, AbortSignal.timeout(LEARN_MS)).then((most) => this.learn(limiter, most)).catch((error: unknown) => {
        this.asked.delete(key);
        this.log.debug({ err: error, connectionId: id }, 'a server did not say how many calls it bears');
      });
    }
  }

  private async learn(limiter: Limiter, most: number | null): Promise<void> {
    if (most === null || most >= limiter.inFlightMax) return;
    this.learnt.set(limiter.key, most);
    await this.store.transaction((tx) => storeLimiters(tx, new Map([[limiter.key, { ...limiter, inFlightMax: Math.max(1, most) }]])));
  }
}

const LEARN_MS = 10_000;

function newest<F extends { readonly revision: number }>(facts: readonly F[], keyOf: (fact: F) => string): readonly F[] {
  const byKey = new Map<string, F>();
  for (const fact of facts) if ((byKey.get(keyOf(fact))?.revision ?? -1) < fact.revision) byKey.set(keyOf(fact), fact);
  return [...byKey.values()];
}
