import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, openSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Finder } from '@vmdns/local';

/** The root of the working tree, from sources and from `dist` alike. */
export const ROOT = fileURLToPath(new URL(import.meta.url.includes('/dist/') ? '../../../' : '../../', import.meta.url));

/** The folder of this test run; removed with everything in it at the run's end. */
export function runFolder(): string {
  const given = process.env['VMDNS_TEST_RUN'];
  if (given !== undefined) return given;
  const made = mkdtempSync(join(tmpdir(), 'vmdns-test-'));
  chmodSync(made, 0o711);
  process.env['VMDNS_TEST_RUN'] = made;
  process.env['VMDNS_TEST_RUN_ID'] ??= made.split('/').pop() ?? 'run';
  process.env['VMDNS_TEST_PID'] ??= String(process.pid);
  return made;
}

/** A new folder inside the run's; other accounts may pass through it, for PostgreSQL's sake. */
export function newFolder(name: string): string {
  const folder = mkdtempSync(join(runFolder(), `${name}-`));
  chmodSync(folder, 0o711);
  return folder;
}

/** Marks a child as this run's, and makes sure that somebody ends it when the run is killed. */
export function childEnv(): Record<string, string> {
  const folder = runFolder();
  const runId = process.env['VMDNS_TEST_RUN_ID'] ?? 'run';
  const pid = process.env['VMDNS_TEST_PID'] ?? String(process.pid);
  if (takesFirst(join(folder, 'reaper'))) {
    const reaper = spawn(process.execPath, [join(ROOT, 'test/support/reaper.mjs'), pid, runId, folder], { detached: true, stdio: 'ignore', env: { VMDNS_RUN_ID: runId } });
    reaper.unref();
  }
  return { VMDNS_RUN_ID: runId };
}

function takesFirst(file: string): boolean {
  try {
    openSync(file, 'wx');
    return true;
  } catch {
    return false;
  }
}

/** Finds binaries as `npm start` does, in the same tools folder. */
export function finder(): Finder {
  const toolsFolder = process.env['VMDNS_TOOLS'] ?? join(ROOT, '.vmdns', 'tools');
  mkdirSync(toolsFolder, { recursive: true });
  return { toolsFolder, env: process.env, say: (line) => process.stderr.write(`${line}\n`) };
}
