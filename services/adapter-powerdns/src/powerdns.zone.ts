import { relativeName, type Rrset } from '@vmdns/domain';
import { ProviderError, type ExpectedAnswer, type NamesReading, type RrsetChange, type WriteReceipt, type WrongAnswer, type ZonePort } from '@vmdns/provider-kit';
import { findWrongAnswers } from '@vmdns/provider-kit/dns';
import type { PowerdnsClient } from './powerdns.client.js';
import { dnsServerOf, type PowerdnsZone } from './powerdns.settings.js';
import { hasCountingSerial, sizeOf, toDomain, tokenOf, toWire, unwritableBecause, type WireZone } from './powerdns.wire.js';

/** Names read at once for one zone; the client bounds all zones of the server together. */
const READS_AT_ONCE = 4;
/** The body limit is 2 MB by default, and over it the connection is reset without a status (PERFORMANCE §0, 7). */
const CHUNK = { changesMax: 5_000, bytesMax: 1_000_000, sizeOf } as const;
const TIDY_AFTER_MS = 2_000;

/** A zone on one PowerDNS server: RRset grain, one transaction for each write, the serial as change token. */
export class PowerdnsZonePort implements ZonePort {
  readonly chunk = CHUNK;
  readonly tidyAfterMs = TIDY_AFTER_MS;
  private known: WireZone | undefined;
  private rectifyStopped = false;

  readonly changeToken = {
    read: async (signal: AbortSignal): Promise<string | null> => tokenOf(await this.refresh(signal)),
    // With DEFAULT the first change of a day jumps to the date: then it does not follow, and names are read again.
    follows: (before: string, after: string): boolean => Number(after) === (Number(before) + 1) % 4_294_967_296,
  };

  constructor(private readonly client: PowerdnsClient, private readonly apex: string, private readonly settings: PowerdnsZone, private readonly dnsServer: string | undefined) {}

  async readNames(names: readonly string[], signal: AbortSignal): Promise<NamesReading> {
    const { id } = await this.zone(signal);
    const held = new Map<string, readonly Rrset[]>();
    const tokens: (string | null)[] = [];
    const left = [...names];
    const reader = async (): Promise<void> => {
      for (let name = left.shift(); name !== undefined; name = left.shift()) {
        const zone = await this.forget404(this.client.zoneAtName(id, name, signal));
        this.learn(zone);
        tokens.push(tokenOf(zone));
        held.set(name, zone.rrsets.flatMap(toDomain));
      }
    };
    await Promise.all(Array.from({ length: Math.min(READS_AT_ONCE, names.length) }, reader));
    return { held, token: oldest(tokens) };
  }

  async readZone(take: (piece: readonly Rrset[]) => void, signal: AbortSignal): Promise<{ readonly token: string | null }> {
    const { id } = await this.zone(signal);
    const before = tokenOf(await this.refresh(signal));
    this.learn(await this.forget404(this.client.readZone(id, (rrsets) => take(rrsets.flatMap(toDomain)), signal)));
    return { token: before };
  }

  async write(changes: readonly RrsetChange[], held: ReadonlyMap<string, readonly Rrset[]>, signal: AbortSignal): Promise<WriteReceipt> {
    const zone = await this.zone(signal);
    await this.stopRectifying(zone, signal);
    const rrsets = changes.map((change) => toWire(change, held.get(change.kind === 'put' ? change.rrset.name : change.name) ?? []));
    const serial = await this.forget404(this.client.patch(zone.id, JSON.stringify({ rrsets }), changes, signal));
    return { tokenAfter: hasCountingSerial(zone) ? serial : null, untidy: this.leavesGaps(zone, changes) };
  }

  /** Cures the answer that a name which was asked for during the PATCH would keep for 21 s (PROVIDERS, "visibility"). */
  async afterWrite(signal: AbortSignal): Promise<void> {
    await this.client.flush(this.apex, signal);
  }

  async askDns(expected: readonly ExpectedAnswer[], signal: AbortSignal): Promise<readonly WrongAnswer[]> {
    return this.dnsServer === undefined ? [] : findWrongAnswers(dnsServerOf(this.dnsServer), expected, signal);
  }

  /** Rectifying makes the empty non-terminals; a cached NXDOMAIN of one survives it, so the answers go too. */
  async tidy(signal: AbortSignal): Promise<void> {
    const { id } = await this.zone(signal);
    await this.client.rectify(id, signal);
    await this.client.flush(this.apex, signal);
  }

  /** Names deeper than one label below the apex make or leave empty non-terminals; somebody has to rectify. */
  private leavesGaps(zone: WireZone, changes: readonly RrsetChange[]): boolean {
    if (this.settings.rectify !== 'auto' || zone.dnssec) return false;
    return changes.some((change) => relativeName(change.kind === 'put' ? change.rrset.name : change.name, this.apex).includes('.'));
  }

  /**
   * L6: a change must not cost the server the whole zone. `api_rectify: false` in the zone may only mean that the
   * server's default holds (4.7 to 4.9 do not tell), so it is said once in any case. A signed zone keeps its
   * rectifying: without it, denial of existence would be wrong until the zone is quiet.
   */
  private async stopRectifying(zone: WireZone, signal: AbortSignal): Promise<void> {
    if (this.settings.rectify === 'server' || this.rectifyStopped || zone.dnssec) return;
    if (zone.api_rectify === true || await this.client.rectifiesByDefault(signal)) await this.client.stopRectifying(zone.id, signal);
    this.rectifyStopped = true;
  }

  private async zone(signal: AbortSignal): Promise<WireZone> {
    return this.known ?? this.refresh(signal);
  }

  private async refresh(signal: AbortSignal): Promise<WireZone> {
    const id = this.known?.id ?? (await this.client.findZone(this.apex, signal))?.id;
    if (id === undefined) throw new ProviderError('missing-zone', `looking for the zone ${this.apex}: the server does not have it`);
    const zone = await this.forget404(this.client.zone(id, signal));
    const why = unwritableBecause(zone);
    if (why !== null) throw new ProviderError('missing-zone', `opening the zone ${this.apex}: ${why}`, { providerText: why });
    this.learn(zone);
    return zone;
  }

  private learn(zone: WireZone): void {
    // Answers for one name carry no api_rectify on every version: what was learnt stays.
    const rectify = zone.api_rectify ?? this.known?.api_rectify;
    const { id, name, kind, serial, soa_edit_api, presigned, dnssec } = zone;
    this.known = { id, name, kind, serial, soa_edit_api, presigned, dnssec, ...(rectify === undefined ? {} : { api_rectify: rectify }) };
  }

  private async forget404<T>(call: Promise<T>): Promise<T> {
    try {
      return await call;
    } catch (error) {
      if (error instanceof ProviderError && error.kind === 'missing-zone') this.known = undefined;
      throw error;
    }
  }
}

/** Null where any is: then nothing is known of what happened in between. */
function oldest(tokens: readonly (string | null)[]): string | null {
  const numbers = tokens.map((token) => (token === null ? Number.NaN : Number(token)));
  return numbers.length === 0 || numbers.some(Number.isNaN) ? null : String(Math.min(...numbers));
}
