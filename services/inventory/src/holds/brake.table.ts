import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Brakes } from '@vmdns/contracts';
import type { Tx } from '@vmdns/store';
import type { z } from 'zod';
import { type BrakeRule, CountingBrake } from './brake.js';

export type BrakeSettings = z.output<typeof Brakes>;
type Rule = BrakeRule;

const VIEW = `
  select (select coalesce(sum(count), 0)::bigint from deletion where source = $1 and at > clock_timestamp() - make_interval(secs => $2)) as deleted,
         (select hold_id from hold where source = $1 and state = 'open') as open_hold_id`;

/** No more VMs are counted than the share needs to let these deletions pass: the cost follows the deletions (L6). */
const LIVING = 'select count(*)::bigint as living from (select from vm where source = $1 and deleted_at is null limit $2) living';

/** The brake's memory: what each source deleted lately, and the setting. */
@Injectable()
export class BrakeTable {
  /**
   * The brakes of these sources (one per deletion in the batch, repeats count), locked until the transaction ends, so
   * that two replicas cannot both let the last one pass.
   */
  async load(tx: Tx, deletionsBySource: readonly string[]): Promise<ReadonlyMap<string, CountingBrake>> {
    const brakes = new Map<string, CountingBrake>();
    const sources = [...new Set(deletionsBySource)].sort();
    if (sources.length === 0) return brakes;
    const { vmDeletions: rule } = await this.settings(tx);
    for (const source of sources) {
      await lockSource(tx, source);
      const asked = deletionsBySource.filter((one) => one === source).length;
      brakes.set(source, await view(tx, source, asked, rule));
    }
    return brakes;
  }

  /** Remembers what passed, and opens the holds that are needed. */
  async store(tx: Tx, brakes: readonly CountingBrake[]): Promise<void> {
    for (const brake of brakes) {
      const { source, rule, newHoldId } = brake.view;
      if (brake.passed > 0) {
        await tx.query('insert into deletion (source, count) values ($1, $2)', [source, brake.passed]);
        await tx.query('delete from deletion where source = $1 and at < clock_timestamp() - make_interval(secs => $2)', [source, 2 * rule.windowSeconds]);
      }
      if (brake.opensHold) await tx.query(`insert into hold (hold_id, source, state, rule) values ($1, $2, 'open', $3)`, [newHoldId, source, brake.ruleText()]);
    }
  }

  async settings(tx: Tx): Promise<BrakeSettings> {
    const [row] = await tx.query<{ value: unknown }>(`select value from setting where key = 'brakes'`);
    return Brakes.parse(row?.value ?? {});
  }

  async storeSettings(tx: Tx, brakes: BrakeSettings): Promise<void> {
    await tx.query(`insert into setting (key, value) values ('brakes', $1) on conflict (key) do update set value = excluded.value`, [JSON.stringify(brakes)]);
  }
}

/** After the VM rows, never before them: one order for all. */
export async function lockSource(tx: Tx, source: string): Promise<void> {
  await tx.query(`select pg_advisory_xact_lock(hashtextextended('vmdns.inventory.source:' || $1, 0))`, [source]);
}

async function view(tx: Tx, source: string, asked: number, rule: Rule): Promise<CountingBrake> {
  const [row] = await tx.query<{ deleted: number; open_hold_id: string | null }>(VIEW, [source, rule.windowSeconds]);
  const deleted = row?.deleted ?? 0;
  const counts = row?.open_hold_id === null && deleted + asked > rule.count && rule.share > 0;
  const living = counts ? await countLiving(tx, source, Math.ceil((deleted + asked) / rule.share) + 1) : 0;
  return new CountingBrake({ source, rule, deleted, living, openHoldId: row?.open_hold_id ?? null, newHoldId: `vmh-${randomBytes(6).toString('hex')}` });
}

async function countLiving(tx: Tx, source: string, limit: number): Promise<number> {
  const [row] = await tx.query<{ living: number }>(LIVING, [source, limit]);
  return row?.living ?? 0;
}
