import { decideName, desiredDigest, type HomeName, type NameDecision, type Reason, type Rrset, type Wish, type ZoneSet, type ZoneView } from '@vmdns/domain';
import type { RrsetBody } from '@vmdns/contracts';
import type { HoldsAtHand } from '../holds/hold.repository.js';
import type { PlannedZone, ZonePicture } from '../zones/zone-sets.js';
import { zonesAround, type KeyHomes } from './key-homes.js';
import { placeKey, type NameCore } from './name.repository.js';

/** What a row shall be. `kept`, `holdId`, `joins` and `leaves`: its part in a hold (L13). */
export interface RowPlan {
  readonly row: NameCore;
  readonly rrsets: readonly RrsetBody[];
  readonly digest: string;
  readonly reason: Reason | null;
  readonly holder: string | null;
  readonly vms: readonly string[];
  readonly role: HomeName['role'] | 'outgoing';
  readonly replaces: boolean;
  readonly kept: boolean;
  readonly holdId: string | null;
  readonly joins: string | null;
  readonly leaves: string | null;
  /** The entry is leaving without a purge and the successor has it: the row is dropped, the records stay. */
  readonly abandoned: boolean;
  /** What nobody wishes any more and the brake keeps. */
  readonly lost?: readonly RrsetBody[];
}

export interface KeyQuestion {
  readonly picture: ZonePicture;
  readonly homes: KeyHomes;
  /** The locked rows of the key, in all zones. */
  readonly rows: readonly NameCore[];
  /** Wishes that can decide them. */
  readonly wishes: readonly Wish[];
  readonly holds: HoldsAtHand;
}

/** Rows that are nobody's home any more and still hold something: another zone took them in, or their entry leaves. */
export function outgoingRows(picture: ZonePicture, homes: KeyHomes, rows: readonly NameCore[]): NameCore[] {
  const atHome = new Set([...homes.base, ...homes.planned].map((home) => placeKey(home.zone.zoneId, home.ownerName)));
  return rows.filter((row) => row.desired.length > 0 && picture.zones.has(row.zone_id) && !atHome.has(placeKey(row.zone_id, row.owner_name)));
}

/**
 * Decides every row of one key, as things are now (level-triggered):
 *
 * | row | shall have |
 * | --- | --- |
 * | at home in a released zone | what the wishes give it |
 * | at home in a zone that is only looked at | the same, as a plan |
 * | elsewhere, home not yet applied | what it would have as a home: added there before it is removed here |
 * | elsewhere, home applied | nothing; or it waits in a hold, or was kept |
 * | leaving, home settled | with purge nothing, by a move once the home has it; else what it had, and is nobody's |
 */
export function decideKey(question: KeyQuestion): RowPlan[] {
  const { picture, homes, rows } = question;
  const byPlace = new Map(rows.map((row) => [placeKey(row.zone_id, row.owner_name), row]));
  const rowOf = (home: HomeName) => byPlace.get(placeKey(home.zone.zoneId, home.ownerName));
  const plans: RowPlan[] = [];
  for (const home of homes.planned) {
    const row = rowOf(home);
    if (row !== undefined) plans.push(atHome(row, home.role, decide(question, picture.full, home.zone, row, home)));
  }
  const direct = homes.base.filter((home) => home.role !== 'pointer').flatMap((home) => {
    const row = rowOf(home);
    return row === undefined ? [] : [atHome(row, home.role, decide(question, picture.base, home.zone, row, home))];
  });
  const ready = readiness(direct);
  const rest: RowPlan[] = [];
  for (const home of homes.base.filter((one) => one.role === 'pointer')) {
    const row = rowOf(home);
    if (row !== undefined) rest.push(pointer(question, home, row, ready));
  }
  for (const row of outgoingRows(picture, homes, rows)) rest.push(outgoing(question, row, ready));
  const waits = rest.some((plan) => plan.replaces);
  return [...plans, ...direct.map((plan) => ({ ...plan, replaces: waits })), ...rest.map((plan) => ({ ...plan, replaces: false }))];
}

/** How far the homes of a key are: `applied`, all that shall hold something do; `settled`, all are answered; `taken`, and none is refused. */
interface Readiness { readonly applied: boolean; readonly settled: boolean; readonly taken: boolean }

