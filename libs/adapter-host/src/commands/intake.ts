import type { Command } from '@vmdns/contracts';
import { type Store, type Timeline, TransientStoreError, type Tx } from '@vmdns/store';
import { BULK } from '../lanes/budget.js';
import { gateOf, type Gate } from '../lanes/gate.js';
import { type Claim, MANY_NAMES } from '../lanes/claim.js';
import type { Claims } from '../lanes/claims.js';
import type { AdapterMetrics } from '../metrics.js';
import { type Outcome, outcomeOf, type OutcomeRow } from '../results/outcome.js';
import type { NotedOutcomes, Unsaid } from '../results/unsaid.js';
import { type Incoming, namesOf, newestOf } from './incoming.js';
import { type Addressed, answerPending, findNames, type StoredNames, storeNames } from './name-table.js';
import { decideRepeat } from './repeat.js';
import { GuessedWrong, LanesLastSeen } from './lanes-last-seen.js';
import { lockLanes, type ZoneLane } from './zone-lanes.js';

/** What taking commands in brought. */
export interface Taken {
  readonly claims: readonly Claim[];
  /** Some lane was not claimed: it is being worked on, there is no room, or another claim was just looking. */
  readonly isMoreDue: boolean;
  /** Names that change so often wait: look again then. */
  readonly wakeAfterMs: readonly number[];
  /** Outcomes given without a call, stored. */
  readonly fresh: readonly Outcome[];
  readonly noted: NotedOutcomes | null;
  /** Stored outcomes to be said again. */
  readonly again: readonly Outcome[];
  /** `behind`, and removals of names that another entry has taken over. */
  readonly answers: readonly Outcome[];
  /** The feed has not told of some zone yet. */
  readonly isZoneUnknown: boolean;
}

/** One transaction takes at most so many names; a batch of more is taken in parts. */
export const INTAKE_NAMES_MAX = 10_000;

/** Takes commands into the table and claims their lanes, in one transaction (PROTOCOL §3, §5). */
export class Intake {
  private readonly lanes = new LanesLastSeen();

  constructor(
    private readonly store: Store,
    private readonly claims: Claims,
    private readonly unsaid: Unsaid,
    private readonly metrics: AdapterMetrics,
    private readonly timeline: Pick<Timeline, 'isTold'>,
  ) {}

  /** `room`: how many lanes this process may take with it. */
  async take(commands: readonly Command[], room: () => number): Promise<Taken> {
    const names = namesOf(commands);
    const guess = this.lanes.guess(commands);
    if (guess !== undefined) {
      try {
        return await this.transaction((tx) => this.takeAsGuessed(tx, commands, names, guess, room));
      } catch (error) {
        if (!(error instanceof GuessedWrong)) throw error;
      }
    }
    return this.transaction((tx) => this.takeInSteps(tx, commands, names, room));
  }

  /** Asked within the transaction: its connection may be the first that meets another history. */
  private transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.store.transaction((tx) => {
      if (!this.timeline.isTold) throw new TransientStoreError('taking commands: what PostgreSQL may have lost is being read back');
      return work(tx);
    });
  }

  private async takeInSteps(tx: Tx, commands: readonly Command[], names: readonly Incoming[], room: () => number): Promise<Taken> {
    const { lanes, unknown } = await lockLanes(tx, commands);
    this.lanes.remember(lanes);
    const addressed = address(names, lanes);
    const stored = await storeNames(tx, addressed, this.claims.restMs);
    const rest = await this.answerRest(tx, addressed, stored, lanes);
    const targets = new Set(stored.map((lane) => lane.target));
    const claims = await this.claims.take(tx, keysOf(targets, lanes), lanesOf(names, targets, room()));
    return { ...rest, ...this.dueOf(stored, claims), claims, isZoneUnknown: unknown };
  }

  /** The same with lanes as they were last time: what one step gives the next is known, so that all travel together; undone where it is not so. */
  private async takeAsGuessed(tx: Tx, commands: readonly Command[], names: readonly Incoming[], guess: ReadonlyMap<string, ZoneLane>, room: () => number): Promise<Taken> {
    const addressed = address(names, guess);
    const targets = new Set(addressed.map((name) => name.target));
    const [{ lanes }, stored, claims] = await Promise.all([
      lockLanes(tx, commands).then((locked) => { this.lanes.check(guess, locked.lanes); return locked; }),
      storeNames(tx, addressed, this.claims.restMs),
      this.claims.take(tx, keysOf(targets, guess), lanesOf(names, targets, room())),
    ]);
    const rest = await this.answerRest(tx, addressed, stored, lanes);
    return { ...rest, ...this.dueOf(stored, claims), claims, isZoneUnknown: false };
  }

  private dueOf(stored: readonly StoredNames[], claims: readonly Claim[]): Pick<Taken, 'isMoreDue' | 'wakeAfterMs'> {
    const sum = (of: (lane: StoredNames) => number): number => stored.reduce((all, lane) => all + of(lane), 0);
    this.metrics.command('taken', sum((lane) => lane.stored));
    this.metrics.command('paced', sum((lane) => lane.paced));
    return { isMoreDue: claims.length < stored.filter((lane) => lane.due > 0).length, wakeAfterMs: [...new Set(stored.flatMap((lane) => lane.waits))] };
  }

  private async answerRest(tx: Tx, addressed: readonly Addressed[], stored: readonly StoredNames[], lanes: ReadonlyMap<string, ZoneLane>): Promise<Pick<Taken, 'fresh' | 'noted' | 'again' | 'answers'>> {
    const keyOf = (name: Addressed): string => `${name.target} ${name.incoming.ownerName}`;
    const { gated, left } = partOf(addressed, stored, keyOf);
    if (gated.length === 0 && left.length === 0) return { fresh: [], noted: null, again: [], answers: [] };
    const told = (row: OutcomeRow & { readonly target: string }, zoneId: string, at: Date): Outcome => outcomeAt(lanes, zoneId, row, at);
    const known = new Map((await findSome(tx, [...gated, ...left])).map((row) => [`${row.target} ${row.owner_name}`, row]));
    const fresh = gated.flatMap((name) => {
      const row = known.get(keyOf(name));
      return row === undefined ? [] : [told(row, name.incoming.zoneId, row.now)];
    });
    const again: Outcome[] = [];
    const answers: Outcome[] = [];
    const pending: { target: string; ownerName: string; gate: Gate }[] = [];
    for (const name of left) {
      const row = known.get(keyOf(name));
      if (row === undefined) continue;
      const repeat = decideRepeat(row, name.incoming, name.gate);
      if (repeat === 'say-again') again.push(told(row, name.incoming.zoneId, row.now));
      if (repeat === 'behind') answers.push(told({ ...row, state: 'behind', reason: null, provider_text: null }, name.incoming.zoneId, row.now));
      if (repeat === 'moved') answers.push(told(movedRow(row, name.incoming), name.incoming.zoneId, row.now));
      if (repeat === 'answer' && name.gate !== null) pending.push({ target: name.target, ownerName: name.incoming.ownerName, gate: name.gate });
    }
    this.metrics.command('again', again.length);
    this.metrics.command('behind', answers.length);
    const answered = pending.length === 0 ? [] : await answerPending(tx, pending);
    fresh.push(...answered.map((row) => told(row, row.zone_id, row.outcome_at ?? new Date(0))));
    const noted = fresh.length === 0 ? null : await this.unsaid.note(tx, [...new Set(fresh.map((outcome) => outcome.target))].sort());
    return { fresh, noted, again, answers };
  }
}

