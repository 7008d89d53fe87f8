import { randomBytes } from 'node:crypto';
import { isIPv4, isIPv6 } from 'node:net';

export interface FakeRecord {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly content: string;
  readonly ttl: number;
  readonly proxied: boolean;
  readonly priority?: number;
  readonly comment: string | null;
  readonly tags: readonly string[];
  readonly modified_on: string;
}
export type GivenRecord = Partial<FakeRecord>;

/** What Cloudflare answers to what it does not take: only the first of all that is wrong. */
export class Refusal extends Error {
  constructor(readonly status: number, readonly code: number, message: string, readonly chain: readonly { code: number; message: string }[] = [], readonly pointer?: string) { super(message); }

  at(pointer: string): Refusal { return new Refusal(this.status, this.code, this.message, this.chain, pointer); }
}

export interface FakeBatch { readonly deletes?: readonly { id: string }[]; readonly patches?: readonly GivenRecord[]; readonly puts?: readonly GivenRecord[]; readonly posts?: readonly GivenRecord[] }

const PROXIABLE = new Set(['A', 'AAAA', 'CNAME']);
const ADDRESSES = new Set(['A', 'AAAA']);
export const newId = (): string => randomBytes(16).toString('hex');
/** Of all records of one name and type together (D). */
const CONTENT_MAX = 8_192;
const validation = (code: number, message: string): Refusal => new Refusal(400, 1004, 'DNS Validation Error', [{ code, message }]);

/** One zone of the fake: its records, and what Cloudflare checks. Apex SOA and NS are not among the records, as there. */
export class FakeZone {
  readonly id = newId();
  status = 'active';
  type = 'full';
  plan: 'free' | 'pro' | 'untold' = 'free';
  /** Records that fit; Infinity: none is counted. */
  quota = Infinity;
  records = new Map<string, FakeRecord>();
  /** An account may have no tags and short comments. */
  tagQuota = 0;
  /** What else Cloudflare will not take, and its words. */
  refuses: (record: FakeRecord) => string | undefined = () => undefined;
  private clock = 0;

  constructor(readonly name: string, readonly accountId: string) {}

  get batchMax(): number { return this.plan === 'pro' ? 3_500 : 200; }
  private get commentMax(): number { return this.plan === 'pro' ? 500 : 100; }

  /** Another hand, past all checks. */
  plant(record: GivenRecord): FakeRecord {
    const made = this.complete(record);
    this.records.set(made.id, made);
    return made;
  }

  uproot(matches: (record: FakeRecord) => boolean): void {
    for (const record of this.records.values()) if (matches(record)) this.records.delete(record.id);
  }

  answer(): Record<string, unknown> {
    return {
      id: this.id, name: this.name, status: this.status, type: this.type, paused: false, account: { id: this.accountId, name: 'An account' },
      name_servers: ['ada.ns.cloudflare.test', 'bob.ns.cloudflare.test'], original_name_servers: null,
      ...(this.plan === 'untold' ? {} : { plan: { id: newId(), name: this.plan === 'pro' ? 'Pro Website' : 'Free Website', legacy_id: this.plan } }),
    };
  }

  show(record: FakeRecord): Record<string, unknown> {
    return { ...record, proxiable: PROXIABLE.has(record.type), settings: {}, meta: {}, created_on: record.modified_on };
  }

  /** Deletes, patches, puts, posts, whatever the order of the JSON; all or nothing. */
  batch(batch: FakeBatch): Record<string, unknown> {
    if (/\.(cf|ga|gq|ml|tk)$/.test(this.name)) throw new Refusal(403, 1038, 'You cannot use this API for domains with a .cf, .ga, .gq, .ml, or .tk TLD (top-level domain).');
    const count = Object.values(batch).reduce((sum: number, list: readonly unknown[]) => sum + list.length, 0);
    if (count > this.batchMax) throw new Refusal(400, 1004, `DNS Validation Error`, [{ code: 9207, message: `A batch has at most ${this.batchMax} operations.` }]);
    const before = new Map(this.records);
    const each = <T>(kind: keyof FakeBatch, list: readonly T[] | undefined, work: (one: T) => FakeRecord): FakeRecord[] => (list ?? []).map((one, at) => {
      try {
        return work(one);
      } catch (error) {
        throw error instanceof Refusal ? error.at(`/${kind}/${at}`) : error;
      }
    });
    try {
      const done = {
        deletes: each('deletes', batch.deletes, ({ id }) => this.remove(id)),
        patches: each('patches', batch.patches, (given) => this.change(given, true)),
        puts: each('puts', batch.puts, (given) => this.change(given, false)),
        posts: each('posts', batch.posts, (given) => this.add(given)),
      };
      return Object.fromEntries(Object.entries(done).map(([kind, list]) => [kind, list.map((record) => this.show(record))]));
    } catch (error) {
      this.records = before;
      throw error;
    }
  }

