import { readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { endChildrenOnSignal, prepare, ROOT } from './prepare.mjs';

/** A launcher that was killed has left its endpoints behind; whoever waits for ours must not find them. */
function forgetDeadStack() {
  const home = resolve(ROOT, process.env.VMDNS_HOME || '.vmdns');
  try {
    process.kill(JSON.parse(readFileSync(join(home, 'run', 'launcher.json'), 'utf8')).pid, 0);
  } catch {
    rmSync(join(home, 'endpoints.json'), { force: true });
  }
}

// Installed and built first; only then is there something to import.
try {
  forgetDeadStack();
  const prepared = endChildrenOnSignal();
  await prepare();
  const { start } = await import('./dist/index.js');
  prepared();
  process.exit(await start(ROOT, process.env));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
