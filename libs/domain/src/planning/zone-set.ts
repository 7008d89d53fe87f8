import type { ZoneView } from './zone-view.js';

/** The configured zones, indexed by apex. Immutable. */
export class ZoneSet {
  private constructor(readonly zones: readonly ZoneView[]) {}
  static of(zones: readonly ZoneView[]): ZoneSet { return new ZoneSet(zones); }
  /** The set as it would be without these entries: what an outer zone still holds while an inner one settles. */
  without(zoneIds: readonly string[]): ZoneSet { return ZoneSet.of(this.zones.filter((zone) => !zoneIds.includes(zone.zoneId))); }
  find(zoneId: string): ZoneView | undefined { return this.zones.find((zone) => zone.zoneId === zoneId); }
  /** Every entry, not leaving, of the closest enclosing apex; whole labels. O(labels). */
  closest(name: string): readonly ZoneView[] { throw new Error(`closest ${name}: not built yet`); }
}
