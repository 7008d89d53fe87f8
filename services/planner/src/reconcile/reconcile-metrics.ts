import { Injectable } from '@nestjs/common';
import { Metrics } from '@vmdns/chassis';
import { Store } from '@vmdns/store';

/** What a person watches: names issued and results taken, and how many names are open. */
@Injectable()
export class ReconcileMetrics {
  private readonly issuedNames;
  private readonly takenResults;
  private readonly failures;

  constructor(metrics: Metrics, store: Store) {
    this.issuedNames = metrics.counter('vmdns_planner_names_issued_total', 'Names told to adapters.', ['provider', 'priority']);
    this.takenResults = metrics.counter('vmdns_planner_results_total', 'Results taken, by the state they gave.', ['state']);
    this.failures = metrics.counter('vmdns_failed_total', 'Outcomes that are not as wished (failed, refused, unconfirmed, waiting), by the code of their reason.', ['reason']);
    // The first entry of an index: the same cost however long the backlog is.
    metrics.gauge('vmdns_oldest_pending_seconds', 'How long the name that has waited longest has been unsettled in its present state.', [], async () => {
      const [row] = await store.query<{ seconds: number }>(
        'select extract(epoch from clock_timestamp() - since)::float8 as seconds from name where settled_generation < generation order by since limit 1');
      return Math.max(0, row?.seconds ?? 0);
    });
  }

  issued(provider: string, priority: number): void {
    this.issuedNames.inc({ provider, priority: String(priority) });
  }

  taken(state: string, reason: string | undefined): void {
    this.takenResults.inc({ state });
    if (reason !== undefined && state !== 'applied' && state !== 'observed') this.failures.inc({ reason });
  }
}
