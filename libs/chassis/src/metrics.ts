import { type Counter, type Gauge, type Histogram, Registry } from 'prom-client';

/** The process' metrics, served at /metrics. Asking twice for one name gives the same metric. */
export class Metrics {
  readonly registry = new Registry();

  counter<L extends string = never>(_name: string, _help: string, _labels?: readonly L[]): Counter<L> { throw new Error('being built'); }
  gauge<L extends string = never>(_name: string, _help: string, _labels?: readonly L[], _collect?: () => number | Promise<number>): Gauge<L> { throw new Error('being built'); }
  /** Seconds. */
  histogram<L extends string = never>(_name: string, _help: string, _labels?: readonly L[], _buckets?: readonly number[]): Histogram<L> { throw new Error('being built'); }
}
