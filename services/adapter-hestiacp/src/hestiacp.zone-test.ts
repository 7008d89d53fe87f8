import type { Rrset } from '@vmdns/domain';
import { askZoneSerial, peerFingerprint, ProviderError, type TestStep } from '@vmdns/provider-kit';
import { stuckHint, stuckWords } from './hestiacp.answers.js';
import { HestiacpClient } from './hestiacp.client.js';
import { loadFaultsOf } from './hestiacp.loading.js';
import { changesLeftToday, isServed, versionOfSerial } from './hestiacp.serial.js';
import { dnsServerOf, type HestiacpConnection, type HestiacpZoneSettings } from './hestiacp.settings.js';
import { detectVersion, packageLimit, permissions } from './hestiacp.probes.js';
import { toDomain, type Head, type Row } from './hestiacp.wire.js';
import { ZoneFile } from './hestiacp.zone-file.js';

type Verdict = Omit<TestStep, 'step' | 'tookMs'>;

/** Seconds that one change costs for each record in the zone (PROVIDERS §0, 4: 8 to 13 s at 40 records, on two cores). */
const SECONDS_PER_RECORD = 0.25;
const SLOW_CHANGE_SECONDS = 30;
const PEEK_MS = 3_000;
const FEW_CHANGES = 20;

/** Each step as it ends, in the order in which things go wrong; the first that cannot be passed is the last. */
export async function* testHestiacpZone(connection: HestiacpConnection, apex: string, settings: HestiacpZoneSettings, signal: AbortSignal): AsyncIterable<TestStep> {
  const client = new HestiacpClient(connection);
  const file = new ZoneFile(client, apex, connection.user);
  const test = new ZoneTest(connection, apex, settings, client, file, signal);
  try {
    for (const [step, look] of test.steps) {
      const startedAt = performance.now();
      const verdict = await look().catch(failed);
      yield { step, ...verdict, tookMs: Math.round((performance.now() - startedAt) * 10) / 10 };
      if (!verdict.ok) return;
    }
  } finally {
    await client.close();
  }
}

function failed(error: unknown): Verdict {
  if (!(error instanceof ProviderError)) return { ok: false, text: `the test itself failed (${error instanceof Error ? error.name : 'unknown'})` };
  const { providerText, hint } = error.detail;
  return { ok: false, text: providerText === undefined || providerText === '' ? `${error.message}.` : `${error.message} (“${providerText}”).`, ...(hint === undefined ? {} : { hint }) };
}

class ZoneTest {
  readonly steps: readonly (readonly [string, () => Promise<Verdict>])[];

  constructor(
    private readonly connection: HestiacpConnection, private readonly apex: string, private readonly settings: HestiacpZoneSettings,
    private readonly client: HestiacpClient, private readonly file: ZoneFile, private readonly signal: AbortSignal,
  ) {
    this.steps = [
      ['panel', () => this.panel()], ['version', () => this.version()], ['records', () => this.records()], ['permissions', () => this.permissions()],
      ['package', () => this.package()], ['cost', () => Promise.resolve(this.cost())], ['serial', () => Promise.resolve(this.serial())], ['name server', () => this.nameServer()],
    ];
  }

  private get head(): Head { return this.file.head ?? { serial: '', ttl: 0, records: 0, suspended: false }; }
  private get rows(): readonly Row[] { return this.file.knownRows; }

  /** One listing shows that TLS, the address list, the credentials, the user and the zone are all good. */
  private async panel(): Promise<Verdict> {
    try {
      await this.file.readHead(this.signal);
    } catch (error) {
      if (error instanceof ProviderError && error.kind === 'retry' && /certificate/.test(error.message)) return await this.distrust(error);
      throw error;
    }
    const { mode } = this.connection;
    const text = `${this.client.where} took the ${mode === 'password' ? 'password' : 'access key'}; ${this.apex} is a zone of ${this.connection.user}, and not suspended.`;
    if (mode === 'password') return { ok: true, warning: true, text, hint: "HestiaCP calls signing in with the administrator's password legacy. An access key of the user with only the DNS commands is better." };
    return { ok: true, text };
  }

  private async distrust(error: ProviderError): Promise<Verdict> {
    const fingerprint = await peerFingerprint(this.connection.url, PEEK_MS);
    if (fingerprint === undefined) return failed(error);
    return {
      ok: false, text: `${error.message}. Its fingerprint is ${fingerprint}.`,
      hint: "Compare it on the server: openssl x509 -noout -fingerprint -sha256 -in /usr/local/hestia/ssl/certificate.crt. If it is the same, set it as the connection's fingerprint.",
    };
  }

  private async version(): Promise<Verdict> {
    const told = await detectVersion(this.client, this.signal);
    const { version } = this.connection;
    const guessed = versionOfSerial(this.head.serial);
    if (told === undefined) {
      if (version !== 'auto') return { ok: true, text: `HestiaCP ${version}, as the connection says; this key may not ask the panel.` };
      return { ok: true, text: guessed === undefined ? 'The panel does not tell its version to this key.' : `HestiaCP ${guessed} by the zone's serial; this key may not ask the panel.` };
    }
    const isTested = /^1\.(9|10)\./.test(told);
    if (version !== 'auto' && !told.startsWith(`${version}.`)) return { ok: true, warning: true, text: `HestiaCP ${told}, though the connection says ${version}.`, hint: "Set the connection's version to auto." };
    return isTested ? { ok: true, text: `HestiaCP ${told}.` } : { ok: true, warning: true, text: `HestiaCP ${told}; vmdns is tried with 1.9 and 1.10.` };
  }

