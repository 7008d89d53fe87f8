import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { CONFIG, Log } from '@vmdns/chassis';
import { Store } from '@vmdns/store';
import { Config } from '../config.js';
import { CurrentTimeline } from '../planning/current-timeline.js';
import { JobRunner } from '../planning/job-runner.js';
import { Planner } from '../planning/planner.service.js';
import { Reissue } from './reissue.service.js';

export interface Turn { readonly name: string; readonly everyMs: number; readonly work: () => Promise<unknown> }

const RETRY_MS = 1_000;

/** Does things again and again, each at its own pace and never twice at once; a failure waits for the next turn. */
@Injectable()
export class Clockwork implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly timers: NodeJS.Timeout[] = [];
  private readonly running = new Set<Promise<void>>();
  private readonly turns: Turn[] = [];
  private isStopped = false;

  constructor(private readonly log: Log, private readonly store: Store) {}

  add(turn: Turn): void {
    this.turns.push(turn);
  }

  onApplicationBootstrap(): void {
    for (const turn of this.turns) this.schedule(turn, 0);
  }

  async onApplicationShutdown(): Promise<void> {
    this.isStopped = true;
    for (const timer of this.timers) clearTimeout(timer);
    await Promise.all(this.running);
  }

  private schedule(turn: Turn, afterMs: number): void {
    const timer = setTimeout(() => {
      this.timers.splice(this.timers.indexOf(timer), 1);
      const run = this.run(turn).then((done) => {
        this.running.delete(run);
        if (!this.isStopped) this.schedule(turn, done ? turn.everyMs : Math.min(turn.everyMs, this.store.isMigrated ? RETRY_MS : 100));
      });
      this.running.add(run);
    }, afterMs);
    this.timers.push(timer);
  }

  private async run(turn: Turn): Promise<boolean> {
    if (!this.store.isMigrated) return false;
    try {
      await turn.work();
      return true;
    } catch (err) {
      this.log.warn({ err, turn: turn.name }, 'a turn failed; the next one tries again');
      return false;
    }
  }
}

/** Keys whose outer row waits for one that has settled: found again when a process died between the two (PROTOCOL §2). */
@Injectable()
export class Followers {
  constructor(private readonly store: Store, private readonly planner: Planner) {}

  async sweep(): Promise<void> {
    let cursor = '';
    for (let page = 0; page < 10_000; page += 1) {
      const rows = await this.store.query<{ rkey: string }>(
        `select distinct rkey from name where replaces and rkey > $1 and settled_generation = generation
            and (state = 'applied' or exists (select 1 from zone where state = 'leaving')) order by rkey limit 400`, [cursor]);
      await this.planner.planAgain(rows.map((row) => row.rkey));
      const last = rows.at(-1);
      if (last === undefined || rows.length < 400) return;
      cursor = last.rkey;
    }
  }
}

/** What reconciling does by time. */
@Injectable()
export class ReconcileTurns {
  constructor(clockwork: Clockwork, reissue: Reissue, jobs: JobRunner, timeline: CurrentTimeline, @Inject(CONFIG) config: Config) {
    clockwork.add({ name: 'reissue', everyMs: config.SWEEP_MS, work: () => reissue.sweep() });
    clockwork.add({ name: 'jobs', everyMs: config.SWEEP_MS, work: () => Promise.resolve(jobs.poke()) });
    clockwork.add({ name: 'timeline', everyMs: 5_000, work: () => timeline.refresh() });
  }
}
