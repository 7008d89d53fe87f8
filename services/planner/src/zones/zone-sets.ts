import { Injectable } from '@nestjs/common';
import { ZoneLimits } from '@vmdns/contracts';
import { classlessBlock, DEFAULT_SETTINGS, ZoneSet, type PlanningSettings, type RemovalLimits, type ZoneView } from '@vmdns/domain';
import type { Tx } from '@vmdns/store';
import { lockZoneSetShared } from './zone-set.lock.js';
import type { ZoneRow } from './zone.row.js';

/** A zone entry as planning needs it: how it decides, and how far it is in its life. */
export interface PlannedZone {
  readonly view: ZoneView;
  readonly released: boolean;
  readonly state: 'active' | 'leaving';
  readonly purge: boolean;
  /** A move leads to another entry of the same apex. */
  readonly isMoving: boolean;
  /** Of the brake on removals. */
  readonly limits: RemovalLimits;
  /** Its names stand for addresses that other keys name too (RFC 2317). */
  readonly isClassless: boolean;
}

/** The zone set and the settings at one version. */
export interface ZonePicture {
  readonly version: number;
  readonly settings: PlanningSettings;
  /** Active entries that were released: the homes that are written. */
  readonly base: ZoneSet;
  /** All active entries, plans that are only looked at among them. */
  readonly full: ZoneSet;
  /** Whether some active entry was never released. */
  readonly hasPlans: boolean;
  readonly zones: ReadonlyMap<string, PlannedZone>;
}

export function toZoneView(row: ZoneRow): ZoneView {
  return {
    zoneId: row.id, apex: row.apex, provider: row.provider, connectionId: row.connection_id, mode: row.mode, ttl: row.body.ttl,
    addresses: row.body.addresses, reservedNames: row.body.reservedNames, leaving: row.state === 'leaving', createdSeq: row.seq,
  };
}

function removalLimits(row: ZoneRow): RemovalLimits {
  const { removalShare, removalNames, removalCount, removalWindowSeconds } = ZoneLimits.parse(row.body.limits);
  return { share: removalShare, names: removalNames, count: removalCount, windowSeconds: removalWindowSeconds };
}

export function pictureOf(version: number, rows: readonly ZoneRow[], settings: PlanningSettings): ZonePicture {
  const planned = rows.flatMap((row): PlannedZone[] => (row.state === 'removed' ? [] : [{ view: toZoneView(row), released: row.released, state: row.state, purge: row.purge, isMoving: row.body.successor !== undefined, limits: removalLimits(row), isClassless: classlessBlock(row.apex) !== null }]));
  const active = planned.filter((zone) => zone.state === 'active');
  return {
    version, settings,
    base: ZoneSet.of(active.filter((zone) => zone.released).map((zone) => zone.view)),
    full: ZoneSet.of(active.map((zone) => zone.view)),
    hasPlans: active.some((zone) => !zone.released),
    zones: new Map(planned.map((zone) => [zone.view.zoneId, zone])),
  };
}

/** The picture of this process, valid for the version it was read at and for no other (PROTOCOL §7). */
@Injectable()
export class ZoneSets {
  private cached: ZonePicture | undefined;

  /** As last seen, and perhaps no longer so: for who has its version checked under the lock. */
  get latest(): ZonePicture | undefined {
    return this.cached;
  }

  /** Takes the shared lock: the picture stays true until the transaction ends. */
  async lockedPicture(tx: Tx): Promise<ZonePicture> {
    return this.at(tx, await lockZoneSetShared(tx));
  }

  /** Without the lock: for answers and explanations. */
  async picture(tx: Tx): Promise<ZonePicture> {
    const rows = await tx.query<{ version: number }>('select version from zone_set');
    return this.at(tx, rows[0]?.version ?? 0);
  }

  private async at(tx: Tx, version: number): Promise<ZonePicture> {
    if (this.cached?.version === version) return this.cached;
    const rows = await tx.query<ZoneRow>(`select * from zone where state <> 'removed' order by seq`);
    const settings = await readSettings(tx);
    const picture = pictureOf(version, rows, settings);
    if (this.cached === undefined || this.cached.version < version) this.cached = picture;
    return picture;
  }
}

export async function readSettings(tx: Tx): Promise<PlanningSettings> {
  const rows = await tx.query<{ body: PlanningSettings }>('select body from setting');
  const limits = await tx.query<{ tenant: string; domains: string[] | null; ranges: string[] | null }>('select tenant, domains, ranges from tenant_limit');
  return { ...DEFAULT_SETTINGS, ...rows[0]?.body, tenantLimits: Object.fromEntries(limits.map(({ tenant, domains, ranges }) => [tenant, { domains, ranges }])) };
}
