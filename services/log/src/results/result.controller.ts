import { Controller } from '@nestjs/common';
import { OnBatch, traceIdOf, type InMessage } from '@vmdns/bus';
import { DeadLetterEvent, NoticeEvent, ResultEvent, subjects } from '@vmdns/contracts';
import { DeadLetterTable } from '../dead-letters/dead-letter.table.js';
import { entriesOfResult, entryOfDeadLetter, entryOfNotice } from './entry.js';
import { EntryRecorder } from './entry.recorder.js';

/** DNS has answered before an outcome is here, and a search does not miss a tenth of a second. */
const REST_MS = 100;

/** Takes in what the others say: outcomes, what could not be taken, what was not acted on. */
@Controller()
export class ResultController {
  constructor(private readonly recorder: EntryRecorder, private readonly letters: DeadLetterTable) {}

  @OnBatch({ stream: 'RESULT', subject: subjects.result.all, durable: 'log', event: ResultEvent, restMs: REST_MS })
  async results(messages: readonly InMessage<ResultEvent['data']>[]): Promise<void> {
    await this.recorder.record(messages.flatMap((m) => entriesOfResult(m.data, traceIdOf(m.traceparent))));
  }

  @OnBatch({ stream: 'DEADLETTER', subject: subjects.deadLetter.all, durable: 'log-dead-letter', event: DeadLetterEvent })
  async deadLetters(messages: readonly InMessage<DeadLetterEvent['data']>[]): Promise<void> {
    const events = messages.map((m): DeadLetterEvent => ({ ...m.event, type: 'vmdns.message.dead.v1' }));
    await this.letters.insert(events);
    await this.recorder.record(messages.map((m, at) => entryOfDeadLetter(events[at] ?? { ...m.event, type: 'vmdns.message.dead.v1' }, traceIdOf(m.traceparent))));
  }

  @OnBatch({ stream: 'DEADLETTER', subject: subjects.notice.all, durable: 'log-notice', event: NoticeEvent })
  async notices(messages: readonly InMessage<NoticeEvent['data']>[]): Promise<void> {
    await this.recorder.record(messages.map((m) => entryOfNotice({ ...m.event, type: 'vmdns.fact.ignored.v1' }, traceIdOf(m.traceparent))));
  }
}
