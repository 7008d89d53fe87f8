import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import type { ReadableStream as NodeStream } from 'node:stream/web';
import type { Command } from 'commander';
import type { SnapshotReport } from '@vmdns/contracts';
import { EXIT, usage } from '../exit.js';
import { part } from '../http/api.js';
import type { Commands, Session } from '../session.js';

const NDJSON = 'application/x-ndjson';
/** A list of 100,000 VMs that are all new takes about a minute. */
const SNAPSHOT_MS = 30 * 60_000;

/** `vmdns source …`: who tells of VMs. */
export function sourceCommands(program: Command, commands: Commands): void {
  const source = program.command('source').description('who tells of VMs');
  commands.add<{ complete?: true }>(source, 'snapshot <source> <file>', "a source's complete list: what differs is told, what is missing in two such lists is deleted", (command) => command
    .option('--complete', 'the file is complete although no last line {"end": true, "count": …} says so'), async (session, { complete }, name = '', file = '') => {
    const api = await session.api();
    const lines = await openLines(session, file);
    const body = complete === true ? Readable.from(withEnd(lines)) : lines;
    const report = await api.send<SnapshotReport>(`/v1/sources/${part(name)}/snapshot`, asWeb(body), NDJSON, SNAPSHOT_MS);
    const more = report.moreFaults === 0 ? [] : [`… and ${report.moreFaults} more`];
    session.tell(report, [...report.faults.map((fault) => `line ${fault.line}${fault.vmId === undefined ? '' : ` (${fault.vmId})`}: ${fault.message}`), ...more, report.text]);
    return report.faults.length === 0 ? EXIT.done : EXIT.failed;
  });
}

async function openLines({ shell }: Session, file: string): Promise<Readable> {
  if (file === '-') return shell.stdin;
  const path = resolve(shell.folder, file);
  const found = await stat(path).catch(() => undefined);
  if (found === undefined || found.isDirectory()) throw usage(`${file} cannot be read`);
  return createReadStream(path);
}

/** Node's own streams and those of fetch are of one kind; only their types are told apart. */
function asWeb(stream: Readable): ReadableStream<Uint8Array> {
  return Readable.toWeb(stream) as NodeStream<Uint8Array> as ReadableStream<Uint8Array>;
}

/** The list with its last line. */
async function* withEnd(lines: Readable): AsyncIterable<string> {
  let count = 0;
  for await (const line of createInterface({ input: lines, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line.trim() === '') continue;
    count += 1;
    yield `${line}\n`;
  }
  yield `${JSON.stringify({ end: true, count })}\n`;
}
