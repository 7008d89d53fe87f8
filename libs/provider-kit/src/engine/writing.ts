import type { Rrset } from '@vmdns/domain';
import { ProviderError } from '../port/provider-error.js';
import type { RrsetChange, WriteAid, ZoneLedger } from '../port/provider.js';
import type { CountedZone } from './counted-zone.js';
import type { NameProgress } from './name-progress.js';
import { providerErrorOf } from './sentences.js';
import type { TurnHooks, TurnReport } from './turn.js';

export interface WritingTerms {
  readonly zone: CountedZone;
  readonly apex: string;
  readonly hooks: TurnHooks;
  readonly signal: AbortSignal;
  readonly attempt: number;
  readonly batch: boolean;
  /** At the least. */
  readonly callLifeMs: number;
  readonly ledger: () => Promise<ZoneLedger | null>;
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** Before the same call is tried once more: long enough for another's transaction, short enough for a lane (PERFORMANCE §0, 5). */
const TROUBLE_PAUSE_MS = 60;
/** A culprit in first place fails log2(n) + 1 calls in a row; a few more, and it is the server. */
const TROUBLES_SPARE = 3;
const HALVINGS_MAX = 12;

/** Sends what is pending, in chunks the provider bears; splits where it refuses (L7). One object for each turn. */
export class Writing {
  /** Ends the turn for every name that is still open. */
  failure: ProviderError | undefined;
  /** The lease was lost or the signal came: nothing more is sent. */
  stopped = false;
  untidy = false;
  /** Change token after the last write; null: not known. */
  token: string | null;
  /** Somebody else's write lies between two of ours, or between reading and writing; or nobody can say. */
  chainBroken = false;
  readonly tokenBefore: string | null;
  /** Names whose content changed between reading and writing, by the provider's word. */
  readonly conflicts = new Map<NameProgress, ProviderError>();
  readonly reports: TurnReport[] = [];
  private full: ProviderError | undefined;
  private troublesInARow = 0;
  private troublesMax: number | undefined;

  constructor(private readonly terms: WritingTerms, token: string | null, private readonly held: ReadonlyMap<string, readonly Rrset[]>) {
    this.token = token;
    this.tokenBefore = token;
  }

  async send(names: readonly NameProgress[]): Promise<void> {
    // Names that only lose come first: they make room, and no refusal of a put can hold them up.
    const open = names.filter((name) => name.pending.length > 0).sort((a, b) => rank(a) - rank(b));
    for (const chunk of this.chunksOf(open)) {
      if (this.failure !== undefined || this.stopped) break;
      await this.sendChunk(chunk);
    }
    if (this.failure === undefined) return;
    for (const name of names) if (name.isOpen && name.pending.length > 0) name.fail(this.failure);
  }

  private *chunksOf(names: readonly NameProgress[]): Generator<readonly NameProgress[]> {
    const { chunk: limits } = this.terms.zone;
    const halvings = Math.min(HALVINGS_MAX, this.terms.attempt);
    const changesMax = this.terms.batch ? Math.max(1, limits.changesMax >> halvings) : 1;
    const bytesMax = limits.bytesMax >> halvings;
    let chunk: NameProgress[] = [];
    let changes = 0;
    let bytes = 0;
    for (const name of names) {
      const size = name.pending.reduce((sum, change) => sum + limits.sizeOf(change), 0);
      if (chunk.length > 0 && (changes + name.pending.length > changesMax || bytes + size > bytesMax)) {
        yield chunk;
        chunk = [];
        changes = bytes = 0;
      }
      chunk.push(name);
      changes += name.pending.length;
      bytes += size;
    }
    if (chunk.length > 0) yield chunk;
  }

  /** One name whose changes do not fit one call goes change by change; all else is one call. */
  private async sendChunk(chunk: readonly NameProgress[]): Promise<void> {
    const bearable = this.full === undefined ? chunk : this.parkGrowing(chunk, this.full);
    const [first] = bearable;
    if (first === undefined || this.failure !== undefined) return;
    if (!this.terms.batch && first.pending.length > 1) {
      for (const change of first.pending) {
        if (!first.isOpen || this.failure !== undefined || this.stopped) return;
        await this.call([first], [change]);
      }
      return;
    }
    const changes = bearable.flatMap((name) => name.pending);
    await this.call(bearable, [...changes.filter((change) => change.kind === 'remove'), ...changes.filter((change) => change.kind === 'put')]);
  }

  private async call(names: readonly NameProgress[], changes: readonly RrsetChange[], isSecondTry = false): Promise<void> {
    const { zone, signal } = this.terms;
    try {
      if (!(await this.maySend(names))) {
        this.stopped = true;
        return;
      }
      const receipt = await zone.write(changes, this.held, signal, this.aidFor(names));
      this.troublesInARow = 0;
      this.untidy ||= receipt.untidy === true;
      this.follow(receipt.tokenAfter);
      const [only] = names;
      if (names.length === 1 && only !== undefined) only.done(changes);
      else for (const name of names) name.done(name.pending);
    } catch (error) {
      return this.missed(names, changes, providerErrorOf(error, `writing ${this.terms.apex}`), isSecondTry);
    }
    await this.afterWrite();
  }

