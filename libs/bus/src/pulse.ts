import { pause } from './wait.js';

/** So long nobody is suspected: most answers are there by then. */
const TRUST_MS = 250;
/**
 * A living server answers a ping in a fraction of it; with TRUST_MS, and what the asker does before and after, it is
 * within a second. Counted in steps of a loop that runs: a process that is busy itself gives the answer no less time.
 */
const PULSE_STEPS = 10;
const STEP_MS = 50;

/** What was needed for an answer is there, and says nothing. */
export class Silence extends Error {
  override readonly name = 'Silence';
}

/**
 * The work's outcome; or a Silence as soon as what it needs leaves a ping without an answer, again and again asked while
 * the work lasts. So a slow answer may take its time, and none is waited for that cannot come.
 */
export async function unlessSilent<T>(work: Promise<T>, answers: () => Promise<boolean>): Promise<T> {
  const over = new AbortController();
  const silence = new Promise<never>((_, reject) => {
    void isSilentBefore(over.signal, answers).then((isSilent) => { if (isSilent) reject(new Silence('a ping was left without an answer')); });
  });
  return Promise.race([work, silence]).finally(() => { over.abort(); });
}

/** Asks now and then whether what is needed still answers; false when it is over first. `answers` never throws. */
export async function isSilentBefore(over: AbortSignal, answers: () => Promise<boolean>): Promise<boolean> {
  for (;;) {
    await pause(TRUST_MS, over);
    if (over.aborted) return false;
    if (!await answers()) return !over.aborted;
  }
}

/** Whether a ping is answered within half a second; a ping that fails is none. */
export async function isAnswered(ping: Promise<unknown>): Promise<boolean> {
  const answered = ping.then(() => true, () => false);
  const limit = new AbortController();
  const late = steps(limit.signal).then(turn).then(() => false);
  return Promise.race([answered, late]).finally(() => { limit.abort(); });
}

async function steps(over: AbortSignal): Promise<void> {
  for (let step = 0; step < PULSE_STEPS && !over.aborted; step += 1) await pause(STEP_MS, over);
}

/** A process that was busy itself looks once more at what has come meanwhile, before it calls another silent. */
const turn = (): Promise<void> => new Promise((resolve) => { setImmediate(resolve); });
