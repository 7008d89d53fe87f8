import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { Bus } from '@vmdns/bus';
import { FeedFollower, Health, Log } from '@vmdns/chassis';
import { Store, Timeline } from '@vmdns/store';
import { Adapter } from './adapter.js';
import { Announcer } from './announcer.js';

/** What the runner needs beside the adapter. */
@Injectable()
export class AdapterSurroundings {
  constructor(readonly bus: Bus, readonly announcer: Announcer, readonly timeline: Timeline, readonly follower: FeedFollower<unknown>, readonly health: Health) {}
}

const HEARD_LOOK_MS = 25;

/** The adapter lives as long as the application, and begins when Postgres does. */
@Injectable()
export class AdapterRunner implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private isEnding = false;
  private isWorking = false;
  private starting: Promise<void> = Promise.resolve();

  constructor(
    private readonly adapter: Adapter,
    private readonly store: Store,
    private readonly log: Log,
    private readonly world: AdapterSurroundings,
  ) {}

  onApplicationBootstrap(): void {
    this.adapter.onUnknownZone(() => void this.world.follower.reader.poke().catch((error: unknown) => this.log.debug({ err: error }, 'the zone feed was not read')));
    this.world.health.add('lanes', () => this.isWorking || 'not working yet');
    this.starting = this.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.isEnding = true;
    await this.starting;
    if (this.isWorking) await this.adapter.stop();
  }

  /** A pause that was pressed while no replica was there to hear it must hold: commands are taken in meanwhile, and nothing is written. */
  private async hearFirst(): Promise<void> {
    for (const { reader } = this.world.follower; !this.isEnding && !reader.isCaughtUp; ) await delay(HEARD_LOOK_MS);
  }

  private async start(): Promise<void> {
    const { bus, announcer, timeline } = this.world;
    while (!this.isEnding && !this.isWorking) {
      try {
        await this.store.whenMigrated(1000);
        await this.adapter.start({ bus, announcer, timeline });
        this.isWorking = true;
        await this.hearFirst();
        this.adapter.beginWriting();
      } catch (error) {
        const isPassing = error instanceof Error && 'isTransient' in error;
        this.log[isPassing ? 'debug' : 'error']({ err: error }, 'the adapter cannot begin its work yet');
        await delay(isPassing ? 250 : 5000);
      }
    }
  }
}
