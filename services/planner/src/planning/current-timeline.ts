import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Log } from '@vmdns/chassis';
import { Store, Timeline } from '@vmdns/store';
import { enqueue } from './job.repository.js';

/**
 * The timeline's number as this process knows it. A replica that lags some seconds does no harm: a row's timeline never
 * goes back, and its generation rises all the same.
 */
@Injectable()
export class CurrentTimeline implements OnApplicationBootstrap, OnApplicationShutdown {
  private known = 1;
  /** For which everything unsettled is on its way: another listener that fails is asked again together with this one. */
  private issuedFor = 0;
  private stop: () => void = () => undefined;

  constructor(private readonly store: Store, private readonly timeline: Timeline, private readonly log: Log) {}

  get number(): number {
    return this.known;
  }

  onApplicationBootstrap(): void {
    this.stop = this.timeline.onRaise((number) => this.raised(number));
  }

  onApplicationShutdown(): void {
    this.stop();
  }

  /** Asked for now and then; keeps what is known when Postgres does not say. */
  async refresh(): Promise<void> {
    this.known = Math.max(this.known, await this.timeline.current());
  }

  /** Postgres may have lost its last seconds: what is unsettled is issued again under the new number (PROTOCOL §1). */
  private async raised(number: number): Promise<void> {
    this.known = Math.max(this.known, number);
    if (this.issuedFor >= number) return;
    this.log.warn({ timeline: number }, 'the timeline was raised');
    await this.store.transaction(async (tx) => {
      const due = await tx.query(`select 1 from job where kind = 'unsettled' and body->>'provider' is null and cursor = ''`);
      if (due.length === 0) await enqueue(tx, { kind: 'unsettled', provider: null });
    });
    this.issuedFor = number;
  }
}