function readiness(homes: readonly RowPlan[]): Readiness {
  const holding = homes.filter((plan) => plan.rrsets.length > 0);
  const isSettled = (plan: RowPlan) => plan.digest === plan.row.digest && plan.row.settled_generation === plan.row.generation;
  return {
    applied: homes.length === 0 || (holding.length > 0 && holding.every((plan) => isSettled(plan) && plan.row.state === 'applied')),
    settled: holding.every(isSettled),
    taken: holding.every((plan) => isSettled(plan) && plan.row.state !== 'refused'),
  };
}

const NOTHING = desiredDigest([]);
const NOT_HELD = { kept: false, holdId: null, joins: null, leaves: null, abandoned: false } as const;

function atHome(row: NameCore, role: RowPlan['role'], decision: NameDecision): RowPlan {
  return { row, ...contents(decision), role, replaces: false, ...NOT_HELD };
}

function contents(decision: NameDecision) {
  return { rrsets: decision.rrsets.map(toBody), digest: decision.digest, reason: decision.reason ?? null, holder: decision.holder, vms: decision.vms };
}

/** The domain gives managed types only. */
export function toBody(rrset: Rrset): RrsetBody {
  return { type: rrset.type as RrsetBody['type'], ttl: rrset.ttl, values: [...rrset.values] };
}

function decide(question: KeyQuestion, zones: ZoneSet, zone: ZoneView, row: NameCore, home?: HomeName): NameDecision {
  return decideName({ zones, zone, ownerName: row.owner_name, wishes: question.wishes, settings: question.picture.settings, ...(home === undefined ? {} : { home }) });
}

/** The parent's PTR turns into a CNAME when the classless zone answers for the address (RFC 2317), not before. */
function pointer(question: KeyQuestion, home: HomeName, row: NameCore, ready: Readiness): RowPlan {
  const zone = question.picture.zones.get(row.zone_id);
  const holdsPtr = row.desired.some((rrset) => rrset.type === 'PTR');
  if (!holdsPtr || ready.applied || zone === undefined) return atHome(row, 'pointer', decide(question, question.picture.base, home.zone, row));
  return { ...stillHere(question, zone, row), replaces: true };
}

/** What an outgoing row has for as long as it stays. */
function stillHere(question: KeyQuestion, zone: PlannedZone, row: NameCore): RowPlan {
  const zones = zonesAround(question.picture, zone, question.homes.key);
  const view = zones.find(zone.view.zoneId) ?? zone.view;
  return atHome(row, 'outgoing', decide(question, zones, view, row));
}

function outgoing(question: KeyQuestion, row: NameCore, ready: Readiness): RowPlan {
  const zone = question.picture.zones.get(row.zone_id);
  if (zone === undefined) throw new Error(`planning ${row.owner_name}: zone ${row.zone_id} is in no picture`);
  const here = stillHere(question, zone, row);
  const gone = { ...here, rrsets: [], digest: NOTHING, reason: null, vms: [] };
  const isListed = question.holds.stateOf.get(placeKey(row.zone_id, row.owner_name)) === 'open';
  if (here.rrsets.length === 0) return { ...here, leaves: isListed ? row.hold_id : null };
  if (zone.state === 'leaving') {
    if (!ready.settled) return { ...here, replaces: true };
    if (!zone.purge) return { ...here, abandoned: true };
    // What the second server refuses would be nowhere: it stays until that is mended, or the entry is removed.
    return zone.isMoving && !ready.taken ? { ...here, replaces: true } : gone;
  }
  const isSame = here.digest === row.digest;
  if (row.kept && isSame) return { ...here, kept: true };
  return brake(question, row, isSame, here) ?? (ready.applied ? gone : { ...here, replaces: true });
}

/** The removal waits for a person while a hold of its zone is open; what a newer fact changed is off the list. */
function brake(question: KeyQuestion, row: NameCore, isSame: boolean, here: RowPlan): RowPlan | undefined {
  const place = placeKey(row.zone_id, row.owner_name);
  const state = question.holds.stateOf.get(place);
  if (state === 'rejected' && isSame) return { ...here, kept: true };
  const open = question.holds.openOf.get(row.zone_id);
  if (state === 'approved' || open === undefined) return undefined;
  if (state === 'open') return isSame ? { ...here, holdId: row.hold_id } : { ...here, leaves: row.hold_id };
  return question.holds.leftOf.has(place) ? here : { ...here, holdId: open, joins: open };
}