/** Names that were stored and are told something at once, and those that replaced nothing. */
function partOf(addressed: readonly Addressed[], stored: readonly StoredNames[], keyOf: (name: Addressed) => string): { readonly gated: readonly Addressed[]; readonly left: readonly Addressed[] } {
  if (stored.every((lane) => lane.names === null) && stored.reduce((all, lane) => all + lane.stored, 0) === addressed.length) return { gated: [], left: [] };
  const keys = new Set(stored.flatMap((lane) => (lane.names ?? []).map((name) => `${lane.target} ${name}`)));
  return { gated: addressed.filter((name) => name.gate !== null && keys.has(keyOf(name))), left: addressed.filter((name) => !keys.has(keyOf(name))) };
}

/** A removed zone's commands are dropped; of two entries with one target the higher pair counts. */
function address(names: readonly Incoming[], lanes: ReadonlyMap<string, ZoneLane>): readonly Addressed[] {
  const laneOf = (incoming: Incoming): ZoneLane => {
    const lane = lanes.get(incoming.zoneId);
    if (lane === undefined) throw new TransientStoreError(`zone ${incoming.zoneId} is being moved, its commands come again`);
    return lane;
  };
  const alive = names.filter((incoming) => laneOf(incoming).state !== 'removed');
  const newest = newestOf(alive, (incoming) => `${laneOf(incoming).target} ${incoming.ownerName}`);
  return newest.map((incoming) => ({ target: laneOf(incoming).target, incoming, gate: incoming.released ? RELEASED : gateOf(laneOf(incoming), incoming.priority < BULK) }));
}

/** A name that a person took out of our hands is answered at once, whatever its lane is doing: nothing is to be done. */
const RELEASED: Gate = { state: 'refused', reason: { code: 'released', text: 'the name was released: vmdns leaves alone what is there', hint: 'adopt it to give it back (vmdns record adopt <name>)' }, nextTryAt: null };

function keysOf(targets: ReadonlySet<string>, lanes: ReadonlyMap<string, ZoneLane>): readonly string[] {
  const keys = new Set<string>();
  for (const lane of lanes.values()) if (lane.limiter_key !== null && targets.has(lane.target)) keys.add(lane.limiter_key);
  return [...keys].sort();
}

/** Where much is to be written, one lane: its first call is out while the others' names are read. */
const lanesOf = (names: readonly Incoming[], targets: ReadonlySet<string>, room: number): number => Math.min(room, names.length >= MANY_NAMES ? 1 : targets.size);

const findSome = async (tx: Tx, names: readonly Addressed[]) => (names.length === 0 ? [] : findNames(tx, names));

function outcomeAt(lanes: ReadonlyMap<string, ZoneLane>, zoneId: string, row: OutcomeRow & { readonly target: string }, at: Date): Outcome {
  const lane = lanes.get(zoneId);
  return outcomeOf({ zoneId, apex: lane?.apex ?? '', connectionId: lane?.connection_id ?? '', target: row.target }, row, at);
}

/** The removal of a name that another entry holds by now: done, for this entry. */
function movedRow(row: OutcomeRow & { readonly target: string }, incoming: Incoming): OutcomeRow & { readonly target: string } {
  return { ...row, timeline: incoming.timeline, generation: incoming.generation, digest: incoming.digest, wanted: incoming.wanted, vms: incoming.vms, state: 'applied', reason: null, provider_text: null, wrote: false, turn: row.turn + 1, attempts: 0, next_try_at: null };
}
