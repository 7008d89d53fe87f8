import { rrsetDigest } from '@vmdns/domain';
import type { ExpectedAnswer, RrsetChange } from '../port/provider.js';
import { digestsOf, planName, type NamePlan, type WantedDigests } from './name-plan.js';
import type { Rrset } from '@vmdns/domain';
import { inDoubt, reasonOf } from './sentences.js';
import type { DueName, NameOutcome, TurnReason, TurnState } from './turn.js';
import type { ProviderError } from '../port/provider-error.js';

const NOTHING: NamePlan = { changes: [], owned: {}, foreign: null, drift: [], gone: new Map(), grows: false, switchedOff: [] };

/** How far one name has come within a turn; the only thing in the engine that changes. */
export class NameProgress {
  /** What is still to be sent, removals first. */
  pending: readonly RrsetChange[] = [];
  plan: NamePlan = NOTHING;
  wrote = false;
  /** A call for it was answered with a conflict: it may have arrived twice, and what it put is ours (PROTOCOL §4). */
  met = false;
  grows = false;
  private owned: Readonly<Record<string, string>>;
  private foreign: readonly string[] | null = null;
  private state: TurnState = 'not-tried';
  private reason: TurnReason | undefined;
  private providerText: string | undefined;
  private doubt = false;
  private gone: ReadonlyMap<string, readonly string[]> = NOTHING.gone;
  private readonly digests: WantedDigests;

  constructor(readonly due: DueName) {
    this.owned = due.owned;
    this.digests = digestsOf(due);
  }

  get name(): string { return this.due.name; }
  get isOpen(): boolean { return this.state === 'not-tried'; }
  get isApplied(): boolean { return this.state === 'applied'; }

  /** Decides anew from what is held; `null`: the token vouches for the ledger. */
  replan(held: readonly Rrset[] | null): void {
    // What was said to be removed and is there as it was is still ours: the answer was wrong.
    const due: DueName = this.wrote || this.met ? { ...this.due, owned: this.owned, writing: [...this.due.writing, ...this.removedDigests(), ...(this.met ? this.newDigests() : [])] } : this.due;
    this.plan = planName(due, held, this.digests);
    this.pending = this.plan.changes;
    this.grows = this.plan.grows;
    this.owned = this.plan.owned;
    this.foreign = this.plan.foreign ?? this.foreign;
    if (this.plan.gone.size > 0) this.gone = new Map([...this.gone, ...this.plan.gone]);
    this.state = 'not-tried';
    if (this.pending.length === 0) this.settleByPlan();
  }

  /** These changes were answered as done. */
  done(changes: readonly RrsetChange[]): void {
    const owned: Record<string, string> = { ...this.owned };
    for (const change of changes) {
      if (change.kind === 'put') owned[change.rrset.type] = this.digests[this.due.wanted.indexOf(change.rrset)] ?? rrsetDigest(change.rrset);
      else delete owned[change.type];
    }
    this.owned = owned;
    this.wrote = true;
    this.pending = changes.length === this.pending.length ? [] : this.pending.filter((change) => !changes.includes(change));
    if (this.pending.length === 0) this.settleByPlan();
  }

  refuse(reason: TurnReason, providerText?: string): void { this.settle('refused', reason, providerText); }

  /** `refused` settles; everything else is tried again. */
  fail(error: ProviderError): void {
    for (const rrset of error.detail.left ?? []) if (rrset.name === this.name) this.keep(rrset);
    this.settle(error.kind === 'refused' ? 'refused' : 'failed', reasonOf(error), error.detail.providerText);
  }

  loseSight(error: ProviderError): void {
    this.doubt = true;
    this.settle('unconfirmed', inDoubt(error.message), error.detail.providerText);
  }

  observe(reason: TurnReason): void { this.settle('observed', reason); }

  /** Who contradicts may be right: what was removed is ours until its absence is seen. */
  contradict(reason: TurnReason): void {
    this.owned = { ...this.due.owned, ...this.owned };
    this.settle('unconfirmed', reason);
  }

  /** What the name server must answer now; removed RRsets only where their values are known. */
  expectedAnswers(): readonly ExpectedAnswer[] {
    const { name, wanted } = this.due;
    const present = wanted.map((rrset) => ({ name, type: rrset.type, values: rrset.values }));
    const absent = [...this.gone].filter(([type]) => !wanted.some((rrset) => rrset.type === type)).map(([type, gone]) => ({ name, type, values: [], gone }));
    return [...present, ...absent];
  }

  outcome(): NameOutcome {
    if (this.isOpen && this.wrote) this.settle('failed', { code: 'provider-unreachable', text: `${this.name} was written in part when the turn ended; vmdns goes on by itself.` });
    const isStillOpen = this.due.stillInDoubt === true && this.state === 'applied';
    const reason = isStillOpen ? inDoubt(`An earlier call for ${this.name} may still take effect`) : this.reason;
    return {
      name: this.name, state: isStillOpen ? 'unconfirmed' : this.state, reason, providerText: this.providerText,
      owned: this.owned, foreign: this.foreign, wrote: this.wrote,
      inDoubt: this.doubt || (this.due.stillInDoubt === true && this.state !== 'refused'),
    };
  }

  /** What a change that failed half way has left is ours, as it stands. */
  private keep(rrset: Rrset): void {
    const { [rrset.type]: _before, ...others } = this.owned;
    this.owned = rrset.values.length === 0 ? others : { ...others, [rrset.type]: rrsetDigest(rrset) };
  }

  private removedDigests(): readonly string[] {
    return Object.entries(this.due.owned).filter(([type]) => this.owned[type] === undefined).map(([, digest]) => digest);
  }

  /** Of what was put where nothing of ours was. */
  private newDigests(): readonly string[] {
    return this.digests.filter((_digest, at) => this.owned[this.due.wanted[at]?.type ?? ''] === undefined);
  }

  private settleByPlan(): void {
    if (this.plan.refusal === undefined) this.settle('applied');
    else this.settle('refused', this.plan.refusal);
  }

  private settle(state: TurnState, reason?: TurnReason, providerText?: string): void {
    this.state = state;
    this.reason = reason;
    this.providerText = providerText;
  }
}
