/** How long to wait for a condition, and how often to look. */
export interface WaitOptions {
  readonly withinMs?: number;
  /** Default: a tenth of what has been waited so far, between 20 and 100 ms; 20 where looking costs nobody anything. */
  readonly everyMs?: number;
  /** What is waited for, in the error's words. */
  readonly what?: string;
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => { setTimeout(resolve, ms); });
}

/** A slow or busy machine waits longer before it gives up: VMDNS_PATIENCE multiplies every limit (default 1). */
const PATIENCE = Math.max(1, Number(process.env['VMDNS_PATIENCE'] ?? 1) || 1);

const SOON_MS = 20;
/** Whoever is asked has to work for the answer, mostly the very ones that are waited for. */
const restMs = (waitedMs: number): number => Math.min(100, Math.max(SOON_MS, waitedMs / 10));

/**
 * Waits until `condition` gives something truthy and returns it. A condition that throws counts as not yet; its last
 * error becomes the cause when the time is over.
 */
export async function until<T>(condition: () => T | Promise<T>, options: WaitOptions = {}): Promise<NonNullable<T>> {
  const { everyMs, what = 'the condition' } = options;
  const withinMs = (options.withinMs ?? 10_000) * PATIENCE;
  const startedAt = Date.now();
  const deadline = startedAt + withinMs;
  let asksSomebody = false;
  let lastError: unknown;
  for (;;) {
    try {
      const answer = condition();
      asksSomebody = answer instanceof Promise;
      const value = await answer;
      if (value) return value;
      lastError = undefined;
    } catch (error) {
      lastError = error;
    }
    if (Date.now() >= deadline) {
      const hint = lastError instanceof Error ? `: ${lastError.message}` : '';
      throw new Error(`waited ${withinMs} ms in vain for ${what}${hint}`, { cause: lastError });
    }
    await pause(everyMs ?? (asksSomebody ? restMs(Date.now() - startedAt) : SOON_MS));
  }
}

/** The value, or undefined when it takes longer than `ms`; the work itself is not stopped. */
export async function within<T>(work: Promise<T>, ms: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => { timer = setTimeout(() => resolve(undefined), ms); });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
