import { rmSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { markedBy, sweep } from './sweep.mjs';

/** Ends what the run's tests have left, the shared PostgreSQL among it, and removes the run's folder. */
export default async function globalTeardown() {
  const runId = process.env.VMDNS_TEST_RUN_ID;
  const folder = process.env.VMDNS_TEST_RUN;
  if (runId === undefined || folder === undefined) return;
  sweep(runId, 'SIGKILL');
  for (let look = 0; look < 100 && markedBy(runId).length > 0; look += 1) await pause(50);
  rmSync(folder, { recursive: true, force: true });
}
