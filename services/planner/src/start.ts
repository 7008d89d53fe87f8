import type { StreamName } from '@vmdns/contracts';
import { startService, type RunningService } from '@vmdns/chassis';
import type { Config } from './config.js';
import { CreatePlanner1764000000000 } from './migrations/create-planner.js';
import { IndexPending1764000000001 } from './migrations/index-pending.js';
import { JobProgress1764300000000 } from './migrations/job-progress.js';
import { ReleasedNames1764100000000 } from './migrations/released-names.js';
import { SameServer1764000000002 } from './migrations/same-server.js';
import { SlimWishes1764200000000 } from './migrations/slim-wishes.js';
import { StreamSeen1764300000001 } from './migrations/stream-seen.js';
import { HoldOutcome1764000000003 } from './migrations/hold-outcome.js';
import { RemovalHolds1764100000001 } from './migrations/removal-holds.js';
import { SearchVms1764000000010 } from './migrations/search-vms.js';
import { Deeds1764600000000 } from './migrations/deeds.js';
import { Forgetting1764500000000 } from './migrations/forgetting.js';
import { TenantLimits1764400000000 } from './migrations/tenant-limits.js';
import { PlannerModule } from './planner.module.js';

const STREAMS: readonly StreamName[] = ['EVENT', 'ZONE', 'COMMAND', 'RESULT', 'STATUS', 'DEADLETTER', 'DEED'];

const MIGRATIONS = [
  CreatePlanner1764000000000,
  IndexPending1764000000001,
  SameServer1764000000002,
  HoldOutcome1764000000003,
  SearchVms1764000000010,
  ReleasedNames1764100000000,
  RemovalHolds1764100000001,
  SlimWishes1764200000000,
  JobProgress1764300000000,
  StreamSeen1764300000001,
  TenantLimits1764400000000,
  Forgetting1764500000000,
  Deeds1764600000000,
];

/** Starts one replica of the planner. */
export function startPlanner(config: Config, options: { readonly handleSignals?: boolean } = {}): Promise<RunningService> {
  return startService({ name: 'planner', config, module: PlannerModule, streams: STREAMS, migrations: MIGRATIONS, asksByKey: true, ...options });
}
