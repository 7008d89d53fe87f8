import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, Log } from '@vmdns/chassis';
import type { NameResult, Reason, Result } from '@vmdns/contracts';
import { Store, type Tx } from '@vmdns/store';
import { Config } from '../config.js';
import { lockNames, placeKey, type NameCore } from '../planning/name.repository.js';
import { Planner, type SettledNames, Voice } from '../planning/planner.service.js';
import { issueOfRow, type Issue } from './commands.js';
import { isFinal, isPlain, judgeResult, newestResult } from './judge-result.js';
import { readZones, takeEqual, writeOvertaken, writeTaken, type Overtaken, type Said, type Taken } from './settle.repository.js';

interface Settled extends SettledNames {
  /** Keys of which another row waited for this. */
  readonly followed: readonly string[];
}

/** Takes what adapters say: settles names, or lets a generation overtake what an adapter knows (PROTOCOL §3). */
@Injectable()
export class Settler {
  constructor(private readonly store: Store, private readonly planner: Planner, private readonly voice: Voice, private readonly log: Log, @Inject(CONFIG) private readonly config: Config) {}

  async settle(results: readonly Result[], traceparent?: string): Promise<void> {
    const newest = new Map<string, Said>();
    for (const { zoneId, names } of results) {
      for (const result of names) {
        const place = placeKey(zoneId, result.name);
        const known = newest.get(place);
        newest.set(place, { zoneId, ownerName: result.name, result: known === undefined ? result : newestResult(known.result, result) });
      }
    }
    const equal = await this.takeEqual(newest);
    this.voice.settled(equal, traceparent);
    for (const place of equal.places) newest.delete(place);
    const judged = newest.size === 0 ? undefined : await this.store.transaction((tx) => this.settleIn(tx, newest));
    if (judged !== undefined) this.voice.settled(judged, traceparent);
    // Should this be lost, the sweep finds the keys again.
    await this.planner.planAgain([...new Set([...equal.followed, ...(judged?.followed ?? [])])]);
  }

  /** One statement, for what mostly comes; gives the places that took it. */
  private async takeEqual(newest: ReadonlyMap<string, Said>): Promise<Settled & { readonly places: readonly string[] }> {
    const plain = [...newest.values()].filter(({ result }) => isPlain(result.state));
    if (plain.length === 0) return { places: [], issues: [], vms: [], outcomes: [], heard: [], followed: [] };
    const took = await takeEqual(this.store, plain);
    const heard = took.said.map(({ zoneId, ownerName, result }) => {
      const { generation, state, attempts, reason = null } = result;
      return { zoneId, ownerName, generation, state, attempts, reason, vms: took.others.get(placeKey(zoneId, ownerName))?.vms ?? result.vms, at: took.at };
    });
    const followed = [...took.others].flatMap(([place, { replacing }]) => (replacing !== null && isFinal(newest.get(place)?.result.state ?? '') ? [replacing] : []));
    return { places: took.said.map((said) => placeKey(said.zoneId, said.ownerName)), issues: [], vms: heard.flatMap(({ vms }) => vms), outcomes: heard, heard, followed };
  }

  /** The rest: repeats, what was overtaken, and what depends on the zone. */
  private async settleIn(tx: Tx, newest: ReadonlyMap<string, Said>): Promise<Settled> {
    const rows = await lockNames(tx, [...newest.values()]);
    const zones = await readZones(tx, [...new Set(rows.map((row) => row.zone_id))]);
    const taken: Taken[] = [];
    const overtaken: Overtaken[] = [];
    const issues: Issue[] = [];
    const vms: string[] = [];
    const followed = new Set<string>();
    for (const row of rows) {
      const result = newest.get(placeKey(row.zone_id, row.owner_name))?.result;
      const zone = zones.get(row.zone_id);
      if (result === undefined || zone === undefined || zone.state === 'removed') continue;
      const verdict = judgeResult({ ...row, settledGeneration: row.settled_generation, isIssuedAgain: row.issue_attempts > 0 }, result, zone.mode);
      if (verdict.kind === 'ignore') continue;
      vms.push(...row.vms);
      if (verdict.kind === 'take') {
        taken.push(takenOf(row, result, verdict));
        if (verdict.final && row.replaces) followed.add(row.rkey);
      } else {
        overtaken.push({ zoneId: row.zone_id, ownerName: row.owner_name, timeline: verdict.timeline, generation: verdict.generation, later: verdict.later });
        if (!verdict.later) issues.push(issueOfRow({ ...row, timeline: verdict.timeline, generation: verdict.generation }, zone));
        this.log.info({ zone: zone.apex, name: row.owner_name, generation: verdict.generation, known: result.generation }, 'generation overtaken');
      }
    }
    await writeTaken(tx, taken);
    await writeOvertaken(tx, overtaken, this.config.REISSUE_FIRST_MS, this.config.REISSUE_MAX_MS);
    return { issues, vms, outcomes: taken, heard: [], followed: [...followed] };
  }
}

function takenOf(row: NameCore, result: NameResult, verdict: { readonly final: boolean; readonly state: string; readonly reason: Reason | null }): Taken {
  return {
    zoneId: row.zone_id, ownerName: row.owner_name, final: verdict.final, state: verdict.state, reason: verdict.reason,
    turn: result.turn, attempts: result.attempts, nextTryAt: result.nextTryAt ?? null,
  };
}
