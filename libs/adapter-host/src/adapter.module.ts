import type { DynamicModule, Provider } from '@nestjs/common';
import { Bus } from '@vmdns/bus';
import { Clock, CONFIG, FeedFollower, Health, Log, Metrics } from '@vmdns/chassis';
import { plannerRpc, type ZoneFeedBody } from '@vmdns/contracts';
import type { ProviderDefinition } from '@vmdns/provider-kit';
import { Store, Timeline } from '@vmdns/store';
import { AdapterController } from './adapter.controller.js';
import { Adapter } from './adapter.js';
import { AdapterRunner, AdapterSurroundings } from './adapter.runner.js';
import { Announcer } from './announcer.js';
import { assemble } from './assemble.js';
import type { Config } from './config.js';
import { Host } from './host.js';
import { Budgets } from './lanes/budget.js';
import { KeyRing } from './keys/key-ring.js';
import { Standings } from './standings.js';
import { Connections } from './zones/connections.js';
import { ZoneTester } from './zones/zone-test.js';

/** For renewing leases, taking commands and zones in, and saying again. */
const CONNECTIONS_KEPT = 5;

class AdapterModule {}

/** Everything of one adapter, wired. */
export function adapterModule<C, Z>(definition: ProviderDefinition<C, Z>): DynamicModule {
  return { module: AdapterModule, controllers: [AdapterController], providers: providersOf(definition as ProviderDefinition) };
}

function providersOf(definition: ProviderDefinition): Provider[] {
  return [
    { provide: Host, inject: [CONFIG], useFactory: (config: Config) => new Host(definition, config.INSTANCE, { lanesMax: config.LANES_MAX, namesPerTurn: config.NAMES_PER_TURN, commitsMax: Math.max(1, config.DATABASE_POOL_MAX - CONNECTIONS_KEPT) }) },
    { provide: KeyRing, inject: [CONFIG], useFactory: (config: Config) => KeyRing.open(config.KEY_FILE) },
    { provide: Connections, inject: [Host, KeyRing, Store], useFactory: (host: Host, keys: KeyRing, store: Store) => new Connections(host, keys, new Budgets(store)) },
    {
      provide: Adapter, inject: [Host, Store, Bus, Timeline, Connections, Clock, Metrics, Log],
      useFactory: (host: Host, store: Store, bus: Bus, timeline: Timeline, connections: Connections, clock: Clock, metrics: Metrics, log: Log) => assemble({ host, store, bus, timeline, connections, clock, metrics, log }),
    },
    {
      provide: ZoneTester, inject: [Host, Store, Connections, Bus, Adapter, CONFIG],
      useFactory: (host: Host, store: Store, connections: Connections, bus: Bus, adapter: Adapter, config: Config) =>
        new ZoneTester(host, store, connections, { tell: (subject, step) => bus.broadcast(subject, step), wake: () => adapter.wake(), resolver: config.DNS_RESOLVER }),
    },
    { provide: Standings, inject: [Host, Store, Bus], useFactory: (host: Host, store: Store, bus: Bus) => new Standings(host, store, bus) },
    {
      provide: Announcer, inject: [Host, KeyRing, Bus, Store, Clock, Log],
      useFactory: (host: Host, keys: KeyRing, bus: Bus, store: Store, clock: Clock, log: Log) => new Announcer(host, keys, { bus, store, clock, log }),
    },
    { provide: Timeline, inject: [Store], useFactory: (store: Store) => new Timeline(store) },
    {
      provide: FeedFollower, inject: [Bus, Store, Log, Health, Metrics, Timeline, Adapter, Host],
      useFactory: (bus: Bus, store: Store, log: Log, health: Health, metrics: Metrics, timeline: Timeline, adapter: Adapter, host: Host) =>
        new FeedFollower<ZoneFeedBody>({ bus, store, log, health, metrics, timeline }, {
          service: 'planner', contract: plannerRpc['changes-after'], stream: 'ZONE', topic: host.provider,
          take: (changes) => adapter.takeZones(changes.map((change) => change.body)),
        }),
    },
    AdapterSurroundings,
    AdapterRunner,
  ];
}
