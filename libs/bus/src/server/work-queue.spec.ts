import { describe, expect, it } from '@jest/globals';
import { WorkQueue } from './work-queue.js';

const turn = (): Promise<void> => new Promise((resolve) => { setImmediate(resolve); });

/** A queue whose items are weights; calls end when told. */
function queueOf(options: { readonly max: number; readonly weightMax: number; readonly restMs?: number }) {
  const batches: (readonly number[])[] = [];
  let end: () => void = () => undefined;
  const queue = new WorkQueue<number>({
    ...options, weigh: (item) => item, concurrency: 1,
    work: (items) => { batches.push(items); return new Promise((resolve) => { end = () => resolve(0); }); },
  });
  return { queue, batches, next: async () => { end(); for (let turns = 0; turns < 5; turns += 1) await turn(); } };
}

describe('a work queue whose items weigh', () => {
  it('hands out what came, until the next would be too much; one that is too heavy goes alone', async () => {
    const { queue, batches, next } = queueOf({ max: 3, weightMax: 10 });
    for (const weight of [4, 4, 4, 50, 1, 1, 1, 1]) queue.push(weight);
    for (let times = 0; times < 5; times += 1) await next();
    expect(batches).toEqual([[4, 4], [4], [50], [1, 1, 1], [1]]);
  });

  it('has no room while what waits weighs as much as a batch may, and has it again when that was handed out', async () => {
    const { queue, next } = queueOf({ max: 100, weightMax: 10 });
    queue.push(1);
    await next();
    expect(queue.whenRoom()).toBeUndefined();
    queue.push(6);
    queue.push(6);
    let hasRoom = false;
    const room = queue.whenRoom()?.then(() => { hasRoom = true; });
    expect(room).toBeDefined();
    await turn();
    expect(hasRoom).toBe(false);
    await next();
    expect(hasRoom).toBe(true);
    expect(queue.close()).toEqual([6]);
  });
});

describe('a work queue that was told to wait', () => {
  it('waits, whatever a call beside it comes to', async () => {
    const batches: (readonly number[])[] = [];
    const ends: ((pauseMs: number) => void)[] = [];
    const queue = new WorkQueue<number>({ max: 1, concurrency: 2, work: (items) => { batches.push(items); return new Promise((resolve) => { ends.push(resolve); }); } });
    for (const item of [1, 2, 3]) queue.push(item);
    await turn();
    ends[0]?.(3_600_000);
    await turn();
    ends[1]?.(0);
    for (let turns = 0; turns < 5; turns += 1) await turn();
    expect(batches).toEqual([[1], [2]]);
  });
});

describe('a work queue that rests', () => {
  it('hands out the first at once, then waits for more, and no longer than for a whole batch', async () => {
    const { queue, batches, next } = queueOf({ max: 3, weightMax: 100, restMs: 3_600_000 });
    queue.push(1);
    await next();
    expect(batches).toEqual([[1]]);
    await next();
    queue.push(2);
    await next();
    queue.push(3);
    await next();
    expect(batches).toEqual([[1]]);
    queue.push(4);
    await next();
    expect(batches).toEqual([[1], [2, 3, 4]]);
  });

  it('hands out what came meanwhile when it has rested', async () => {
    const { queue, batches, next } = queueOf({ max: 100, weightMax: 100, restMs: 20 });
    queue.push(1);
    await next();
    await next();
    for (const item of [2, 3]) queue.push(item);
    for (let tries = 0; batches.length < 2 && tries < 1_000; tries += 1) await new Promise((resolve) => { setTimeout(resolve, 10); });
    expect(batches).toEqual([[1], [2, 3]]);
  });
});
