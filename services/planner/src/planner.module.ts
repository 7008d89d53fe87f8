import { Module } from '@nestjs/common';
import { Bus } from '@vmdns/bus';
import { Deeds, FeedFollower, Health, Log, Metrics } from '@vmdns/chassis';
import { inventoryRpc, type VmState } from '@vmdns/contracts';
import { Store, Timeline } from '@vmdns/store';
import { HoldController } from './holds/hold.controller.js';
import { Holds } from './holds/hold.service.js';
import { Forgetter } from './housekeeping/forgetter.js';
import { CurrentTimeline } from './planning/current-timeline.js';
import { JobRunner } from './planning/job-runner.js';
import { PlanPreview } from './planning/plan-preview.js';
import { Planner, Voice } from './planning/planner.service.js';
import { VmController } from './planning/vm.controller.js';
import { Clockwork, Followers, ReconcileTurns } from './reconcile/clockwork.js';
import { CommandReadBack } from './reconcile/command-read-back.js';
import { Commands } from './reconcile/commands.js';
import { DeedKeepers, LostDeeds } from './reconcile/lost-deeds.js';
import { ReadBack, ReadBackWorld } from './reconcile/read-back.js';
import { ReconcileMetrics } from './reconcile/reconcile-metrics.js';
import { Reissue } from './reconcile/reissue.service.js';
import { ResultController } from './reconcile/result.controller.js';
import { Settler } from './reconcile/settler.service.js';
import { Answers } from './status/answers.js';
import { Explainer } from './status/explainer.js';
import { LegacyFeed } from './status/legacy-feed.js';
import { OverviewReader } from './status/overview.reader.js';
import { StatusController } from './status/status.controller.js';
import { StatusPublisher } from './status/status-publisher.js';
import { VmDnsReader } from './status/vm-dns.reader.js';
import { VmSearch } from './status/vm-search.js';
import { Announcements } from './zones/announcements.js';
import { ConnectionController } from './zones/connection.controller.js';
import { Connections } from './zones/connection.service.js';
import { Pauses } from './zones/pause.service.js';
import { HandParts, Releases } from './zones/release.service.js';
import { Settings } from './zones/settings.service.js';
import { Stops } from './zones/stops.js';
import { TenantController } from './zones/tenant.controller.js';
import { TenantLimitsDesk } from './zones/tenant-limits.service.js';
import { ZoneTurns } from './zones/zone-turns.js';
import { ZoneController } from './zones/zone.controller.js';
import { ZoneFeed } from './zones/zone-feed.js';
import { ZoneReadBack } from './zones/zone-read-back.js';
import { ZoneReader } from './zones/zone-reader.js';
import { Zones } from './zones/zone.service.js';
import { ZoneSets } from './zones/zone-sets.js';

/** Heals what events lost: inventory's feed, read to its end at start, when a stream was wiped, and every 60 s. */
const inventoryFeed = {
  provide: FeedFollower,
  inject: [Bus, Store, Log, Health, Metrics, Timeline, Planner],
  useFactory: (bus: Bus, store: Store, log: Log, health: Health, metrics: Metrics, timeline: Timeline, planner: Planner) => new FeedFollower<VmState>({ bus, store, log, health, metrics, timeline }, {
    service: 'inventory', contract: inventoryRpc['changes-after'], stream: 'EVENT',
    take: (changes) => planner.takeFacts(changes.map((change) => change.body), { priority: 2 }),
  }),
};

const zones = [Stops, ZoneSets, ZoneFeed, Zones, ZoneReader, Connections, Pauses, Settings, Announcements, ZoneTurns, HandParts, Releases, TenantLimitsDesk, ZoneReadBack];
const planning = [Deeds.provider, Planner, PlanPreview, Voice, CurrentTimeline, JobRunner, inventoryFeed];
const reconcile = [ReconcileMetrics, Commands, Settler, Reissue, Followers, Clockwork, ReconcileTurns, CommandReadBack, DeedKeepers, LostDeeds, ReadBackWorld, ReadBack, Forgetter];
const status = [VmDnsReader, StatusPublisher, Answers, Explainer, VmSearch, OverviewReader, LegacyFeed];

/** Wishes → desired RRsets of each (zone, owner name) → commands; and what became of them. */
@Module({
  controllers: [VmController, ResultController, ZoneController, ConnectionController, HoldController, TenantController, StatusController],
  providers: [...zones, ...planning, ...reconcile, ...status, Holds],
})
export class PlannerModule {}
