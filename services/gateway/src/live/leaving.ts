import { setMaxListeners } from 'node:events';
import { Injectable, type BeforeApplicationShutdown } from '@nestjs/common';

/** Says once that the process is about to end, to all who answer slowly: whoever waits is answered, streams end. */
@Injectable()
export class Leaving implements BeforeApplicationShutdown {
  readonly #controller = new AbortController();

  constructor() {
    // Everybody who waits listens: hundreds are no leak.
    setMaxListeners(0, this.#controller.signal);
  }

  /** Aborted when the process leaves. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** May be said twice. */
  begin(): void {
    this.#controller.abort();
  }

  beforeApplicationShutdown(): void {
    this.begin();
  }
}
