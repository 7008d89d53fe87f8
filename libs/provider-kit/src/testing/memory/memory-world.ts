import { setTimeout as sleep } from 'node:timers/promises';
import type { Rrset } from '@vmdns/domain';
import { ProviderError, type ProviderErrorKind } from '../../port/provider-error.js';

/** One record as the store keeps it. `note` stands for what an API keeps beside a record and we must not lose. */
export interface StoredRecord { readonly id: number; readonly name: string; readonly type: string; ttl: number; readonly value: string; readonly note?: string }

/** How a call can go wrong; the suite's clauses 13 to 15 and chaos use them. */
export type Fault =
  | 'unauthorized' | 'forbidden' | 'not-found' | 'too-many' | 'server-error' | 'refused-connection' | 'garbage' | 'slow'
  /** Applied, but the answer is lost. */
  | 'lost-answer'
  /** The first record of a call is applied, then the connection goes; without a transaction that stays. */
  | 'half';

const KINDS: Readonly<Record<Exclude<Fault, 'slow' | 'lost-answer' | 'half'>, ProviderErrorKind>> = {
  unauthorized: 'credentials', forbidden: 'credentials', 'not-found': 'missing-zone', 'too-many': 'throttled',
  'server-error': 'retry', 'refused-connection': 'retry', garbage: 'retry',
};

export interface MemoryZone { readonly apex: string; records: StoredRecord[]; serial: number }

/** The state behind the in-memory provider: zones by target, faults, and a count of calls. */
export class MemoryWorld {
  fault: Fault | undefined;
  faultOn: 'reads' | 'writes' | 'all' = 'all';
  /** How long `slow` takes when nobody cancels. */
  slowMs = 60_000;
  /** What this provider will never take, and its words. */
  refuses: (rrset: Rrset) => string | undefined = () => undefined;
  /** Whether a refusal names the record, as some APIs do. */
  namesCulprit = true;
  recordsMax = Infinity;
  readonly calls = { reads: 0, writes: 0 };
  private readonly zones = new Map<string, MemoryZone>();
  private lastId = 0;

  /** Any zone exists, with an SOA and two NS of its own. */
  zone(target: string, apex: string): MemoryZone {
    const known = this.zones.get(target);
    if (known !== undefined) return known;
    const zone: MemoryZone = { apex, records: [], serial: 1 };
    this.zones.set(target, zone);
    this.add(zone, apex, 'SOA', 3600, 'ns1.memory.invalid. hostmaster.memory.invalid. 1 10800 3600 604800 3600');
    for (const host of ['ns1', 'ns2']) this.add(zone, apex, 'NS', 3600, `${host}.memory.invalid.`);
    return zone;
  }

  add(zone: MemoryZone, name: string, type: string, ttl: number, value: string, note?: string): void {
    this.lastId += 1;
    zone.records.push({ id: this.lastId, name, type, ttl, value, ...(note === undefined ? {} : { note }) });
  }

  /** What stands between a caller and the state: counts, and fails as the fault says. */
  async door(kind: 'reads' | 'writes', attempt: string, signal: AbortSignal): Promise<void> {
    this.calls[kind] += 1;
    if (signal.aborted) throw new ProviderError('retry', `${attempt}: cancelled before it was sent`);
    const fault = this.faultOn === 'all' || this.faultOn === kind ? this.fault : undefined;
    if (fault === undefined || fault === 'lost-answer' || fault === 'half') return;
    if (fault === 'slow') {
      await sleep(this.slowMs, undefined, { signal }).catch(() => undefined);
      throw new ProviderError('retry', `${attempt}: no answer in time`, { inDoubt: kind === 'writes' });
    }
    throw new ProviderError(KINDS[fault], `${attempt}: ${fault}`, {
      ...(fault === 'too-many' ? { until: Date.now() + 1_000 } : {}), answered: fault !== 'refused-connection',
    });
  }

  /** After the change was made: the answer may get lost. */
  answer(attempt: string): void {
    if (this.fault === 'lost-answer' || this.fault === 'half') throw new ProviderError('retry', `${attempt}: the connection was closed before the answer was complete`, { inDoubt: true });
  }
}

/** Records as RRsets; the lowest TTL where one RRset's records differ. */
export function rrsetsOf(records: readonly StoredRecord[]): readonly Rrset[] {
  const grouped = new Map<string, StoredRecord[]>();
  for (const record of records) grouped.set(`${record.name} ${record.type}`, [...(grouped.get(`${record.name} ${record.type}`) ?? []), record]);
  return [...grouped.values()].flatMap((group) => {
    const [first] = group;
    return first === undefined ? [] : [{ name: first.name, type: first.type, ttl: Math.min(...group.map((record) => record.ttl)), values: group.map((record) => record.value).sort() }];
  });
}