  private async maySend(names: readonly NameProgress[]): Promise<boolean> {
    const { hooks, signal, zone, callLifeMs } = this.terms;
    if (signal.aborted) return false;
    return hooks.beforeWrite === undefined || hooks.beforeWrite(names.map((name) => name.name), Math.max(callLifeMs, zone.callLifeMs));
  }

  private aidFor(names: readonly NameProgress[]): WriteAid {
    return {
      goOn: async () => {
        if (!(await this.maySend(names))) throw new ProviderError('retry', `writing ${this.terms.apex}: stopped between two calls of one change`, { inDoubt: true });
      },
      ledger: this.terms.ledger,
    };
  }

  /** An answer without the token, where there was one before, does not say that anything was done. */
  private follow(tokenAfter: string | null): void {
    const { changeToken } = this.terms.zone;
    if (changeToken !== undefined && this.token !== null && (tokenAfter === null || !changeToken.follows(this.token, tokenAfter))) this.chainBroken = true;
    this.token = tokenAfter;
  }

  private async afterWrite(): Promise<void> {
    try {
      await this.terms.zone.afterWrite(this.terms.signal);
    } catch (error) {
      this.reports.push({ kind: 'flush-failed', text: providerErrorOf(error, 'flushing').message });
    }
  }

  private async missed(names: readonly NameProgress[], changes: readonly RrsetChange[], error: ProviderError, isSecondTry: boolean): Promise<void> {
    if (error.detail.inDoubt === true) {
      this.token = null;
      for (const name of names) name.loseSight(error);
      if (this.terms.signal.aborted) this.stopped = true;
      else this.failure = error;
      return;
    }
    if (this.terms.signal.aborted) { this.stopped = true; return; }
    switch (error.kind) {
      case 'refused': return this.split(names, error);
      case 'conflict': {
        for (const name of names) this.conflicts.set(name, error);
        return;
      }
      case 'zone-full': return this.filled(names, error);
      case 'retry': return this.trouble(names, changes, error, isSecondTry);
      case 'throttled': case 'credentials': case 'missing-zone': {
        this.failure = error;
        return;
      }
    }
  }

  /** L7: O(log n) calls for each culprit; first the one that the provider names. */
  private async split(names: readonly NameProgress[], error: ProviderError): Promise<void> {
    const [only] = names;
    if (names.length === 1 && only !== undefined) return only.fail(error);
    const culprit = names.find((name) => name.name === error.detail.culprit);
    const half = Math.ceil(names.length / 2);
    const parts = culprit === undefined ? [names.slice(0, half), names.slice(half)] : [[culprit], names.filter((name) => name !== culprit)];
    for (const part of parts) {
      if (this.failure !== undefined || this.stopped) return;
      await this.sendChunk(part);
    }
  }

  /** Removals and replacements still go through; what would grow the zone waits with its reason. */
  private async filled(names: readonly NameProgress[], error: ProviderError): Promise<void> {
    this.full = error;
    const bearable = this.parkGrowing(names, error);
    if (bearable.length > 0 && bearable.length < names.length) return this.sendChunk(bearable);
    for (const name of bearable) name.fail(error);
  }

  private parkGrowing(names: readonly NameProgress[], error: ProviderError): readonly NameProgress[] {
    for (const name of names) if (name.grows) name.fail(error);
    return names.filter((name) => name.isOpen);
  }

  /**
   * No success, and surely not applied. One more try at once where the server answered (a locked database); if an
   * earlier turn met the same, one record may be the cause, so halves are tried; a server that fails them all ends it.
   */
  private async trouble(names: readonly NameProgress[], changes: readonly RrsetChange[], error: ProviderError, isSecondTry: boolean): Promise<void> {
    const { answered } = error.detail;
    this.troublesInARow += 1;
    if (answered === true && this.terms.attempt === 0 && !isSecondTry) {
      await this.terms.pause(TROUBLE_PAUSE_MS, this.terms.signal);
      return this.call(names, changes, true);
    }
    const [only] = names;
    if (answered === true && this.terms.attempt > 0 && this.troublesInARow <= (this.troublesMax ?? Infinity)) {
      if (names.length > 1) {
        this.troublesMax ??= Math.ceil(Math.log2(names.length)) + TROUBLES_SPARE;
        return this.split(names, error);
      }
      if (only !== undefined && this.troublesMax !== undefined) return only.fail(error);
    }
    this.failure = error;
  }
}

const rank = (name: NameProgress): number => (name.pending.every((change) => change.kind === 'remove') ? 0 : 1);
