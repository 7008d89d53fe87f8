import { readdirSync, readFileSync } from 'node:fs';

/**
 * Ends every process whose environment says that a test run (or one below it) started it. Linux only: elsewhere a
 * killed test run may leave servers behind. Gives the number of processes it met.
 */
export function sweep(runId, signal = 'SIGKILL') {
  let met = 0;
  for (const pid of markedBy(runId)) {
    try {
      process.kill(pid, signal);
      met += 1;
    } catch {
      // Gone in the meantime.
    }
  }
  return met;
}

/** The pids of processes started for the run. */
export function markedBy(runId) {
  let entries;
  try {
    entries = readdirSync('/proc');
  } catch {
    return [];
  }
  return entries.filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid).filter((entry) => {
    try {
      const environment = readFileSync(`/proc/${entry}/environ`, 'utf8').split('\0');
      return environment.some((line) => line === `VMDNS_RUN_ID=${runId}` || line.startsWith(`VMDNS_RUN_ID=${runId}.`));
    } catch {
      return false;
    }
  }).map(Number);
}
