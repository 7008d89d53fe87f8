import { setImmediate as breathe } from 'node:timers/promises';
import type { Rrset } from '@vmdns/domain';
import { ProviderError, type NamesReading, type ProviderErrorDetail, type ReadRrset, type RrsetChange, type WriteReceipt, type ZonePort } from '@vmdns/provider-kit';
import { PAGE_RECORDS, type CloudflareClient } from './cloudflare.client.js';
import type { Fault } from './cloudflare.errors.js';
import type { CloudflareZoneSettings } from './cloudflare.settings.js';
import { relative, toReadRrsets, toRrsets, type WireRecord, type WireZone } from './cloudflare.wire.js';
import { isNextToken, piecesOf, type RecordCache } from './record-cache.js';
import { findPointed, joinOperations, operationCount, planOperations, type Operations } from './record-plan.js';

/** What one process remembers of a zone between turns: nothing that another replica would need. */
export interface ZoneMemory {
  readonly cache: RecordCache;
  found?: WireZone;
}

/** How long what was read counts as seen. */
export interface Trust {
  /** Without a look. */
  readonly forMs: number;
  /** With a look at the number of records. */
  readonly atMostMs: number;
  now(): number;
}

/** Zones whose records come from elsewhere. */
const NOT_OURS = new Set(['secondary']);
const FREE_BATCH = 200;
const PAID_BATCH = 3_500;
const READS_AT_ONCE = 4;
const READS_MAX = 8;
const PIECE_RECORDS = 2_000;
/** Reading the whole in pages while others write may give a record twice, or never. */
const READ_TRIES = 3;

const nameOf = (change: RrsetChange): string => (change.kind === 'put' ? change.rrset.name : change.name);
const typeOf = (change: RrsetChange): string => (change.kind === 'put' ? change.rrset.type : change.type);

/** The verbs of one zone at Cloudflare: record grain, one batch is one transaction, the record cache is the change token. */
export class CloudflareZone implements ZonePort {
  readonly rrsetsPerName = PAGE_RECORDS;
  readonly changeToken = {
    peek: (): string | null => (this.memory.cache.uncheckedMs(this.trust.now()) <= this.trust.forMs ? this.memory.cache.token : null),
    read: (signal: AbortSignal): Promise<string | null> => this.readToken(signal),
    follows: isNextToken,
  };

  constructor(
    private readonly client: CloudflareClient,
    private readonly apex: string,
    private readonly settings: CloudflareZoneSettings,
    private readonly plan: 'auto' | 'free' | 'paid',
    private readonly memory: ZoneMemory,
    private readonly trust: Trust,
  ) {}

  /** In records: one change may be several. */
  get chunk(): ZonePort['chunk'] {
    const most = this.batchMax;
    return { changesMax: most, bytesMax: most, sizeOf: (change) => operationCount(this.operationsOf(change)) };
  }

  async readNames(names: readonly string[], signal: AbortSignal): Promise<NamesReading> {
    const zoneId = await this.locate(signal);
    const held = new Map<string, readonly Rrset[]>();
    const left = [...names];
    const reader = async (): Promise<void> => {
      for (let name = left.shift(); name !== undefined; name = left.shift()) {
        const own = name;
        const records = await this.inZone(() => this.client.recordsAt(zoneId, own, signal));
        this.memory.cache.see(own, records);
        held.set(own, toRrsets(records, this.settings.autoTtlSeconds));
      }
    };
    await Promise.all(Array.from({ length: Math.min(READS_AT_ONCE, names.length) }, reader));
    return { held, token: this.memory.cache.token };
  }

  async readZone(take: (piece: readonly ReadRrset[]) => void, signal: AbortSignal): Promise<{ token: string | null }> {
    const { cache } = this.memory;
    const before = cache.changes;
    const records = await this.readWhole(signal);
    // Another reader of this process may read while a lane writes: what it saw is older than what the lane knows.
    const isUndisturbed = cache.changes === before;
    if (isUndisturbed) cache.fill(records, this.trust.now());
    const token = isUndisturbed ? cache.token : null;
    for (const piece of piecesOf(records, PIECE_RECORDS)) {
      take(toReadRrsets(piece, this.settings.autoTtlSeconds));
      await breathe();
    }
    return { token };
  }

  async write(changes: readonly RrsetChange[], held: ReadonlyMap<string, readonly Rrset[]>, signal: AbortSignal): Promise<WriteReceipt> {
    const zoneId = await this.locate(signal);
    const { cache } = this.memory;
    const unknown = [...new Set(changes.map(nameOf))].filter((name) => cache.find(name) === undefined);
    // Forgotten since this turn began; many names are cheaper read with the zone.
    if (unknown.length > READS_MAX) throw new ProviderError('conflict', `writing ${this.apex} at ${this.client.where}: what was read is no longer known`);
    if (unknown.length > 0) await this.readNames(unknown, signal);
    const operations = joinOperations(changes.map((change) => this.operationsOf(change)));
    if (operationCount(operations) === 0) {
      cache.wrote();
      return { tokenAfter: cache.token };
    }
    const isFresh = changes.every((change) => held.has(nameOf(change)));
    const names = new Set(changes.map(nameOf));
    cache.changes += 1;
    try {
      const done = await this.inZone(() => this.client.batch(zoneId, this.apex, operations, (fault) => this.detailOf(fault, operations), signal));
      cache.apply(operations, done);
      return { tokenAfter: cache.token };
    } catch (error) {
      throw this.missed(error, isFresh && names.size > 1);
    } finally {
      cache.changes += 1;
    }
  }

