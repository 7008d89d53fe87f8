import { setTimeout as sleep } from 'node:timers/promises';
import { disabledOf } from '../port/disabled.js';
import { findDenial } from './admission.js';
import { confirm } from './confirming.js';
import { CountedZone } from './counted-zone.js';
import { NameProgress } from './name-progress.js';
import { probe, readAgain, readForTurn, type Reading } from './reading.js';
import { changeSentence, notAsWritten, providerErrorOf } from './sentences.js';
import type { Turn, TurnHooks, TurnKnowledge, TurnOutcome, TurnReport } from './turn.js';
import { Writing } from './writing.js';
import type { ProviderError } from '../port/provider-error.js';

const SENTENCES_MAX = 100;
/** Write, look again where somebody else wrote meanwhile, mend once. */
const ROUNDS = 2;

/**
 * One turn on one zone: reads as little as it can, writes what differs, and says what became of each name. Never
 * throws for what a provider does; the host commits the outcome.
 */
export async function runTurn(turn: Turn, signal: AbortSignal, hooks: TurnHooks = {}): Promise<TurnOutcome> {
  return new TurnRun(turn, signal, hooks).run();
}

/** An abort while waiting is no failure of the wait: the next look at the signal ends the turn. */
const pauseQuietly = async (ms: number, signal: AbortSignal): Promise<void> => {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
};

class TurnRun {
  private readonly zone: CountedZone;
  private readonly names: readonly NameProgress[];
  private readonly reports: TurnReport[] = [];
  private readonly changes: string[] = [];
  private failure: ProviderError | undefined;
  private untidy = false;

  constructor(private readonly turn: Turn, private readonly signal: AbortSignal, private readonly hooks: TurnHooks) {
    this.zone = new CountedZone(turn.zone, turn.apex);
    this.names = turn.due.map((due) => new NameProgress(due));
  }

  async run(): Promise<TurnOutcome> {
    const admitted = this.admit();
    if (this.signal.aborted) return this.outcome(this.turn.knowledge);
    let reading: Reading;
    try {
      if (this.turn.probe === true) await probe(this.zone, admitted[0]?.name, this.signal);
      reading = await readForTurn(this.zone, admitted.map((name) => name.due), this.turn.knowledge, this.signal);
    } catch (error) {
      this.failed(admitted, providerErrorOf(error, `reading ${this.turn.apex}`));
      return this.outcome(this.turn.knowledge);
    }
    const plans = admitted.filter((name) => this.plan(name, reading));
    if (this.turn.mode === 'observe') {
      for (const name of plans) this.observe(name);
      return this.outcome(knowledgeOf(reading, reading.token), reading);
    }
    const token = await this.write(plans, reading);
    await confirm(plans, { zone: this.zone, verify: this.turn.capabilities.verify, signal: this.signal, pause: this.hooks.pause ?? pauseQuietly });
    return this.outcome(knowledgeOf(reading, token), reading);
  }

  private admit(): readonly NameProgress[] {
    return this.names.filter((name) => {
      const denial = findDenial(this.turn, name.name, name.due.wanted);
      if (denial !== undefined) name.refuse(denial);
      return denial === undefined;
    });
  }

  private plan(name: NameProgress, reading: Reading): boolean {
    const unreadable = reading.unreadable.get(name.name);
    if (unreadable !== undefined) { name.fail(unreadable); return false; }
    name.replan(reading.held.get(name.name) ?? null);
    this.reports.push(...name.plan.drift);
    for (const change of name.pending) if (this.changes.length < SENTENCES_MAX) this.changes.push(changeSentence(change));
    return true;
  }

  private observe(name: NameProgress): void {
    const would = name.plan.changes.map(changeSentence).join('; ');
    name.observe(name.plan.refusal ?? { code: 'observed', text: would === '' ? `${name.name} is as wanted; the zone is only observed.` : `Would ${would}; the zone is only observed.` });
  }

