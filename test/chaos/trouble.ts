import type { HttpAnswer } from '@vmdns/local';
import type { GatewayClient } from '@vmdns/test/support';
import type { Dice } from './dice.js';
import type { World } from './world.js';

/** The longest that everything may be away: whoever is not heard by then has found something. */
const INSIST_MS = 240_000;
const ANSWERED = new Set([200, 201, 202, 204, 400, 403, 404, 409, 415, 422]);

/** What all that act have in common: patience, a list of what went wrong, and a count of what was answered. */
export class Trouble {
  readonly wrongs: string[] = [];
  readonly answers = new Map<string, number>();

  constructor(private readonly world: World, private readonly dice: Dice) {}

  wrong(text: string): void {
    this.wrongs.push(text);
  }

  /** Asks one gateway or the other until one answers for good; 503, 500 and no answer at all mean: again. `again` hears of each. */
  async insist(what: string, ask: (gateway: GatewayClient) => Promise<HttpAnswer>, again: () => void = () => undefined): Promise<HttpAnswer> {
    const until = Date.now() + INSIST_MS;
    for (;;) {
      const answer = await ask(this.world.gateway(this.dice.between(0, 1))).catch(() => undefined);
      const status = String(answer?.status ?? 'none');
      this.answers.set(status, (this.answers.get(status) ?? 0) + 1);
      if (answer?.status === 500) this.wrong(`${what} was answered 500: ${JSON.stringify(answer.body)}`);
      if (answer !== undefined && ANSWERED.has(answer.status)) return answer;
      if (Date.now() > until) throw new Error(`${what} was not answered for ${INSIST_MS / 1000} s; last: ${status} ${JSON.stringify(answer?.body)}`);
      again();
      await this.pause(this.dice.between(100, 500));
    }
  }

  /** Time goes by, or the end comes. */
  pause(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted === true) { resolve(); return; }
      const end = (): void => { clearTimeout(timer); signal?.removeEventListener('abort', end); resolve(); };
      const timer = setTimeout(end, ms);
      signal?.addEventListener('abort', end);
    });
  }
}