  /**
   * What the ids and records in the cache say is not so. Not read in this turn: read, then decide. Just read, and many
   * names in one call: one of them is the cause, and is looked for by halves (L7).
   */
  private missed(error: unknown, isOneOfMany: boolean): unknown {
    if (!(error instanceof ProviderError)) return error;
    if (error.detail.inDoubt === true || error.kind === 'conflict') this.memory.cache.drop();
    if (error.kind !== 'conflict' || !isOneOfMany) return error;
    return new ProviderError('refused', error.message, { ...error.detail, cause: error });
  }

  private detailOf(fault: Fault, operations: Operations): ProviderErrorDetail {
    const culprit = fault.pointer === undefined ? undefined : findPointed(operations, fault.pointer, (id) => this.memory.cache.nameOfId(id));
    return culprit === undefined ? {} : { culprit };
  }

  private operationsOf(change: RrsetChange): Operations {
    const type = typeOf(change);
    return planOperations(change, (this.memory.cache.find(nameOf(change)) ?? []).filter((record) => record.type === type), this.settings);
  }

  private get batchMax(): number {
    if (this.plan !== 'auto') return this.plan === 'free' ? FREE_BATCH : PAID_BATCH;
    return isPaid(this.memory.found) ? PAID_BATCH : FREE_BATCH;
  }

  /** A zone that fits one page is rather read; of others the number of records tells the most, for a while. */
  private async readToken(signal: AbortSignal): Promise<string | null> {
    const { cache } = this.memory;
    const now = this.trust.now();
    if (cache.token === null || cache.uncheckedMs(now) <= this.trust.forMs) return cache.token;
    if (cache.size <= PAGE_RECORDS || cache.ageMs(now) > this.trust.atMostMs) return null;
    const zoneId = await this.locate(signal);
    const count = await this.inZone(() => this.client.recordCount(zoneId, this.apex, signal));
    if (count !== cache.size) { cache.drop(); return null; }
    cache.checked(now);
    return cache.token;
  }

  private async readWhole(signal: AbortSignal): Promise<readonly WireRecord[]> {
    const zoneId = await this.locate(signal);
    for (let tries = 1; ; tries += 1) {
      const records = new Map<string, WireRecord>();
      let total = Infinity;
      let count = 0;
      for (let page = 1; count < total; page += 1) {
        const read = await this.inZone(() => this.client.recordPage(zoneId, this.apex, page, signal));
        for (const record of read.records) records.set(record.id, record);
        count += read.records.length;
        total = read.total;
        if (read.records.length === 0) break;
      }
      if (records.size === total && count === total) return [...records.values()];
      // L2: what is missing here may only have moved to a page that was read before.
      if (tries >= READ_TRIES) throw new ProviderError('retry', `reading the whole of ${this.apex} at ${this.client.where}: it changes while it is read`, { answered: true });
    }
  }

  private async locate(signal: AbortSignal): Promise<string> {
    if (this.memory.found !== undefined) return this.memory.found.id;
    const { zoneId } = this.settings;
    const zone = checked(zoneId === undefined ? await findOnlyZone(this.client, this.apex, signal) : await this.client.zone(zoneId, this.apex, signal), this.apex, this.client.where);
    this.memory.found = zone;
    return zone.id;
  }

  /** A zone that is gone is looked for again next time: it may come back under another id. */
  private async inZone<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      if (error instanceof ProviderError && error.kind === 'missing-zone') {
        delete this.memory.found;
        this.memory.cache.drop();
      }
      throw error;
    }
  }
}

/** The one zone of that name; several accounts may each have one. */
export async function findOnlyZone(client: CloudflareClient, apex: string, signal: AbortSignal): Promise<WireZone> {
  const zones = await client.findZones(apex, signal);
  const [zone, ...others] = zones;
  if (zone === undefined) throw new ProviderError('missing-zone', `${apex} does not exist at ${client.where}, or not for this token`, { hint: 'Add the site at Cloudflare, and give the token Zone:Read and DNS:Edit for it; vmdns never creates zones.' });
  if (others.length > 0) throw new ProviderError('missing-zone', `${zones.length} accounts have a zone ${apex} at ${client.where}`, { hint: "Set the connection's account id, or the zone's id." });
  return zone;
}

function checked(zone: WireZone, apex: string, where: string): WireZone {
  if (zone.name.toLowerCase() !== relative(apex)) throw new ProviderError('missing-zone', `zone ${zone.id} is ${zone.name} at ${where}, not ${apex}`, { hint: "Correct the zone's id." });
  if (NOT_OURS.has(zone.type ?? '')) throw new ProviderError('missing-zone', `${apex} is of type ${zone.type ?? ''} at ${where}: its records come from another server`, { hint: 'Point vmdns at the primary server of this zone.' });
  return zone;
}

/** Whether the API says that the zone's plan is a paid one; where it says nothing, no. */
export function isPaid(zone: WireZone | undefined): boolean {
  const plan = zone?.plan?.legacy_id ?? zone?.plan?.name;
  return plan !== undefined && plan !== null && !/^free/i.test(plan);
}
