import { Injectable } from '@nestjs/common';
import { Metrics } from '@vmdns/chassis';
import { Store } from '@vmdns/store';

/** What a person watches: names issued and results taken, and how many names are open. */
@Injectable()
export class ReconcileMetrics {
  private readonly issuedNames;
  private readonly takenResults;

  constructor(metrics: Metrics, store: Store) {
    this.issuedNames = metrics.counter('vmdns_planner_names_issued_total', 'Names told to adapters.', ['provider', 'priority']);
    this.takenResults = metrics.counter('vmdns_planner_results_total', 'Results taken, by the state they gave.', ['state']);
    let last = 0;
    // Reads the index of what is open: as long as the backlog, not as the zones.
    metrics.gauge('vmdns_planner_names_open', 'Names that are not settled.', [], async () => {
      const rows = await store.query<{ count: number }>('select count(*) as count from name where settled_generation < generation').catch(() => []);
      last = rows[0]?.count ?? last;
      return last;
    });
  }

  issued(provider: string, priority: number): void {
    this.issuedNames.inc({ provider, priority: String(priority) });
  }

  taken(state: string): void {
    this.takenResults.inc({ state });
  }
}
