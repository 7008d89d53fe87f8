import { collectDefaultMetrics, Counter, Gauge, Histogram, type Metric, Registry } from 'prom-client';

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** A look must not hang or fail as a whole because one value cannot be had (Postgres is away). */
const COLLECT_MS = 500;

/** The process' metrics, served at /metrics. Asking twice for one name gives the same metric. */
export class Metrics {
  readonly registry = new Registry();
  private readonly made = new Map<string, Metric>();

  /** Node's own: memory, event loop, garbage collection. */
  collectProcess(): void {
    collectDefaultMetrics({ register: this.registry });
  }

  counter<L extends string = never>(name: string, help: string, labels: readonly L[] = []): Counter<L> {
    return this.once(name, () => new Counter({ name, help, labelNames: labels, registers: [this.registry] }));
  }

  /** With `collect` it is asked for its value at every look; NaN where it cannot say within half a second. */
  gauge<L extends string = never>(name: string, help: string, labels: readonly L[] = [], collect?: () => number | Promise<number>): Gauge<L> {
    return this.once(name, () => new Gauge<L>({
      name, help, labelNames: labels, registers: [this.registry],
      ...(collect === undefined ? {} : { async collect() { this.set(await inTime(collect)); } }),
    }));
  }

  /** Seconds. */
  histogram<L extends string = never>(name: string, help: string, labels: readonly L[] = [], buckets: readonly number[] = SECONDS): Histogram<L> {
    return this.once(name, () => new Histogram({ name, help, labelNames: labels, buckets: [...buckets], registers: [this.registry] }));
  }

  private once<M extends Metric>(name: string, make: () => M): M {
    const metric = this.made.get(name) ?? make();
    this.made.set(name, metric);
    return metric as M;
  }
}

async function inTime(collect: () => number | Promise<number>): Promise<number> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<number>((resolve) => { timer = setTimeout(() => resolve(Number.NaN), COLLECT_MS); });
  try {
    return await Promise.race([Promise.resolve().then(collect).catch(() => Number.NaN), late]);
  } finally {
    clearTimeout(timer);
  }
}
