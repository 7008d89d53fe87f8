import type { Metrics } from '@vmdns/chassis';
import type { NameVerdict } from './lanes/judge.js';

/** What an adapter counts. */
export class AdapterMetrics {
  private readonly outcomes;
  private readonly turns;
  private readonly commands;
  private readonly lost;

  /** `oldestDue`: how long the zone that has waited longest has been due, in seconds; asked at each scrape. */
  constructor(metrics: Metrics, oldestDue: () => Promise<number>) {
    metrics.gauge('vmdns_oldest_due_seconds', 'How long the zone that has waited longest for its turn has been due (its server may be down); paused zones do not count', [], oldestDue);
    this.outcomes = metrics.counter('vmdns_adapter_outcomes_total', 'Outcomes of names by state', ['state']);
    this.commands = metrics.counter('vmdns_adapter_commands_total', 'Names of commands by what became of them', ['kind']);
    this.turns = metrics.histogram('vmdns_adapter_turn_seconds', 'How long turns of lanes take, provider calls included');
    this.lost = metrics.counter('vmdns_adapter_lost_lanes_total', 'Turns that came too late to be stored');
  }

  turn(): () => void {
    const end = this.turns.startTimer();
    return () => void end();
  }

  names(names: readonly NameVerdict[]): void {
    const counts = new Map<string, number>();
    for (const name of names) counts.set(name.state, (counts.get(name.state) ?? 0) + 1);
    for (const [state, count] of counts) this.outcomes.inc({ state }, count);
  }

  command(kind: 'taken' | 'paced' | 'behind' | 'again' | 'moved' | 'dropped', count: number): void {
    if (count > 0) this.commands.inc({ kind }, count);
  }

  lane(): void {
    this.lost.inc();
  }
}
