import { Controller } from '@nestjs/common';
import { OnRequest, RpcProblem } from '@vmdns/bus';
import { logRpc, type Caller, type DeadLetter, type DeadLetterShown } from '@vmdns/contracts';
import { findCursor, formatCursor } from '../query/cursor.js';
import { type DeadLetterRow, DeadLetterTable } from './dead-letter.table.js';
import { maskedHeaders, maskedPayload } from './masked.js';

/** As the bus keeps of a dead letter at most. */
const PAYLOAD_MAX = 65_536;

/** `vmdns.rpc.log.dead-letters`, `dead-letter-get`, `dead-letter-take`, `dead-letter-replayed` */
@Controller()
export class DeadLetterController {
  constructor(private readonly letters: DeadLetterTable) {}

  @OnRequest('log', 'dead-letters', logRpc['dead-letters'])
  async list(ask: { service?: string | undefined; state?: 'open' | 'replayed' | undefined; limit: number; cursor?: string | undefined }) {
    const before = ask.cursor === undefined ? undefined : findCursor(ask.cursor);
    if (ask.cursor !== undefined && before === undefined) throw new RpcProblem({ status: 400, code: 'bad-input', title: 'The cursor is none of ours.', faults: [{ path: 'cursor', message: 'must be the `next` of an earlier page' }] });
    const rows = await this.letters.list({ service: ask.service, state: ask.state, before, limit: ask.limit + 1 });
    const page = rows.slice(0, ask.limit);
    const last = page.at(-1);
    return { items: page.map(toDeadLetter), ...(rows.length > ask.limit && last !== undefined ? { next: formatCursor(last) } : {}) };
  }

  @OnRequest('log', 'dead-letter-get', logRpc['dead-letter-get'])
  async get(ask: { id: string }): Promise<DeadLetterShown> {
    const row = await this.row(ask.id);
    return { ...toDeadLetter(row), payload: maskedPayload(row.payload), headers: maskedHeaders(row.headers), isCut: isCut(row), isReplayable: isReplayable(row) };
  }

  /** The message as it came, for whoever tells it once more; it never leaves the house so. */
  @OnRequest('log', 'dead-letter-take', logRpc['dead-letter-take'])
  async take(ask: { id: string; isMended: boolean }) {
    const row = await this.row(ask.id);
    if (!isReplayable(row)) throw new RpcProblem({ status: 409, code: 'conflict', title: 'This is no message of a publisher.', detail: 'What the services say among themselves they say again by themselves, once the cause is mended.' });
    if (isCut(row) && !ask.isMended) throw new RpcProblem({ status: 409, code: 'conflict', title: 'Only the beginning of this message was kept.', detail: 'Give the whole message, mended, or let its publisher send it again.' });
    return { subject: row.subject, payload: row.payload };
  }

  @OnRequest('log', 'dead-letter-replayed', logRpc['dead-letter-replayed'])
  async replayed(ask: { id: string; caller: Caller }): Promise<DeadLetter> {
    await this.letters.markReplayed(ask.id, ask.caller.name);
    return toDeadLetter(await this.row(ask.id));
  }

  private async row(id: string): Promise<DeadLetterRow> {
    const row = await this.letters.find(id);
    if (row === undefined) throw new RpcProblem({ status: 404, code: 'not-found', title: 'There is no such dead letter.', detail: id });
    return row;
  }
}

const isCut = (row: DeadLetterRow) => row.payload.length >= PAYLOAD_MAX;
const isReplayable = (row: DeadLetterRow) => row.subject === 'vmdns.ingest.vm' || row.subject.startsWith('vmdns.ingest.vm.');

function toDeadLetter(row: DeadLetterRow): DeadLetter {
  return {
    id: row.id, at: row.at.toISOString(), service: row.service, subject: row.subject, reason: row.reason, state: row.state,
    ...(row.replayed_at === null ? {} : { replayedAt: row.replayed_at.toISOString() }), ...(row.replayed_by === null ? {} : { replayedBy: row.replayed_by }),
  };
}
