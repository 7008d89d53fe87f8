import { COMMAND_NAMES_MAX, type NameResult, type Reason, type RrsetBody } from '@vmdns/contracts';

/** One outcome as it is said, and whose it is. */
export interface Outcome {
  readonly zoneId: string;
  readonly apex: string;
  readonly connectionId: string;
  readonly target: string;
  readonly name: string;
  /** A NameResult, written once: there may be thousands. */
  readonly json: string;
}

/** What a message of results says of all its names, and they. */
export interface ResultMessage {
  readonly first: Outcome;
  readonly names: readonly string[];
}

/** The columns of `name` that an outcome is made of. */
export interface OutcomeRow {
  readonly owner_name: string;
  readonly zone_id: string;
  readonly timeline: number;
  readonly generation: number;
  readonly digest: string;
  readonly wanted: string;
  readonly vms: string;
  readonly state: NameResult['state'];
  readonly reason: string | null;
  readonly provider_text: string | null;
  readonly wrote: boolean;
  readonly turn: number;
  readonly attempts: number;
  readonly outcome_at: Date | null;
  readonly next_try_at: Date | null;
}
export const OUTCOME_COLUMNS = `n.owner_name, n.zone_id, n.timeline, n.generation, n.digest, n.wanted, n.vms, n.state, n.reason, n.provider_text, n.wrote, n.turn, n.attempts, n.outcome_at, n.next_try_at`;

/** JSON that this room wrote into its own table: trusted as it was parsed at the door. */
export const wantedOf = (json: string): RrsetBody[] => JSON.parse(json) as RrsetBody[];
export const textsOf = (json: string): string[] => JSON.parse(json) as string[];
export const reasonOf = (json: string): Reason => JSON.parse(json) as Reason;

/** A row as the bus says it. `at` is for rows without an outcome of their own (`behind` of a pending name). */
export function outcomeOf(owner: Pick<Outcome, 'zoneId' | 'apex' | 'connectionId' | 'target'>, row: OutcomeRow, at: Date): Outcome {
  const { zoneId, apex, connectionId, target } = owner;
  return { zoneId, apex, connectionId, target, name: row.owner_name, json: JSON.stringify(resultOf(row, at)) };
}

function resultOf(row: OutcomeRow, at: Date): NameResult {
  return {
    name: row.owner_name,
    timeline: row.timeline,
    generation: row.generation,
    digest: row.digest,
    turn: row.turn,
    state: row.state,
    ...(row.reason === null ? {} : { reason: reasonOf(row.reason) }),
    ...(row.provider_text === null ? {} : { providerText: row.provider_text }),
    rrsets: wantedOf(row.wanted),
    wrote: row.wrote,
    attempts: row.attempts,
    ...(row.next_try_at === null ? {} : { nextTryAt: row.next_try_at.toISOString() }),
    vms: textsOf(row.vms),
    at: (row.outcome_at ?? at).toISOString(),
  };
}

/** A message stays well below the server's 1 MiB, also where each name has a thousand addresses. */
const CHARACTERS_MAX = 400_000;

/** Messages of at most 500 names of one zone entry, in the order given. */
export function messagesOf(outcomes: readonly Outcome[]): readonly ResultMessage[] {
  const byZone = new Map<string, Outcome[]>();
  for (const outcome of outcomes) {
    const key = `${outcome.zoneId} ${outcome.target}`;
    const group = byZone.get(key);
    if (group === undefined) byZone.set(key, [outcome]);
    else group.push(outcome);
  }
  return [...byZone.values()].flatMap(portionsOf);
}

function portionsOf(group: readonly Outcome[]): readonly ResultMessage[] {
  const portions: { first: Outcome; names: string[] }[] = [];
  let characters = 0;
  for (const outcome of group) {
    const last = portions.at(-1);
    if (last === undefined || last.names.length >= COMMAND_NAMES_MAX || characters + outcome.json.length > CHARACTERS_MAX) {
      portions.push({ first: outcome, names: [outcome.json] });
      characters = outcome.json.length;
    } else {
      last.names.push(outcome.json);
      characters += outcome.json.length;
    }
  }
  return portions;
}
