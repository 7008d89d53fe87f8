import { Injectable } from '@nestjs/common';
import { SNAPSHOT_LINES_MAX, SnapshotEnd, type Caller, type SnapshotFault, type SnapshotReport } from '@vmdns/contracts';
import { parseJson } from '../http/body.js';
import { linesOf } from '../http/lines.js';
import { badInput, ProblemError, refused } from '../http/problems.js';
import { Services, valueOf } from './services.js';

/** What one message of the bus carries, with room for the rest of it. */
const BATCH_BYTES_MAX = 500_000;
const LINE_BYTES_MAX = 250_000;
const FAULTS_MAX = 1000;
/** A page is done in far less; and a list of a million VMs has this many. */
const STEPS_MAX = 20_000;

interface GivenLine { readonly line: number; readonly fact: unknown }

/** What came of the steps so far. */
class Tally {
  readonly faults: SnapshotFault[] = [];
  moreFaults = 0;
  counts = { stored: 0, known: 0, missing: 0, deleted: 0, held: 0, kept: 0 };
  isKeptBack = false;

  fault(...faults: readonly SnapshotFault[]): void {
    const room = faults.slice(0, FAULTS_MAX - this.faults.length);
    this.faults.push(...room);
    this.moreFaults += faults.length - room.length;
  }
}

/** A source's complete list, line by line as it comes: no more of it is in memory than one message to inventory holds. */
@Injectable()
export class Snapshots {
  constructor(private readonly services: Services) {}

  async take(source: string, caller: Caller, body: AsyncIterable<Buffer>): Promise<SnapshotReport> {
    const { id } = valueOf(await this.services.inventory['snapshot-begin']({ source, caller }, this.services.slowly));
    const tally = new Tally();
    const lines = await this.#fill(id, caller, body, tally);
    valueOf(await this.services.inventory['snapshot-close']({ id, count: lines, caller }, this.services.slowly));
    await this.#carryOut(id, caller, tally);
    const report = { source, lines, ...tally.counts, isKeptBack: tally.isKeptBack, faults: tally.faults, moreFaults: tally.moreFaults };
    return { ...report, text: textOf(report) };
  }

  /** Gives the count that the list's last line says. */
  async #fill(id: string, caller: Caller, body: AsyncIterable<Buffer>, tally: Tally): Promise<number> {
    let batch: GivenLine[] = [];
    let [bytes, lines] = [0, 0];
    let end: SnapshotEnd | undefined;
    const flush = async () => {
      if (batch.length === 0) return;
      tally.fault(...valueOf(await this.services.inventory['snapshot-add']({ id, lines: batch, caller }, this.services.slowly)).faults);
      batch = [];
      bytes = 0;
    };
    for await (const { line, text } of linesOf(body, LINE_BYTES_MAX)) {
      if (text.length === 0 || text.toString('utf8').trim() === '') continue;
      if (end !== undefined) throw refused(400, `line ${line}: the list goes on behind its end; nothing was changed`);
      const fact = factOf(text);
      end = SnapshotEnd.safeParse(fact).data;
      if (end !== undefined) continue;
      lines += 1;
      if (batch.length >= SNAPSHOT_LINES_MAX || bytes + text.length > BATCH_BYTES_MAX) await flush();
      batch.push({ line, fact });
      bytes += text.length;
    }
    await flush();
    if (end === undefined) throw badInput([{ path: '(body)', message: `has ${lines} lines and no last line {"end": true, "count": ${lines}}: it may have been cut off, so nothing was changed` }]);
    return end.count;
  }

  async #carryOut(id: string, caller: Caller, tally: Tally): Promise<void> {
    for (let steps = 0; steps < STEPS_MAX; steps += 1) {
      const step = valueOf(await this.services.inventory['snapshot-step']({ id, caller }, this.services.atTheProvider));
      tally.fault(...step.faults);
      tally.isKeptBack ||= step.isKeptBack;
      const { counts } = tally;
      tally.counts = { stored: counts.stored + step.stored, known: counts.known + step.known, missing: counts.missing + step.missing, deleted: counts.deleted + step.deleted, held: counts.held + step.held, kept: counts.kept + step.kept };
      if (!step.more) break;
    }
    // Those that were missing long enough are told by what became of them.
    const { counts } = tally;
    tally.counts = { ...counts, missing: Math.max(0, counts.missing - counts.deleted - counts.held - counts.kept) };
  }
}

/** What is no JSON is no fact: inventory says so, by its line. */
function factOf(text: Buffer): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof ProblemError) return null;
    throw error;
  }
}

function textOf(report: Omit<SnapshotReport, 'text'>): string {
  const { source, lines, stored, known, missing, deleted, held, kept } = report;
  const faults = report.faults.length + report.moreFaults;
  return [
    `${source}: ${lines} VMs listed; ${stored} stored, ${known} known already${faults === 0 ? '' : `, ${faults} faults`}.`,
    ...(report.isKeptBack ? ['Some lines could not be read, so nothing was taken for missing.'] : []),
    ...(missing === 0 ? [] : [`${missing} missing for the first time: they are deleted when the next complete list, at least a while later, does not have them either.`]),
    ...(deleted === 0 ? [] : [`${deleted} missing again: deleted.`]), ...(held === 0 ? [] : [`${held} deletions wait for a person (vmdns hold list).`]),
    ...(kept === 0 ? [] : [`${kept} missing, and kept as a person decided.`]),
  ].join(' ');
}
