import type { Rrset } from '@vmdns/domain';
import { ProviderError, type RrsetChange, type WriteAid } from '@vmdns/provider-kit';
import { lastRecord, planRows, type RowStep } from './hestiacp.rows.js';
import { changesLeftToday } from './hestiacp.serial.js';
import type { Command, Ended } from './hestiacp.client.js';
import type { ZoneFile } from './hestiacp.zone-file.js';
import { toDomain, valueOf } from './hestiacp.wire.js';

const EXISTS = 4, NOT_EXISTING = 3, INVALID = 2;
/** Ids taken by somebody else in between, before giving up. */
const ID_TRIES = 3;

type Done = Ended & { readonly command: Command };

/** Changes records one by one: one command each, none of which is undone when a later one fails. */
export class RecordWriter {
  /** Commands that were done. */
  private steps = 0;
  private isFirst = true;

  constructor(private readonly file: ZoneFile, private readonly signal: AbortSignal, private readonly aid: WriteAid) {}

  /** Gives how many changes of the zone it took. */
  async write(changes: readonly RrsetChange[], held: ReadonlyMap<string, readonly Rrset[]>): Promise<number> {
    for (const change of changes) await this.change(change, held.get(change.kind === 'put' ? change.rrset.name : change.name));
    return this.steps;
  }

  private async change(change: RrsetChange, held: readonly Rrset[] | undefined): Promise<void> {
    // Listing takes its time: the lane may be lost meanwhile.
    this.isFirst &&= this.file.isListed;
    const rows = await this.file.rows(this.signal);
    const plan = planRows(rows, change, held, this.file.apex);
    if (plan.length > 0) this.refuseSpentDay(plan.length);
    const before = this.steps;
    for (const step of plan) {
      try {
        if (!this.isFirst) await this.aid.goOn();
        this.isFirst = false;
        await this.step(step, change);
      } catch (error) {
        throw before === this.steps ? error : this.halfDone(error, change);
      }
    }
  }

  private async step(step: RowStep, change: RrsetChange): Promise<void> {
    const { name, type } = change.kind === 'put' ? change.rrset : change;
    const attempt = `${step.kind === 'add' ? 'adding' : step.kind === 'change' ? 'changing' : 'removing'} ${name} ${type}`;
    if (step.kind === 'add') await this.add(step, attempt);
    else if (step.kind === 'change') await this.settle(await this.file.change(step.row, step, attempt, this.signal), step.row.id, 'change');
    else await this.settle(await this.file.delete(step.row, attempt, this.signal), step.row.id, name);
  }

  private async add(step: Extract<RowStep, { kind: 'add' }>, attempt: string): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      const id = this.file.nextId;
      const ended = await this.file.add({ id, record: step.record, type: step.type, value: step.value, ttl: step.ttl }, attempt, this.signal);
      if (ended.code === 0) { this.steps += 1; return; }
      if (ended.code !== EXISTS || tries >= ID_TRIES) throw this.file.client.failure(ended.command, ended);
      // Under the id that was sent stands what was sent: the call arrived twice. Else somebody took the id: another above all that there are now.
      const there = (await this.file.readRows(this.signal)).filter((row) => row.id === id);
      if (there.length === 1 && there.every((row) => row.record === step.record && row.type === step.type && valueOf(row, this.file.apex) === step.value && Number(row.ttl) === step.ttl)) { this.steps += 1; return; }
    }
  }

  /** What a change or a removal by id came to. Codes that say "it is so already" are looked at before they are believed. */
  private async settle(ended: Done, id: number, what: string): Promise<void> {
    if (ended.code === 0) { this.steps += 1; return; }
    if (ended.code === EXISTS && what === 'change') return this.file.forgetRows();
    if (ended.code === NOT_EXISTING) {
      const isGone = !(await this.file.readRows(this.signal)).some((row) => row.id === id);
      if (isGone && what !== 'change') return;
      if (isGone) throw new ProviderError('conflict', `${ended.command.attempt}: somebody removed record ${id} meanwhile`);
    }
    const guarded = /at least one (\S+) record/.exec(ended.text)?.[1];
    if (ended.code === INVALID && what !== 'change' && guarded !== undefined) throw lastRecord(what, guarded);
    throw this.file.client.failure(ended.command, ended);
  }

  /** Up to 1.9 the hundredth change of a day makes the zone unloadable: it waits for the next day instead. */
  private refuseSpentDay(steps: number): void {
    const { head } = this.file;
    const left = head === undefined ? undefined : changesLeftToday(head.serial, new Date());
    if (left === undefined || left >= steps + this.steps) return;
    throw spentDay(this.file.apex, head?.serial ?? '');
  }

  /** Tells what stands now of an RRset that was changed in part. */
  private halfDone(error: unknown, change: RrsetChange): unknown {
    if (!(error instanceof ProviderError) || error.detail.inDoubt === true) return error;
    const { name, type } = change.kind === 'put' ? change.rrset : change;
    const now = toDomain(this.file.knownRows, this.file.apex, this.file.head?.ttl ?? 0).find((rrset) => rrset.name === name && rrset.type === type);
    return new ProviderError(error.kind, error.message, { ...error.detail, left: [now ?? { name, type, ttl: 0, values: [] }], cause: error });
  }
}

export const spentDay = (apex: string, serial: string): ProviderError => new ProviderError('zone-full', `changing ${apex}: HestiaCP up to 1.9 numbers 99 changes of a zone a day, and these are used up (serial ${serial}); one more would make a serial that BIND refuses, and the zone would no longer load`, {
  hint: 'vmdns goes on the next day by itself. Upgrade HestiaCP to 1.10, or set the zone to writes: whole-file, which makes many changes with one serial.',
});
