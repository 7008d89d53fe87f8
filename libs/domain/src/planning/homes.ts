import { addressOfReverseName, reverseName } from '../addresses/reverse-name.js';
import { rangeContains } from '../addresses/ip-range.js';
import { isWithin, labelsOf, reverseKey } from '../names/labels.js';
import { takesAddress } from './address-filter.js';
import { addressOfClasslessName, classlessBlock, classlessOwnerName } from './classless.js';
import { rulesOf, type PlanningSettings } from './planning-settings.js';
import { reasonOf, type Reason } from './reason.js';
import type { Wish } from './wish.js';
import type { ApexEntries, ZoneSet } from './zone-set.js';
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

/** Homes of a name's A and AAAA, before any entry's address filter: all entries of the closest apex, or of every. */
export function homesOfName(zones: ZoneSet, name: string, settings: PlanningSettings): readonly HomeName[] {
  const entries = settings.zoneMatch === 'closest' ? zones.closest(name) : zones.enclosing(name).flatMap((apex) => apex.entries);
  return entries.map((zone) => ({ zone, ownerName: name, role: 'forward', pointsTo: null }));
}

/** How much of an address an apex names, in bits: what makes one closer than another. */
const prefixOf = ({ apex, block }: ApexEntries) => block?.prefix ?? (labelsOf(apex).length - 2) * (apex.endsWith('.in-addr.arpa.') ? 8 : 4);

function ptrHomes(apex: ApexEntries, ip: string, canonical: string): readonly HomeName[] {
  const inBlock = apex.block === null ? null : classlessOwnerName(apex.block, ip);
  if (inBlock?.ok === false) return [];
  const ownerName = inBlock?.name ?? canonical;
  return apex.entries.filter((zone) => takesAddress(zone.addresses, ip)).map((zone) => ({ zone, ownerName, role: 'reverse', pointsTo: null }));
}

/**
 * Homes of an address's PTR, and of the pointer to it. The closest apex is the one that names most of the address, a
 * classless block by its prefix. Where that is a classless zone, the closest zone around it gets the CNAME:
 *
 *     zones                      192.0.2.5
 *     0/26.2.0.192.in-addr.arpa. 5.0/26.2.0.192.in-addr.arpa. PTR
 *     2.0.192.in-addr.arpa.      5.2.0.192.in-addr.arpa.      CNAME 5.0/26.2.0.192.in-addr.arpa.
 *
 * Entries whose filter refuses the address are left out; there is no falling back to an outer apex.
 */
export function homesOfAddress(zones: ZoneSet, ip: string, settings: PlanningSettings): readonly HomeName[] {
  const canonical = reverseName(ip);
  const around = zones.enclosing(canonical);
  const closestFirst = [...zones.covering(ip), ...around].sort((a, b) => prefixOf(b) - prefixOf(a));
  const closest = closestFirst[0];
  if (closest === undefined) return [];
  const homes = ptrHomes(closest, ip, canonical);
  const pointsTo = closest.block === null ? undefined : homes[0]?.ownerName;
  const parent = closest.block === null ? undefined : around[0];
  const pointers = pointsTo === undefined || parent === undefined ? []
    : ptrHomes(parent, ip, canonical).map((home): HomeName => ({ ...home, role: 'pointer', pointsTo }));
  if (settings.zoneMatch === 'closest') return [...homes, ...pointers];
  return [...homes, ...pointers, ...closestFirst.slice(1).filter((apex) => apex !== parent || pointsTo === undefined).flatMap((apex) => ptrHomes(apex, ip, canonical))];
}

/** Homes of a wish: the entries that take at least one of its addresses. An address without a target has homes too: they are to be emptied. */
export function homesOf(zones: ZoneSet, wish: Wish, settings: PlanningSettings): readonly HomeName[] {
  if (wish.kind === 'address') return homesOfAddress(zones, wish.ip, settings);
  return homesOfName(zones, wish.name, settings).filter(({ zone }) => wish.addresses.some((ip) => takesAddress(zone.addresses, ip)));
}

/** Whether a name or address is ours by the settings: then it waits for its zone. */
function isOwn(wish: Wish, settings: PlanningSettings): boolean {
  const rules = rulesOf(settings);
  return rules.domains.some((domain) => isWithin(wish.name, domain)) || (wish.kind === 'address' && rules.ranges.some((range) => rangeContains(range, wish.ip)));
}

/** Why a wish without homes has none: it waits for a zone, or it is none of ours (settled, not a problem). */
export function homelessReason(zones: ZoneSet, wish: Wish, settings: PlanningSettings): { readonly state: 'waiting' | 'outside'; readonly reason: Reason } {
  const what = wish.kind === 'address' ? wish.ip : wish.name;
  if (wish.kind === 'name' && wish.addresses.length === 0) return { state: 'outside', reason: reasonOf.nothingToAnswer(what) };
  const apex = (wish.kind === 'address' ? zones.covering(wish.ip)[0]?.apex : undefined) ?? zones.closest(wish.name)[0]?.apex;
  if (apex !== undefined) return { state: 'outside', reason: reasonOf.filtered(wish.kind === 'address' ? what : `the addresses of ${what}`, apex) };
  return isOwn(wish, settings) ? { state: 'waiting', reason: reasonOf.noZone(what) } : { state: 'outside', reason: reasonOf.outside(what) };
}

/** The address whose PTR, or pointer to it, stands at this owner name of a zone; null where none can. */
export function addressAt(zone: Pick<ZoneView, 'apex'>, ownerName: string): string | null {
  const block = classlessBlock(zone.apex);
  return block === null ? addressOfReverseName(ownerName) : addressOfClasslessName(block, ownerName);
}

/** The keys of the wishes that decide one (zone, owner name): its own, and in a classless zone the address's. */
export function wishKeysOf(zone: Pick<ZoneView, 'apex'>, ownerName: string): readonly string[] {
  const block = classlessBlock(zone.apex);
  const ip = block === null ? null : addressOfClasslessName(block, ownerName);
  return ip === null ? [reverseKey(ownerName)] : [reverseKey(ownerName), reverseKey(reverseName(ip))];
}

/**
 * What the keys of all wishes that a zone may enclose begin with. For a classless zone that is all of its parent;
 * `homesOf` tells which of them lie in the block.
 */
export function wishKeyPrefixOf(apex: string): string {
  return reverseKey(classlessBlock(apex)?.parent ?? apex);
}
