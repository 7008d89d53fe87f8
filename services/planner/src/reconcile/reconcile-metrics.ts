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

  issued(names: readonly { readonly provider: string; readonly priority: number }[]): void {
    for (const [{ provider, priority }, count] of tally(names, ({ provider, priority }) => `${priority} ${provider}`)) this.issuedNames.inc({ provider, priority: String(priority) }, count);
  }

  taken(outcomes: readonly { readonly state: string; readonly reason: { readonly code: string } | null }[]): void {
    for (const [{ state, reason }, count] of tally(outcomes, ({ state, reason }) => `${state} ${reason?.code ?? ''}`)) {
      this.takenResults.inc({ state }, count);
      if (reason !== null && state !== 'applied' && state !== 'observed') this.failures.inc({ reason: reason.code }, count);
    }
  }
}

/** The first of each kind, and how many there are: a counter is looked up by its labels, which costs more than counting. */
function tally<T>(items: readonly T[], kindOf: (item: T) => string): Iterable<readonly [T, number]> {
  const kinds = new Map<string, [T, number]>();
  for (const item of items) {
    const kind = kindOf(item);
    const known = kinds.get(kind);
    if (known === undefined) kinds.set(kind, [item, 1]);
    else known[1] += 1;
  }
  return kinds.values();
}
