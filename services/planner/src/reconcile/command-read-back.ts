import { Inject, Injectable } from '@nestjs/common';
import { CONFIG } from '@vmdns/chassis';
import { CommandEvent, type CommandName } from '@vmdns/contracts';
import { wishKeysOf } from '@vmdns/domain';
import { Store, type Tx } from '@vmdns/store';
import { Config } from '../config.js';
import { insertPlaces, lockNamesOfKeys, placeKey, readNames, type NamePlace } from '../planning/name.repository.js';
import { NOTHING_PLANNED } from '../planning/plan-facts.js';
import type { Planned } from '../planning/plan-keys.js';
import { Planner, Voice } from '../planning/planner.service.js';

/** A name as a command told it, and where it is decided. */
interface Commanded extends NamePlace { readonly command: CommandName }

interface Told { readonly zoneId: string; readonly command: CommandName }

/**
 * Names that were commanded above what is known here: planned in seconds that PostgreSQL lost. Each is taken back as it
 * was commanded and decided again, so that what nobody wishes any more is removed.
 */
@Injectable()
export class CommandReadBack {
  constructor(private readonly store: Store, private readonly planner: Planner, private readonly voice: Voice, @Inject(CONFIG) private readonly config: Config) {}

  /** Bodies of the command stream, newest first; gives how many names were lost. May run twice. */
  async take(bodies: readonly unknown[], timeline: number): Promise<number> {
    const told = newestOf(bodies);
    let lost = 0;
    for (let start = 0; start < told.length; start += this.config.PLAN_PAGE_NAMES) {
      const page = told.slice(start, start + this.config.PLAN_PAGE_NAMES);
      const { planned, count } = await this.store.transaction((tx) => this.restore(tx, page, timeline));
      this.voice.planned(planned);
      lost += count;
    }
    return lost;
  }

  private async restore(tx: Tx, told: readonly Told[], timeline: number): Promise<{ readonly planned: Planned; readonly count: number }> {
    const { picture } = await this.planner.ask(tx, 2);
    const commanded = told.flatMap(({ zoneId, command }): Commanded[] => {
      const rkey = wishKeysOf(picture.zones.get(zoneId)?.view ?? { apex: '.' }, command.name).at(-1);
      return picture.zones.has(zoneId) && rkey !== undefined ? [{ zoneId, ownerName: command.name, rkey, command }] : [];
    });
    const known = await readNames(tx, commanded);
    const maybe = lostOf(commanded, known);
    if (maybe.length === 0) return { planned: NOTHING_PLANNED, count: 0 };
    const keys = [...new Set(maybe.map((name) => name.rkey))];
    await insertPlaces(tx, maybe);
    const lost = lostOf(maybe, await lockNamesOfKeys(tx, keys, maybe));
    await this.write(tx, lost, timeline);
    return { planned: await this.planner.planKeysIn(tx, keys), count: lost.length };
  }

  /** A pair above the command's, so that its adapter answers for it anew; due at once. */
  private async write(tx: Tx, lost: readonly Commanded[], timeline: number): Promise<void> {
    if (lost.length === 0) return;
    const rows = lost.map(({ zoneId, ownerName, command }) => ({
      zone_id: zoneId, owner_name: ownerName, desired: command.rrsets, digest: command.digest, vms: command.vms, timeline: Math.max(timeline, command.timeline), generation: command.generation + 1,
      hands: command.released === true ? 'released' : command.adopt === true ? 'adopting' : null,
    }));
    await tx.query(
      `update name n set desired = c.desired, digest = c.digest, vms = array(select jsonb_array_elements_text(c.vms)), timeline = c.timeline, generation = c.generation, hands = coalesce(c.hands, n.hands),
          state = 'pending', reason = null, turn = -1, heard = false, attempts = 0, next_try_at = null, issue_at = clock_timestamp(), issue_attempts = 0, since = now(), updated_at = now()
         from jsonb_to_recordset($1::jsonb) as c(zone_id text, owner_name text, desired jsonb, digest text, vms jsonb, timeline int, generation bigint, hands text)
        where n.zone_id = c.zone_id and n.owner_name = c.owner_name`,
      [JSON.stringify(rows)]);
  }
}

/** What waits for a person, or was kept by one, stays as the row says. */
type Pair = Pick<Awaited<ReturnType<typeof readNames>>[number], 'zone_id' | 'owner_name' | 'timeline' | 'generation' | 'hold_id' | 'kept'>;

function lostOf(commanded: readonly Commanded[], known: readonly Pair[]): readonly Commanded[] {
  const rows = new Map(known.map((row) => [placeKey(row.zone_id, row.owner_name), row]));
  return commanded.filter(({ zoneId, ownerName, command }) => {
    const row = rows.get(placeKey(zoneId, ownerName));
    return row === undefined || (row.hold_id === null && !row.kept && (command.timeline - row.timeline || command.generation - row.generation) > 0);
  });
}

/** The highest pair of each name. */
function newestOf(bodies: readonly unknown[]): readonly Told[] {
  const newest = new Map<string, Told>();
  for (const body of bodies) {
    const event = CommandEvent.safeParse(body);
    if (!event.success) continue;
    const { zoneId, names } = event.data.data;
    for (const command of names) {
      const known = newest.get(placeKey(zoneId, command.name))?.command;
      if (known === undefined || (command.timeline - known.timeline || command.generation - known.generation) > 0) newest.set(placeKey(zoneId, command.name), { zoneId, command });
    }
  }
  return [...newest.values()];
}
