import { Module } from '@nestjs/common';
import { DeadLetterController } from './dead-letters/dead-letter.controller.js';
import { DeadLetterTable } from './dead-letters/dead-letter.table.js';
import { EntrySearch } from './query/entry.search.js';
import { EntryRates } from './query/rates.js';
import { SearchController } from './query/search.controller.js';
import { EntryPartitions } from './results/entry-partitions.js';
import { EntryRecorder } from './results/entry.recorder.js';
import { EntrySweeper } from './results/entry.sweeper.js';
import { EntryTable } from './results/entry.table.js';
import { ReadBack } from './results/read-back.js';
import { ResultController } from './results/result.controller.js';

/** Bus, Store, Clock, Log and Metrics come from the chassis. */
@Module({
  controllers: [ResultController, SearchController, DeadLetterController],
  providers: [EntryPartitions, EntryTable, EntryRecorder, EntrySweeper, EntrySearch, EntryRates, DeadLetterTable, ReadBack],
})
export class LogModule {}
