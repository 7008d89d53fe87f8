import { relativeName, type Rrset } from '@vmdns/domain';
import { findWrongAnswers, ProviderError, type DnsServer, type ExpectedAnswer, type NamesReading, type RrsetChange, type WriteReceipt, type WrongAnswer, type ZonePort } from '@vmdns/provider-kit';
import { isPresigned, type PowerdnsClient } from './powerdns.client.js';
import type { PowerdnsZoneSettings } from './powerdns.settings.js';
import { isNextSerial, sizeOf, toDomain, tokenOf, toWire, WireRrset, type WireZone } from './powerdns.wire.js';

/** What one process remembers of a zone between turns: nothing that another replica would need. */
export interface ZoneMemory {
  zoneId?: string;
  /** As of the last answer that had it. */
  seen?: WireZone;
  isPrepared?: boolean;
}

/** What a server is like; asked once in each process. */
export interface ServerTraits {
  rectifiesByDefault(signal: AbortSignal): Promise<boolean>;
  /** Whether an answer for one name has what is switched off there. */
  showsDisabledByName(signal: AbortSignal): Promise<boolean>;
}

/** Kinds whose content belongs to another server (5.x has two names for each). */
const NOT_OURS = new Set(['slave', 'secondary', 'consumer']);

/** `webserver-max-bodysize` is 2 MB, and beyond it there is no answer at all (PERFORMANCE §0). */
const CHUNK = { changesMax: 5_000, bytesMax: 1_000_000, sizeOf } as const;
const TIDY_AFTER_MS = 1_000;
/** Of one zone; the client bounds all zones of a server together. */
const READS_AT_ONCE = 4;

const nameOf = (change: RrsetChange): string => (change.kind === 'put' ? change.rrset.name : change.name);

/** Null where any is: then nothing is known of what happened in between. */
function oldestOf(tokens: readonly (string | null)[]): string | null {
  return tokens.reduce((a, b) => (a === null || b === null ? null : Number(b) < Number(a) ? b : a), tokens[0] ?? null);
}

/** The verbs of one zone on a PowerDNS server: RRset grain, one PATCH is one transaction, the serial is the change token. */
export class PowerdnsZone implements ZonePort {
  readonly chunk = CHUNK;
  readonly tidyAfterMs?: number;
  readonly askDns?: (expected: readonly ExpectedAnswer[], signal: AbortSignal) => Promise<readonly WrongAnswer[]>;
  readonly changeToken = {
    read: async (signal: AbortSignal): Promise<string | null> => tokenOf(await this.head(signal)),
    follows: (before: string, after: string): boolean => isNextSerial(before, after, new Date()),
  };

  constructor(
    private readonly client: PowerdnsClient, private readonly apex: string, private readonly settings: PowerdnsZoneSettings,
    private readonly memory: ZoneMemory, dnsServer: DnsServer | undefined, private readonly server: ServerTraits,
  ) {
    if (settings.rectify === 'auto') this.tidyAfterMs = TIDY_AFTER_MS;
    if (dnsServer !== undefined) this.askDns = (expected, signal) => findWrongAnswers(dnsServer, expected, signal);
  }

  async readNames(names: readonly string[], signal: AbortSignal): Promise<NamesReading> {
    const zoneId = await this.locate(signal);
    const held = new Map<string, readonly Rrset[]>();
    const serials: (string | null)[] = [];
    const left = [...names];
    // Where one finds nobody, the others need not wait for nobody one after the other.
    const giveUp = (error: unknown): never => { left.length = 0; throw error; };
    const reader = async (): Promise<void> => {
      for (let name = left.shift(); name !== undefined; name = left.shift()) {
        const zone = await this.client.readName(zoneId, name, signal).catch(giveUp);
        const own = name;
        // Up to 4.8 the filtered answer has other names in it.
        held.set(own, zone.rrsets.flatMap(toDomain).filter((rrset) => rrset.name === own));
        serials.push(tokenOf(this.see(zone)));
      }
    };
    await this.inZone(() => Promise.all(Array.from({ length: Math.min(READS_AT_ONCE, names.length) }, reader)));
    return { held, token: oldestOf(serials), hidesDisabled: !(await this.server.showsDisabledByName(signal)) };
  }

  async readZone(take: (piece: readonly Rrset[]) => void, signal: AbortSignal): Promise<{ token: string | null }> {
    const zoneId = await this.locate(signal);
    const zone = await this.inZone(() => this.client.streamZone(zoneId, this.apex, (elements) => take(elements.flatMap((element) => toDomain(WireRrset.parse(element)))), signal));
    return { token: tokenOf(this.see(zone)) };
  }

