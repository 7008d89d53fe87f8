import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Bus } from '@vmdns/bus';
import { Log } from '@vmdns/chassis';
import { streams } from '@vmdns/contracts';
import { Timeline } from '@vmdns/store';
import { ZoneReadBack } from '../zones/zone-read-back.js';
import { CommandReadBack } from './command-read-back.js';
import { LostDeeds } from './lost-deeds.js';

/** A failover loses seconds; this is what cursors go back too (PROTOCOL §1). */
const SPAN_MS = 3_600_000;
const READY_MS = 5_000;

/** What it listens to and tells. */
@Injectable()
export class ReadBackWorld {
  constructor(readonly timeline: Timeline, readonly log: Log) {}
}

/** After a raise of the timeline: what this planner has said and does not know any more is taken back or said. */
@Injectable()
export class ReadBack implements OnApplicationBootstrap, OnApplicationShutdown {
  private stop: () => void = () => undefined;

  constructor(private readonly bus: Bus, private readonly world: ReadBackWorld, private readonly zones: ZoneReadBack, private readonly commands: CommandReadBack, private readonly deeds: LostDeeds) {}

  onApplicationBootstrap(): void {
    this.stop = this.world.timeline.onRaise((timeline) => this.read(timeline));
  }

  onApplicationShutdown(): void {
    this.stop();
  }

  /** Throws while the bus is away; then it is tried again. */
  private async read(timeline: number): Promise<void> {
    await this.bus.whenReady(READY_MS);
    await this.bus.whenPosted(READY_MS);
    const deeds = await this.deeds.take(timeline);
    const told: unknown[] = [];
    for await (const page of this.bus.readBack(streams.ZONE.name, SPAN_MS)) told.push(...page.map(({ body }) => body));
    const zones = await this.zones.take(told, timeline);
    let names = 0;
    for await (const page of this.bus.readBack(streams.COMMAND.name, SPAN_MS)) names += await this.commands.take(page.map(({ body }) => body), timeline);
    this.world.log.warn({ timeline, deeds, zones, names }, 'the timeline was raised; what people decided counts again or is said, names that were lost are planned again, zones and connections are said');
  }
}
