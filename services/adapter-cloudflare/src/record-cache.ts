import { randomBytes } from 'node:crypto';
import { absolute, type WireBatch, type WireRecord } from './cloudflare.wire.js';
import type { Operations } from './record-plan.js';

/** What of a record is needed to change it, and to tell it from others. */
type CachedRecord = Omit<WireRecord, 'comment'>;

/**
 * The records of one zone as this process last saw them, kept up to date by its own writes. Nothing rests on it but the
 * number of calls: another replica has another one, and its tokens are no other's.
 */
export class RecordCache {
  private byName = new Map<string, readonly CachedRecord[]>();
  private nameById = new Map<string, string>();
  private epoch = '';
  private writes = 0;
  private isWhole = false;
  /** When the whole was read, and when it was last found to be as many records as we know. */
  private readAt = -Infinity;
  private checkedAt = -Infinity;

  /** Moves when a batch is sent and when it has ended. */
  changes = 0;

  /** Null while not all of the zone is known. Another with every writing and every whole reading. */
  get token(): string | null { return this.isWhole ? `${this.epoch}.${this.writes}` : null; }
  get size(): number { return this.nameById.size; }

  ageMs(now: number): number { return now - this.readAt; }
  uncheckedMs(now: number): number { return now - this.checkedAt; }
  checked(now: number): void { this.checkedAt = now; }

  /** The records of a name; undefined: nobody knows. */
  find(name: string): readonly CachedRecord[] | undefined {
    return this.byName.get(name) ?? (this.isWhole ? [] : undefined);
  }

  nameOfId(id: string): string | undefined { return this.nameById.get(id); }

  /** The whole zone was read. Where it is as we knew it, so is the token: nobody else has written. */
  fill(records: readonly WireRecord[], now: number): void {
    const isAsKnown = this.isWhole && this.size === records.length && isSame([...this.byName.values()].flat(), records);
    this.readAt = this.checkedAt = now;
    if (isAsKnown) return;
    this.drop();
    for (const record of records) this.add(record);
    this.epoch = randomBytes(6).toString('hex');
    this.writes = 0;
    this.isWhole = true;
  }

  /** What was read at one name. Where it is not what we knew, somebody else writes too, and the rest is not sure either. */
  see(name: string, records: readonly WireRecord[]): void {
    if (this.isWhole && !isSame(this.find(name) ?? [], records)) this.isWhole = false;
    this.forget(name);
    this.byName.set(name, []);
    for (const record of records) this.add(record);
  }

  /** After a batch: what it did, by its own words. False where those are not an answer to what was asked. */
  apply(asked: Operations, done: WireBatch): boolean {
    const [patches, posts] = [done.patches ?? [], done.posts ?? []];
    this.wrote();
    if (patches.length !== asked.patches.length || posts.length !== asked.posts.length) { this.drop(); return false; }
    for (const { id } of [...asked.deletes, ...asked.patches]) this.remove(id);
    for (const record of [...patches, ...posts]) this.add(record);
    return true;
  }

  /** A step of the change token, also where a change needed no call. */
  wrote(): void { this.writes += 1; }

  /** Nothing is known any more. */
  drop(): void {
    this.byName = new Map();
    this.nameById = new Map();
    this.isWhole = false;
  }

  private add({ id, name: wireName, type, content, ttl, proxied, priority }: WireRecord): void {
    const name = absolute(wireName).toLowerCase();
    const record: CachedRecord = { id, name: wireName, type, content, ttl, proxied, ...(priority === undefined ? {} : { priority }) };
    this.byName.set(name, [...(this.byName.get(name) ?? []), record]);
    this.nameById.set(id, name);
  }

  private remove(id: string): void {
    const name = this.nameById.get(id);
    if (name === undefined) return;
    this.nameById.delete(id);
    const left = (this.byName.get(name) ?? []).filter((record) => record.id !== id);
    // Without the whole, an empty entry says that there is nothing.
    if (left.length > 0 || !this.isWhole) this.byName.set(name, left);
    else this.byName.delete(name);
  }

  private forget(name: string): void {
    for (const record of this.byName.get(name) ?? []) this.nameById.delete(record.id);
    this.byName.delete(name);
  }
}

/** All records in pieces of about so many; those of one name are in one piece. */
export function* piecesOf(records: readonly WireRecord[], about: number): Generator<readonly WireRecord[]> {
  const byName = new Map<string, WireRecord[]>();
  for (const record of records) {
    const some = byName.get(record.name);
    if (some === undefined) byName.set(record.name, [record]);
    else some.push(record);
  }
  let piece: WireRecord[] = [];
  for (const some of byName.values()) {
    piece.push(...some);
    if (piece.length < about) continue;
    yield piece;
    piece = [];
  }
  if (piece.length > 0) yield piece;
}

/** Whether one writing lies between two tokens of one cache. */
export function isNextToken(before: string, after: string): boolean {
  const [epoch, writes] = splitToken(before);
  const [epochAfter, writesAfter] = splitToken(after);
  return epoch === epochAfter && writesAfter === writes + 1;
}

const splitToken = (token: string): readonly [string, number] => {
  const at = token.lastIndexOf('.');
  return [token.slice(0, at), Number(token.slice(at + 1))];
};

function isSame(known: readonly CachedRecord[], seen: readonly WireRecord[]): boolean {
  const byId = new Map(known.map((record) => [record.id, record]));
  return known.length === seen.length && seen.every((record) => {
    const before = byId.get(record.id);
    return before !== undefined && before.type === record.type && before.name === record.name && before.content === record.content && before.ttl === record.ttl && before.proxied === record.proxied;
  });
}
