import { describe, expect, it } from '@jest/globals';
import { setImmediate as turn } from 'node:timers/promises';
import { currentTraceparent, newTraceparent, tracedUntilDone } from './traceparent.js';

describe('the trace of what is being done', () => {
  it('is known until it is done, also while others begin and end', async () => {
    const [first, second] = [newTraceparent(), newTraceparent()];
    let end = (): void => undefined;
    const open = new Promise<void>((resolve) => { end = resolve; });
    const long = tracedUntilDone(first, async () => {
      await open;
      await turn();
      return currentTraceparent();
    });
    expect(await tracedUntilDone(second, async () => (await turn(), currentTraceparent()))).toBe(second);
    end();
    expect(await long).toBe(first);
    expect(currentTraceparent()).toBeUndefined();
    expect(await tracedUntilDone(second, async () => (await turn(), currentTraceparent()))).toBe(second);
  });

  it('is let go also where the work fails', async () => {
    await expect(tracedUntilDone(newTraceparent(), async () => { await turn(); throw new Error('no'); })).rejects.toThrow('no');
    expect(currentTraceparent()).toBeUndefined();
  });
});
