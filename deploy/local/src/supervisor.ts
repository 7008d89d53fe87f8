import type { ManagedProcess } from './processes.js';
import { exitText } from './service-process.js';
import { pause } from './wait.js';

/** Something that should run: what runs now, and how to start it again. */
export interface Part {
  readonly name: string;
  process(): ManagedProcess;
  /** Resolves when it runs again. */
  restart(): Promise<void>;
}

const FIRST_MS = 250;
const MAX_MS = 15_000;
/** One that ran so long has recovered; its next death counts as the first. */
const STEADY_MS = 30_000;

/** Starts again whatever dies, later each time. */
export class Supervisor {
  private stopping = false;
  private readonly watches: Promise<void>[] = [];

  constructor(private readonly say: (line: string) => void) {}

  watch(part: Part): void {
    this.watches.push(this.keepRunning(part));
  }

  /** From now on an end is an end. Call it before stopping the parts. */
  release(): void {
    this.stopping = true;
  }

  private async keepRunning(part: Part): Promise<void> {
    let delayMs = FIRST_MS;
    let startedAt = Date.now();
    for (;;) {
      const exit = await part.process().exited;
      if (this.stopping) return;
      if (Date.now() - startedAt > STEADY_MS) delayMs = FIRST_MS;
      this.say(`${part.name} ended (${exitText(exit)}); starting it again`);
      for (;;) {
        await pause(delayMs);
        if (this.stopping) return;
        delayMs = Math.min(delayMs * 2, MAX_MS);
        startedAt = Date.now();
        const isBack = await part.restart().then(() => true, (error: unknown) => {
          this.say(`${part.name} did not start: ${firstLine(error)}; trying again in ${Math.round(delayMs / 1000)} s`);
          return false;
        });
        if (isBack) break;
      }
      if (this.stopping) return;
    }
  }
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
}
