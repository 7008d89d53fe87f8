import { Inject, Injectable } from '@nestjs/common';
import { Clock, CONFIG, Log } from '@vmdns/chassis';
import type { Caller, HandedName } from '@vmdns/contracts';
import { parseName } from '@vmdns/domain';
import { Store, type Tx } from '@vmdns/store';
import { Config } from '../config.js';
import { lockNames, type NameCore } from '../planning/name.repository.js';
import { NOTHING_PLANNED } from '../planning/plan-facts.js';
import { Planner, Voice } from '../planning/planner.service.js';
import { issueOfRow, type Issue } from '../reconcile/commands.js';
import { readZones } from '../reconcile/settle.repository.js';
import { notFound, refuseFaults, requireOperator } from './access.js';

export interface HandAsk { readonly name: string; readonly zoneId?: string | undefined; readonly why: string; readonly caller: Caller }

/** What handing names over needs beside planning. */
@Injectable()
export class HandParts {
  constructor(readonly clock: Clock, readonly log: Log, @Inject(CONFIG) readonly config: Config) {}
}

/** Hands off single names, and back: a released name is planned as ever, and whatever is there is left alone. */
@Injectable()
export class Releases {
  constructor(private readonly store: Store, private readonly planner: Planner, private readonly voice: Voice, private readonly parts: HandParts) {}

  release(ask: HandAsk): Promise<HandedName[]> {
    return this.hand(ask, 'released', (row) => row.hands !== 'released');
  }

  /** Gives it back: what is there at the wanted types becomes ours, and as wanted. */
  adopt(ask: HandAsk): Promise<HandedName[]> {
    return this.hand(ask, 'adopting', (row) => row.hands === 'released' || row.state === 'refused');
  }

  /** In every zone that has the name, or in one of them; a new generation tells the adapter. The same again changes nothing (L12). */
  private async hand(ask: HandAsk, hands: 'released' | 'adopting', isNews: (row: NameCore) => boolean): Promise<HandedName[]> {
    requireOperator(ask.caller);
    const parsed = parseName(ask.name);
    if (!parsed.ok) { refuseFaults('the name', [{ path: 'name', message: parsed.message }]); throw new Error('unreachable'); }
    const { issues, handed, vms } = await this.store.transaction(async (tx) => {
      const { picture, timeline } = await this.planner.ask(tx, 1);
      const zoneIds = [...picture.zones.keys()].filter((id) => ask.zoneId === undefined || id === ask.zoneId);
      const rows = await lockNames(tx, zoneIds.map((zoneId) => ({ zoneId, ownerName: parsed.name })));
      const known = rows.filter((row) => row.generation > 0);
      if (known.length === 0) throw notFound('name', parsed.name);
      const next = known.filter(isNews).map((row) => ({ ...row, hands, timeline: Math.max(row.timeline, timeline), generation: row.generation + 1 }));
      await this.write(tx, next, ask);
      const zones = await readZones(tx, known.map((row) => row.zone_id));
      const issuesOf = (row: NameCore): Issue[] => { const zone = zones.get(row.zone_id); return zone === undefined ? [] : [issueOfRow(row, zone)]; };
      const handedOf = (row: NameCore): HandedName => ({ name: row.owner_name, zoneId: row.zone_id, zone: zones.get(row.zone_id)?.apex ?? '', released: (next.find((one) => one.zone_id === row.zone_id) ?? row).hands === 'released' });
      return { issues: next.flatMap(issuesOf), handed: known.map(handedOf), vms: new Set(next.flatMap((row) => row.vms)) };
    });
    this.voice.planned({ ...NOTHING_PLANNED, issues, vms });
    this.parts.log.info({ name: parsed.name, hands, zones: issues.length, by: ask.caller.name, why: ask.why }, 'name handed over');
    return handed;
  }

  private async write(tx: Tx, rows: readonly NameCore[], ask: HandAsk): Promise<void> {
    if (rows.length === 0) return;
    const handed = { by: ask.caller.name, why: ask.why, since: this.parts.clock.now().toISOString() };
    await tx.query(
      `update name n set hands = h.hands, handed = $2::jsonb, timeline = h.timeline, generation = h.generation, state = 'pending', reason = null, turn = -1, heard = false, attempts = 0, next_try_at = null,
          issue_at = clock_timestamp() + $3 * interval '1 millisecond', issue_attempts = 0, since = now(), updated_at = now()
         from jsonb_to_recordset($1::jsonb) as h(zone_id text, owner_name text, hands text, timeline int, generation bigint) where n.zone_id = h.zone_id and n.owner_name = h.owner_name`,
      [JSON.stringify(rows.map(({ zone_id, owner_name, hands, timeline, generation }) => ({ zone_id, owner_name, hands, timeline, generation }))), JSON.stringify(handed), this.parts.config.REISSUE_FIRST_MS]);
  }
}
