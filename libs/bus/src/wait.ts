/** A pause that does not keep the process alive; ends early when the signal is raised. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve();
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    timer.unref();
    signal?.addEventListener('abort', end, { once: true });
  });
}

/** The pause before try n + 1: doubles from `first` to `most`, with up to a quarter of jitter. */
export function backoffMs(tries: number, first: number, most: number): number {
  const base = Math.min(most, first * 2 ** Math.min(tries, 20));
  return Math.round(base * (0.75 + Math.random() * 0.25));
}

/** A gate that is shut or open; many may wait for it to open. */
export class Gate {
  private waiting = new Set<() => void>();
  private isOpenNow = false;

  get isOpen(): boolean {
    return this.isOpenNow;
  }

  open(): void {
    this.isOpenNow = true;
    const released = this.waiting;
    this.waiting = new Set();
    for (const release of released) release();
  }

  shut(): void {
    this.isOpenNow = false;
  }

  /** Whether it was open within the limit. */
  wait(limitMs: number): Promise<boolean> {
    if (this.isOpenNow) return Promise.resolve(true);
    if (limitMs <= 0) return Promise.resolve(false);
    return new Promise((resolve) => {
      const release = (): void => {
        clearTimeout(timer);
        resolve(true);
      };
      const timer = setTimeout(() => {
        this.waiting.delete(release);
        resolve(false);
      }, Math.min(limitMs, 2_000_000_000));
      this.waiting.add(release);
    });
  }
}
