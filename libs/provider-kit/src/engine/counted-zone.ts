import type { Rrset } from '@vmdns/domain';
import type { ExpectedAnswer, NamesReading, RrsetChange, WriteAid, WriteReceipt, WrongAnswer, ZonePort } from '../port/provider.js';
import { providerErrorOf } from './sentences.js';

/** A zone's verbs, counted, and with nothing but ProviderErrors coming out. */
export class CountedZone {
  reads = 0;
  writes = 0;

  constructor(private readonly zone: ZonePort, private readonly apex: string) {}

  get changeToken(): ZonePort['changeToken'] { return this.zone.changeToken; }
  get rrsetsPerName(): number | undefined { return this.zone.rrsetsPerName; }
  get chunk(): ZonePort['chunk'] { return this.zone.chunk; }
  get batch(): boolean | undefined { return this.zone.batch; }
  get callLifeMs(): number { return this.zone.callLifeMs ?? 0; }
  get canAskDns(): boolean { return this.zone.askDns !== undefined; }

  readNames(names: readonly string[], signal: AbortSignal): Promise<NamesReading> {
    this.reads += 1;
    return this.guard(`reading names of ${this.apex}`, this.zone.readNames(names, signal));
  }

  readZone(take: (piece: readonly Rrset[]) => void, signal: AbortSignal): Promise<{ token: string | null }> {
    this.reads += 1;
    return this.guard(`reading ${this.apex}`, this.zone.readZone(take, signal));
  }

  /** Without a call. */
  peekToken(): string | null { return this.zone.changeToken?.peek?.() ?? null; }

  async readToken(signal: AbortSignal): Promise<string | null> {
    if (this.zone.changeToken === undefined) return null;
    this.reads += 1;
    return this.guard(`reading the change token of ${this.apex}`, this.zone.changeToken.read(signal));
  }

  write(changes: readonly RrsetChange[], held: ReadonlyMap<string, readonly Rrset[]>, signal: AbortSignal, aid: WriteAid): Promise<WriteReceipt> {
    this.writes += 1;
    return this.guard(`writing ${changes.length} changes of ${this.apex}`, this.zone.write(changes, held, signal, aid));
  }

  async afterWrite(signal: AbortSignal): Promise<void> {
    if (this.zone.afterWrite !== undefined) await this.guard(`after writing ${this.apex}`, this.zone.afterWrite(signal));
  }

  async askDns(expected: readonly ExpectedAnswer[], signal: AbortSignal): Promise<readonly WrongAnswer[]> {
    if (this.zone.askDns === undefined) return [];
    return this.guard(`asking the name server of ${this.apex}`, this.zone.askDns(expected, signal));
  }

  private async guard<T>(attempt: string, call: Promise<T>): Promise<T> {
    try {
      return await call;
    } catch (error) {
      throw providerErrorOf(error, attempt);
    }
  }
}
