import type { Rrset } from '@vmdns/domain';
import { ProviderError } from '../../port/provider-error.js';
import type { NamesReading, RrsetChange, WriteReceipt, ZonePort } from '../../port/provider.js';
import { rrsetsOf, type MemoryWorld, type MemoryZone } from './memory-world.js';

const PIECE = 500;

/** What both grains share: reading. */
abstract class MemoryZoneBase {
  constructor(protected readonly world: MemoryWorld, private readonly find: () => MemoryZone) {}

  /** Looked up with every call: opening a zone makes none. */
  protected get zone(): MemoryZone { return this.find(); }

  async readNames(names: readonly string[], signal: AbortSignal): Promise<NamesReading> {
    await this.world.door('reads', `reading ${names.length} names of ${this.zone.apex}`, signal);
    const held = new Map<string, readonly Rrset[]>(names.map((name) => [name, []]));
    for (const rrset of rrsetsOf(this.zone.records.filter((record) => held.has(record.name)))) held.set(rrset.name, [...(held.get(rrset.name) ?? []), rrset]);
    return { held, token: this.tokenNow() };
  }

  async readZone(take: (piece: readonly Rrset[]) => void, signal: AbortSignal): Promise<{ token: string | null }> {
    await this.world.door('reads', `reading ${this.zone.apex}`, signal);
    const token = this.tokenNow();
    const rrsets = rrsetsOf(this.zone.records);
    for (let at = 0; at < rrsets.length; at += PIECE) take(rrsets.slice(at, at + PIECE));
    return { token };
  }

  protected abstract tokenNow(): string | null;

  protected admit(change: RrsetChange, records: MemoryZone['records']): void {
    if (change.kind === 'remove') return;
    const { rrset } = change;
    const words = this.world.refuses(rrset);
    const culprit = this.world.namesCulprit ? { culprit: rrset.name } : {};
    if (words !== undefined) throw new ProviderError('refused', `writing ${this.zone.apex}: the provider refuses a record`, { providerText: words, ...culprit });
    const others = records.filter((record) => record.name === rrset.name && record.type !== rrset.type);
    if (rrset.type === 'CNAME' ? others.length > 0 : others.some((record) => record.type === 'CNAME')) throw new ProviderError('refused', `writing ${this.zone.apex}: CNAME and other data at one name`, culprit);
  }
}

/** RRset grain, all or nothing, with a change token that is the serial. */
export class MemoryRrsetZone extends MemoryZoneBase implements ZonePort {
  readonly chunk = { changesMax: 5_000, bytesMax: 1_000_000, sizeOf: (change: RrsetChange): number => (change.kind === 'remove' ? 80 : 100 + 40 * change.rrset.values.length) };
  readonly changeToken = {
    read: async (signal: AbortSignal): Promise<string | null> => {
      await this.world.door('reads', `reading the serial of ${this.zone.apex}`, signal);
      return this.tokenNow();
    },
    follows: (before: string, after: string): boolean => Number(after) === Number(before) + 1,
  };

  async write(changes: readonly RrsetChange[], _held: ReadonlyMap<string, readonly Rrset[]>, signal: AbortSignal): Promise<WriteReceipt> {
    const attempt = `writing ${changes.length} RRsets of ${this.zone.apex}`;
    await this.world.door('writes', attempt, signal);
    const draft: MemoryZone = { ...this.zone, records: [...this.zone.records] };
    for (const change of changes) {
      this.admit(change, draft.records);
      const { name, type } = change.kind === 'put' ? change.rrset : change;
      draft.records = draft.records.filter((record) => record.name !== name || record.type !== type);
      if (change.kind === 'put') for (const value of change.rrset.values) this.world.add(draft, name, type, change.rrset.ttl, value);
      if (draft.records.length > this.world.recordsMax) throw new ProviderError('zone-full', `${attempt}: the zone is full`);
    }
    // A transaction that broke half-way leaves nothing behind.
    if (this.world.fault === 'half') throw new ProviderError('retry', `${attempt}: the connection was closed`, { inDoubt: true });
    this.zone.records = draft.records;
    this.zone.serial += 1;
    this.world.answer(attempt);
    return { tokenAfter: this.tokenNow() };
  }

  protected tokenNow(): string { return String(this.zone.serial); }
}

/** Record grain: each record has an id, each call changes one, nothing is a transaction, and there is no change token. */
export class MemoryRecordZone extends MemoryZoneBase implements ZonePort {
  readonly chunk = { changesMax: 1, bytesMax: 1_000_000, sizeOf: (): number => 1 };

  async write(changes: readonly RrsetChange[], _held: ReadonlyMap<string, readonly Rrset[]>, signal: AbortSignal): Promise<WriteReceipt> {
    for (const change of changes) await this.change(change, signal);
    return { tokenAfter: null };
  }

  protected tokenNow(): null { return null; }

  /** Additions first within one RRset: a polled name never answers nothing. */
  private async change(change: RrsetChange, signal: AbortSignal): Promise<void> {
    const { name, type } = change.kind === 'put' ? change.rrset : change;
    const rrset = change.kind === 'put' ? change.rrset : undefined;
    const there = this.zone.records.filter((record) => record.name === name && record.type === type);
    this.admit(change, this.zone.records);
    for (const value of rrset?.values ?? []) {
      const ttl = rrset?.ttl ?? 0;
      const known = there.find((record) => record.value === value);
      if (known === undefined) {
        if (this.zone.records.length >= this.world.recordsMax) throw new ProviderError('zone-full', `adding to ${this.zone.apex}: the zone is full`);
        await this.step(`adding a record to ${this.zone.apex}`, signal, () => this.world.add(this.zone, name, type, ttl, value));
      } else if (known.ttl !== ttl) {
        await this.step(`changing a record of ${this.zone.apex}`, signal, () => { known.ttl = ttl; });
      }
    }
    for (const record of there) {
      if (rrset?.values.includes(record.value) === true) continue;
      await this.step(`deleting a record of ${this.zone.apex}`, signal, () => { this.zone.records = this.zone.records.filter((one) => one.id !== record.id); });
    }
  }

  private async step(attempt: string, signal: AbortSignal, apply: () => void): Promise<void> {
    await this.world.door('writes', attempt, signal);
    apply();
    this.zone.serial += 1;
    this.world.answer(attempt);
  }
}
