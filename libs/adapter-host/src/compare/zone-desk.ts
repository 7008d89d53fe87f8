import { setTimeout as delay } from 'node:timers/promises';
import { RpcProblem } from '@vmdns/bus';
import type { AdoptDifferent, Adoption, DriftCounts, DriftEntry, DriftKind, ZoneDrift } from '@vmdns/contracts';
import { parseName } from '@vmdns/domain';
import type { Store, Tx } from '@vmdns/store';
import { reasonOf } from '../results/outcome.js';
import { askForComparison, type ComparisonRow, findComparison, listEntries } from './comparison-table.js';

export interface DriftQuestion { readonly zoneId: string; readonly kind?: DriftKind | undefined; readonly limit: number; readonly cursor?: string | undefined }

/** A person who adopts waits for the comparison that it rests on; a gateway waits a little longer. */
const COMPARED_WITHIN_MS = 25_000;
const SHOWN_MAX = 500;

/** What a person asks of a zone at its provider: how it stands, compare it, take it over, hand it back. */
export class ZoneDesk {
  constructor(private readonly store: Store, private readonly wakeComparer: () => void, private readonly wakeLanes: () => void) {}

  async drift({ zoneId, kind, limit, cursor }: DriftQuestion): Promise<ZoneDrift> {
    const row = await this.find(zoneId);
    const entries = await listEntries(this.store, row.target, kind, cursor === undefined ? [] : cursorOf(cursor), limit + 1);
    const items = entries.slice(0, limit);
    const last = items.at(-1);
    return { ...driftOf(zoneId, row), items: [...items], ...(entries.length > limit && last !== undefined ? { next: [last.kind, last.name, last.type].join(' ') } : {}) };
  }

  /** Due at once; the answer says since when, so that a caller knows which comparison is his. */
  async reconcile(zoneId: string, trustListing: boolean): Promise<ZoneDrift> {
    const row = await this.find(zoneId);
    await this.refuseHeld(this.store, row.target);
    await askForComparison(this.store, row.target, trustListing);
    this.wakeComparer();
    return this.drift({ zoneId, limit: 1 });
  }

  /**
   * Compares first, then lets the lane read every name that is not ours yet and take it over: what is equal without a
   * write; what is otherwise only where asked, and then it becomes as wanted (in mode observe, once it is written).
   */
  async adopt(zoneId: string, different: AdoptDifferent, dryRun: boolean): Promise<Adoption> {
    const names = typeof different === 'string' ? [] : different.map(absolute);
    const { row, counts } = await this.compareNow(zoneId);
    const takesDifferent = (entry: DriftEntry) => different === 'all' || names.includes(entry.name);
    const others = await this.differences(row.target);
    const taken = others.filter(takesDifferent);
    const unknown = names.filter((name) => !others.some((entry) => entry.name === name));
    if (unknown.length > 0) throw badName(unknown);
    if (!dryRun) {
      await this.store.transaction((tx) => takeOver(tx, row.target, different === 'all' ? 'any' : 'equal', null));
      if (names.length > 0) await this.store.transaction((tx) => takeOver(tx, row.target, 'any', names));
      this.wakeLanes();
    }
    return {
      zoneId, mode: row.observe ? 'observe' : 'write', dryRun, equal: counts.adoptable, different: taken.length, left: others.length - taken.length, foreign: counts.foreign,
      comparedAt: (row.began_at ?? new Date(0)).toISOString(), items: others.slice(0, SHOWN_MAX),
    };
  }

  /** Nothing there is ours any more; only where nothing is written, else the next turn would meet its own records as foreign. */
  async release(zoneId: string, revision: number): Promise<{ released: number }> {
    return this.store.transaction(async (tx) => {
      const [zone] = await tx.query<{ target: string; revision: number; observe: boolean; busy: boolean | null }>(
        `select z.target, z.revision, l.observe, l.owner is not null and l.until > clock_timestamp() and l.writing is not null as busy from zone z join lane l on l.target = z.target where z.zone_id = $1 and z.state <> 'removed' for update of l`, [zoneId]);
      if (zone === undefined) throw unknownZone();
      if (zone.revision < revision || zone.busy === true) throw new RpcProblem({ status: 503, code: 'unavailable', title: 'the adapter is not that far yet' });
      if (!zone.observe) throw new RpcProblem({ status: 409, code: 'conflict', title: 'the zone is written', detail: 'a zone is released in mode observe' });
      const rows = await tx.query(`update name set owned = '{}', doubt = null, doubt_until = null where target = $1 and (owned <> '{}' or doubt is not null) returning 1`, [zone.target]);
      await tx.query('update lane set token = null, writing = null where target = $1', [zone.target]);
      return { released: rows.length };
    });
  }

