import type { Picture, Wished } from './expected.js';

/** A change at a provider as its proxy saw it. */
export interface SeenWrite {
  readonly place: string;
  /** Sorted; empty: removed. */
  readonly values: readonly string[];
  readonly startedAt: number;
  readonly endedAt: number;
}

interface Spell extends Wished { readonly from: number; until: number }

/** So long after something was wished, a write of it is still understood: everything may have been down in between. */
const LATE_MS = 120_000;

/**
 * What VMs wished at every place, and when: says whether a write had a reason. Between several VMs it knows no order,
 * for their facts travel beside each other.
 */
export class Chronicle {
  private readonly spells = new Map<string, Spell[]>();
  private readonly byName = new Map<string, Spell[]>();
  private open = new Map<string, Spell>();

  /** `from`: when the change may first have been heard of, which is before it was answered. */
  note(picture: Picture, from: number): void {
    const open = new Map<string, Spell>();
    for (const wished of picture.wishes) {
      const key = `${wished.place} ${wished.vmId} ${wished.value}`;
      open.set(key, this.open.get(key) ?? this.begin(wished, from));
      this.open.delete(key);
    }
    for (const spell of this.open.values()) spell.until = from;
    this.open = open;
  }

  /** Every place at which something was ever wished. */
  get places(): readonly string[] {
    return [...this.spells.keys()];
  }

  /** What was written although nobody wished it at any time that could explain it. */
  unexplained(writes: readonly SeenWrite[]): readonly string[] {
    const said: string[] = [];
    const lastPuts = new Map<string, SeenWrite>();
    for (const write of [...writes].sort((a, b) => a.endedAt - b.endedAt)) {
      const lastPut = lastPuts.get(write.place);
      const why = write.values.length > 0 ? this.whyPut(write) : this.whyRemoved(write, lastPut);
      if (why !== undefined) said.push(`${timeOf(write.startedAt)} ${write.place} ← ${write.values.join() || 'nothing'}: ${why}; last put ${lastPut === undefined ? 'never' : `${timeOf(lastPut.startedAt)} ${lastPut.values.join()}`}; wishes ${this.textOf(write)}`);
      if (write.values.length > 0) lastPuts.set(write.place, write);
    }
    return said;
  }

  /** A name that moves from zone to zone is kept up to date in both until the new one has it. */
  private whyPut(write: SeenWrite): string | undefined {
    const spells = this.byName.get(nameOf(write.place)) ?? [];
    const strange = write.values.filter((value) => !spells.some((spell) => spell.value === value && spell.from <= write.endedAt && spell.until >= write.startedAt - LATE_MS));
    return strange.length === 0 ? undefined : `nobody wished ${strange.join()}`;
  }

  /**
   * All of what was put last was wished here before it was put, and still is: then nobody had a reason. What is no more
   * wished here has gone, or has moved to another zone; a holder that wants no record at all is a reason, too.
   */
  private whyRemoved(write: SeenWrite, lastPut: SeenWrite | undefined): string | undefined {
    const spells = this.spells.get(write.place) ?? [];
    if (lastPut === undefined) return undefined;
    if (spells.some((spell) => spell.value === '' && spell.from <= write.endedAt && spell.until >= write.startedAt - LATE_MS)) return undefined;
    const stillWished = lastPut.values.every((value) => spells.some((spell) => spell.value === value && spell.from <= lastPut.endedAt && spell.until > write.endedAt));
    return stillWished ? 'removed without a reason' : undefined;
  }

  private begin(wished: Wished, from: number): Spell {
    const spell = { ...wished, from, until: Infinity };
    for (const [map, key] of [[this.spells, wished.place], [this.byName, nameOf(wished.place)]] as const) {
      const list = map.get(key) ?? [];
      map.set(key, list);
      list.push(spell);
    }
    return spell;
  }

  private textOf({ place, endedAt }: SeenWrite): string {
    const near = (this.byName.get(nameOf(place)) ?? []).filter((spell) => spell.from <= endedAt + 1_000 && spell.until >= endedAt - 15_000);
    return near.map((spell) => `${timeOf(spell.from)}–${spell.until === Infinity ? '' : timeOf(spell.until)} ${spell.vmId} ${spell.place.split('|')[1] ?? ''} ${spell.value}`).join(', ');
  }
}

const nameOf = (place: string): string => place.split('|').slice(2).join('|');
const timeOf = (ms: number): string => new Date(ms).toISOString().slice(11, 23);
