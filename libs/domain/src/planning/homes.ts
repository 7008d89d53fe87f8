import type { PlanningSettings } from './planning-settings.js';
import type { Reason } from './reason.js';
import type { Wish } from './wish.js';
import type { ZoneSet } from './zone-set.js';
import type { ZoneView } from './zone-view.js';

/** One place where a wish is to be seen. */
export interface HomeName {
  readonly zone: ZoneView;
  readonly ownerName: string;
  /** `pointer`: the parent's CNAME into a classless zone (RFC 2317). */
  readonly role: 'forward' | 'reverse' | 'pointer';
  /** A pointer's target, else null. */
  readonly pointsTo: string | null;
}

/** Homes of a name's A and AAAA, before any entry's address filter. */
export function homesOfName(zones: ZoneSet, name: string, settings: PlanningSettings): readonly HomeName[] { void zones; void name; void settings; throw new Error('not built yet'); }
/** Homes of an address's PTR, and of the pointer to it; entries whose filter refuses the address are left out. */
export function homesOfAddress(zones: ZoneSet, ip: string, settings: PlanningSettings): readonly HomeName[] { void zones; void ip; void settings; throw new Error('not built yet'); }
/** Homes of a wish: entries that take at least one of its addresses. */
export function homesOf(zones: ZoneSet, wish: Wish, settings: PlanningSettings): readonly HomeName[] { void zones; void wish; void settings; throw new Error('not built yet'); }
/** Why a wish without homes has none: it waits for a zone, or is none of ours. */
export function homelessReason(zones: ZoneSet, wish: Wish, settings: PlanningSettings): { readonly state: 'waiting' | 'outside'; readonly reason: Reason } { void zones; void wish; void settings; throw new Error('not built yet'); }
/** The keys of the wishes that decide one (zone, owner name). */
export function wishKeysOf(zone: ZoneView, ownerName: string): readonly string[] { void zone; void ownerName; throw new Error('not built yet'); }