  async write(changes: readonly RrsetChange[], held: ReadonlyMap<string, readonly Rrset[]>, signal: AbortSignal): Promise<WriteReceipt> {
    for (const change of changes) this.guardApex(change);
    const zoneId = await this.locate(signal);
    const zone = await this.prepare(zoneId, signal);
    const serial = await this.inZone(() => this.client.patch(zoneId, this.apex, changes.map((change) => toWire(change, held.get(nameOf(change)) ?? [])), signal));
    return { tokenAfter: serial === null ? null : tokenOf({ ...zone, serial: Number(serial) }), untidy: this.leavesUntidy(changes, zone) };
  }

  /** 4.7.3 keeps the old answer of a name that was polled during its PATCH for 21 s (PROTOCOL §6). */
  afterWrite(signal: AbortSignal): Promise<void> {
    return this.client.flushCache(this.apex, signal);
  }

  /** Rectifying makes the empty non-terminals; what was answered before they existed must go too. Moves no serial. */
  async tidy(signal: AbortSignal): Promise<void> {
    const zoneId = await this.locate(signal);
    await this.inZone(() => this.client.rectify(zoneId, this.apex, signal));
    await this.client.flushCache(this.apex, signal);
  }

  /** Once for each zone and process: may the zone be written at all, and what does each write cost? */
  private async prepare(zoneId: string, signal: AbortSignal): Promise<WireZone> {
    const zone = this.memory.seen ?? await this.head(signal);
    if (this.memory.isPrepared === true) return zone;
    if (await this.inZone(() => isPresigned(this.client, this.apex, zone, signal))) throw new ProviderError('missing-zone', `${this.apex} is presigned at ${this.client.where}: its signatures are made elsewhere`, { hint: 'Point vmdns at the server that signs the zone.' });
    await this.settleRectify(zoneId, zone, signal);
    this.memory.isPrepared = true;
    return zone;
  }

  private async settleRectify(zoneId: string, zone: WireZone, signal: AbortSignal): Promise<void> {
    const { rectify } = this.settings;
    // A signed zone needs its NSEC order with every change.
    if (rectify === 'server' || (rectify === 'auto' && zone.dnssec === true)) return;
    if (zone.api_rectify !== true && !(await this.server.rectifiesByDefault(signal))) return;
    try {
      await this.client.switchRectifyOff(zoneId, this.apex, signal);
    } catch (error) {
      // Slower, not wrong: a server that refuses goes on rectifying by itself.
      if (!(error instanceof ProviderError) || error.kind !== 'refused') throw error;
    }
  }

  /** Below the zone's first level there are names in between, which only rectifying makes answer NODATA rather than NXDOMAIN. */
  private leavesUntidy(changes: readonly RrsetChange[], zone: WireZone): boolean {
    if (this.settings.rectify !== 'auto') return false;
    if (zone.dnssec === true) return zone.api_rectify !== true;
    return changes.some((change) => relativeName(nameOf(change), this.apex).includes('.'));
  }

  /** PowerDNS would take it, and leave a dead zone (PROVIDERS §0, 9). */
  private guardApex(change: RrsetChange): void {
    const { name, type } = change.kind === 'put' ? change.rrset : change;
    if (type === 'SOA' || (type === 'NS' && name === this.apex)) throw new ProviderError('refused', `writing ${type} at the apex ${this.apex}: the apex is never changed`, { culprit: name });
  }

  private async locate(signal: AbortSignal): Promise<string> {
    if (this.memory.zoneId !== undefined) return this.memory.zoneId;
    const zone = await this.client.findZone(this.apex, signal);
    if (zone === undefined) throw new ProviderError('missing-zone', `${this.apex} does not exist at ${this.client.where}`);
    this.memory.zoneId = this.checked(zone).id;
    return zone.id;
  }

  private async head(signal: AbortSignal): Promise<WireZone> {
    const zoneId = await this.locate(signal);
    return this.see(await this.inZone(() => this.client.zoneHead(zoneId, this.apex, signal)));
  }

  private see(zone: WireZone): WireZone {
    this.memory.seen = this.checked(zone);
    return zone;
  }

  private checked(zone: WireZone): WireZone {
    if (!NOT_OURS.has(zone.kind.toLowerCase())) return zone;
    throw new ProviderError('missing-zone', `${this.apex} is of kind ${zone.kind} at ${this.client.where}: its content comes from another server`, { hint: 'Point vmdns at the primary server of this zone.' });
  }

  /** A zone that is gone is looked for again next time: it may come back under another id. */
  private async inZone<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      if (error instanceof ProviderError && error.kind === 'missing-zone') {
        delete this.memory.zoneId;
        delete this.memory.seen;
        delete this.memory.isPrepared;
      }
      throw error;
    }
  }
}
