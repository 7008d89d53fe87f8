import { ProviderError } from '@vmdns/provider-kit';
import type { Command, Ended, HestiacpClient } from './hestiacp.client.js';
import { headOf, rowsOf, zoneNameOf, type Head, type Row } from './hestiacp.wire.js';

/** No more `rndc reload` than each change brings by itself (PROVIDERS §2.3). */
const NO_RESTART = 'no';

/** One zone's record file as the panel keeps it, and as far as this turn knows it. */
export class ZoneFile {
  head: Head | undefined;
  private known: readonly Row[] | undefined;
  private readonly zone: string;

  constructor(readonly client: HestiacpClient, readonly apex: string, private readonly user: string) {
    this.zone = zoneNameOf(apex);
  }

  /** So long after it was sent a command of this zone can take no effect any more. */
  get lifeMs(): number { return this.client.lifeMs(this.records); }

  get records(): number { return Math.max(this.head?.records ?? 0, this.known?.length ?? 0); }

  async readHead(signal: AbortSignal): Promise<Head> {
    if (this.zone.includes('/')) throw new ProviderError('missing-zone', `reading ${this.apex}: HestiaCP has no zones with "/" in their name`, { hint: 'Name classless reverse zones with "-" (RFC 2317).' });
    const command = this.command('v-list-dns-domain', ['json'], `reading ${this.apex}`);
    const head = await this.parsed(command, signal, (text) => headOf(text, this.zone));
    if (head === undefined) throw new ProviderError('missing-zone', `${command.attempt} at ${this.client.where}: the panel tells of other zones`);
    if (head.suspended) throw new ProviderError('missing-zone', `${this.apex} is suspended at ${this.client.where}: it is not served, and nothing can be changed in it`, { hint: 'Unsuspend the zone at HestiaCP.' });
    this.head = head;
    return head;
  }

  async readRows(signal: AbortSignal): Promise<readonly Row[]> {
    this.known = await this.parsed(this.command('v-list-dns-records', ['json'], `listing ${this.apex}`), signal, rowsOf);
    return this.known;
  }

  /** As of the last listing, with what was changed since. */
  async rows(signal: AbortSignal): Promise<readonly Row[]> {
    return this.known ?? this.readRows(signal);
  }

  get isListed(): boolean { return this.known !== undefined; }

  /** Without asking: none where nothing was listed. */
  get knownRows(): readonly Row[] { return this.known ?? []; }

  forgetRows(): void { this.known = undefined; }

  /** Above all that there are: a retry of the same add is then known by its id (PROVIDERS §2.3). */
  get nextId(): number { return (this.known ?? []).reduce((max, row) => Math.max(max, row.id), 0) + 1; }

  async add(row: { readonly id: number; readonly record: string; readonly type: string; readonly value: string; readonly ttl: number }, attempt: string, signal: AbortSignal): Promise<Ended & { readonly command: Command }> {
    const ended = await this.run('v-add-dns-record', [row.record, row.type, row.value, '', String(row.id), NO_RESTART, String(row.ttl)], attempt, signal);
    if (ended.code === 0) this.known = [...this.known ?? [], { ...row, ttl: String(row.ttl), priority: '', suspended: false, time: '', date: '' }];
    return ended;
  }

  async change(row: Row, to: { readonly record: string; readonly value: string; readonly ttl: number }, attempt: string, signal: AbortSignal): Promise<Ended & { readonly command: Command }> {
    const ended = await this.run('v-change-dns-record', [String(row.id), to.record, row.type, to.value, '', NO_RESTART, String(to.ttl)], attempt, signal);
    if (ended.code === 0) this.known = this.known?.map((one) => (one.id === row.id ? { ...one, ...to, ttl: String(to.ttl), suspended: false } : one));
    return ended;
  }

  async delete(row: Row, attempt: string, signal: AbortSignal): Promise<Ended & { readonly command: Command }> {
    const ended = await this.run('v-delete-dns-record', [String(row.id), NO_RESTART], attempt, signal);
    if (ended.code === 0) this.known = this.known?.filter((one) => one.id !== row.id);
    return ended;
  }

  /** The whole file anew, then one rebuild: nothing in it is checked by the panel. */
  async replace(text: string, tmpName: string, signal: AbortSignal, goOn: () => Promise<void>): Promise<void> {
    const attempt = `writing the whole file of ${this.apex}`;
    await this.client.makeTmpFile(text, tmpName, attempt, signal);
    await goOn();
    await this.done(this.run('v-insert-dns-records', [`/tmp/${tmpName}`, NO_RESTART], attempt, signal));
    this.forgetRows();
    await goOn();
    await this.done(this.run('v-rebuild-dns-domain', [NO_RESTART, 'yes'], attempt, signal)).catch((error: unknown) => {
      throw error instanceof ProviderError ? new ProviderError(error.kind, `${error.message}; the file is in place, and not served yet`, { ...error.detail, inDoubt: true, cause: error }) : error;
    });
  }

  /** Writing commands that HestiaCP refuses before it changes anything, if it allows them at all. */
  harmlessCommands(writes: 'record' | 'whole-file'): readonly Command[] {
    const attempt = `trying what may be done in ${this.apex}`;
    const unused = String(this.nextId);
    return [
      this.command('v-add-dns-record', ['vmdns-probe', 'NONE', 'none'], attempt), this.command('v-change-dns-record', [unused, 'vmdns-probe', 'A', '192.0.2.1'], attempt), this.command('v-delete-dns-record', [unused], attempt),
      ...(writes === 'record' ? [] : [
        this.command('v-insert-dns-records', ['/tmp/vmdns-probe-that-is-not-there', NO_RESTART], attempt),
        { name: 'v-rebuild-dns-domain', args: [this.user, 'vmdns-probe.invalid', NO_RESTART, 'yes'], attempt, records: 0 },
      ]),
    ];
  }

  /** Makes what BIND loads from the record file once more. */
  async rebuild(signal: AbortSignal): Promise<void> {
    await this.done(this.run('v-rebuild-dns-domain', [NO_RESTART, 'yes'], `rebuilding ${this.apex}`, signal));
    await this.readHead(signal);
  }

  private async done(running: Promise<Ended & { readonly command: Command }>): Promise<void> {
    const ended = await running;
    if (ended.code !== 0) throw this.client.failure(ended.command, ended);
  }

  private async run(name: string, args: readonly string[], attempt: string, signal: AbortSignal): Promise<Ended & { readonly command: Command }> {
    const command = this.command(name, args, attempt);
    return { ...(await this.client.change(command, signal)), command };
  }

  private command(name: string, args: readonly string[], attempt: string): Command {
    return { name, args: [this.user, this.zone, ...args], attempt, records: this.records };
  }

  private async parsed<T>(command: Command, signal: AbortSignal, parse: (text: string) => T): Promise<T> {
    const text = await this.client.list(command, signal);
    try {
      return parse(text);
    } catch (cause) {
      // A parser's words quote what it read.
      throw new ProviderError('retry', `${command.attempt} at ${this.client.where}: the listing makes no sense`, { answered: true, cause: new Error(cause instanceof Error ? cause.name : 'not readable') });
    }
  }
}
