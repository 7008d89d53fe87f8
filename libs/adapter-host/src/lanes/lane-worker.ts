import { setImmediate as immediately, setTimeout as delay } from 'node:timers/promises';
import { isTransient } from '@vmdns/bus';
import type { Log } from '@vmdns/chassis';
import type { Timeline } from '@vmdns/store';
import type { Host } from '../host.js';
import type { Noticer } from '../results/noticer.js';
import type { WaitingNames } from '../results/waiting-names.js';
import { type Claim, MANY_NAMES } from './claim.js';
import type { Leases } from './lease.js';
import type { TurnEnds } from './turn-ends.js';
import type { Turns } from './turns.js';

/** How long running calls may take to end when the process is told to. */
const GRACE_MS = 7000;
const SOON_MS = 10;
/** What is due later than this is found by the poll. */
const LATER_MS = 2000;

/** Works on every lane it can get; many zones at once, each by one turn after the other. */
export class LaneWorker {
  private readonly running = new Map<string, Promise<void>>();
  private timer: NodeJS.Timeout | undefined;
  private readonly later = new Map<number, NodeJS.Timeout>();
  private looking: Promise<void> | undefined;
  private isStopping = false;
  /** Without the timers of \`start\` nobody renews a lease. */
  isStarted = false;
  /** Until what was told meanwhile is known (a pause, a removal), nothing is claimed. */
  private mayClaim = false;
  private isWokenMeanwhile = false;

  constructor(
    private readonly host: Host,
    private readonly turns: Turns,
    private readonly ends: TurnEnds,
    private readonly leases: Leases,
    private readonly parts: { readonly waiting: WaitingNames; readonly notices: Noticer; readonly timeline: Pick<Timeline, 'isTold'>; readonly log: Log; readonly onLost: () => void },
  ) {}

  /** Lanes that this process may still take. */
  get room(): number {
    return this.isStopping || !this.isStarted || !this.mayClaim || !this.parts.timeline.isTold ? 0 : Math.max(0, this.host.limits.lanesMax - this.running.size);
  }

  start(): void {
    this.isStarted = true;
    this.leases.start();
    this.timer = setInterval(() => this.wake(), this.host.timing.pollMs);
  }

  /** The zone feed is read to its end: lanes may be claimed from now on. */
  begin(): void {
    this.mayClaim = true;
    this.wake();
  }

  /** Takes no more; what runs may end, then is given up. */
  async stop(): Promise<void> {
    this.isStopping = true;
    clearInterval(this.timer);
    for (const timer of this.later.values()) clearTimeout(timer);
    await this.looking;
    const ended = Promise.all(this.running.values());
    await Promise.race([ended, delay(GRACE_MS, undefined, { ref: false })]);
    this.leases.loseAll();
    await Promise.race([ended, delay(1000, undefined, { ref: false })]);
    this.leases.stop();
  }

  /** Looks for lanes that are due; at most one look at a time. */
  wake(): void {
    if (this.room === 0) return;
    if (this.looking !== undefined) {
      this.isWokenMeanwhile = true;
      return;
    }
    this.looking = this.look().finally(() => {
      this.looking = undefined;
      if (!this.isWokenMeanwhile) return;
      this.isWokenMeanwhile = false;
      this.wake();
    });
  }

  /** Looks in a moment: two claims at the same time may each leave lanes to the other. */
  wakeSoon(): void {
    this.wakeAfter(SOON_MS);
  }

  /** Looks when something is due, several in one moment at once; the poll sees what is due after it. */
  wakeAfter(ms: number): void {
    const moment = Math.ceil((performance.now() + ms + 1) / SOON_MS);
    if (ms <= 0 || ms > LATER_MS || this.isStopping || this.later.has(moment)) return;
    this.later.set(moment, setTimeout(() => {
      this.later.delete(moment);
      this.wake();
    }, moment * SOON_MS - performance.now()));
  }

  /** Works on lanes that were claimed for this process. */
  dispatch(claims: readonly Claim[]): void {
    for (const claim of claims) {
      const work = this.work(claim)
        .catch((error: unknown) => this.complain(error, claim.target))
        .finally(() => {
          if (this.running.get(claim.target) === work) this.running.delete(claim.target);
        });
      this.running.set(claim.target, work);
    }
  }

  /** Nothing runs: for tests and for shutting down. */
  async idle(): Promise<void> {
    while (this.running.size > 0) await Promise.all(this.running.values());
  }

  /** Lanes with much to do one after the other, so that the first one's call is out while the next one's names are read. */
  private async look(): Promise<void> {
    try {
      for (let most = 1, isMore = true; isMore && this.room > 0;) {
        const claims = await this.ends.takeDue(Math.min(most, this.room));
        this.dispatch(claims);
        isMore = claims.length === most;
        most = claims.some((claim) => claim.names.length >= MANY_NAMES) ? 1 : this.room;
      }
    } catch (error) {
      this.complain(error, undefined);
    }
  }

  private async work(claim: Claim): Promise<void> {
    const lease = this.leases.hold(claim);
    let end;
    try {
      end = await this.turns.run(claim, lease);
    } finally {
      this.leases.release(lease);
    }
    const committed = await this.ends.commit(end, !this.isStopping);
    if (committed.kind === 'lost') {
      this.parts.onLost();
      this.parts.log.warn({ target: claim.target, epoch: claim.epoch, names: end.sent.size }, 'a turn came too late, its names are in doubt');
      return this.wake();
    }
    this.dispatch(committed.claims);
    if (committed.isMoreDue) this.wakeSoon();
    if (committed.dueAfterMs !== null) this.wakeAfter(committed.dueAfterMs);
    // The next call goes out first. Who dies here has the outcomes noted as unsaid, and another says them.
    await immediately();
    committed.say();
    if (committed.drifted.length > 0) this.parts.log.warn({ target: claim.target, names: committed.drifted.length, first: committed.drifted[0] }, 'names were changed behind our back');
    this.parts.notices.drifted(claim, committed.drifted);
    this.parts.notices.reported(claim, end.reports);
    const { lane, connection, limiter } = end.verdict;
    if (lane !== null || connection !== null || limiter !== null) this.parts.waiting.answerLater({ target: claim.target, connectionId: connection === null ? null : claim.connection.connectionId, limiterKey: limiter === null ? null : claim.limiter.key });
  }

  private complain(error: unknown, target: string | undefined): void {
    const fields = { err: error, ...(target === undefined ? {} : { target }) };
    if (isTransient(error)) this.parts.log.warn(fields, 'lanes wait for Postgres');
    else this.parts.log.error(fields, 'work on lanes broke off');
  }
}
