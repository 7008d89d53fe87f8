import { rrsetDigest, type Rrset } from '@vmdns/domain';
import { disabledOf } from '../port/disabled.js';
import { ProviderError } from '../port/provider-error.js';
import type { NamesReading } from '../port/provider.js';
import type { CountedZone } from './counted-zone.js';
import type { DueName, HeldRrset, TurnKnowledge } from './turn.js';

/** What a turn knows of its names before it writes. */
export interface Reading {
  /** A name that is missing was not read: the token vouches for what the ledger says. */
  readonly held: ReadonlyMap<string, readonly Rrset[]>;
  /** The zone's change token when the reading began. */
  readonly token: string | null;
  /** At that token, owned and foreign are all that there is. */
  readonly complete: boolean;
  readonly zoneSize: number | null;
  readonly whole?: readonly HeldRrset[];
  /** Reading names again would not show what is switched off. */
  readonly namesHideDisabled?: boolean;
  /** Names that the provider will not even read, and its words. */
  readonly unreadable: ReadonlyMap<string, ProviderError>;
}

/** Up to so many names are read without a look at the token: it would cost a call as well. */
const NAMES_READ_AT_ONCE = 8;
/** Reading one name costs a server as much as this many RRsets of a whole zone (PERFORMANCE §0: 0.58 ms against 5 µs). */
const RRSETS_PER_NAME = 100;
/** Where nothing tells that a zone has changed, what is switched off in it is looked for as often as this, unless that costs no more than reading names. */
const LOOK_FOR_DISABLED_MS = 60_000;

/** One call that tells whether anybody answers: the token's, or one name's. Throws ProviderError. */
export async function probe(zone: CountedZone, name: string | undefined, signal: AbortSignal): Promise<void> {
  if (zone.changeToken !== undefined) await zone.readToken(signal);
  else if (name !== undefined) await zone.readNames([name], signal);
}

/** Reads as little as it can (PROTOCOL §6). Throws ProviderError. */
export async function readForTurn(zone: CountedZone, all: readonly DueName[], knowledge: TurnKnowledge, signal: AbortSignal): Promise<Reading> {
  const due = all.filter((one) => !isSettledUnseen(one));
  if (due.length === 0) return { held: new Map(), token: knowledge.token, complete: knowledge.token !== null, zoneSize: knowledge.zoneSize, unreadable: new Map() };
  const known = zone.peekToken();
  if (known !== null && known === knowledge.token) return readDoubted(zone, due, known, knowledge, signal);
  if (zone.rrsetsPerName === undefined && due.length <= NAMES_READ_AT_ONCE) return readNames(zone, due, due, knowledge, signal);
  if (zone.changeToken !== undefined && knowledge.token !== null) {
    const token = await zone.readToken(signal);
    if (token === knowledge.token) return readDoubted(zone, due, token, knowledge, signal);
  }
  return readFewOrWhole(zone, due, due, knowledge, signal);
}

/** The token vouches for the ledger; only what the ledger itself is not sure of is read. */
async function readDoubted(zone: CountedZone, due: readonly DueName[], token: string, knowledge: TurnKnowledge, signal: AbortSignal): Promise<Reading> {
  const doubted = due.filter(needsReading);
  if (doubted.length === 0) return { held: new Map(), token, complete: true, zoneSize: knowledge.zoneSize, unreadable: new Map() };
  const reading = await readFewOrWhole(zone, doubted, due, knowledge, signal);
  // The token that was read first: a write between the two readings must break the chain.
  return { ...reading, token, complete: true };
}

/** Nothing is ours there, nothing shall be, and nothing may still come: whatever else is there stays as it is. A name that came and went while it waited. */
const isSettledUnseen = (due: DueName): boolean =>
  due.wanted.length === 0 && due.mustRead !== true && due.stillInDoubt !== true && due.takeOver === undefined && due.writing.length === 0 && Object.keys(due.owned).length === 0;

const needsReading = (due: DueName): boolean =>
  due.mustRead === true || due.stillInDoubt === true || due.takeOver !== undefined || due.writing.length > 0 || due.foreign.length > 0;

function readFewOrWhole(zone: CountedZone, asked: readonly DueName[], due: readonly DueName[], knowledge: TurnKnowledge, signal: AbortSignal): Promise<Reading> {
  return isFew(zone, asked.length, knowledge.zoneSize) ? readNames(zone, asked, due, knowledge, signal) : readWhole(zone, due, signal);
}

