import type { Fact } from './fact.js';
import type { PlanningSettings } from './planning-settings.js';

/** A VM's wish for a name's A and AAAA. With no addresses it still holds the name. */
export interface NameWish {
  readonly kind: 'name';
  /** `reverseKey(name)`: everything below an apex is a range scan. */
  readonly key: string;
  readonly name: string;
  readonly vmId: string;
  readonly tenant: string | null;
  /** The lowest holds the name. */
  readonly claim: number;
  readonly shareName: boolean;
  /** Canonical; before any zone entry's filter. */
  readonly addresses: readonly string[];
}

/** Where a PTR's target comes from, strongest first. */
export type TargetOrigin = 'customer' | 'publisher' | 'fqdn' | 'template';

/** A VM's wish for an address's PTR. Without a target it still holds the address, so that no old PTR outlives it. */
export interface AddressWish {
  readonly kind: 'address';
  /** `reverseKey(name)`. */
  readonly key: string;
  /** The canonical reverse name; the owner name follows from the zone set. */
  readonly name: string;
  readonly ip: string;
  readonly vmId: string;
  readonly tenant: string | null;
  /** The highest holds the address. */
  readonly claim: number;
  readonly target: string | null;
  readonly origin: TargetOrigin | null;
}
export type Wish = NameWish | AddressWish;

/** The VM's absolute name, or null where it has none or its domain is not known. */
export function nameOfFact(fact: Fact, settings: PlanningSettings): string | null {
  throw new Error(`naming ${fact.vmId} with ${settings.zoneMatch}: not built yet`);
}

/** What a fact wants of DNS: one wish for its name, one for each address; none when it is deleted. */
export function wishesOf(fact: Fact, settings: PlanningSettings): readonly Wish[] {
  throw new Error(`wishes of ${fact.vmId} with ${settings.zoneMatch}: not built yet`);
}
