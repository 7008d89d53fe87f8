import type { ServerResponse } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
import { Bus } from '@vmdns/bus';
import { CONFIG } from '@vmdns/chassis';
import { subjects, ToldEntries, type LogEntry, type LogFilter } from '@vmdns/contracts';
import { Services, valueOf } from '../api/services.js';
import type { Config } from '../config.js';
import { Leaving } from './leaving.js';

const HEARTBEAT_MAX_MS = 15_000;
/** A reader this far behind is cut off; it comes back with Last-Event-ID. */
const UNSENT_MAX = 1_048_576;
/** So many entries are looked through for what a returning reader missed. */
const MISSED_MAX = 500;

export interface StreamAsk {
  readonly filter: LogFilter;
  readonly lastEventId: string | undefined;
  /** Whether the reader would still be let in; throws where that cannot be known now. */
  readonly isStillIn: () => Promise<boolean>;
}

/** The log as it happens, as server-sent events (WHATWG HTML, 9.2): `event: entry`, `id` of the entry, `data` the entry. */
@Injectable()
export class LogStream {
  readonly #heartbeatMs: number;

  constructor(private readonly bus: Bus, private readonly services: Services, private readonly leaving: Leaving, @Inject(CONFIG) config: Config) {
    this.#heartbeatMs = Math.min(HEARTBEAT_MAX_MS, Math.max(1, config.TOKEN_FRESH_SECONDS) * 1000);
  }

  /** Listens first, then tells what was missed, then goes on live: nothing falls between, and nothing comes twice. */
  async follow({ filter, lastEventId, isStillIn }: StreamAsk, response: ServerResponse): Promise<void> {
    const early: LogEntry[] = [];
    let take = (entry: LogEntry): void => { early.push(entry); };
    const stop = this.bus.subscribe(subjects.logEntry, (body) => {
      const told = ToldEntries.safeParse(body);
      for (const entry of told.data ?? []) if (passes(entry, filter)) take(entry);
    });
    // Before anything is waited for: a reader who goes away meanwhile would be listened for as long as the process lives.
    response.once('close', stop);
    try {
      const missed = await this.#missed(filter, lastEventId);
      if (response.destroyed) return;
      const told = new Set(missed.map((entry) => entry.id));
      this.#begin(response, isStillIn);
      const tell = (entry: LogEntry): void => { this.#tell(entry, response); };
      for (const entry of [...missed, ...early.filter((each) => !told.has(each.id))]) tell(entry);
      take = tell;
    } catch (error) {
      stop();
      throw error;
    }
  }

  /** Until the reader goes away, may read no more, or this process leaves. */
  #begin(response: ServerResponse, isStillIn: StreamAsk['isStillIn']): void {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no' });
    response.write('retry: 2000\n\n');
    const end = (): void => { response.end(); };
    const heartbeat = setInterval(() => {
      if (response.writableEnded) return;
      response.write(': still here\n\n');
      // Where it cannot be known now, who was let in stays in, as at the door.
      isStillIn().then((isIn) => { if (!isIn) end(); }, () => undefined);
    }, this.#heartbeatMs);
    this.leaving.signal.addEventListener('abort', end);
    response.once('close', () => {
      clearInterval(heartbeat);
      this.leaving.signal.removeEventListener('abort', end);
    });
    if (this.leaving.signal.aborted) end();
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
    && (filter.since === undefined || Date.parse(entry.at) >= Date.parse(filter.since));
}

/** A person may leave out the dot at the end. */
const sameName = (name: string | undefined, wanted: string) => name !== undefined && name.replace(/\.$/, '') === wanted.toLowerCase().replace(/\.$/, '');
