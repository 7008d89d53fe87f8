import { Injectable } from '@nestjs/common';
import { Deeds, type Heal } from '@vmdns/chassis';
import { HoldDeed, Pause, PlanningSettings, TenantId, TenantLimits } from '@vmdns/contracts';
import { z } from 'zod';
import { Holds } from '../holds/hold.service.js';
import { JobRunner } from '../planning/job-runner.js';
import { Pauses } from '../zones/pause.service.js';
import { Settings } from '../zones/settings.service.js';
import { TenantLimitsDesk } from '../zones/tenant-limits.service.js';
import { ZoneFeed } from '../zones/zone-feed.js';

const Limited = z.object({ tenant: TenantId, limits: TenantLimits });
const Removed = z.object({ id: z.string() });

/** Whose deeds these are. */
@Injectable()
export class DeedKeepers {
  constructor(readonly settings: Settings, readonly tenants: TenantLimitsDesk, readonly pauses: Pauses, readonly holds: Holds) {}
}

/**
 * What people decided here and PostgreSQL lost: settings, limits and pauses are set again and rejected holds rejected;
 * what would write or remove more (an approval, the end of a pause) waits for a person, who is told.
 */
@Injectable()
export class LostDeeds {
  constructor(private readonly deeds: Deeds, private readonly keepers: DeedKeepers, private readonly feed: ZoneFeed, private readonly jobs: JobRunner) {}

  /** Gives how many were lost. Before anything is planned again by what they decide. */
  async take(timeline: number): Promise<number> {
    return this.deeds.takeBack(timeline, { 'settings-put': this.settings, 'tenant-limited': this.limits, 'pause-added': this.pause, 'pause-removed': this.resumed, 'hold-decided': this.hold });
  }

  private readonly settings: Heal = async (tx, { body }) => {
    const settings = PlanningSettings.parse(body);
    const isNews = await this.keepers.settings.putIn(tx, settings, await this.keepers.settings.movesOf(settings));
    return isNews ? { outcome: 'they were set again', after: () => { this.jobs.poke(); } } : undefined;
  };

  private readonly limits: Heal = async (tx, { body, by }) => {
    const { tenant, limits } = Limited.parse(body);
    return await this.keepers.tenants.putIn(tx, tenant, limits, by) ? { outcome: 'they were set again', after: () => { this.jobs.poke(); } } : undefined;
  };

  private readonly pause: Heal = async (tx, { body }) => {
    const written = await this.keepers.pauses.restore(tx, Pause.parse(body));
    return written === undefined ? { outcome: 'what it paused is not known any more' } : { outcome: 'it is on again', after: () => { this.feed.publish(written); } };
  };

  private readonly resumed: Heal = async (tx, { body }) => {
    const { id } = Removed.parse(body);
    return (await tx.query('select 1 from pause where id = $1', [id])).length === 0 ? undefined : { outcome: `it is on again. \`vmdns resume ${id}\` ends it once more` };
  };

  private readonly hold: Heal = async (tx, { body, by }) => {
    const { holdId, decision, checksum } = HoldDeed.parse(body);
    switch (await this.keepers.holds.isOpen(tx, holdId, checksum)) {
      case 'decided': return undefined;
      case 'gone': return { outcome: 'it is not known any more; what it held is decided anew' };
      case 'changed': return { outcome: 'it is open again, and its list has changed since. Look at it and decide it once more' };
      case 'open': break;
    }
    if (decision === 'approve') return { outcome: 'it is open again. Look at it and approve it once more' };
    await this.keepers.holds.decideIn(tx, { holdId, decision, caller: { name: by, role: 'operator', tenant: null } });
    return { outcome: 'it was rejected again', after: () => { this.jobs.poke(); } };
  };
}
