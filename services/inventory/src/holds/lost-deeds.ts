import { Injectable } from '@nestjs/common';
import { Deeds, type Heal } from '@vmdns/chassis';
import { Brakes, HoldDeed, VmId } from '@vmdns/contracts';
import { z } from 'zod';
import { BrakeTable } from './brake.table.js';
import { HoldService } from './hold.service.js';
import { namesOf } from './hold.table.js';

const Held = z.object({ vmIds: z.array(VmId) });

/** What people decided here and PostgreSQL lost: brakes are set and holds rejected again; what would delete waits for a person, who is told. */
@Injectable()
export class LostDeeds {
  constructor(private readonly deeds: Deeds, private readonly brakes: BrakeTable, private readonly holds: HoldService) {}

  /** Gives how many were lost. Before any new fact. */
  take(timeline: number): Promise<number> {
    return this.deeds.takeBack(timeline, { 'brakes-put': this.setBrakes, 'hold-decided': this.decide, 'deletions-held': this.hold });
  }

  private readonly setBrakes: Heal = async (tx, { body }) => {
    await this.brakes.storeSettings(tx, Brakes.parse(body));
    return { outcome: 'they were set again' };
  };

  private readonly decide: Heal = async (tx, { body, by }) => {
    const { holdId, decision, checksum } = HoldDeed.parse(body);
    if (decision === 'approve') return { outcome: 'what was deleted by it stays so. Look at the hold, and approve what still waits once more' };
    const became = await this.holds.rejectAgain(tx, holdId, checksum, by);
    switch (became) {
      case 'done': return { outcome: 'it was rejected again' };
      case 'decided': return undefined;
      case 'gone': return { outcome: 'it is not known any more. The VMs stay' };
      case 'changed': return { outcome: 'it is open again, and its list has changed since. Look at it and decide it once more' };
    }
  };

  /** They may wait again by now: what came by the bus is told again where nobody had acknowledged it. */
  private readonly hold: Heal = async (tx, { body, by }) => {
    const rows = await tx.query<{ vm_id: string }>('select vm_id from vm where vm_id = any($1::text[]) and hold_id is null and deleted_at is null order by vm_id', [Held.parse(body).vmIds]);
    return rows.length === 0 ? undefined : { outcome: `the VMs stay, and nothing of it waits any more (${namesOf(rows.map((row) => row.vm_id))}). Let ${by} delete them again` };
  };
}
