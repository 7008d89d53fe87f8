import { isTransient } from '@vmdns/bus';
import { Log } from './log.js';
import { Store } from '@vmdns/store';

/** After a failure the work is tried again this soon. */
const AGAIN_MS = 60_000;
/** And this soon when what it needs is only not there yet. */
const SOON_MS = 1_000;

/** Work that is due at start and then every so often; it waits for the schema, and a failure is only a delay. */
export class Recurring {
  private timer: NodeJS.Timeout | undefined;
  private isStopped = false;

  constructor(private readonly of: { readonly store: Store; readonly log: Log; readonly everyMs: number; readonly what: string; readonly work: () => Promise<void> }) {}

  start(): void {
    void this.run();
  }

  stop(): void {
    this.isStopped = true;
    clearTimeout(this.timer);
  }

  private async run(): Promise<void> {
    const { store, log, everyMs, what, work } = this.of;
    let nextMs = everyMs;
    try {
      await store.whenMigrated(AGAIN_MS);
      if (!this.isStopped) await work();
    } catch (err) {
      nextMs = Math.min(everyMs, isTransient(err) ? SOON_MS : AGAIN_MS);
      if (!this.isStopped) log[isTransient(err) ? 'debug' : 'warn']({ err, what, nextMs }, 'recurring work failed, it is tried again');
    }
    if (!this.isStopped) this.timer = setTimeout(() => void this.run(), nextMs).unref();
  }
}
