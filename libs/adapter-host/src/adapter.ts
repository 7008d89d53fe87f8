import { type Bus, type InMessage, TransientError } from '@vmdns/bus';
import type { Log } from '@vmdns/chassis';
import type { Command, ZoneFeedBody } from '@vmdns/contracts';
import type { Store, Timeline } from '@vmdns/store';
import type { Announcer } from './announcer.js';
import { INTAKE_NAMES_MAX, type Intake } from './commands/intake.js';
import type { ReadBack } from './commands/read-back.js';
import type { Comparer } from './compare/comparer.js';
import type { ZoneDesk } from './compare/zone-desk.js';
import type { Standstill } from './lanes/standstill.js';
import type { LaneWorker } from './lanes/lane-worker.js';
import type { Leases } from './lanes/lease.js';
import type { SayAgain } from './results/say-again.js';
import type { Sayer } from './results/sayer.js';
import type { Unsaid } from './results/unsaid.js';
import type { WaitingNames } from './results/waiting-names.js';
import type { Settled, ZoneBook } from './zones/zone-book.js';

/** The parts of one adapter; `assemble` makes them. */
export interface AdapterParts {
  readonly store: Store;
  readonly log: Log;
  readonly intake: Intake;
  readonly worker: LaneWorker;
  readonly leases: Leases;
  readonly standstill: Standstill;
  readonly zones: ZoneBook;
  readonly waiting: WaitingNames;
  readonly sayer: Sayer;
  readonly unsaid: Unsaid;
  readonly again: SayAgain;
  readonly comparer: Comparer;
  readonly desk: ZoneDesk;
  readonly readBack: ReadBack;
}

/** What an adapter needs of the world beside its store. */
export interface AdapterWorld {
  readonly bus: Pick<Bus, 'onStreamReborn' | 'streamCreated' | 'onReady'>;
  readonly announcer: Pick<Announcer, 'start' | 'stop' | 'announce'>;
  readonly timeline: Pick<Timeline, 'onRaise' | 'watch'>;
}

const FLUSH_MS = 1000;
const SAY_AGAIN_MS = 5000;
const RESETTLE_MS = 60_000;

/** One adapter at work: commands and zone facts in, results out. */
export class Adapter {
  private readonly stops: (() => void)[] = [];
  private readonly timers: NodeJS.Timeout[] = [];
  private askForZones: () => void = () => undefined;

  constructor(private readonly parts: AdapterParts) {}

  /** What people ask of single zones. */
  get desk(): ZoneDesk {
    return this.parts.desk;
  }

  /** There may be something due. */
  wake(): void {
    this.parts.worker.wake();
  }

  /** Called when a command names a zone that the feed has not told of: read it now. */
  onUnknownZone(ask: () => void): void {
    this.askForZones = ask;
  }

  /** Begins to work; Postgres must be migrated. */
  async start(world: AdapterWorld): Promise<void> {
    const { again, log, readBack, unsaid, worker, zones } = this.parts;
    // First what may fail: whoever starts us tries again from here.
    const settled = await zones.settleAll();
    worker.start();
    this.parts.comparer.start();
    await this.follow(settled);
    world.announcer.start();
    this.stops.push(() => world.announcer.stop());
    const every = (ms: number, what: string, work: () => Promise<unknown>): void => {
      const guarded = (): void => void work().catch((error: unknown) => log.warn({ err: error }, what));
      this.timers.push(setInterval(guarded, ms));
    };
    every(FLUSH_MS, 'said outcomes were not forgotten', () => unsaid.flush());
    every(SAY_AGAIN_MS, 'outcomes could not be said again', () => again.run());
    every(RESETTLE_MS, 'held zones were not looked at', () => this.lookAtHeldZones());
    const noteStream = (created: string): void => void again.onStream(created).catch((error: unknown) => log.warn({ err: error }, 'the result stream was not noted'));
    const askStream = (): void => void world.bus.streamCreated('RESULT').then(noteStream, () => undefined);
    this.stops.push(world.bus.onStreamReborn('RESULT', noteStream), world.bus.onReady(() => { askStream(); void world.announcer.announce(); }));
    askStream();
    this.stops.push(this.parts.standstill.listen());
    const raised = async (timeline: number): Promise<void> => {
      await readBack.read(timeline);
      log.warn({ timeline }, 'the timeline was raised; what was written in the lost seconds is ours where it is found');
    };
    this.stops.push(world.timeline.onRaise(raised), world.timeline.watch());
  }

