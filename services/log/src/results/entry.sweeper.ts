import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Log, Recurring } from '@vmdns/chassis';
import { Store } from '@vmdns/store';
import { DeadLetterTable } from '../dead-letters/dead-letter.table.js';
import { EntryPartitions } from './entry-partitions.js';

const EVERY_MS = 3_600_000;

/** Drops days whose retention has passed, at start and every hour. */
@Injectable()
export class EntrySweeper implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly sweeping: Recurring;

  constructor(partitions: EntryPartitions, letters: DeadLetterTable, store: Store, log: Log) {
    const work = async (): Promise<void> => {
      await letters.dropBefore(partitions.firstKept());
      const dropped = await partitions.dropOld();
      if (dropped.length > 0) log.info({ dropped }, 'old days of the log dropped');
    };
    this.sweeping = new Recurring({ store, log, everyMs: EVERY_MS, what: 'dropping old days of the log', work });
  }

  onApplicationBootstrap(): void {
    this.sweeping.start();
  }

  onApplicationShutdown(): void {
    this.sweeping.stop();
  }
}
