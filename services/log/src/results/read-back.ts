import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Bus } from '@vmdns/bus';
import { Log } from '@vmdns/chassis';
import { DeadLetterEvent, NoticeEvent, ResultEvent, streams } from '@vmdns/contracts';
import { Timeline } from '@vmdns/store';
import { DeadLetterTable } from '../dead-letters/dead-letter.table.js';
import { entriesOfResult, entryOfDeadLetter, entryOfNotice, type NewEntry } from './entry.js';
import { EntryRecorder } from './entry.recorder.js';

/** A failover loses seconds; this is what cursors go back too (PROTOCOL §1). */
const SPAN_MS = 3_600_000;
const READY_MS = 5_000;

/** After a raise of the timeline: what was said, stored, acknowledged, and lost with PostgreSQL's last seconds is stored again. */
@Injectable()
export class ReadBack implements OnApplicationBootstrap, OnApplicationShutdown {
  private stop: () => void = () => undefined;

  constructor(private readonly bus: Bus, private readonly timeline: Timeline, private readonly recorder: EntryRecorder, private readonly letters: DeadLetterTable, private readonly log: Log) {}

  onApplicationBootstrap(): void {
    this.stop = this.timeline.onRaise((timeline) => this.read(timeline));
  }

  onApplicationShutdown(): void {
    this.stop();
  }

  /** Throws while the bus is away; then it is tried again. What is known is stored once. */
  private async read(timeline: number): Promise<void> {
    await this.bus.whenReady(READY_MS);
    let restored = 0;
    for (const stream of [streams.RESULT.name, streams.DEADLETTER.name]) {
      for await (const page of this.bus.readBack(stream, SPAN_MS)) {
        await this.letters.insert(page.flatMap(({ body }) => { const dead = DeadLetterEvent.safeParse(body); return dead.success ? [dead.data] : []; }));
        restored += (await this.recorder.record(page.flatMap(({ body }) => entriesOf(body)))).length;
      }
    }
    this.log.warn({ timeline, restored }, 'the timeline was raised; entries that were lost are as the streams tell them');
  }
}

function entriesOf(body: unknown): readonly NewEntry[] {
  const result = ResultEvent.safeParse(body);
  if (result.success) return entriesOfResult(result.data.data, undefined);
  const notice = NoticeEvent.safeParse(body);
  if (notice.success) return [entryOfNotice(notice.data, undefined)];
  const dead = DeadLetterEvent.safeParse(body);
  return dead.success ? [entryOfDeadLetter(dead.data, undefined)] : [];
}
