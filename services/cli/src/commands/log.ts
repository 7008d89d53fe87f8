import type { Command } from 'commander';
import type { LogEntry } from '@vmdns/contracts';
import { CommandError, EXIT } from '../exit.js';
import { readEvents } from '../http/sse.js';
import type { Api } from '../http/api.js';
import { logLine } from '../output/texts.js';
import { time, whole, type Commands, type Session } from '../session.js';

interface LogOptions {
  readonly follow?: true; readonly zone?: string; readonly provider?: string; readonly vm?: string; readonly name?: string; readonly status?: string; readonly since?: string; readonly limit?: number;
}
type Filter = Readonly<Record<string, string | undefined>>;

/** A broken stream is taken up again after so long, unless the server says otherwise. */
const AGAIN_MS = 2000;

/** `vmdns log`: what was done, refused and ignored. */
export function logCommand(program: Command, commands: Commands): void {
  commands.add<LogOptions>(program, 'log', 'what was done, refused and ignored', (command: Command) => command
    .option('-f, --follow', 'go on as it happens').option('--zone <apex>').option('--provider <provider>').option('--vm <vmId>').option('--name <name>').option('--status <status>', 'applied, refused, failed, …')
    .option('--since <time>', 'RFC 3339, or so long ago: 10m, 2h, 1d').option('-n, --limit <n>', 'at most so many (20)', whole), async (session, options) => {
    const api = await session.api();
    const filter = { zone: options.zone, provider: options.provider, vmId: options.vm, name: options.name, status: options.status };
    const since = options.since === undefined ? undefined : sinceOf(options.since, session.shell.now());
    const recent = (await api.all<LogEntry>('/v1/log', { ...filter, since }, options.limit ?? 20)).toReversed();
    if (options.follow !== true) { session.tell({ items: recent }, recent.length === 0 ? ['nothing yet'] : recent.map(logLine)); return; }
    for (const entry of recent) tellEntry(session, entry);
    await follow(session, api, filter, recent.at(-1)?.id);
  });
}

/** Until the person ends it; a broken stream goes on after the last entry that was told. */
async function follow(session: Session, api: Api, filter: Filter, from: string | undefined): Promise<void> {
  let last = from;
  let againMs = AGAIN_MS;
  const { signal } = session.shell;
  while (!signal.aborted) {
    try {
      for await (const event of readEvents(await api.stream('/v1/log/stream', filter, last === undefined ? {} : { 'Last-Event-ID': last }), (ms) => { againMs = ms; })) {
        if (event.event !== 'entry') continue;
        last = event.id ?? last;
        tellEntry(session, JSON.parse(event.text) as LogEntry);
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof CommandError && error.exitCode !== EXIT.unreachable) throw error;
    }
    await pauseFor(againMs, signal);
  }
}

function tellEntry(session: Session, entry: LogEntry): void {
  if (session.isJson) session.shell.stdout.write(`${JSON.stringify(entry)}\n`);
  else session.say(logLine(entry));
}

/** An instant, or so long before now. */
export function sinceOf(text: string, now: Date): string {
  return /^\d+(ms|s|m|h|d)$/.test(text) ? new Date(now.getTime() - time(text)).toISOString() : text;
}

function pauseFor(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) { resolve(); return; }
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => { clearTimeout(timer); resolve(); }, { once: true });
  });
}
