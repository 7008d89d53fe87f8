import { Module } from '@nestjs/common';
import { Deeds } from '@vmdns/chassis';
import { DraftWriter, WriterWorld } from './facts/draft.writer.js';
import { FactController } from './facts/fact.controller.js';
import { FactRecord } from './facts/fact-record.js';
import { FactIntake } from './facts/fact.intake.js';
import { FactService } from './facts/fact.service.js';
import { ReadBack, ReadBackWorld } from './facts/read-back.js';
import { VmPublisher } from './facts/vm.publisher.js';
import { VmTable } from './facts/vm.table.js';
import { BrakeTable } from './holds/brake.table.js';
import { HoldController } from './holds/hold.controller.js';
import { HoldService, HoldWorld } from './holds/hold.service.js';
import { HoldTable } from './holds/hold.table.js';
import { LostDeeds } from './holds/lost-deeds.js';
import { Forgetter } from './housekeeping/forgetter.js';
import { SnapshotController } from './snapshots/snapshot.controller.js';
import { SnapshotService } from './snapshots/snapshot.service.js';
import { SnapshotTable } from './snapshots/snapshot.table.js';
import { VmController } from './query/vm.controller.js';
import { VmQuery } from './query/vm.query.js';

/** Bus, Store, Clock, Log, Metrics and the configuration come from the chassis. */
@Module({
  controllers: [FactController, HoldController, SnapshotController, VmController],
  providers: [Deeds.provider, WriterWorld, HoldWorld, LostDeeds, VmTable, HoldTable, BrakeTable, VmPublisher, DraftWriter, FactIntake, FactRecord, FactService, ReadBack, ReadBackWorld, HoldService, SnapshotTable, SnapshotService, VmQuery, Forgetter],
})
export class InventoryModule {}
