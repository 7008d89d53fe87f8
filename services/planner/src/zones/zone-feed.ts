import { Injectable } from '@nestjs/common';
import { Bus, cloudEvent } from '@vmdns/bus';
import { Clock, Log } from '@vmdns/chassis';
import { subjects, type ZoneFeedBody } from '@vmdns/contracts';
import { ChangeFeed, Store, type FeedChange, type FeedPage, type Tx } from '@vmdns/store';
import { toConnectionFact, toZoneFact, type ConnectionRow, type ZoneRow } from './zone.row.js';

/** Rows of the feed, written and not yet said. */
export type Written = readonly FeedChange<ZoneFeedBody>[];

const CHANGES_MAX = 200;

/** Tells adapters of zones and connections: a feed with the provider as its topic (PROTOCOL §1). */
@Injectable()
export class ZoneFeed {
  private readonly feed: ChangeFeed<ZoneFeedBody>;

  constructor(store: Store, private readonly bus: Bus, private readonly clock: Clock, private readonly log: Log) {
    this.feed = new ChangeFeed<ZoneFeedBody>(store);
  }

  /** Within the transaction that changed them; `publish` what it gives after the commit. */
  async append(tx: Tx, zones: readonly ZoneRow[], connections: readonly ConnectionRow[]): Promise<Written> {
    const bodies = [...connections.map(toConnectionFact), ...zones.map(toZoneFact)];
    if (bodies.length === 0) return [];
    const rows = bodies.map((body) => ({ key: body.kind === 'zone' ? `zone:${body.zoneId}` : `connection:${body.connectionId}`, body, topic: body.provider }));
    return this.feed.append(tx, rows);
  }

  /** Straight after the commit, from memory; whoever misses it reads the feed. */
  publish(written: Written): void {
    const byProvider = new Map<string, FeedChange<ZoneFeedBody>[]>();
    for (const change of written) {
      const list = byProvider.get(change.body.provider) ?? [];
      list.push(change);
      byProvider.set(change.body.provider, list);
    }
    const time = this.clock.now().toISOString();
    // A pause of everything changes every zone: a message stays well below the server's 1 MiB.
    const portions = [...byProvider].flatMap(([provider, changes]) => Array.from({ length: Math.ceil(changes.length / CHANGES_MAX) }, (_, at) => ({ provider, changes: changes.slice(at * CHANGES_MAX, (at + 1) * CHANGES_MAX) })));
    this.bus.post(portions.map(({ provider, changes }) => ({
      subject: subjects.zone.of(provider),
      event: cloudEvent('vmdns.zone.changed.v1', '/planner', { changes }, { time }),
    })));
    for (const { body } of written) {
      if (body.kind === 'zone') this.log.info({ zone: body.apex, zoneId: body.zoneId, state: body.state, mode: body.mode, paused: body.paused }, 'zone changed');
      else this.log.info({ connectionId: body.connectionId, provider: body.provider, removed: body.removed, paused: body.paused }, 'connection changed');
    }
  }

  after(cursor: number, limit: number, topic?: string): Promise<FeedPage<ZoneFeedBody>> {
    return this.feed.after(cursor, limit, topic);
  }

  ensurePartitions(): Promise<void> {
    return this.feed.ensurePartitions();
  }
}