  private async records(): Promise<Verdict> {
    const rows = await this.file.readRows(this.signal);
    const faults = loadFaultsOf(rows, this.apex, this.head.serial);
    if (faults.length > 0) return { ok: false, text: `BIND does not load this zone: in its file ${faults.join('; ')}. What was served before stays, whatever is changed.`, hint: 'Mend it at HestiaCP first.' };
    const rrsets = toDomain(rows, this.apex, this.head.ttl);
    const text = `${rows.length} records.`;
    const left = templateRecords(rrsets, this.apex);
    if (left.length > 0) {
      return { ok: true, warning: true, text: `${text} A new zone comes with records of the panel's template, and this reverse zone still has them: ${left.join(', ')}.`, hint: 'They do no harm and are left alone. Remove them at HestiaCP; it keeps one A record in any case.' };
    }
    if (this.settings.writes === 'whole-file') return this.foreignIn(rrsets, text);
    return { ok: true, text };
  }

  private foreignIn(rrsets: readonly Rrset[], text: string): Verdict {
    const odd = rrsets.filter((rrset) => !['A', 'AAAA', 'PTR', 'CNAME'].includes(rrset.type) && !(rrset.type === 'NS' && rrset.name === this.apex));
    if (odd.length === 0) return { ok: true, text: `${text} Before each write vmdns looks whether all of them are its own.` };
    return { ok: false, text: `${text} The zone is set to writes: whole-file, but has records that vmdns never writes, such as ${odd.slice(0, 3).map((rrset) => `${rrset.name} ${rrset.type}`).join(', ')}.`, hint: 'Remove them at HestiaCP, or set the zone to writes: record.' };
  }

  /** Listing proves nothing about writing: each command is allowed by itself. */
  private async permissions(): Promise<Verdict> {
    const missing = await permissions(this.file, this.client, this.settings.writes, this.signal);
    if (missing.length === 0) return { ok: true, text: 'The key may add, change and delete records.' };
    return { ok: false, text: `The panel does not allow ${missing.join(', ')}.`, hint: 'Add these commands to the profile of the access key. The stock profile update-dns-records has only two of them.' };
  }

  private async package(): Promise<Verdict> {
    const limit = await packageLimit(this.client, this.connection.user, this.signal);
    const used = this.rows.length;
    if (limit === undefined) return { ok: true, text: `${used} records are used; this key may not ask for the package's limit.` };
    if (limit === 'unlimited') return { ok: true, text: `${used} records are used; the package of ${this.connection.user} has no limit.` };
    const room = { used, limit };
    if (used >= limit) return { ok: true, warning: true, room, text: `The zone is full: ${used} records are used of ${limit} in the package of ${this.connection.user}.`, hint: 'Give the user a larger package at HestiaCP, or remove records.' };
    return { ok: true, ...(used > limit * 0.9 ? { warning: true } : {}), room, text: `${used} records are used of ${limit} in the package of ${this.connection.user}; there is room for ${limit - used} more.` };
  }

  private cost(): Verdict {
    const seconds = Math.max(1, Math.round(this.rows.length * SECONDS_PER_RECORD));
    const text = `Each change costs as much as the whole zone: about ${seconds} s with ${this.rows.length} records`;
    if (this.settings.writes === 'whole-file') return { ok: true, text: `${text}; written as a whole file, many changes share that.` };
    if (seconds < SLOW_CHANGE_SECONDS) return { ok: true, text: `${text}.` };
    return { ok: true, warning: true, text: `${text}, and ${Math.round(seconds * this.rows.length / 3_600)} h for all of them once.`, hint: 'Too large for record-by-record work. Split the zone, use another provider for it, or, where every record is of vmdns, set the zone to writes: whole-file.' };
  }

  private serial(): Verdict {
    const left = changesLeftToday(this.head.serial, new Date());
    if (left === undefined) return { ok: true, text: `Serial ${this.head.serial}, which counts up with each change.` };
    const text = `Serial ${this.head.serial}: HestiaCP up to 1.9 numbers 99 changes of a zone a day, and with one more BIND would no longer load it. ${left} are left today; then vmdns waits for the next day.`;
    return { ok: true, warning: left < FEW_CHANGES, text, ...(left < FEW_CHANGES ? { hint: 'Upgrade to HestiaCP 1.10, or set the zone to writes: whole-file.' } : {}) };
  }

  private async nameServer(): Promise<Verdict> {
    const server = dnsServerOf(this.connection, this.settings);
    const at = `${server.host}:${server.port}`;
    const served = await askZoneSerial(server, this.apex, this.signal);
    if (!served.ok && served.silent) return { ok: false, text: `No DNS answer from ${at}; without it no record can be seen to be live.`, hint: "Set the name server of the connection or zone to where the panel's BIND answers, and let this machine ask it." };
    if (!served.ok) return { ok: false, text: `${at} does not serve ${this.apex} (${served.why}).`, hint: stuckHint(this.file, this.head.serial) };
    if (!isServed(served.serial, this.head.serial)) return { ok: false, text: `${stuckWords(at, served.serial, this.head.serial)}.`, hint: stuckHint(this.file, this.head.serial) };
    return { ok: true, text: `${at} serves ${this.apex} with serial ${served.serial}.` };
  }
}

/** What a reverse zone has of the template that HestiaCP fills every new zone with (PROVIDERS §2.4). */
function templateRecords(rrsets: readonly Rrset[], apex: string): readonly string[] {
  if (!apex.endsWith('.arpa.')) return [];
  return rrsets.filter((rrset) => !['PTR', 'NS', 'CNAME'].includes(rrset.type) || (rrset.type === 'CNAME' && rrset.name === `www.${apex}`)).map((rrset) => `${rrset.name} ${rrset.type}`).slice(0, 12);
}
