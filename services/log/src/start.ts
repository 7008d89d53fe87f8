import { type RunningService, startService } from '@vmdns/chassis';
import type { Config } from './config.js';
import { LogModule } from './log.module.js';
import { CreateDeadLetter1764000000001 } from './migrations/create-dead-letter.migration.js';
import { CreateEntry1764000000000 } from './migrations/create-entry.migration.js';

/** Starts one replica of the log. */
export function startLog(config: Config, options: { readonly handleSignals?: boolean } = {}): Promise<RunningService> {
  return startService({
    name: 'log',
    config,
    module: LogModule,
    migrations: [CreateEntry1764000000000, CreateDeadLetter1764000000001],
    streams: ['RESULT', 'DEADLETTER'],
    ...options,
  });
}
