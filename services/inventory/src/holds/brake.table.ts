import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Brakes } from '@vmdns/contracts';
import type { Tx } from '@vmdns/store';
import type { z } from 'zod';
import { type BrakedDeletion, type BrakeKey, type BrakeRule, CountingBrake, keyText } from './brake.js';

export type BrakeSettings = z.output<typeof Brakes>;
type Rule = BrakeRule;

const VIEW = `
  select (select coalesce(sum(count), 0)::bigint from deletion where source = $1 and publisher = $2 and at > clock_timestamp() - make_interval(secs => $3)) as deleted,
         (select hold_id from hold where source = $1 and publisher = $2 and state = 'open') as open_hold_id`;

/** No more VMs are counted than the share needs to let these deletions pass: the cost follows the deletions (L6). */
const LIVING = 'select count(*)::bigint as living from (select from vm where source = any($1) and deleted_at is null limit $2) living';

/** The brake's memory: what each source deleted lately, and the setting. */
@Injectable()
export class BrakeTable {
  /**
   * The brakes of these deletions (repeats count) by `keyText`, locked until the transaction ends, so
   * that two replicas cannot both let the last one pass.
   */
  async load(tx: Tx, deletions: readonly BrakedDeletion[]): Promise<ReadonlyMap<string, CountingBrake>> {
    const brakes = new Map<string, CountingBrake>();
    const asked = new Map<string, { readonly key: BrakeKey; readonly named: Set<string>; count: number }>();
    for (const { named, ...key } of deletions) {
      const known = asked.get(keyText(key)) ?? { key, named: new Set(), count: 0 };
      known.count += 1;
      known.named.add(named);
      asked.set(keyText(key), known);
    }
    if (asked.size === 0) return brakes;
    const { vmDeletions: rule } = await this.settings(tx);
    for (const [text, { key, named, count }] of [...asked].sort(([a], [b]) => (a < b ? -1 : 1))) {
      await lockSource(tx, key);
      brakes.set(text, await view(tx, key, { named: [...named], count }, rule));
    }
    return brakes;
  }

  /** Remembers what passed, and opens the holds that are needed. */
  async store(tx: Tx, brakes: readonly CountingBrake[]): Promise<void> {
    for (const brake of brakes) {
      const { source, publisher, rule, newHoldId } = brake.view;
      if (brake.passed > 0) {
        await tx.query('insert into deletion (source, publisher, count) values ($1, $2, $3)', [source, publisher, brake.passed]);
        await tx.query('delete from deletion where source = $1 and at < clock_timestamp() - make_interval(secs => $2)', [source, 2 * rule.windowSeconds]);
      }
      if (brake.opensHold) await tx.query(`insert into hold (hold_id, source, publisher, state, rule) values ($1, $2, $3, 'open', $4)`, [newHoldId, source, publisher, brake.ruleText()]);
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
export async function lockSource(tx: Tx, key: BrakeKey): Promise<void> {
  await tx.query(`select pg_advisory_xact_lock(hashtextextended('vmdns.inventory.source:' || $1, 0))`, [keyText(key)]);
}

async function view(tx: Tx, { source, publisher }: BrakeKey, { named, count }: { readonly named: readonly string[]; readonly count: number }, rule: Rule): Promise<CountingBrake> {
  const [row] = await tx.query<{ deleted: number; open_hold_id: string | null }>(VIEW, [source, publisher, rule.windowSeconds]);
  const deleted = row?.deleted ?? 0;
  const counts = row?.open_hold_id === null && deleted + count > rule.count && rule.share > 0;
  const living = counts ? await countLiving(tx, named, Math.ceil((deleted + count) / rule.share) + 1) : 0;
  return new CountingBrake({ source, publisher, rule, deleted, living, openHoldId: row?.open_hold_id ?? null, newHoldId: `vmh-${randomBytes(6).toString('hex')}` });
}

async function countLiving(tx: Tx, sources: readonly string[], limit: number): Promise<number> {
  const [row] = await tx.query<{ living: number }>(LIVING, [sources, limit]);
  return row?.living ?? 0;
}
