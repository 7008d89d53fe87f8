import { Fifo } from '../fifo.js';

export interface WorkQueueOptions<T> {
  readonly max: number;
  /** A batch ends before it weighs more than this, unless its first item does; nothing is asked for while so much waits. */
  readonly weightMax?: number;
  readonly weigh?: (item: T) => number;
  readonly concurrency: number;
  /** So long after a call the next one waits for more, unless a whole batch is there; default 0. */
  readonly restMs?: number;
  /** Handles a batch to its end; never throws. Gives how long to wait before the next one (0: go on). */
  readonly work: (items: readonly T[]) => Promise<number>;
}

/** Takes items one by one and hands out, without lingering, all that came while the last call ran. */
export class WorkQueue<T> {
  private readonly waiting = new Fifo<T>();
  private readonly working = new Set<readonly T[]>();
  private weight = 0;
  private isKicked = false;
  private pausedUntil = 0;
  private restsUntil = 0;
  private alarm: NodeJS.Timeout | undefined;
  private isClosed = false;
  private room: (() => void) | undefined;
  private idle: (() => void) | undefined;

  constructor(private readonly options: WorkQueueOptions<T>) {}

  get size(): number {
    return this.waiting.size;
  }

  push(item: T): void {
    this.waiting.push(item);
    this.weight += this.weigh(item);
    this.kick();
  }

  /** Fulfilled when there is room for more; one caller at a time. */
  whenRoom(): Promise<void> | undefined {
    if (this.hasRoom || this.isClosed) return undefined;
    return new Promise((resolve) => { this.room = resolve; });
  }

  /** Every item here: waiting or being worked on. */
  *all(): IterableIterator<T> {
    yield* this.waiting;
    for (const batch of this.working) yield* batch;
  }

  /** Hands out nothing more; gives back what was waiting. */
  close(): readonly T[] {
    this.isClosed = true;
    this.room?.();
    this.weight = 0;
    return this.waiting.take(this.waiting.size);
  }

  /** Fulfilled when no call is running. */
  whenIdle(): Promise<void> {
    if (this.working.size === 0) return Promise.resolve();
    return new Promise((resolve) => { this.idle = resolve; });
  }

  /** One turn of the event loop later, so that what arrived in one network read is one batch. */
  private kick(): void {
    if (this.isKicked) return;
    this.isKicked = true;
    setImmediate(() => {
      this.isKicked = false;
      this.handOut();
    });
  }

  private handOut(): void {
    const waitMs = Math.max(this.pausedUntil, this.hasRoom ? this.restsUntil : 0) - performance.now();
    if (waitMs > 0) return this.wakeAfter(waitMs);
    while (!this.isClosed && this.waiting.size > 0 && this.working.size < this.options.concurrency) void this.work(this.nextBatch());
    if (this.hasRoom) this.makeRoom();
  }

  private wakeAfter(ms: number): void {
    clearTimeout(this.alarm);
    this.alarm = setTimeout(() => this.kick(), ms).unref();
  }

  private get hasRoom(): boolean {
    return this.waiting.size < this.options.max && this.weight < this.weightMax;
  }

  private get weightMax(): number {
    return this.options.weightMax ?? Infinity;
  }

  private weigh(item: T): number {
    return this.options.weigh?.(item) ?? 0;
  }

  private nextBatch(): T[] {
    let count = 0;
    let weight = 0;
    for (const item of this.waiting) {
      const more = this.weigh(item);
      if (count === this.options.max || (count > 0 && weight + more > this.weightMax)) break;
      count += 1;
      weight += more;
    }
    this.weight -= weight;
    return this.waiting.take(count);
  }

  private async work(batch: readonly T[]): Promise<void> {
    this.working.add(batch);
    const pauseMs = await this.options.work(batch);
    this.working.delete(batch);
    if (pauseMs > 0) this.pausedUntil = performance.now() + pauseMs;
    this.restsUntil = performance.now() + (this.options.restMs ?? 0);
    if (this.working.size === 0) this.idle?.();
    if (this.waiting.size > 0) this.kick();
  }

  private makeRoom(): void {
    const release = this.room;
    this.room = undefined;
    release?.();
  }
}
