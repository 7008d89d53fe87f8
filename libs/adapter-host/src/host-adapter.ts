import { parseConfig, runMain, startService, type Environment, type RunningService } from '@vmdns/chassis';
import { adapterService } from '@vmdns/contracts';
import type { ProviderDefinition } from '@vmdns/provider-kit';
import { adapterModule } from './adapter.module.js';
import { Config, ownEnvironment } from './config.js';
import { KeyRing } from './keys/key-ring.js';
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

const ROTATE = 'rotate-key';

/**
 * Runs a provider as a process until it is told to end: the one line of `services/adapter-<name>/src/main.ts`. Started
 * with `rotate-key` it only puts a new key into KEY_FILE.
 */
export function hostAdapter<C, Z>(definition: ProviderDefinition<C, Z>): void {
  if (process.argv[2] === ROTATE) rotateKey();
  else runMain(() => startAdapter(definition, ownEnvironment()));
}

function rotateKey(): void {
  const rotate = async (): Promise<void> => {
    const { KEY_FILE } = parseConfig(Config.pick({ KEY_FILE: true }), ownEnvironment());
    const kid = await KeyRing.rotate(KEY_FILE);
    process.stdout.write(`new key ${kid}; secrets that are put in from now on are sealed to it\n`);
  };
  rotate().catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  });
}
