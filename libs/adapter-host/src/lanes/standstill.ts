import { setTimeout as delay } from 'node:timers/promises';
import type { Bus } from '@vmdns/bus';
import { subjects, type ZoneFeedBody } from '@vmdns/contracts';
import type { Store } from '@vmdns/store';
import type { Host } from '../host.js';
import { STOPS, type Leases } from './lease.js';

const LOOK_EVERY_MS = 15;

/** Lanes of these zones and connections that may not be written and are in somebody's hands; `ours`: in this process'. */
const BUSY = `
select l.target, z.zone_id, l.owner = $3 as ours from zone z join lane l on l.target = z.target
where (z.zone_id = any($1) or z.connection_id = any($2)) and (${STOPS} or l.observe) and l.owner is not null and l.until > clock_timestamp()`;

/** The stop button's second half: a stop is stored, and waits until nothing is being written under it, whoever writes. */
export class Standstill {
  constructor(private readonly host: Host, private readonly store: Store, private readonly leases: Leases, private readonly bus: Pick<Bus, 'broadcast' | 'subscribe'>) {}

  /** Another replica stored a stop: what this one holds is looked at. */
  listen(): () => void {
    return this.bus.subscribe(subjects.stop.of(this.host.provider), () => void this.leases.look());
  }

  /** Gives the zones of which a turn is still out after so long; empty: no call is, and none follows. */
  async reach(facts: readonly ZoneFeedBody[], waitMs: number): Promise<readonly string[]> {
    const zones = facts.flatMap((fact) => (fact.kind === 'zone' ? [fact.zoneId] : []));
    const connections = facts.flatMap((fact) => (fact.kind === 'connection' && (fact.paused || fact.removed) ? [fact.connectionId] : []));
    const deadline = performance.now() + waitMs;
    for (let round = 0; ; round += 1) {
      const busy = await this.store.query<{ target: string; zone_id: string; ours: boolean }>(BUSY, [zones, connections, this.host.instance]);
      if (busy.length === 0) return [];
      // Whoever took the facts in first may have been another: our own turns are told here.
      this.leases.stopSending(busy.filter((lane) => lane.ours).map((lane) => lane.target));
      if (round === 0 && busy.some((lane) => !lane.ours)) this.bus.broadcast(subjects.stop.of(this.host.provider), {});
      if (performance.now() >= deadline) return [...new Set(busy.map((lane) => lane.zone_id))];
      await delay(LOOK_EVERY_MS);
    }
  }
}
