import { realpathSync } from 'node:fs';
import { inspect, types } from 'node:util';
import { pathToFileURL } from 'node:url';
import type { Store } from '@vmdns/store';
import type { Log } from './log.js';
import { ConfigError } from './parse-config.js';
import { redact } from './redact.js';
import type { RunningService } from './start-service.js';

/** Past this the process ends whatever still runs: a supervisor would kill it. */
const LATEST_MS = 10_000;

/**
 * The whole of a main.ts: runs `start`; when it throws, or anything is thrown that nobody catches, the reason goes to
 * stderr (masked) and the process ends with 1.
 */
export function runMain(start: () => Promise<RunningService>): void {
  const fail = (error: unknown): void => {
    const text = error instanceof ConfigError ? error.message : inspect(error);
    process.stderr.write(`${redact(text)}\n`);
    process.exit(1);
  };
  process.on('uncaughtException', fail);
  process.on('unhandledRejection', fail);
  Promise.resolve().then(start).catch(fail);
}

/** Whether this module is what node was started with: `if (isMain(import.meta.url)) …`. */
export function isMain(moduleUrl: string): boolean {
  const started = process.argv[1];
  return started !== undefined && pathToFileURL(realpathSync(started)).href === moduleUrl;
}

/** SIGTERM and SIGINT close the service and end the process; so does a migration that can never succeed. */
export function endOnSignals(close: () => Promise<void>, store: Store, log: Log): void {
  const end = (code: number): void => {
    setTimeout(() => process.exit(code === 0 ? 1 : code), LATEST_MS).unref();
    void close().then(() => process.exit(code), () => process.exit(1));
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      log.info({ signal }, 'asked to end');
      end(0);
    });
  }
  store.whenMigrated(2_000_000_000).catch((error: unknown) => {
    if (types.isNativeError(error) && error.name !== 'TransientStoreError') end(1);
  });
}
