import { AsyncLocalStorage } from 'node:async_hooks';
import { randomFillSync } from 'node:crypto';

const SHAPE = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-([0-9a-f]{2})$/;
const current = new AsyncLocalStorage<string>();

const pool = Buffer.alloc(8192);
let used = pool.length;

/** Random hex digits from a pool: one per message is a hot path, and each draw on its own costs microseconds. */
function randomHex(bytes: number): string {
  if (used + bytes > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += bytes;
  return pool.toString('hex', used - bytes, used);
}

/** A new trace: W3C trace context, sampled. */
export function newTraceparent(): string {
  return `00-${randomHex(16)}-${randomHex(8)}-01`;
}

/** The same trace, another span; a new trace where the given one is absent or no traceparent. */
export function childTraceparent(parent: string | undefined): string {
  const match = parent === undefined ? null : SHAPE.exec(parent);
  return match === null ? newTraceparent() : `00-${match[1]}-${randomHex(8)}-${match[2]}`;
}

/** The 32 hex digits that name the trace, for logs. */
export function traceIdOf(traceparent: string | undefined): string | undefined {
  return traceparent === undefined ? undefined : SHAPE.exec(traceparent)?.[1];
}

/** How many have a trace of their own now; where one's end is not told, for ever. */
let traced = 0;

/** Runs `work` with this trace; what it publishes or asks, also after it has returned, carries it on without being told. */
export function withTraceparent<T>(traceparent: string, work: () => T): T {
  traced += 1;
  return current.run(traceparent, work);
}

/**
 * The same until the work is done. Where nobody has a trace any more the engine stops following promises: while it does,
 * each costs two and a half times as much, and batches know the traces of their messages anyway.
 */
export async function tracedUntilDone<T>(traceparent: string, work: () => Promise<T>): Promise<T> {
  traced += 1;
  try {
    return await current.run(traceparent, work);
  } finally {
    traced -= 1;
    if (traced === 0) current.disable();
  }
}

/** The trace of the request being handled, if any. */
export function currentTraceparent(): string | undefined {
  return current.getStore();
}
