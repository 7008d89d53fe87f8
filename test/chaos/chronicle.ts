import type { Picture, Wished } from './expected.js';

/** A change at a provider as its proxy saw it. */
export interface SeenWrite {
  readonly place: string;
  /** Sorted; empty: removed. */
  readonly values: readonly string[];
  readonly startedAt: number;
  /** When it was in force. */
  readonly endedAt: number;
}

/** What one VM wished at one owner name, in all zones, from then on. */
interface Chapter { readonly from: number; readonly wishes: readonly Wished[] }
/** By VM: which of its chapters had been read, at least, when the last write was made; absent: none. */
type Reading = ReadonlyMap<string, number>;
type Stories = ReadonlyMap<string, readonly Chapter[]>;

/** So many ways to read what was written are followed at a time. */
const READINGS_MAX = 64;
const NOTHING: readonly Chapter[] = [];

/**
 * What VMs wished at every name, in the order in which each said it. A write has a reason when it can be read out of
 * these stories without ever turning back a page: everything may come late, nothing may come again. Between several
 * VMs there is no order, for their facts travel beside each other.
 */
export class Chronicle {
  /** By owner name, by VM. */
  private readonly names = new Map<string, Map<string, Chapter[]>>();
  private readonly wished = new Set<string>();
  private readonly agains: number[] = [];

  /** `from`: when the change may first have been heard of, which is before it was answered. */
  note(picture: Picture, from: number): void {
    const now = new Map<string, Map<string, Wished[]>>();
    for (const wish of picture.wishes) {
      this.wished.add(wish.place);
      const byVm = at(now, nameOf(wish.place), () => new Map<string, Wished[]>());
      at(byVm, wish.vmId, () => []).push(wish);
    }
    for (const name of new Set([...this.names.keys(), ...now.keys()])) {
      const stories = at(this.names, name, () => new Map<string, Chapter[]>());
      for (const vmId of new Set([...stories.keys(), ...now.get(name)?.keys() ?? []])) {
        const story = at(stories, vmId, () => []);
        const wishes = now.get(name)?.get(vmId) ?? [];
        if (keyOf(wishes) !== keyOf(story.at(-1)?.wishes ?? [])) story.push({ from, wishes });
      }
    }
  }

  /** Every place at which something was ever wished. */
  get places(): readonly string[] {
    return [...this.wished];
  }

  /** From then on everything may be read once more: PostgreSQL has forgotten its last seconds. */
  again(at: number): void {
    this.agains.push(at);
  }

  /** What was written although no story says so, or no more. */
  unexplained(writes: readonly SeenWrite[]): readonly string[] {
    const places = new Map<string, SeenWrite[]>();
    for (const write of writes) at(places, write.place, () => []).push(write);
    return [...places].flatMap(([place, its]) => this.follow(place, its.sort((a, b) => a.endedAt - b.endedAt)));
  }

  private follow(place: string, writes: readonly SeenWrite[]): readonly string[] {
    const stories: Stories = this.names.get(nameOf(place)) ?? new Map<string, Chapter[]>();
    const said: string[] = [];
    let readings: readonly Reading[] = [new Map()];
    let before = readings;
    let last: SeenWrite | undefined;
    for (const write of writes) {
      if (this.agains.some((moment) => (last?.startedAt ?? 0) < moment && write.endedAt >= moment)) before = readings = [new Map()];
      // Where nothing was put, nothing goes.
      if (last === undefined && write.values.length === 0) continue;
      const read = (from: readonly Reading[]): readonly Reading[] => least(from.flatMap((reading) => (write.values.length > 0 ? putAfter : removedAfter)(stories, reading, write)));
      const after = read(readings);
      // One that was under way together with the last may have been sent before it.
      const beside = after.length === 0 && last !== undefined && write.startedAt < last.endedAt ? read(before) : after;
      if (beside.length === 0) said.push(`${timeOf(write.startedAt)}–${timeOf(write.endedAt)} ${place} ← ${write.values.join() || 'nothing'}; before: ${last === undefined ? 'nothing' : `${timeOf(last.startedAt)} ${last.values.join() || 'removed'}`}; ${textOf(stories, readings, write)}`);
      else [before, readings] = [readings, beside];
      last = write;
    }
    return said;
  }
}

