import type { ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';
import { Bus } from '@vmdns/bus';
import { subjects, ToldEntries, type LogEntry, type LogFilter } from '@vmdns/contracts';
import { Services, valueOf } from '../api/services.js';
import { Leaving } from './leaving.js';

const HEARTBEAT_MS = 15_000;
/** A reader this far behind is cut off; it comes back with Last-Event-ID. */
const UNSENT_MAX = 1_048_576;
/** So many entries are looked through for what a returning reader missed. */
const MISSED_MAX = 500;

export interface StreamAsk { readonly filter: LogFilter; readonly lastEventId: string | undefined }

/** The log as it happens, as server-sent events (WHATWG HTML, 9.2): `event: entry`, `id` of the entry, `data` the entry. */
@Injectable()
export class LogStream {
  constructor(private readonly bus: Bus, private readonly services: Services, private readonly leaving: Leaving) {}

  /** Listens first, then tells what was missed, then goes on live: nothing falls between, and nothing comes twice. */
  async follow({ filter, lastEventId }: StreamAsk, response: ServerResponse): Promise<void> {
    const early: LogEntry[] = [];
    let take = (entry: LogEntry): void => { early.push(entry); };
    const stop = this.bus.subscribe(subjects.logEntry, (body) => {
      const told = ToldEntries.safeParse(body);
      for (const entry of told.data ?? []) if (passes(entry, filter)) take(entry);
    });
    try {
      const missed = await this.#missed(filter, lastEventId);
      const told = new Set(missed.map((entry) => entry.id));
      this.#begin(response, stop);
      const tell = (entry: LogEntry): void => { this.#tell(entry, response); };
      for (const entry of [...missed, ...early.filter((each) => !told.has(each.id))]) tell(entry);
      take = tell;
    } catch (error) {
      stop();
      throw error;
    }
  }

  #begin(response: ServerResponse, stop: () => void): void {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no' });
    response.write('retry: 2000\n\n');
    const heartbeat = setInterval(() => { response.write(': still here\n\n'); }, HEARTBEAT_MS);
    const end = (): void => { response.end(); };
    this.leaving.signal.addEventListener('abort', end);
    response.once('close', () => {
      clearInterval(heartbeat);
      stop();
      this.leaving.signal.removeEventListener('abort', end);
    });
  }

  #tell(entry: LogEntry, response: ServerResponse): void {
    if (response.writableEnded || response.destroyed) return;
    response.write(`id: ${entry.id}\nevent: entry\ndata: ${JSON.stringify(entry)}\n\n`);
    if (response.writableLength > UNSENT_MAX) response.destroy();
  }

  /** Oldest first. With `since`: from then; with Last-Event-ID: what came after it, as far as one page reaches. */
  async #missed(filter: LogFilter, lastEventId: string | undefined): Promise<readonly LogEntry[]> {
    if (lastEventId === undefined && filter.since === undefined) return [];
    const { items } = valueOf(await this.services.log.search({ ...filter, limit: MISSED_MAX }, this.services.slowly));
    const known = items.findIndex((entry) => entry.id === lastEventId);
    return (known < 0 ? items : items.slice(0, known)).toReversed();
  }
}

/** Whether an entry is what a reader asked for; the same rules as the search's. */
export function passes(entry: LogEntry, filter: LogFilter): boolean {
  return (filter.zone === undefined || sameName(entry.zone, filter.zone) || entry.zoneId === filter.zone)
    && (filter.provider === undefined || entry.provider === filter.provider)
    && (filter.vmId === undefined || entry.vms.includes(filter.vmId))
    && (filter.name === undefined || sameName(entry.name, filter.name))
    && (filter.status === undefined || entry.status === filter.status)
    && (filter.since === undefined || entry.at >= filter.since);
}

/** A person may leave out the dot at the end. */
const sameName = (name: string | undefined, wanted: string) => name !== undefined && name.replace(/\.$/, '') === wanted.toLowerCase().replace(/\.$/, '');