/** Whether so many names are cheaper read by name. */
function isFew(zone: CountedZone, names: number, zoneSize: number | null): boolean {
  const perName = zone.rrsetsPerName;
  if (perName !== undefined) return zoneSize !== null && names < zoneSize / perName;
  return names <= NAMES_READ_AT_ONCE || (zoneSize !== null && names < zoneSize / RRSETS_PER_NAME);
}

async function readNames(zone: CountedZone, asked: readonly DueName[], due: readonly DueName[], knowledge: TurnKnowledge, signal: AbortSignal): Promise<Reading> {
  const names = asked.map((one) => one.name);
  const unreadable = new Map<string, ProviderError>();
  const read = async (some: readonly string[]): Promise<NamesReading> => {
    try {
      return await zone.readNames(some, signal);
    } catch (error) {
      // L7: a name that cannot even be asked for stops nobody else.
      if (!(error instanceof ProviderError) || error.kind !== 'refused') throw error;
      const [only] = some;
      if (some.length === 1 && only !== undefined) { unreadable.set(only, error); return { held: new Map(), token: null }; }
      const half = Math.ceil(some.length / 2);
      const first = await read(some.slice(0, half));
      const second = await read(some.slice(half));
      return { held: new Map([...first.held, ...second.held]), token: first.token ?? second.token, hidesDisabled: first.hidesDisabled === true || second.hidesDisabled === true };
    }
  };
  const { held, token, hidesDisabled } = await read(names);
  const complete = token !== null && token === knowledge.token;
  const reading = { held, token, complete, zoneSize: knowledge.zoneSize, unreadable };
  if (hidesDisabled !== true) return reading;
  if (needsWhole(asked, token, knowledge)) return readWhole(zone, due, signal);
  return { ...reading, held: withRemembered(held, asked), namesHideDisabled: true };
}

/**
 * Whether only a whole reading says what is switched off: somebody changed the zone since the last one, or what is
 * switched off at an RRset of ours must be written back with it. Never for our own changes (L6).
 */
function needsWhole(asked: readonly DueName[], token: string | null, knowledge: TurnKnowledge): boolean {
  const isAtOurs = (due: DueName): boolean => due.foreign.some((type) => due.owned[disabledOf(type) ?? ''] !== undefined);
  if (asked.some(isAtOurs)) return true;
  if (token !== null) return token !== knowledge.token;
  return knowledge.zoneSize === null || knowledge.zoneSize <= NAMES_READ_AT_ONCE * RRSETS_PER_NAME || (knowledge.readWholeMsAgo ?? Infinity) > LOOK_FOR_DISABLED_MS;
}

/** What the last whole reading found switched off, without values: they are not in the ledger. */
function withRemembered(held: ReadonlyMap<string, readonly Rrset[]>, asked: readonly DueName[]): ReadonlyMap<string, readonly Rrset[]> {
  const all = new Map(held);
  for (const { name, foreign } of asked) {
    const off = foreign.filter((type) => disabledOf(type) !== undefined).map((type): Rrset => ({ name, type, ttl: 0, values: [] }));
    if (off.length > 0) all.set(name, [...(all.get(name) ?? []), ...off]);
  }
  return all;
}

async function readWhole(zone: CountedZone, due: readonly DueName[], signal: AbortSignal): Promise<Reading> {
  const held = new Map<string, Rrset[]>(due.map(({ name }) => [name, []]));
  const whole: HeldRrset[] = [];
  let zoneSize = 0;
  const { token } = await zone.readZone((piece) => {
    zoneSize += piece.length;
    for (const rrset of piece) {
      const here = held.get(rrset.name);
      if (here === undefined) whole.push({ name: rrset.name, type: rrset.type, digest: rrsetDigest(rrset) });
      else here.push(rrset);
    }
  }, signal);
  return { held, token, complete: token !== null, zoneSize, whole, unreadable: new Map() };
}

/** Reads names that were written, again: by name where they are few and show all that there is. */
export async function readAgain(zone: CountedZone, names: readonly string[], before: Pick<Reading, 'zoneSize' | 'namesHideDisabled'>, signal: AbortSignal): Promise<NamesReading> {
  const { zoneSize } = before;
  if (before.namesHideDisabled !== true && isFew(zone, names.length, zoneSize)) {
    const reading = await zone.readNames(names, signal);
    if (reading.hidesDisabled !== true) return reading;
  }
  const held = new Map<string, Rrset[]>(names.map((name) => [name, []]));
  const { token } = await zone.readZone((piece) => { for (const rrset of piece) held.get(rrset.name)?.push(rrset); }, signal);
  return { held, token };
}
