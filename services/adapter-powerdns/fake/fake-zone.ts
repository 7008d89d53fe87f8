import { FakeVersion } from './fake-version.js';

export interface FakeRecord { readonly content: string; readonly disabled?: boolean; readonly priority?: number }
export interface FakeRrset { readonly name: string; readonly type: string; readonly ttl?: number; readonly records?: readonly FakeRecord[]; readonly comments?: readonly unknown[] }

/** What makes the server answer 500 in plain text. */
export class Breakdown extends Error {}

/** What the server answers as 422 with a JSON body. */
export class Refusal extends Error {}

/** Zone ids are opaque: `/` is =2F and `_` is =5F [T]. */
const idOf = (name: string): string => name.replaceAll('/', '=2F').replaceAll('_', '=5F');
const keyOf = (rrset: { name: string; type: string }): string => `${rrset.name.toLowerCase()} ${rrset.type}`;

/** One zone of the fake server. */
export class FakeZone {
  readonly id: string;
  kind = 'Native';
  soaEditApi = 'DEFAULT';
  serial = 2026010101;
  dnssec = false;
  presigned = false;
  apiRectify = false;
  rectified = 0;
  /** Names whose comments leak into every filtered answer, up to 4.8. */
  leaks: string[] = [];
  private rrsets = new Map<string, FakeRrset>();

  constructor(readonly name: string, private readonly version = new FakeVersion('4.7.3')) {
    this.id = idOf(name);
    this.put({ name, type: 'SOA', ttl: 3600, records: [{ content: `a.misconfigured.dns.server.invalid. hostmaster.${name} 0 10800 3600 604800 3600` }] });
    this.put({ name, type: 'NS', ttl: 3600, records: [{ content: 'ns1.vmdns.test.' }] });
  }

  /** Another hand, past all checks and without a word. */
  put(rrset: FakeRrset): void {
    this.rrsets.set(keyOf(rrset), { ...rrset, name: rrset.name.toLowerCase() });
  }

  /** An answer for one name shows what is switched off only where the server can be asked to, 5.0 and newer [T 4.7.3: it cannot]. */
  answer(withRrsets: boolean, onlyName: string | null, showsDisabled = onlyName === null): Record<string, unknown> {
    const all = [...this.rrsets.values()]
      .map((rrset) => ({ comments: [], ...rrset, records: (rrset.records ?? []).map((record) => ({ disabled: false, ...record, ...(this.version.hasModifiedAt ? { modified_at: 1_760_000_000 } : {}) })).filter((record) => showsDisabled || !record.disabled) }))
      .filter((rrset) => rrset.records.length > 0);
    const leaked = (this.version.leaksComments ? this.leaks : []).map((name) => ({ comments: [{ account: '', content: 'a comment' }], name, records: [], ttl: 0, type: 'A' }));
    const shown = onlyName === null ? all : [...all.filter((rrset) => rrset.name === onlyName.toLowerCase()), ...leaked];
    return {
      id: this.id, name: this.name, kind: this.kind, serial: this.serial, edited_serial: this.serial, dnssec: this.dnssec,
      soa_edit: '', soa_edit_api: this.soaEditApi, api_rectify: this.apiRectify, ...(withRrsets ? { rrsets: shown } : {}),
    };
  }

  set(settings: Record<string, unknown>): void {
    if (typeof settings['api_rectify'] === 'boolean') this.apiRectify = settings['api_rectify'];
    if (typeof settings['soa_edit_api'] === 'string') this.soaEditApi = settings['soa_edit_api'];
  }

  /** One transaction; entries in the order given; a no-op moves the serial too [T]. */
  patch(changes: readonly (FakeRrset & { changetype: string })[]): void {
    const draft = new Map(this.rrsets);
    const seen = new Set<string>();
    for (const change of changes) {
      const { name, type } = change;
      if (!name.endsWith('.')) throw new Refusal(`DNS Name '${name}' is not canonical`);
      if (name !== this.name && !name.endsWith(`.${this.name}`)) throw new Refusal(`RRset ${name} IN ${type}: Name is out of zone`);
      if (seen.has(keyOf(change))) throw new Refusal(`Duplicate RRset ${name} IN ${type} with changetype: ${change.changetype}`);
      seen.add(keyOf(change));
      if (change.changetype === 'DELETE') draft.delete(keyOf(change));
      else if (change.changetype === 'REPLACE') this.replace(draft, change);
      else throw new Refusal(this.version.knowsExtend ? `Key 'changetype' with value '${change.changetype}' is not what vmdns may send` : 'Changetype not understood');
    }
    this.rrsets = draft;
    if (changes.length === 0 && !this.version.countsEmptyPatch) return;
    if (['DEFAULT', 'INCREASE'].includes(this.soaEditApi)) this.serial += 1;
  }

  private replace(draft: Map<string, FakeRrset>, change: FakeRrset): void {
    const { name, type, ttl, records = [], comments } = change;
    if (!Number.isInteger(ttl)) throw new Refusal("Key 'ttl' not an Integer or not present");
    if (this.version.checksTtl && ttl !== undefined && (ttl < 0 || ttl > 2 ** 31 - 1)) throw new Refusal("Key 'ttl' not an Integer or not present");
    if (this.version.hasModifiedAt && records.some((record) => record.priority !== undefined)) throw new Breakdown('priority');
    if (records.length === 0) { draft.delete(keyOf(change)); return; }
    for (const { content } of records) checkContent(name, type, content);
    if (new Set(records.map((record) => record.content)).size < records.length) throw new Refusal(`Duplicate record in RRset ${name} IN ${type} with content "${records[0]?.content ?? ''}"`);
    // What is switched off is in nobody's way [T 4.7.3].
    const others = records.every((record) => record.disabled === true) ? [] : [...draft.values()].filter((rrset) => rrset.name === name && rrset.type !== type && rrset.records?.some((record) => record.disabled !== true) === true);
    if (type === 'CNAME' ? others.length > 0 : others.some((rrset) => rrset.type === 'CNAME')) throw new Refusal(`RRset ${name} IN ${type}: Conflicts with pre-existing RRset`);
    draft.set(keyOf(change), { name, type, ttl: ttl ?? 0, records, comments: comments ?? draft.get(keyOf(change))?.comments ?? [] });
  }
}

function checkContent(name: string, type: string, content: string): void {
  const bad = (why: string): never => { throw new Refusal(`Record ${name}/${type} '${content}': ${why}`); };
  if (type === 'A' && !/^\d+(\.\d+){3}$/.test(content)) bad("Parsing record content (try 'pdnsutil check-zone'): while parsing IP address, expected digits at position 0");
  if (['CNAME', 'PTR', 'NS'].includes(type) && !content.endsWith('.')) bad('Not in expected format (parsed as ...)');
}