/** Each value is that of some VM, in what was read last or in what comes after; a name that moves is kept up to date in both zones. */
function putAfter(stories: Stories, from: Reading, write: SeenWrite): readonly Reading[] {
  const type = typeOf(write.place);
  let readings: readonly Reading[] = [from];
  for (const value of write.values) {
    readings = least(readings.flatMap((reading) => [...stories].flatMap(([vmId, story]) => {
      const chapter = turn(story, reading.get(vmId) ?? -1, write, ({ wishes }) => wishes.some((wish) => wish.value === value && typeOf(wish.place) === type));
      return chapter === undefined ? [] : [new Map([...reading, [vmId, chapter]])];
    })));
  }
  return readings;
}

/** No VM wishes anything here in what was read last or in what comes after, or others who wish something else at this name stand before it. */
function removedAfter(stories: Stories, from: Reading, write: SeenWrite): readonly Reading[] {
  const reading = new Map(from);
  const isHere = ({ place, value }: Wished): boolean => place === write.place && value !== '';
  for (const [vmId, story] of stories) {
    const chapter = turn(story, from.get(vmId) ?? -1, write, ({ wishes }) => !wishes.some(isHere));
    if (chapter !== undefined) reading.set(vmId, chapter);
    else if (![...stories].some(([other, its]) => other !== vmId && turn(its, from.get(other) ?? -1, write, ({ wishes }) => wishes.length > 0 && !wishes.some(isHere)) !== undefined)) return [];
  }
  return [reading];
}

/** The first chapter not before `at` of which this is true, and which had been said by then; before the first there is an empty page. */
function turn(story: readonly Chapter[] = NOTHING, from: number, write: SeenWrite, isTrue: (chapter: Chapter) => boolean): number | undefined {
  for (let chapter = from; chapter < story.length; chapter += 1) {
    const page = story[chapter] ?? { from: 0, wishes: [] };
    if (page.from > write.endedAt) return undefined;
    if (isTrue(page)) return chapter;
  }
  return undefined;
}

/** Without those that have read all that another has, and more. */
function least(readings: readonly Reading[]): readonly Reading[] {
  const isWithin = (a: Reading, b: Reading): boolean => [...a].every(([vmId, chapter]) => chapter <= (b.get(vmId) ?? -1));
  const kept: Reading[] = [];
  for (const reading of readings) {
    if (kept.some((other) => isWithin(other, reading))) continue;
    kept.splice(0, kept.length, ...kept.filter((other) => !isWithin(reading, other)), reading);
  }
  return kept.slice(0, READINGS_MAX);
}

function textOf(stories: Stories, readings: readonly Reading[], write: SeenWrite): string {
  return [...stories].map(([vmId, story]) => {
    const read = Math.min(...readings.map((reading) => reading.get(vmId) ?? -1));
    const chapters = story.map((chapter, at) => `${at === read ? '*' : ''}${timeOf(chapter.from)} ${chapter.wishes.map(({ place, value }) => `${place.split('|').slice(0, 2).join()} ${typeOf(place)} ${value}`).join(' + ') || '-'}`);
    return `${vmId}: ${chapters.filter((_, at) => at >= read - 1 && (story[at]?.from ?? 0) <= write.endedAt + 5_000).join(', ')}`;
  }).join('; ');
}

function at<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}

/** An address' PTR is one story, in a classless zone and outside. */
const nameOf = (place: string): string => (place.split('|')[2] ?? '').replace(/^(\d+)\.\d+[/-]\d+\./, '$1.');
const typeOf = (place: string): string => place.split('|')[3] ?? '';
const keyOf = (wishes: readonly Wished[]): string => wishes.map(({ place, value }) => `${place} ${value}`).sort().join();
const timeOf = (ms: number): string => new Date(ms).toISOString().slice(11, 23);
