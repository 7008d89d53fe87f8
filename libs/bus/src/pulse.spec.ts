import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { isAnswered } from './pulse.js';

/** A handshake: so many turns of the loop, each of which other work holds up. */
async function busyPing(turns: number, heldUpMs: number): Promise<void> {
  for (let n = 0; n < turns; n += 1) {
    await turn();
    for (const end = performance.now() + heldUpMs; performance.now() < end;) Math.sqrt(end);
  }
}

describe('whether a server answers', () => {
  it('a process that is busy itself does not call its server silent', async () => {
    expect(await isAnswered(busyPing(6, 120))).toBe(true);
  });

  it('a ping without an answer is silence, and so is one that fails', async () => {
    expect(await isAnswered(new Promise(() => undefined))).toBe(false);
    expect(await isAnswered(Promise.reject(new Error('refused')))).toBe(false);
  });
});
