import { pause } from './wait.js';

/** So long nobody is suspected: most answers are there by then. */
const TRUST_MS = 300;
/** A living server answers a ping in a fraction of it; with TRUST_MS it is well within a second. */
export const PULSE_MS = 500;

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
  try {
    return await Promise.race([work, silence(answers, over.signal)]);
  } finally {
    over.abort();
  }
}

async function silence(answers: () => Promise<boolean>, over: AbortSignal): Promise<never> {
  for (;;) {
    await pause(TRUST_MS, over);
    if (over.aborted || !await answers()) throw new Silence('a ping was left without an answer');
  }
}

/** Whether a ping is answered within PULSE_MS; a ping that fails is none. */
export async function isAnswered(ping: Promise<unknown>): Promise<boolean> {
  const answered = ping.then(() => true, () => false);
  const limit = new AbortController();
  const late = pause(PULSE_MS, limit.signal).then(turn).then(() => false);
  return Promise.race([answered, late]).finally(() => { limit.abort(); });
}

/** A process that was busy itself looks once more at what has come meanwhile, before it calls another silent. */
const turn = (): Promise<void> => new Promise((resolve) => { setImmediate(resolve); });
