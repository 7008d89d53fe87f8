import { rmSync } from 'node:fs';
import { sweep } from './sweep.mjs';

/** Watches a test run and, when it is killed before it could clean up, ends what it started. */
const [watched, runId, folder] = process.argv.slice(2);
const timer = setInterval(() => {
  try {
    process.kill(Number(watched), 0);
  } catch {
    clearInterval(timer);
    sweep(runId);
    rmSync(folder, { recursive: true, force: true });
  }
}, 500);
