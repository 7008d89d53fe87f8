import { ProviderError } from '@vmdns/provider-kit';

/** At most so many calls at once from this process; who waits is served in order, and leaves when cancelled. */
export class Slots {
  private inUse = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly max: number) {}

  async use<T>(call: () => Promise<T>, signal: AbortSignal): Promise<T> {
    if (signal.aborted) throw new ProviderError('retry', 'cancelled before it was sent');
    if (this.inUse >= this.max) await this.turn(signal);
    else this.inUse += 1;
    try {
      return await call();
    } finally {
      // The slot goes from hand to hand, so nobody who comes now can overtake.
      const next = this.waiting.shift();
      if (next === undefined) this.inUse -= 1;
      else next();
    }
  }

  private turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const take = (): void => { signal.removeEventListener('abort', leave); resolve(); };
      const leave = (): void => {
        this.waiting.splice(this.waiting.indexOf(take), 1);
        reject(new ProviderError('retry', 'cancelled while waiting for a free connection'));
      };
      this.waiting.push(take);
      signal.addEventListener('abort', leave, { once: true });
    });
  }
}
