import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import type { LogEntry } from '@vmdns/contracts';
import { CommandError, EXIT, usage } from '../exit.js';
import { readEvents } from '../http/sse.js';
import type { Api } from '../http/api.js';
import { logLine } from '../output/texts.js';
import { findTime, whole, type Commands, type Session } from '../session.js';

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
    const since = options.since === undefined ? undefined : sinceOf(options.since, session.shell.now());
    const api = await session.api();
    const filter = { zone: options.zone, provider: options.provider, vmId: options.vm, name: options.name, status: options.status, since };
    const recent = (await api.all<LogEntry>('/v1/log', filter, options.limit ?? 20)).toReversed();
    if (options.follow !== true) { session.tell({ items: recent }, recent.length === 0 ? ['nothing yet'] : recent.map(logLine)); return; }
    for (const entry of recent) tellEntry(session, entry);
    await follow(session, api, filter, recent.at(-1)?.id);
  });
}

/** Until the person ends it; a broken stream goes on after the last entry that was told, or from `since` where there was none. */
async function follow(session: Session, api: Api, { since, ...filter }: Filter, from: string | undefined): Promise<void> {
  let [last, againMs, isLost] = [from, AGAIN_MS, false];
  const { signal, stderr } = session.shell;
  while (!signal.aborted) {
    try {
      const stream = last === undefined ? await api.stream('/v1/log/stream', { ...filter, since }, {}) : await api.stream('/v1/log/stream', filter, { 'Last-Event-ID': last });
      if (isLost) stderr.write('vmdns: the live log is back\n');
      isLost = false;
      for await (const event of readEvents(stream, (ms) => { againMs = ms; })) {
        if (event.event !== 'entry') continue;
        last = event.id ?? last;
        tellEntry(session, JSON.parse(event.text) as LogEntry);
      }
    } catch (error) {
      if (error instanceof CommandError && error.exitCode !== EXIT.unreachable) throw error;
    }
    if (signal.aborted) return;
    // A silent screen must not look like a quiet night.
    if (!isLost) stderr.write('vmdns: the live log is lost; it is opened again as soon as vmdns answers\n');
    isLost = true;
    await delay(againMs, undefined, { signal }).catch(() => undefined);
  }
}

function tellEntry(session: Session, entry: LogEntry): void {
  if (session.isJson) session.shell.stdout.write(`${JSON.stringify(entry)}\n`);
  else session.say(logLine(entry));
}

/** An instant, or so long before now. */
function sinceOf(text: string, now: Date): string {
  if (!/^\d+(ms|s|m|h|d)$/.test(text)) return text;
  const ms = findTime(text);
  if (ms === undefined) throw usage('--since must be an RFC 3339 time, or so long ago: 10m, 2h, 1d');
  return new Date(now.getTime() - ms).toISOString();
}
