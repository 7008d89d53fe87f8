import { Fifo } from '../fifo.js';

export interface WorkQueueOptions<T> {
  readonly max: number;
  readonly concurrency: number;
  /** Handles a batch to its end; never throws. Gives how long to wait before the next one (0: go on). */
  readonly work: (items: readonly T[]) => Promise<number>;
}

/** Takes items one by one and hands out, without lingering, all that came while the last call ran. */
export class WorkQueue<T> {
  private readonly waiting = new Fifo<T>();
  private readonly working = new Set<readonly T[]>();
  private isKicked = false;
  private pausedUntil = 0;
  private isClosed = false;
  private room: (() => void) | undefined;
  private idle: (() => void) | undefined;

  constructor(private readonly options: WorkQueueOptions<T>) {}

  get size(): number {
    return this.waiting.size;
  }

  push(item: T): void {
    this.waiting.push(item);
    this.kick();
  }

  /** Fulfilled when there is room for more; one caller at a time. */
  whenRoom(): Promise<void> | undefined {
    if (this.waiting.size < this.options.max || this.isClosed) return undefined;
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
    const waitMs = this.pausedUntil - performance.now();
    if (waitMs > 0) return void setTimeout(() => this.kick(), waitMs).unref();
    while (!this.isClosed && this.waiting.size > 0 && this.working.size < this.options.concurrency) void this.work(this.waiting.take(this.options.max));
    if (this.waiting.size < this.options.max) this.makeRoom();
  }

  private async work(batch: readonly T[]): Promise<void> {
    this.working.add(batch);
    const pauseMs = await this.options.work(batch);
    this.working.delete(batch);
    if (pauseMs > 0) this.pausedUntil = performance.now() + pauseMs;
    if (this.working.size === 0) this.idle?.();
    if (this.waiting.size > 0) this.kick();
  }

  private makeRoom(): void {
    const release = this.room;
    this.room = undefined;
    release?.();
  }
}
