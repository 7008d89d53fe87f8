import type { Expected, Picture } from './expected.js';

/** From when on a place was to hold these values; sorted; empty: nothing. */
interface Moment { readonly from: number; readonly values: readonly string[] }

/** A change at a provider as its proxy saw it. */
export interface SeenWrite {
  readonly place: string;
  /** Sorted; empty: removed. */
  readonly values: readonly string[];
  readonly startedAt: number;
  readonly endedAt: number;
}

/** So long after something was wanted, a write of it is still understood: everything may have been down in between. */
const LATE_MS = 120_000;

/** What every place was to hold, from its first fact on: says whether a write had a reason. */
export class Chronicle {
  private readonly moments = new Map<string, Moment[]>();
  private last: ReadonlyMap<string, Expected> = new Map();

  /** `from`: when the change may first have been heard of, which is before it was answered. */
  note(picture: Picture, from: number): void {
    for (const [place, { values }] of picture.rrsets) {
      const before = this.last.get(place);
      if (before === undefined || before.values.join() !== values.join()) this.momentsOf(place).push({ from, values });
    }
    for (const place of this.last.keys()) if (!picture.rrsets.has(place)) this.momentsOf(place).push({ from, values: [] });
    this.last = picture.rrsets;
  }

  /** Every place that was ever to hold something. */
  get places(): readonly string[] {
    return [...this.moments.keys()];
  }

  /** What was written although it was not wanted at any time that could explain it. */
  unexplained(writes: readonly SeenWrite[]): readonly string[] {
    const said: string[] = [];
    const lastPuts = new Map<string, SeenWrite>();
    for (const write of [...writes].sort((a, b) => a.endedAt - b.endedAt)) {
      const lastPut = lastPuts.get(write.place);
      const why = write.values.length > 0 ? this.whyPut(write) : this.whyRemoved(write, lastPut);
      if (why !== undefined) said.push(`${momentText(write.startedAt)} ${write.place} ← ${write.values.join() || 'nothing'}: ${why}; wanted ${this.momentsOf(write.place).map(({ from, values }) => `${momentText(from)} ${values.join() || 'nothing'}`).join(', ')}${lastPut === undefined ? '' : `; last put ${momentText(lastPut.startedAt)} ${lastPut.values.join()}`}`);
      if (write.values.length > 0) lastPuts.set(write.place, write);
    }
    return said;
  }

  /** A name that moves from zone to zone is kept up to date in both until the new one has it. */
  private whyPut(write: SeenWrite): string | undefined {
    const everywhere = [...this.moments.keys()].filter((place) => nameOf(place) === nameOf(write.place)).map((place) => this.momentsOf(place));
    const isWanted = everywhere.some((moments) => moments.some((moment, at) => isSame(moment.values, write.values) && moment.from <= write.endedAt && (moments[at + 1]?.from ?? Infinity) >= write.startedAt - LATE_MS));
    return isWanted ? undefined : 'never wanted so';
  }

  /** A removal needs a wish for nothing that is newer than the wish for what was put last. */
  private whyRemoved(write: SeenWrite, lastPut: SeenWrite | undefined): string | undefined {
    const moments = this.momentsOf(write.place);
    const wish = lastPut === undefined ? -1 : moments.findIndex((moment) => moment.from <= lastPut.endedAt && isSame(moment.values, lastPut.values));
    const isWanted = moments.some((moment, at) => moment.values.length === 0 && at > wish && moment.from <= write.endedAt && (moments[at + 1]?.from ?? Infinity) >= write.startedAt - LATE_MS);
    return isWanted ? undefined : 'removed without a reason';
  }

  private momentsOf(place: string): Moment[] {
    const known = this.moments.get(place) ?? [{ from: 0, values: [] }];
    this.moments.set(place, known);
    return known;
  }
}

const isSame = (a: readonly string[], b: readonly string[]): boolean => a.join() === b.join();
const nameOf = (place: string): string => place.split('|').slice(2).join('|');
const momentText = (ms: number): string => (ms === 0 ? 'at first' : new Date(ms).toISOString().slice(11, 23));