  /** Gives the token at which the ledger is again all that there is; null where nobody can say. */
  private async write(names: readonly NameProgress[], reading: Reading): Promise<string | null> {
    let held = keptBeside(names, reading.held);
    let token = reading.token;
    let open = names;
    let isKnown = true;
    for (let round = 0; round < ROUNDS && open.some((name) => name.pending.length > 0); round += 1) {
      const writing = new Writing({
        zone: this.zone, apex: this.turn.apex, hooks: this.hooks, signal: this.signal, attempt: this.turn.attempt ?? 0,
        batch: this.zone.batch ?? this.turn.capabilities.batch, callLifeMs: this.turn.capabilities.callLifeMs, ledger: async () => (await this.turn.ledger?.()) ?? null, pause: this.hooks.pause ?? pauseQuietly,
      }, token, held);
      await writing.send(open);
      this.reports.push(...writing.reports);
      this.untidy ||= writing.untidy;
      if (writing.failure !== undefined) this.failed([], writing.failure);
      token = writing.token;
      if (!writing.chainBroken && writing.conflicts.size === 0) break;
      isKnown = false;
      if (writing.chainBroken) this.reports.push(this.otherWriter(writing));
      if (writing.failure !== undefined || writing.stopped) break;
      open = open.filter((name) => name.wrote || writing.conflicts.has(name));
      for (const name of writing.conflicts.keys()) name.met = true;
      const again = await this.lookAgain(open, reading, round + 1 === ROUNDS ? writing : undefined);
      if (again === undefined) break;
      held = keptBeside(open, again.held);
      token = again.token;
    }
    return isKnown ? token : null;
  }

  /** Reads what was written once more: mended in the next round, or left for the next turn where there is none. */
  private async lookAgain(names: readonly NameProgress[], reading: Reading, last: Writing | undefined): Promise<Awaited<ReturnType<typeof readAgain>> | undefined> {
    try {
      const again = await readAgain(this.zone, names.map((name) => name.name), reading, this.signal);
      for (const name of names) {
        const before = new Set(name.plan.foreign ?? []);
        name.replan(again.held.get(name.name) ?? []);
        this.reports.push(...name.plan.drift);
        for (const type of name.plan.foreign ?? []) if (!before.has(type)) this.reports.push({ kind: 'other-writer', name: name.name, type, text: `${name.name} got a ${type} record from somebody else while vmdns wrote that name.` });
        if (last === undefined || name.pending.length === 0) continue;
        const conflict = last.conflicts.get(name);
        if (conflict === undefined) name.contradict(notAsWritten(name.pending, again.held.get(name.name) ?? [], last.token === null));
        else name.fail(conflict);
      }
      return again;
    } catch (error) {
      const failure = providerErrorOf(error, `reading ${this.turn.apex} again`);
      for (const name of names) name.loseSight(failure);
      this.failed([], failure);
      return undefined;
    }
  }

  private otherWriter(writing: Writing): TurnReport {
    if (writing.token === null) return { kind: 'other-writer', text: `A change of ${this.turn.apex} was answered without the zone's new change token; what was written is read again.` };
    return {
      kind: 'other-writer',
      text: `Somebody else changed ${this.turn.apex} while vmdns wrote it (change token ${writing.tokenBefore ?? '?'} became ${writing.token ?? '?'}); a record of theirs at a name that vmdns wrote in that moment is overwritten.`,
    };
  }

  private failed(names: readonly NameProgress[], error: ProviderError): void {
    if (this.signal.aborted) return;
    this.failure ??= error;
    for (const name of names) name.fail(error);
  }

  private outcome(knowledge: TurnKnowledge, reading?: Reading): TurnOutcome {
    return {
      names: this.names.map((name) => name.outcome()),
      knowledge,
      ...(reading?.whole === undefined ? {} : { wholeReading: reading.whole }),
      ...(this.failure === undefined ? {} : { failure: this.failure }),
      reports: this.reports,
      untidy: this.untidy,
      calls: { reads: this.zone.reads, writes: this.zone.writes },
      changes: this.changes,
    };
  }
}

/** What is held without the records of ours that somebody switched off: they are not written back beside ours. */
function keptBeside(names: readonly NameProgress[], held: Reading['held']): Reading['held'] {
  const taken = names.filter((name) => name.plan.switchedOff.length > 0);
  if (taken.length === 0) return held;
  const kept = new Map(held);
  for (const { name, plan } of taken) kept.set(name, (held.get(name) ?? []).filter((rrset) => !plan.switchedOff.includes(disabledOf(rrset.type) ?? '')));
  return kept;
}

const knowledgeOf = (reading: Reading, token: string | null): TurnKnowledge => ({ token: reading.complete ? token : null, zoneSize: reading.zoneSize });
