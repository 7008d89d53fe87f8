import type { Log } from '@vmdns/chassis';
import type { Store, Tx } from '@vmdns/store';
import { answerPending } from '../commands/name-table.js';
import { GATE_COLUMNS, GATE_JOINS, gateOf, type GateRow } from '../lanes/gate.js';
import { type Outcome, outcomeOf } from './outcome.js';
import type { Sayer } from './sayer.js';
import type { NotedOutcomes, Unsaid } from './unsaid.js';

/** Lanes whose names may have to be told why they wait; null: does not matter. */
export interface WaitingScope {
  readonly target?: string | null;
  readonly targets?: readonly string[];
  readonly connectionId?: string | null;
  readonly limiterKey?: string | null;
}

interface WaitingLane extends GateRow {
  readonly target: string;
  readonly apex: string;
  readonly connection_id: string;
}

const LANES = `
select l.target, l.connection_id, (select z.apex from zone z where z.zone_id = l.zone_id) as apex, ${GATE_COLUMNS}
from lane l ${GATE_JOINS}
where (l.target = any($1) or l.connection_id = $2 or l.limiter_key = $3) and l.due_at is not null and l.target > $4
  and exists (select 1 from name n where n.target = l.target and n.due_at is not null and n.state = 'pending')
order by l.target limit 50 for update of l skip locked`;

const NAMES_AT_ONCE = 2000;

/**
 * Tells names that wait for something that may last (a pause, another target, bad credentials, a server that is away)
 * why they wait: once, without a call, and they stay due. Best effort: a name it misses is answered when the planner
 * asks again.
 */
export class WaitingNames {
  private queue: Promise<void> = Promise.resolve();

  constructor(private readonly store: Store, private readonly unsaid: Unsaid, private readonly sayer: Sayer, private readonly log: Log) {}

  answerLater(scope: WaitingScope): void {
    this.queue = this.queue.then(() => this.answer(scope)).catch((error: unknown) => this.log.warn({ err: error }, 'waiting names were not told why'));
  }

  /** All that was asked for has been said. */
  settled(): Promise<void> {
    return this.queue;
  }

  private async answer(scope: WaitingScope): Promise<void> {
    const targets = [...(scope.targets ?? []), ...(scope.target === undefined || scope.target === null ? [] : [scope.target])];
    let after = '';
    for (let more = true; more; ) {
      const step = await this.store.transaction((tx) => this.answerSome(tx, [targets, scope.connectionId ?? null, scope.limiterKey ?? null, after]));
      if (step.noted !== null) this.sayer.say(step.outcomes, step.noted);
      more = step.next !== null;
      after = step.next ?? after;
    }
  }

  /** One lane's names, or the next lanes; `next`: after which target to go on, null: all done. */
  private async answerSome(tx: Tx, parameters: readonly unknown[]): Promise<{ outcomes: readonly Outcome[]; noted: NotedOutcomes | null; next: string | null }> {
    const lanes = await tx.query<WaitingLane>(LANES, parameters);
    for (const lane of lanes) {
      const gate = gateOf(lane);
      if (gate === null) continue;
      const names = await tx.query<{ owner_name: string }>(`select owner_name from name where target = $1 and due_at is not null and state = 'pending' order by priority, due_at limit $2`, [lane.target, NAMES_AT_ONCE]);
      const rows = await answerPending(tx, names.map((name) => ({ target: lane.target, ownerName: name.owner_name, gate })));
      const noted = await this.unsaid.note(tx, [lane.target]);
      const outcomes = rows.map((row) => outcomeOf({ zoneId: row.zone_id, apex: lane.apex, connectionId: lane.connection_id, target: lane.target }, row, noted.at));
      const isLaneDone = names.length < NAMES_AT_ONCE;
      return { outcomes, noted, next: isLaneDone ? lane.target : String(parameters[3]) };
    }
    const last = lanes.at(-1);
    return { outcomes: [], noted: null, next: last === undefined ? null : last.target };
  }
}
