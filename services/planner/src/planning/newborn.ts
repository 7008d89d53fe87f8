import { addressOfReverseName, decideName, homesOfAddress, homesOfName, wishesOf, type Fact, type Wish, type ZoneSet } from '@vmdns/domain';
import type { ZonePicture } from '../zones/zone-sets.js';
import { toBody } from './decide-key.js';
import type { NameChange } from './name.repository.js';

/** A row of a name that nobody has wished before, as it is decided. */
export interface BornName { readonly key: string; readonly wish: Wish; readonly change: NameChange }

/** A VM that is new, with all that follows from it if nobody else has to do with its names and addresses. */
export interface Newborn { readonly fact: Fact; readonly wishes: readonly Wish[]; readonly names: readonly BornName[] }

export interface NewbornAsk { readonly picture: ZonePicture; readonly timeline: number; readonly priority: 1 | 2 }

/**
 * Decides new VMs before anything is read: what they would have if they, and all that they wish, are new. Whether that
 * is so is for the statement that stores them. Left out are VMs of which that cannot be: deleted ones, those that share
 * a key with another, and those with names in classless zones, where several keys decide one name.
 */
export function conceive(ask: NewbornAsk, facts: readonly Fact[]): readonly Newborn[] {
  const newborns = facts.flatMap((fact): Newborn[] => {
    if (fact.deleted) return [];
    const wishes = wishesOf(fact, ask.picture.settings);
    const names: BornName[] = [];
    for (const wish of wishes) if (!decide(ask, wish, names)) return [];
    return [{ fact, wishes, names }];
  });
  return withoutSharedKeys(newborns);
}

/** The same by the rules of `decideKey` for rows that are not there yet; false: several keys may decide one of them. */
function decide(ask: NewbornAsk, wish: Wish, names: BornName[]): boolean {
  const { picture } = ask;
  if (wish.kind === 'name' && addressOfReverseName(wish.name) !== null) return false;
  if (!add(ask, wish, picture.base, names, false)) return false;
  return !picture.hasPlans || add(ask, wish, picture.full, names, true);
}

function add(ask: NewbornAsk, wish: Wish, zones: ZoneSet, names: BornName[], isPlanOnly: boolean): boolean {
  const { settings } = ask.picture;
  const homes = wish.kind === 'name' ? homesOfName(zones, wish.name, settings) : homesOfAddress(zones, wish.ip, settings);
  for (const home of homes) {
    const planned = ask.picture.zones.get(home.zone.zoneId);
    if (planned === undefined || planned.isClassless) return false;
    if (isPlanOnly && planned.released) continue;
    const decision = decideName({ zones, zone: home.zone, ownerName: home.ownerName, wishes: [wish], settings, home });
    const isNew = decision.rrsets.length > 0;
    const isUrgent = wish.kind === 'address' && wish.origin === 'customer';
    names.push({
      key: wish.key, wish,
      change: {
        zoneId: home.zone.zoneId, ownerName: home.ownerName, desired: decision.rrsets.map(toBody), digest: isNew ? decision.digest : '', planReason: decision.reason ?? null, vms: decision.vms,
        priority: isNew ? (isUrgent ? 0 : ask.priority) : 1, replaces: false, holdId: null, kept: false, hands: null, timeline: isNew ? ask.timeline : 1, generation: isNew ? 1 : 0, isNew,
      },
    });
  }
  return true;
}

/** Who shares a key with another VM, or wishes it twice, is decided among the others. */
function withoutSharedKeys(newborns: readonly Newborn[]): readonly Newborn[] {
  const seen = new Set<string>();
  const shared = new Set<string>();
  for (const { wishes } of newborns) {
    for (const { key } of wishes) {
      if (seen.has(key)) shared.add(key);
      else seen.add(key);
    }
  }
  return shared.size === 0 ? newborns : newborns.filter(({ wishes }) => !wishes.some(({ key }) => shared.has(key)));
}
