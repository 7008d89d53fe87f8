import { type RunningService, startService } from '@vmdns/chassis';
import type { Config } from './config.js';
import { InventoryModule } from './inventory.module.js';
import { CountByPublisher1764000000001 } from './migrations/count-by-publisher.migration.js';
import { Deeds1764000000004 } from './migrations/deeds.migration.js';
import { Forgetting1764000000003 } from './migrations/forgetting.migration.js';
import { Snapshots1764000000002 } from './migrations/snapshots.migration.js';
import { CreateInventory1764000000000 } from './migrations/create-inventory.migration.js';

/** Starts one replica of inventory. */
export function startInventory(config: Config, options: { readonly handleSignals?: boolean } = {}): Promise<RunningService> {
  return startService({
    name: 'inventory',
    config,
    module: InventoryModule,
    migrations: [CreateInventory1764000000000, CountByPublisher1764000000001, Snapshots1764000000002, Forgetting1764000000003, Deeds1764000000004],
    streams: ['INGEST', 'EVENT', 'DEADLETTER', 'DEED'],
    asksByKey: true,
    ...options,
  });
}