  private add(given: GivenRecord): FakeRecord {
    const record = this.checked(this.complete(given));
    if (this.records.size >= this.quota) throw new Refusal(400, 81045, 'The record quota has been exceeded.');
    this.records.set(record.id, record);
    return record;
  }

  /** PATCH leaves what is not given; PUT sets it back. */
  private change(given: GivenRecord, isMerged: boolean): FakeRecord {
    const before = this.records.get(given.id ?? '');
    if (before === undefined) throw new Refusal(404, 81044, 'Record does not exist.');
    const record = this.checked(this.complete({ ...(isMerged ? before : {}), ...given }));
    this.records.set(record.id, record);
    return record;
  }

  private remove(id: string): FakeRecord {
    const record = this.records.get(id);
    if (record === undefined) throw new Refusal(404, 81044, 'Record does not exist.');
    this.records.delete(id);
    return record;
  }

  private complete(given: GivenRecord): FakeRecord {
    this.clock += 1;
    const proxied = given.proxied ?? false;
    return {
      id: given.id ?? newId(), name: (given.name ?? '').toLowerCase(), type: given.type ?? '', content: given.type === 'CNAME' || given.type === 'PTR' ? (given.content ?? '').replace(/\.$/, '') : given.content ?? '',
      ttl: proxied ? 1 : given.ttl ?? 1, proxied, comment: given.comment ?? null, tags: given.tags ?? [],
      ...(given.priority === undefined ? {} : { priority: given.priority }), modified_on: new Date(1_700_000_000_000 + this.clock).toISOString(),
    };
  }

  private checked(record: FakeRecord): FakeRecord {
    const { name, type, content, ttl, proxied, comment } = record;
    if (name !== this.name && !name.endsWith(`.${this.name}`)) throw validation(9000, `DNS name is invalid: ${name} is not in ${this.name}.`);
    if (name.length > 253 || !/^(\*\.)?[a-z0-9_/-]+(\.[a-z0-9_/-]+)*$/.test(name)) throw validation(9000, 'DNS name is invalid.');
    if (type === 'A' && !isIPv4(content)) throw validation(9005, 'Content for A record must be a valid IPv4 address.');
    if (type === 'AAAA' && !isIPv6(content)) throw validation(9006, 'Content for AAAA record must be a valid IPv6 address.');
    if ((type === 'CNAME' || type === 'PTR') && !/^[a-z0-9_*-]+(\.[a-z0-9_*-]+)+$/i.test(content)) throw validation(9007, `Content for ${type} record is invalid.`);
    if (ttl !== 1 && (ttl < 60 || ttl > 86_400)) throw validation(9021, 'Invalid TTL. Must be between 60 and 86400 seconds, or 1 for Automatic.');
    if (proxied && !PROXIABLE.has(type)) throw validation(9004, 'This record type cannot be proxied.');
    if (comment !== null && (comment.length > this.commentMax || /[\r\n]/.test(comment))) throw validation(9301, `DNS record comment is too long or has a line break (at most ${this.commentMax} characters).`);
    if (record.tags.length > this.tagQuota) throw validation(9300, `DNS record has ${record.tags.length} tags, exceeding the quota of ${this.tagQuota}.`);
    const words = this.refuses(record);
    if (words !== undefined) throw validation(9999, words);
    this.checkNeighbours(record);
    return record;
  }

  private checkNeighbours({ id, name, type, content }: FakeRecord): void {
    let size = content.length;
    for (const other of this.records.values()) {
      if (other.id === id || other.name !== name) continue;
      if (other.type === type) size += other.content.length;
      if (other.type === type && other.content === content) throw new Refusal(400, 81058, 'An identical record already exists.');
      if (type === 'CNAME' && (ADDRESSES.has(other.type) || other.type === 'CNAME')) throw new Refusal(400, 81053, 'An A, AAAA, or CNAME record with that host already exists.');
      if (ADDRESSES.has(type) && other.type === 'CNAME') throw new Refusal(400, 81054, 'A CNAME record with that host already exists.');
    }
    if (size > CONTENT_MAX) throw validation(9015, `The combined content of all ${type} records of one name is too long.`);
  }
}
