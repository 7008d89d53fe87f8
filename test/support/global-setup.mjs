import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

/** Gives the run a folder and a name; servers start only when a test asks for one. */
export default function globalSetup() {
  const folder = mkdtempSync(join(tmpdir(), 'vmdns-test-'));
  chmodSync(folder, 0o711);
  const parent = process.env.VMDNS_RUN_PARENT;
  process.env.VMDNS_TEST_RUN = folder;
  process.env.VMDNS_TEST_RUN_ID = `${parent === undefined ? '' : `${parent}.`}${basename(folder)}`;
  process.env.VMDNS_TEST_PID = String(process.pid);
}
