import { Injectable } from '@nestjs/common';
import { RpcProblem } from '@vmdns/bus';
import { Clock } from '@vmdns/chassis';
import type { LogEntry, LogFilter } from '@vmdns/contracts';
import { Store } from '@vmdns/store';
import { ENTRY_COLUMNS, entryOfRow, type EntryRow } from '../results/entry.js';
import { EntryPartitions } from '../results/entry-partitions.js';
import { type Cursor, findCursor, formatCursor } from './cursor.js';

export type SearchAsk = LogFilter & { readonly limit: number; readonly cursor?: string | undefined };
export interface SearchPage { readonly items: LogEntry[]; readonly next?: string }

/** The first look goes this far back; each next one ten times further: cheap by BRIN while the log is busy. */
const FIRST_LOOK_MS = 60_000;
const LOOK_GROWTH = 10;

/** A part of the log's time: `after` inclusive, `before` exclusive or, with an id, up to that entry. */
interface Span { readonly after: Date; readonly before: Cursor | undefined }

/** Answers searches, newest first. */
@Injectable()
export class EntrySearch {
  constructor(private readonly store: Store, private readonly partitions: EntryPartitions, private readonly clock: Clock) {}

  async search(ask: SearchAsk): Promise<SearchPage> {
    const found: EntryRow[] = [];
    for (const span of this.spans(ask)) {
      found.push(...await this.look(ask, span, ask.limit + 1 - found.length));
      if (found.length > ask.limit) break;
    }
    const rows = found.slice(0, ask.limit);
    const last = rows.at(-1);
    return { items: rows.map(entryOfRow), ...(found.length > ask.limit && last !== undefined ? { next: formatCursor(last) } : {}) };
  }

  /** One span where an index finds the entries; else ever longer ones back to the first day kept. */
  private *spans(ask: SearchAsk): Generator<Span> {
    const oldest = ask.since === undefined ? this.partitions.firstKept() : new Date(ask.since);
    let before = ask.cursor === undefined ? undefined : parseCursor(ask.cursor);
    if (ask.vmId === undefined && ask.name === undefined) {
      const start = Math.min(before?.at.getTime() ?? Infinity, this.clock.now().getTime());
      for (let back = FIRST_LOOK_MS; start - back > oldest.getTime(); back *= LOOK_GROWTH) {
        const after = new Date(start - back);
        yield { after, before };
        before = { at: after, id: LOWEST_ID };
      }
    }
    yield { after: oldest, before };
  }

  private look(ask: SearchAsk, span: Span, limit: number): Promise<readonly EntryRow[]> {
    const { conditions, parameters } = conditionsOf(ask, span);
    return this.store.query<EntryRow>(`select ${ENTRY_COLUMNS} from entry where ${conditions.join(' and ')} order by at desc, id desc limit ${limit}`, parameters);
  }
}

const LOWEST_ID = '00000000-0000-0000-0000-000000000000';

function conditionsOf(ask: SearchAsk, span: Span): { readonly conditions: readonly string[]; readonly parameters: readonly unknown[] } {
  const parameters: unknown[] = [];
  const conditions: string[] = [];
  const where = (condition: (...places: string[]) => string, ...values: readonly unknown[]): void => {
    conditions.push(condition(...values.map((value) => `$${parameters.push(value)}`)));
  };
  where((at) => `at >= ${at}`, span.after);
  if (span.before !== undefined) where((at, id) => `at <= ${at} and (at, id) < (${at}, ${id}::uuid)`, span.before.at, span.before.id);
  if (ask.zone !== undefined) where((apex, id) => `(zone = ${apex} or zone_id = ${id})`, absolute(ask.zone), ask.zone);
  if (ask.provider !== undefined) where((provider) => `provider = ${provider}`, ask.provider);
  if (ask.status !== undefined) where((status) => `status = ${status}`, ask.status);
  if (ask.name !== undefined) where((name) => `name = ${name}`, absolute(ask.name));
  if (ask.vmId !== undefined) where((vmId) => `vms @> array[${vmId}]`, ask.vmId);
  return { conditions, parameters };
}

/** A person types `Example.COM`; entries hold `example.com.`. */
function absolute(name: string): string {
  const lower = name.toLowerCase();
  return lower.endsWith('.') ? lower : `${lower}.`;
}

function parseCursor(text: string): Cursor {
  const cursor = findCursor(text);
  if (cursor !== undefined) return cursor;
  throw new RpcProblem({ status: 400, code: 'bad-input', title: 'The cursor is none of ours.', faults: [{ path: 'cursor', message: 'must be the `next` of an earlier page' }] });
}
