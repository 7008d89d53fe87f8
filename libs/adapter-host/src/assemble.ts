import type { Bus } from '@vmdns/bus';
import type { Clock, Log, Metrics } from '@vmdns/chassis';
import type { Store, Timeline } from '@vmdns/store';
import { Adapter, type AdapterParts } from './adapter.js';
import { Intake } from './commands/intake.js';
import { ReadBack } from './commands/read-back.js';
import { Comparer } from './compare/comparer.js';
import { ZoneDesk } from './compare/zone-desk.js';
import type { Host } from './host.js';
import { Claims } from './lanes/claims.js';
import { readLedger } from './lanes/ledger.js';
import { LaneWorker } from './lanes/lane-worker.js';
import { Leases } from './lanes/lease.js';
import { Standstill } from './lanes/standstill.js';
import { TurnEnds } from './lanes/turn-ends.js';
import { Turns } from './lanes/turns.js';
import { AdapterMetrics } from './metrics.js';
import { Noticer } from './results/noticer.js';
import { SayAgain } from './results/say-again.js';
import { Sayer } from './results/sayer.js';
import { Traces } from './results/traces.js';
import { Unsaid } from './results/unsaid.js';
import { WaitingNames } from './results/waiting-names.js';
import type { Connections } from './zones/connections.js';
import { ZoneBook } from './zones/zone-book.js';

/** What the parts of an adapter are made of. */
export interface Ground {
  readonly host: Host;
  readonly store: Store;
  readonly bus: Pick<Bus, 'publishMany' | 'post' | 'broadcast' | 'subscribe' | 'readBack' | 'whenReady'>;
  /** Until it is told everywhere, nothing is built on what Postgres may have lost: no command is taken, no lane claimed, no outcome stored. */
  readonly timeline: Pick<Timeline, 'isTold'>;
  readonly connections: Connections;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** By the lanes, of which there are as many as zones with something due; never by the names. */
async function oldestDue(store: Store): Promise<number> {
  const rows = await store.query<{ seconds: number | null }>(`
    select extract(epoch from clock_timestamp() - min(due_at))::float8 as seconds from lane where due_at is not null and not paused and not removed and held is null`);
  return Math.max(0, rows[0]?.seconds ?? 0);
}

/** Makes the parts of one adapter and joins them. */
export function assemble({ host, store, bus, timeline, connections, clock, metrics, log }: Ground): Adapter {
  const counts = new AdapterMetrics(metrics, () => oldestDue(store));
  const unsaid = new Unsaid(store, host);
  const sayer = new Sayer(host, bus, new Traces(), unsaid, log);
  const claims = new Claims(host, timeline);
  const leases = new Leases(store, host, log);
  const waiting = new WaitingNames(store, unsaid, sayer, log);
  const turns = new Turns(host, connections, leases, { metrics: counts, log, ledgerOf: (target) => readLedger(store, target) });
  const ends = new TurnEnds(host, store, claims, unsaid, { sayer, timeline });
  const notices = new Noticer(host, bus, clock);
  const worker = new LaneWorker(host, turns, ends, leases, { waiting, notices, timeline, log, onLost: () => counts.lane() });
  const comparer = new Comparer(host, store, connections, { notices, log, wake: () => worker.wake() });
  const parts: AdapterParts = {
    store, log, worker, leases, standstill: new Standstill(host, store, leases, bus), waiting, sayer, unsaid, comparer,
    desk: new ZoneDesk(store, () => comparer.wake(), () => worker.wake()),
    intake: new Intake(store, claims, unsaid, counts, timeline),
    zones: new ZoneBook(host, store, connections, log),
    again: new SayAgain(store, sayer, log),
    readBack: new ReadBack(host, store, bus),
  };
  return new Adapter(parts);
}
