import { randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { RpcProblem } from '@vmdns/bus';
import { Clock, CONFIG } from '@vmdns/chassis';
import { VmId, type Caller, type FactRequest, type SnapshotFault, type SnapshotStep } from '@vmdns/contracts';
import { Store, type Tx } from '@vmdns/store';
import type { Config } from '../config.js';
import { answerOf, problemText } from '../facts/fact-answer.js';
import { admitFact, type AdmittedFact } from '../facts/fact-door.js';
import type { BrakeKey } from '../holds/brake.js';
import { FactIntake } from '../facts/fact.intake.js';
import { assertNever } from '../assert-never.js';
import { type SnapshotLine, type SnapshotRow, SnapshotTable } from './snapshot.table.js';

export interface GivenLine { readonly line: number; readonly fact?: unknown }

const FACTS_PER_STEP = 500;
const DELETIONS_PER_STEP = 200;
const NOTHING: SnapshotStep = { more: true, stored: 0, known: 0, faults: [], missing: 0, deleted: 0, held: 0, kept: 0, isKeptBack: false };

/**
 * A source's complete list (L2): it is stored as it comes, and means something only when it has ended with the right
 * count. Then what it says of VMs are facts; what it does not have is deleted when a second complete list, long enough
 * after the first, does not have it either, and nothing about it has changed in between. The brake stands before that.
 */
@Injectable()
export class SnapshotService {
  constructor(private readonly store: Store, private readonly table: SnapshotTable, private readonly intake: FactIntake, private readonly clock: Clock, @Inject(CONFIG) private readonly config: Pick<Config, 'SNAPSHOT_APART_SECONDS'>) {}

  async begin(source: string, caller: Caller): Promise<string> {
    if (!maySpeakFor(source, caller)) throw new RpcProblem({ status: 403, code: 'forbidden', title: `This token is not bound to the source ${source}.`, detail: 'What is missing in a complete list is deleted, so it takes a token that was made with this --source, or an operator.' });
    const id = `snap-${randomBytes(6).toString('hex')}`;
    await this.store.transaction((tx) => this.table.begin(tx, { id, source, tenant: caller.tenant, publisher: publisherOf(caller), begunAt: this.clock.now() }));
    return id;
  }

  /** Stores lines; a faulty one is told, and its VM is still one that the list has. */
  async add(id: string, lines: readonly GivenLine[], caller: Caller): Promise<SnapshotFault[]> {
    return this.store.transaction(async (tx) => {
      const snapshot = await this.open(tx, id, caller, 'filling');
      const read = lines.map((line) => readLine(line, requestOf(snapshot, line.fact, caller)));
      const seen = new Set<string>();
      const isFirst = ({ vmId }: { readonly vmId: string | undefined }) => vmId !== undefined && !seen.has(vmId) && seen.add(vmId) !== undefined;
      const stored = read.flatMap((each): SnapshotLine[] => (isFirst(each) ? [{ vmId: each.vmId ?? '', line: each.line, fact: each.fact }] : []));
      const known = await this.table.add(tx, id, stored, { lines: lines.length, unreadable: read.filter((each) => each.vmId === undefined).length });
      const kept = new Set(stored.filter((line) => !known.has(line.vmId)).map((line) => line.line));
      return read.flatMap((each): SnapshotFault[] => {
        const at = { line: each.line, ...(each.vmId === undefined ? {} : { vmId: each.vmId }) };
        if (each.message !== undefined) return [{ ...at, message: each.message }];
        return kept.has(each.line) ? [] : [{ ...at, message: 'this VM stands at an earlier line, which counts: one line a VM' }];
      });
    });
  }

  async close(id: string, count: number, caller: Caller): Promise<void> {
    const problem = await this.store.transaction(async (tx) => {
      const snapshot = await this.open(tx, id, caller, 'filling');
      if (snapshot.lines > 0 && snapshot.lines === count) { await this.table.move(tx, id, 'facts', '0'); return undefined; }
      await this.table.drop(tx, id);
      return count === 0 ? 'The list is empty; an empty list changes nothing.' : `The list says that it has ${count} lines, and ${snapshot.lines} came: it was cut off, so nothing was changed.`;
    });
    if (problem !== undefined) throw new RpcProblem({ status: 400, code: 'bad-input', title: problem });
  }

  /** One page of work; what a step has done is done, and the next one goes on from there. */
  async step(id: string, caller: Caller): Promise<SnapshotStep> {
    const snapshot = await this.store.transaction((tx) => this.open(tx, id, caller));
    switch (snapshot.phase) {
      case 'filling': throw new RpcProblem({ status: 409, code: 'conflict', title: 'The list has not ended yet.' });
      case 'facts': return this.facts(snapshot, caller);
      case 'sightings': return this.sight(snapshot);
      case 'deletions': return this.delete(snapshot, caller);
      case 'done': return { ...NOTHING, more: false };
      default: return assertNever(snapshot.phase);
    }
  }

  private async facts(snapshot: SnapshotRow, caller: Caller): Promise<SnapshotStep> {
    const page = await this.table.linesAfter(this.store, snapshot.id, Number(snapshot.cursor), FACTS_PER_STEP);
    const told = page.flatMap(({ line, fact }) => {
      const admission = fact === null ? undefined : admitFact(requestOf(snapshot, fact, caller));
      return admission?.ok === true ? [{ line, fact: { ...admission, brake: brakeOf(snapshot) } }] : [];
    });
    const verdicts = await this.intake.take(told.map(({ fact }) => fact));
    const step = { ...NOTHING, faults: [] as SnapshotFault[] };
    told.forEach(({ line, fact }, at) => {
      const verdict = verdicts[at];
      if (verdict === undefined) throw new Error(`taking line ${line} of ${snapshot.id}: no verdict`);
      const reply = answerOf(fact, verdict);
      const { vmId } = fact.incoming;
      if (!reply.ok) step.faults.push({ line, vmId, message: problemText(reply.problem) });
      else if (reply.value.accepted) step.stored += 1;
      else if (reply.value.reason === 'repeat') step.known += 1;
      else step.faults.push({ line, vmId, message: reply.value.text ?? 'was ignored' });
    });
    const last = page.at(-1);
    const isDone = page.length < FACTS_PER_STEP || last === undefined;
    await this.store.transaction((tx) => this.table.move(tx, snapshot.id, isDone ? 'sightings' : 'facts', isDone ? '' : String(last.line)));
    return step;
  }

  /** A line of which not even the VM is known may be any VM: then nothing is taken for missing. */
  private async sight(snapshot: SnapshotRow): Promise<SnapshotStep> {
    if (snapshot.unreadable > 0) {
      await this.store.transaction((tx) => this.table.drop(tx, snapshot.id));
      return { ...NOTHING, more: false, isKeptBack: true };
    }
    const missing = await this.store.transaction(async (tx) => {
      const sighted = await this.table.sight(tx, snapshot.id);
      await this.table.move(tx, snapshot.id, 'deletions');
      return sighted;
    });
    return { ...NOTHING, missing };
  }

  private async delete(snapshot: SnapshotRow, caller: Caller): Promise<SnapshotStep> {
    const page = await this.table.due(this.store, snapshot.id, this.config.SNAPSHOT_APART_SECONDS, snapshot.cursor, DELETIONS_PER_STEP);
    // At the time of the first sighting: as long as the VM stays missing it is one and the same deletion, which is not held twice.
    const verdicts = await this.intake.take(page.map(({ vm_id: vmId, first_at: firstAt }): AdmittedFact => ({
      caller, brake: brakeOf(snapshot),
      incoming: { kind: 'deleted', vmId, source: snapshot.source, tenant: undefined, via: 'event', time: firstAt.toISOString(), said: { uid: null, version: null } },
    })));
    const count = (kind: string) => verdicts.filter((verdict) => verdict.kind === kind).length;
    const last = page.at(-1);
    const isDone = page.length < DELETIONS_PER_STEP || last === undefined;
    await this.store.transaction((tx) => (isDone ? this.table.drop(tx, snapshot.id) : this.table.move(tx, snapshot.id, 'deletions', last.vm_id)));
    return { ...NOTHING, more: !isDone, deleted: count('accepted'), held: count('held'), kept: count('ignored') };
  }

  private async open(tx: Tx, id: string, caller: Caller, phase?: SnapshotRow['phase']): Promise<SnapshotRow> {
    const snapshot = await this.table.lock(tx, id);
    if (snapshot === undefined || snapshot.publisher !== publisherOf(caller)) throw new RpcProblem({ status: 409, code: 'conflict', title: 'This list was given up: another of the same source began since, or an hour has passed.' });
    if (phase !== undefined && snapshot.phase !== phase) throw new RpcProblem({ status: 409, code: 'conflict', title: 'This list has ended already.' });
    return snapshot;
  }
}

/** The caller is bound to the source, or an operator: asked when the list began. */
const brakeOf = ({ source, publisher }: SnapshotRow): BrakeKey => ({ source, publisher });

const publisherOf = (caller: Caller): string => `token ${caller.name}`;

/** What is missing is deleted, so nobody may say "all" of a source that is not his by name. */
function maySpeakFor(source: string, caller: Caller): boolean {
  if (caller.role === 'viewer') return false;
  if (caller.role === 'admin' || caller.role === 'operator') return true;
  return source === `http:${caller.name}` || caller.sources?.includes(source) === true;
}

/** By no publisher: that this caller may speak for the source was asked when the list began. */
function requestOf(snapshot: SnapshotRow, data: unknown, caller: Caller): FactRequest {
  return { type: 'vmdns.vm.changed.v1', data, source: snapshot.source, caller, via: 'event', time: snapshot.begun_at.toISOString() };
}

interface ReadLine { readonly line: number; readonly vmId: string | undefined; readonly fact: unknown; readonly message?: string }

function readLine({ line, fact }: GivenLine, request: FactRequest): ReadLine {
  const admission = admitFact(request);
  if (admission.ok) return { line, vmId: admission.incoming.vmId, fact };
  const said = VmId.safeParse(typeof fact === 'object' && fact !== null && 'vmId' in fact ? fact.vmId : undefined);
  return { line, vmId: said.success ? said.data : undefined, fact: null, message: problemText(admission.problem) };
}
