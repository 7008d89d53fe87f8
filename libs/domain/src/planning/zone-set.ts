import { octetsOf } from '../addresses/ip-address.js';
import { isWithin, nameOfLabels } from '../names/labels.js';
import { byText } from '../records/rrset.js';
import { classlessBlock, type ClasslessBlock } from './classless.js';
import type { ZoneView } from './zone-view.js';

/** All entries of one apex; every one of them gets what belongs there. */
export interface ApexEntries {
  readonly apex: string;
  readonly entries: readonly ZoneView[];
  /** Null for an apex that encloses by its labels only. */
  readonly block: ClasslessBlock | null;
}

const byAge = (a: ZoneView, b: ZoneView) => a.createdSeq - b.createdSeq || byText(a.zoneId, b.zoneId);
const ageOf = (apex: ApexEntries) => apex.entries[0]?.createdSeq ?? 0;

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): ReadonlyMap<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}

function byApex(zones: readonly ZoneView[]): ReadonlyMap<string, ApexEntries> {
  const grouped = groupBy(zones.filter((zone) => !zone.leaving).toSorted(byAge), (zone) => zone.apex);
  return new Map([...grouped].map(([apex, entries]) => [apex, { apex, entries, block: classlessBlock(apex) }]));
}

function classlessByParent(apexes: Iterable<ApexEntries>): ReadonlyMap<string, readonly ApexEntries[]> {
  const byParent = groupBy([...apexes].filter((apex) => apex.block !== null), (apex) => apex.block?.parent ?? '');
  // The smallest block first; of two spellings of one block the older entry's, so that a pointer has one target.
  for (const list of byParent.values()) list.sort((a, b) => (b.block?.prefix ?? 0) - (a.block?.prefix ?? 0) || ageOf(a) - ageOf(b) || byText(a.apex, b.apex));
  return byParent;
}

/** The configured zones, indexed for the closest enclosing one. Immutable; entries that are leaving are no home. */
export class ZoneSet {
  readonly #byId: ReadonlyMap<string, ZoneView>;
  readonly #byApex: ReadonlyMap<string, ApexEntries>;
  readonly #classless: ReadonlyMap<string, readonly ApexEntries[]>;
  /** How long apexes are, the longest first: only there a name need be cut to find one. */
  readonly #lengths: readonly number[];

  private constructor(readonly zones: readonly ZoneView[]) {
    this.#byId = new Map(zones.map((zone) => [zone.zoneId, zone]));
    this.#byApex = byApex(zones);
    this.#classless = classlessByParent(this.#byApex.values());
    this.#lengths = [...new Set([...this.#byApex.keys()].map((apex) => apex.length))].sort((a, b) => b - a);
  }

  static of(zones: readonly ZoneView[]): ZoneSet {
    return new ZoneSet(zones);
  }

  /** The set as it would be without these entries: what an outer zone still holds while an inner one settles. */
  without(zoneIds: readonly string[]): ZoneSet {
    const gone = new Set(zoneIds);
    return ZoneSet.of(this.zones.filter((zone) => !gone.has(zone.zoneId)));
  }

  find(zoneId: string): ZoneView | undefined {
    return this.#byId.get(zoneId);
  }

  /** Every enclosing apex by whole labels, the closest first. O(different lengths of apexes). */
  enclosing(name: string): readonly ApexEntries[] {
    const found: ApexEntries[] = [];
    for (const length of this.#lengths) {
      const apex = length > name.length ? undefined : this.#byApex.get(name.slice(name.length - length));
      if (apex !== undefined && isWithin(name, apex.apex)) found.push(apex);
    }
    return found;
  }

  /** Every entry of the closest enclosing apex; none where no zone encloses the name. */
  closest(name: string): readonly ZoneView[] {
    return this.enclosing(name)[0]?.entries ?? [];
  }

  /** Classless zones whose block covers a canonical address, the smallest block first. At most 128 for each octet. */
  covering(ip: string): readonly ApexEntries[] {
    if (this.#classless.size === 0 || ip.includes(':')) return [];
    const octets = octetsOf(ip);
    return [3, 2, 1].flatMap((whole) => {
      const parent = nameOfLabels([...octets.slice(0, whole).toReversed().map(String), 'in-addr', 'arpa']);
      const next = octets[whole] ?? 0;
      return (this.#classless.get(parent) ?? []).filter(({ block }) => block !== null && block.first <= next && next <= block.last);
    });
  }
}
