import type { DriftCounts, DriftEntry, DriftKind, RrsetBody, RrsetSide } from '@vmdns/contracts';
import { isManagedType, rrsetDigest } from '@vmdns/domain';
import type { ReadRrset } from '@vmdns/provider-kit';

/** One name of the ledger as comparing needs it. */
export interface LedgerName {
  readonly ownerName: string;
  /** Empty where the entry that asked for it is no more. */
  readonly wanted: readonly RrsetBody[];
  readonly owned: Readonly<Record<string, string>>;
  /** It was being changed while the zone was read, so the two cannot be compared. */
  readonly isMoving: boolean;
}

export interface Compared {
  readonly counts: Omit<DriftCounts, 'repaired'>;
  readonly entries: readonly DriftEntry[];
  /** Names at which something of ours is missing or otherwise. */
  readonly broken: readonly string[];
  /** RRsets of ours by the ledger, and how many of them were not there. */
  readonly owned: number;
  readonly lost: number;
}

interface Held { readonly type: string; readonly digest: string; readonly side: string }

/** So many entries of each kind are kept; the counts are of all. */
const ENTRIES_MAX: Readonly<Record<DriftKind, number>> = { differs: 50_000, missing: 50_000, orphan: 50_000, foreign: 1000 };

/**
 * Compares a whole reading with the ledger, name by name, as they come: the reading first, then the ledger in pages.
 *
 * | there     | wanted, equal          | wanted, other    | not wanted           |
 * | --------- | ---------------------- | ---------------- | -------------------- |
 * | nothing   | missing                | missing          | –                    |
 * | ours      | equal                  | differs          | orphan               |
 * | others'   | equal, can be adopted  | differs, not ours | foreign             |
 */
export class ZoneComparison {
  private readonly held = new Map<string, Held[]>();
  private readonly entries: DriftEntry[] = [];
  private readonly kept: Record<DriftKind, number> = { differs: 0, missing: 0, orphan: 0, foreign: 0 };
  private readonly broken = new Set<string>();
  private readonly byType: Record<string, number> = {};
  private readonly counts = { equal: 0, adoptable: 0, differs: 0, missing: 0, orphans: 0, foreign: 0, moving: 0 };
  private owned = 0;
  private lost = 0;
  /** RRsets read. */
  size = 0;

  /** A piece of the reading. Contents are kept as text, since most of a zone is equal and never looked at again. */
  read(piece: readonly ReadRrset[]): void {
    this.size += piece.length;
    for (const rrset of piece) {
      const side = isManagedType(rrset.type) ? JSON.stringify(sideOf(rrset)) : '';
      const held = { type: rrset.type, digest: rrsetDigest(rrset), side };
      const here = this.held.get(rrset.name);
      if (here === undefined) this.held.set(rrset.name, [held]);
      else here.push(held);
    }
  }

  /** A page of the ledger; each name once. */
  meet(names: readonly LedgerName[]): void {
    for (const name of names) {
      const held = this.held.get(name.ownerName) ?? [];
      this.held.delete(name.ownerName);
      if (name.isMoving) this.counts.moving += 1;
      else this.compare(name, held);
    }
  }

  /** What is left of the reading is nobody's in the ledger. */
  end(): Compared {
    for (const [name, held] of this.held) for (const one of held) this.foreign(name, one);
    this.held.clear();
    return { counts: { ...this.counts, foreignByType: this.byType }, entries: this.entries, broken: [...this.broken], owned: this.owned, lost: this.lost };
  }

  private compare(name: LedgerName, held: readonly Held[]): void {
    for (const wanted of name.wanted) {
      const there = held.find((one) => one.type === wanted.type);
      const ours = name.owned[wanted.type] !== undefined;
      if (ours) this.owned += 1;
      if (there === undefined) this.missing(name, wanted, ours);
      else if (there.digest === rrsetDigest(wanted)) this.equal(ours);
      else this.differs(name, wanted, there, ours);
    }
    for (const one of held) {
      if (name.wanted.some((wanted) => wanted.type === one.type)) continue;
      if (name.owned[one.type] === undefined) this.foreign(name.ownerName, one);
      else this.orphan(name.ownerName, one);
    }
  }

  private equal(ours: boolean): void {
    this.counts.equal += 1;
    if (!ours) this.counts.adoptable += 1;
  }

  private missing(name: LedgerName, wanted: RrsetBody, ours: boolean): void {
    this.counts.missing += 1;
    if (ours) {
      this.lost += 1;
      this.broken.add(name.ownerName);
    }
    this.keep({ kind: 'missing', name: name.ownerName, type: wanted.type, ours, wanted: sideOf(wanted) });
  }

  private differs(name: LedgerName, wanted: RrsetBody, there: Held, ours: boolean): void {
    this.counts.differs += 1;
    if (ours) this.broken.add(name.ownerName);
    this.keep({ kind: 'differs', name: name.ownerName, type: wanted.type, ours, wanted: sideOf(wanted), ...heldSide(there) });
  }

  private orphan(name: string, there: Held): void {
    this.counts.orphans += 1;
    this.keep({ kind: 'orphan', name, type: there.type, ours: true, ...heldSide(there) });
  }

  private foreign(name: string, there: Held): void {
    this.counts.foreign += 1;
    this.byType[there.type] = (this.byType[there.type] ?? 0) + 1;
    this.keep({ kind: 'foreign', name, type: there.type, ours: false, ...heldSide(there) });
  }

  private keep(entry: DriftEntry): void {
    if (this.kept[entry.kind] >= ENTRIES_MAX[entry.kind]) return;
    this.kept[entry.kind] += 1;
    this.entries.push(entry);
  }
}

function sideOf(rrset: Omit<ReadRrset, 'name' | 'type'>): RrsetSide {
  const { proxied, comments } = rrset.remarks ?? {};
  const remarks = { ...(proxied === undefined ? {} : { proxied }), ...(comments === undefined || comments.length === 0 ? {} : { comments: [...comments] }) };
  return { ttl: rrset.ttl, values: [...rrset.values], ...(Object.keys(remarks).length === 0 ? {} : { remarks }) };
}

/** Of types that are never ours only the type is told: a TXT may hold what nobody else should read. */
function heldSide(there: Held): { held?: RrsetSide } {
  return there.side === '' ? {} : { held: JSON.parse(there.side) as RrsetSide };
}

export type ListingVerdict = 'trusted' | 'suspect' | 'empty';

/** Below so many RRsets of ours a listing that lacks most of them is believed. */
const SUSPECT_FROM = 3;

/**
 * Whether a listing may be acted on (L2). A zone has an SOA or NS at the least, so an empty listing is none; one that
 * lacks more than half of what is ours is believed when it is seen again later, or when a person says so.
 */
export function judgeListing(size: number, compared: Pick<Compared, 'owned' | 'lost'>): ListingVerdict {
  if (size === 0) return 'empty';
  return compared.lost >= SUSPECT_FROM && compared.lost * 2 > compared.owned ? 'suspect' : 'trusted';
}
