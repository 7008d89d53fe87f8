import type { Rrset } from '@vmdns/domain';
import { ProviderError, type DnsServer, type ExpectedAnswer, type NamesReading, type RrsetChange, type WriteAid, type WriteReceipt, type WrongAnswer, type ZonePort } from '@vmdns/provider-kit';
import { askServed } from './hestiacp.answers.js';
import type { HestiacpClient } from './hestiacp.client.js';
import { RecordWriter } from './hestiacp.record-writer.js';
import { isAfter } from './hestiacp.serial.js';
import type { HestiacpZoneSettings } from './hestiacp.settings.js';
import { writeWholeFile } from './hestiacp.whole-file.js';
import { ZoneFile } from './hestiacp.zone-file.js';
import { toDomain } from './hestiacp.wire.js';

/** RRsets handed over at once. */
const PIECE = 1_000;
/** Of a whole file; the panel takes it as one form field. */
const WHOLE_CHUNK = { changesMax: 5_000, bytesMax: 2_000_000 } as const;
const BYTES_PER_ROW = 160;

const ALONE: WriteAid = { goOn: () => Promise.resolve(), ledger: () => Promise.resolve(null) };

/**
 * The verbs of one zone at HestiaCP. A turn lists the zone once and keeps the rows, with their ids, patched after each
 * command; the serial is the change token. An object of this class is made for each turn.
 */
export class HestiacpZone implements ZonePort {
  readonly chunk: ZonePort['chunk'];
  readonly batch: boolean;
  /** There is no reading by name: the whole zone is listed, unless its serial tells that nothing changed. */
  readonly rrsetsPerName = Number.MAX_SAFE_INTEGER;
  private readonly file: ZoneFile;
  /** The last write: from which serial to which, and by how many changes. */
  private wrote: { readonly before: string; readonly after: string; readonly steps: number } | undefined;
  /** What this turn has put or removed by whole file: ours, whatever the ledger says of it. */
  private readonly written = new Set<string>();
  private isRebuilt = false;

  constructor(client: HestiacpClient, private readonly apex: string, user: string, settings: HestiacpZoneSettings, private readonly dnsServer: DnsServer) {
    this.file = new ZoneFile(client, apex, user);
    this.batch = settings.writes === 'whole-file';
    this.chunk = this.batch
      ? { ...WHOLE_CHUNK, sizeOf: (change) => (change.kind === 'remove' ? 0 : change.rrset.values.length * BYTES_PER_ROW + change.rrset.name.length) }
      : { changesMax: 1, bytesMax: WHOLE_CHUNK.bytesMax, sizeOf: () => 1 };
  }

  get callLifeMs(): number { return this.file.lifeMs; }

  readonly changeToken = {
    read: async (signal: AbortSignal): Promise<string | null> => (await this.file.readHead(signal)).serial,
    follows: (before: string, after: string): boolean => this.wrote !== undefined && this.wrote.before === before && this.wrote.after === after && isAfter(before, after, this.wrote.steps),
  };

  async readNames(names: readonly string[], signal: AbortSignal): Promise<NamesReading> {
    const { rrsets, token } = await this.read(signal);
    const held = new Map<string, Rrset[]>(names.map((name) => [name, []]));
    for (const rrset of rrsets) held.get(rrset.name)?.push(rrset);
    return { held, token };
  }

  async readZone(take: (piece: readonly Rrset[]) => void, signal: AbortSignal): Promise<{ token: string | null }> {
    const { rrsets, token } = await this.read(signal);
    for (let at = 0; at < rrsets.length; at += PIECE) take(rrsets.slice(at, at + PIECE));
    return { token };
  }

  async write(changes: readonly RrsetChange[], held: ReadonlyMap<string, readonly Rrset[]>, signal: AbortSignal, aid: WriteAid = ALONE): Promise<WriteReceipt> {
    for (const change of changes) this.guardApex(change);
    const before = this.file.head?.serial ?? (await this.file.readHead(signal)).serial;
    const steps = this.batch
      ? await writeWholeFile(this.file, changes, held, { signal, aid, written: this.written })
      : await new RecordWriter(this.file, signal, aid).write(changes, held);
    const after = steps === 0 ? before : (await this.headAfter(signal)).serial;
    this.wrote = { before, after, steps };
    if (!isAfter(before, after, steps)) this.file.forgetRows();
    return { tokenAfter: after };
  }

  askDns(expected: readonly ExpectedAnswer[], signal: AbortSignal): Promise<readonly WrongAnswer[]> {
    return askServed(this.file, this.dnsServer, expected, signal, this.batch ? () => this.rebuildOnce(signal) : undefined);
  }

  /** What is to be made anew is in the file already: at worst it stays as it is. */
  private async rebuildOnce(signal: AbortSignal): Promise<void> {
    if (this.isRebuilt || this.wrote !== undefined) return;
    this.isRebuilt = true;
    await this.file.rebuild(signal).catch((error: unknown) => { if (!(error instanceof ProviderError)) throw error; });
  }

  private async read(signal: AbortSignal): Promise<{ readonly rrsets: readonly Rrset[]; readonly token: string }> {
    const head = await this.file.readHead(signal);
    const rows = await this.file.readRows(signal);
    return { rrsets: toDomain(rows, this.apex, head.ttl), token: head.serial };
  }

  /** The change is made; what cannot be read now is read in the next turn. */
  private async headAfter(signal: AbortSignal): Promise<{ readonly serial: string }> {
    try {
      return await this.file.readHead(signal);
    } catch (error) {
      this.file.forgetRows();
      throw error instanceof ProviderError ? new ProviderError(error.kind, error.message, { ...error.detail, inDoubt: true }) : error;
    }
  }

  private guardApex(change: RrsetChange): void {
    const { name, type } = change.kind === 'put' ? change.rrset : change;
    if (type === 'SOA' || (type === 'NS' && name === this.apex)) throw new ProviderError('refused', `writing ${type} at the apex ${this.apex}: the apex is never changed`, { culprit: name });
  }
}
