import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Health } from '@vmdns/chassis';
import { Store } from '@vmdns/store';
import { unavailable } from '../http/problems.js';

const LOOK_EVERY_MS = 5_000;
const FIRST_AGAIN_MS = 100;
/** So many looks count: the quickest of them says most. */
const LOOKS_MAX = 12;

/** One look at PostgreSQL's clock: its time minus ours lay between these two. */
interface Look { readonly least: number; readonly most: number }

/** What time it surely is by PostgreSQL's clock, without asking: the one clock that all replicas of inventory can ask. */
@Injectable()
export class DatabaseClock implements OnApplicationBootstrap, OnApplicationShutdown {
  private looks: readonly Look[] = [];
  private timer: NodeJS.Timeout | undefined;
  private isStopped = false;
  private stopHearing: () => void = () => undefined;

  constructor(private readonly store: Store, health: Health) {
    health.add('database clock', () => this.looks.length > 0 || 'the time of PostgreSQL is not known yet');
  }

  onApplicationBootstrap(): void {
    // Another server has another clock.
    this.stopHearing = this.store.onNewHistory(() => { this.looks = []; });
    void this.run();
  }

  onApplicationShutdown(): void {
    this.isStopped = true;
    this.stopHearing();
    clearTimeout(this.timer);
  }

  /** In so many milliseconds, or a little earlier; throws a 503 problem while nothing is known. */
  in(ms: number): number {
    if (this.looks.length === 0) throw unavailable('the time of PostgreSQL is not known yet');
    return performance.now() + Math.max(...this.looks.map((look) => look.least)) + ms;
  }

  private async run(): Promise<void> {
    try {
      const asked = performance.now();
      const [row] = await this.store.query<{ time: number }>('select (extract(epoch from clock_timestamp()) * 1000)::float8 as time');
      const look = { least: (row?.time ?? 0) - performance.now(), most: (row?.time ?? 0) - asked };
      // What cannot be true together with the newest was before somebody set the clock.
      this.looks = [look, ...this.looks.filter((known) => known.least <= look.most && look.least <= known.most)].slice(0, LOOKS_MAX);
    } catch {
      // PostgreSQL is away: what is known goes on, as our own clock does.
    }
    if (!this.isStopped) this.timer = setTimeout(() => void this.run(), this.looks.length === 0 ? FIRST_AGAIN_MS : LOOK_EVERY_MS).unref();
  }
}
