import { parseConfig, runMain, startService, type Environment, type RunningService } from '@vmdns/chassis';
import { adapterService } from '@vmdns/contracts';
import type { ProviderDefinition } from '@vmdns/provider-kit';
import { adapterModule } from './adapter.module.js';
import { Config, ownEnvironment } from './config.js';
import { MIGRATIONS } from './migrations/index.js';

/** The whole process of an adapter, with the environment given; `hostAdapter` is this for a main.ts. */
export function startAdapter<C, Z>(definition: ProviderDefinition<C, Z>, environment: Environment, options: { readonly handleSignals?: boolean } = {}): Promise<RunningService> {
  return startService({
    name: adapterService(definition.name),
    config: parseConfig(Config, environment),
    module: adapterModule(definition),
    migrations: MIGRATIONS,
    streams: ['ZONE', 'COMMAND', 'RESULT', 'DEADLETTER'],
    ...options,
  });
}

/** Runs a provider as a process until it is told to end: the one line of `services/adapter-<name>/src/main.ts`. */
export function hostAdapter<C, Z>(definition: ProviderDefinition<C, Z>): void {
  runMain(() => startAdapter(definition, ownEnvironment()));
}