  private async compareNow(zoneId: string): Promise<{ readonly row: ComparisonRow; readonly counts: DriftCounts }> {
    const { target } = await this.find(zoneId);
    await this.refuseHeld(this.store, target);
    const askedAt = await askForComparison(this.store, target, false);
    this.wakeComparer();
    const until = performance.now() + COMPARED_WITHIN_MS;
    for (;;) {
      const row = await this.find(zoneId);
      if (row.is_running !== true && row.tried_at !== null && row.tried_at >= askedAt) {
        if (row.fault !== null) throw new RpcProblem({ status: 409, code: 'conflict', title: 'the zone could not be compared', detail: reasonOf(row.fault).text });
        if (row.counts !== null) return { row, counts: JSON.parse(row.counts) as DriftCounts };
      }
      if (performance.now() > until) throw new RpcProblem({ status: 503, code: 'unavailable', title: 'the comparison is still running', detail: 'it goes on; ask again when GET …/drift says compared' });
      await delay(100);
    }
  }

  /** What is otherwise and not ours. */
  private async differences(target: string): Promise<DriftEntry[]> {
    const found: DriftEntry[] = [];
    for (let after: readonly string[] = []; ;) {
      const page = await listEntries(this.store, target, 'differs', after, 5000);
      found.push(...page.filter((entry) => !entry.ours));
      const last = page.at(-1);
      if (last === undefined || page.length < 5000) return found;
      after = [last.kind, last.name, last.type];
    }
  }

  private async find(zoneId: string): Promise<ComparisonRow> {
    const row = await findComparison(this.store, zoneId);
    if (row === undefined) throw unknownZone();
    return row;
  }

  private async refuseHeld(tx: Tx, target: string): Promise<void> {
    const [lane] = await tx.query<{ held: string | null; held_by: string | null }>('select held, held_by from lane where target = $1', [target]);
    if (lane?.held === null) return;
    throw new RpcProblem({ status: 409, code: 'conflict', title: 'the zone cannot be reached', ...(lane?.held_by === null || lane?.held_by === undefined ? {} : { detail: reasonOf(lane.held_by).text }) });
  }
}

/** Names of this target that are not wholly ours are read by the next turn, and taken over there (PROTOCOL §4). */
async function takeOver(tx: Tx, target: string, what: 'equal' | 'any', names: readonly string[] | null): Promise<void> {
  await tx.query('select 1 from lane where target = $1 for update', [target]);
  await tx.query(
    `with due as (
       update name n set take_over = case when n.take_over = 'any' then 'any' else $2 end, must_read = true, due_at = clock_timestamp()
       where n.target = $1 and ($3::text[] is null or n.owner_name = any($3)) and not n.released and n.wanted <> '[]'
         and exists (select 1 from jsonb_array_elements(n.wanted::jsonb) w where not n.owned ? (w->>'type'))
         and exists (select 1 from zone z where z.zone_id = n.zone_id and z.state <> 'removed')
       returning 1)
     update lane l set due_at = least(l.due_at, clock_timestamp()), due_priority = case when l.due_at is null then 2 else l.due_priority end where l.target = $1 and exists (select 1 from due)`,
    [target, what, names]);
}

function driftOf(zoneId: string, row: ComparisonRow): Omit<ZoneDrift, 'items'> {
  const isAsked = row.asked_at !== null && (row.tried_at === null || row.asked_at > row.tried_at);
  const state = row.is_running === true || isAsked ? 'comparing' : row.fault !== null ? 'failed' : row.began_at === null ? 'never' : 'compared';
  return {
    zoneId, mode: row.observe ? 'observe' : 'write', state,
    ...(row.began_at === null ? {} : { beganAt: row.began_at.toISOString() }), ...(row.took_ms === null ? {} : { tookMs: row.took_ms }),
    ...(row.counts === null ? {} : { counts: JSON.parse(row.counts) as DriftCounts }),
    ...(row.asked_at === null ? {} : { askedAt: row.asked_at.toISOString() }), ...(row.next_at === null ? {} : { nextAt: row.next_at.toISOString() }),
    ...(row.fault === null ? {} : { fault: reasonOf(row.fault) }),
  };
}

function cursorOf(text: string): readonly string[] {
  const parts = text.split(' ');
  if (parts.length === 3) return parts;
  throw new RpcProblem({ status: 400, code: 'bad-input', title: 'The cursor is none of ours.', faults: [{ path: 'cursor', message: 'must be the `next` of an earlier page' }] });
}

function absolute(text: string, at: number): string {
  const parsed = parseName(text);
  if (parsed.ok) return parsed.name;
  throw new RpcProblem({ status: 400, code: 'bad-input', title: 'a name to adopt', faults: [{ path: `different[${at}]`, message: parsed.message }] });
}

const badName = (names: readonly string[]) => new RpcProblem({ status: 409, code: 'conflict', title: 'nothing there is otherwise', detail: `nothing to adopt at ${names.slice(0, 5).join(', ')}: it is as wanted, ours already, or not wanted` });
const unknownZone = () => new RpcProblem({ status: 404, code: 'not-found', title: 'this adapter does not know the zone (yet)' });
