import { describe, expect, it } from '@jest/globals';
import { WorkQueue } from './work-queue.js';

const turn = (): Promise<void> => new Promise((resolve) => { setImmediate(resolve); });

/** A queue whose items are weights; calls end when told. */
function queueOf(options: { readonly max: number; readonly weightMax: number }) {
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
