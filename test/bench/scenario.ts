import type { Figure } from './report.js';

export interface BenchOptions {
  readonly isQuick: boolean;
  /** Sandwiches a scenario wants; each may need fewer. */
  readonly sandwiches: number;
  /** VMs of B1 and B2, in place of what they preset. */
  readonly vms: readonly number[] | undefined;
  /** Minutes that D1 leaves PowerDNS dead. */
  readonly deadMinutes: number;
  /** Where profiles of services are written, if at all. */
  readonly profile: string | undefined;
  readonly say: (line: string) => void;
}

/** What one scenario found: figures for the table, the rest for the JSON file. */
export interface ScenarioResult { readonly figures: readonly Figure[]; readonly details: unknown }

export interface Scenario {
  readonly id: string;
  readonly what: string;
  readonly run: (options: BenchOptions) => Promise<ScenarioResult>;
}
