import { Injectable } from '@nestjs/common';
import { Deeds, type NotedDeed } from '@vmdns/chassis';
import type { Caller, PlanningSettings } from '@vmdns/contracts';
import { faultsOfSettings } from '@vmdns/domain';
import { Store, type Tx } from '@vmdns/store';
import { enqueue } from '../planning/job.repository.js';
import { JobRunner } from '../planning/job-runner.js';
import { refuseFaults, requireOperator } from './access.js';
import { ALL_KEYS, findLargeMoves, type LargeMove } from './moves.js';
import { replanRange } from './zone.repository.js';
import { lockZoneSetExclusive, raiseZoneSet } from './zone-set.lock.js';
import { readSettings, ZoneSets } from './zone-sets.js';

/** The house's settings for planning. A change is followed by planning again, in pages, what hangs on it. */
@Injectable()
export class Settings {
  constructor(private readonly store: Store, private readonly zoneSets: ZoneSets, private readonly jobs: JobRunner, private readonly deeds: Deeds) {}

  async get(): Promise<PlanningSettings> {
    return toContract(await readSettings(this.store));
  }

  async put(settings: PlanningSettings, caller: Caller): Promise<PlanningSettings> {
    requireOperator(caller);
    refuseFaults('the settings', faultsOfSettings(settings));
    const moves = await this.movesOf(settings);
    const noted = await this.store.transaction(async (tx): Promise<readonly NotedDeed[]> => {
      if (!await this.putIn(tx, settings, moves)) return [];
      return [await this.deeds.note(tx, { kind: 'settings-put', key: 'settings', what: `the settings ${JSON.stringify(settings)}`, by: caller.name, body: settings })];
    });
    this.deeds.say(...noted);
    this.jobs.poke();
    return this.get();
  }

  /** Names that would move where they are many; to be known before the transaction. */
  async movesOf(settings: PlanningSettings): Promise<readonly LargeMove[]> {
    return settings.zoneMatch === 'closest' ? this.movesWhenClosest() : [];
  }

  /** False where nothing changed; then poke the jobs. */
  async putIn(tx: Tx, settings: PlanningSettings, moves: readonly LargeMove[]): Promise<boolean> {
    await lockZoneSetExclusive(tx);
    const old = toContract(await readSettings(tx));
    if (JSON.stringify(old) === JSON.stringify(toContract(settings))) return false;
    await tx.query('insert into setting (body) values ($1) on conflict (id) do update set body = excluded.body', [JSON.stringify(settings)]);
    await raiseZoneSet(tx);
    if (wishParts(old) !== wishParts(settings)) await enqueue(tx, { kind: 'vms', why: 'the settings were changed' });
    if (old.zoneMatch !== settings.zoneMatch) await replanRange(tx, ALL_KEYS, 'zoneMatch was changed', moves);
    return true;
  }

  /** From every to closest, outer zones lose what inner ones hold. */
  private async movesWhenClosest() {
    const picture = await this.zoneSets.picture(this.store);
    if (picture.settings.zoneMatch === 'closest') return [];
    return findLargeMoves(this.store, picture, picture.base.zones.map((zone) => zone.apex));
  }
}

/** What VMs' wishes hang on. */
function wishParts(settings: PlanningSettings): string {
  const { mainDomain, tenantDomains, forwardAddresses, ptrTemplates } = settings;
  return JSON.stringify([mainDomain, Object.entries(tenantDomains).sort(), forwardAddresses, ptrTemplates]);
}

/** In one order of fields, so that equal settings are equal text. */
function toContract(settings: import('@vmdns/domain').PlanningSettings): PlanningSettings {
  return {
    mainDomain: settings.mainDomain, tenantDomains: Object.fromEntries(Object.entries(settings.tenantDomains).sort()), forwardAddresses: settings.forwardAddresses, zoneMatch: settings.zoneMatch,
    ptrTemplates: settings.ptrTemplates.map(({ range, pattern }) => ({ range, pattern })), ownDomains: [...settings.ownDomains], ownRanges: [...settings.ownRanges],
  };
}