  /** What the planner told while this process was not there is known by now: zones may be written. */
  beginWriting(): void {
    this.parts.worker.begin();
  }

  async stop(): Promise<void> {
    for (const timer of this.timers) clearInterval(timer);
    for (const stop of this.stops) stop();
    await this.parts.comparer.stop();
    await this.parts.worker.stop();
    await this.parts.waiting.settled();
    await this.parts.sayer.settled();
    await this.parts.unsaid.flush().catch((error: unknown) => this.parts.log.warn({ err: error }, 'said outcomes were not forgotten'));
  }

  /** Stores commands and sets about them; fulfilled when they are stored, so that the bus may acknowledge. */
  async takeCommands(messages: readonly Pick<InMessage<Command>, 'data' | 'traceparent'>[]): Promise<void> {
    if (!this.parts.worker.isStarted) throw new TransientError('taking commands: the adapter has not begun to work');
    for (const message of messages) this.parts.sayer.traces.remember(message.data.zoneId, message.data.names.map((name) => name.name), message.traceparent);
    for (const commands of portionsOf(messages.map((message) => message.data), INTAKE_NAMES_MAX)) {
      const taken = await this.parts.intake.take(commands, () => this.parts.worker.room);
      this.parts.worker.dispatch(taken.claims);
      if (taken.isMoreDue) this.parts.worker.wakeSoon();
      for (const ms of taken.wakeAfterMs) this.parts.worker.wakeAfter(ms);
      if (taken.noted !== null) this.parts.sayer.say(taken.fresh, taken.noted);
      this.parts.sayer.answer(taken.again, true);
      this.parts.sayer.answer(taken.answers, false);
      if (taken.isZoneUnknown) this.askForZones();
    }
  }

  /** Takes rows of the planner's zone feed, live or read again. */
  async takeZones(facts: readonly ZoneFeedBody[]): Promise<void> {
    await this.follow(await this.parts.zones.take(facts));
  }

  /** Takes facts in of which some stop; gives the zones of which a call is still out after `waitMs`. */
  async stopZones(facts: readonly ZoneFeedBody[], waitMs: number): Promise<readonly string[]> {
    await this.takeZones(facts);
    return this.parts.standstill.reach(facts, waitMs);
  }

  private async follow(settled: Settled): Promise<void> {
    if (!settled.isChanged) return;
    this.parts.leases.stopSending(settled.stopped);
    if (settled.stopped.length > 0) this.parts.waiting.answerLater({ targets: settled.stopped });
    this.parts.worker.wake();
  }

  /** A zone that was busy when its connection changed, or whose key has come since. */
  private async lookAtHeldZones(): Promise<void> {
    const held = await this.parts.store.query(`select 1 from lane where held is not null and held <> 'unknown' and not removed limit 1`);
    if (held.length > 0) await this.follow(await this.parts.zones.settleAll());
  }
}

/** Whole commands, at most so many names together (one command alone may be as large as it is). */
function portionsOf(commands: readonly Command[], namesMax: number): readonly (readonly Command[])[] {
  const portions: Command[][] = [];
  let room = 0;
  for (const command of commands) {
    const last = portions.at(-1);
    if (last === undefined || command.names.length > room) {
      portions.push([command]);
      room = namesMax - command.names.length;
    } else {
      last.push(command);
      room -= command.names.length;
    }
  }
  return portions;
}
