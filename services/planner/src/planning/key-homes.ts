import { addressOfReverseName, homesOfAddress, homesOfName, nameOfReverseKey, ZoneSet, type HomeName, type Wish } from '@vmdns/domain';
import type { PlannedZone, ZonePicture } from '../zones/zone-sets.js';
import type { NamePlace } from './name.repository.js';

/** A key of wishes, and what it stands for. */
export interface Key {
  readonly key: string;
  readonly name: string;
  /** Not null where the name is an address' reverse name. */
  readonly ip: string | null;
  /** A VM's own name is (or was) wished here; for a reverse name that is rare, and must be said. */
  readonly isName: boolean;
}

export function keyOf(key: string, isName = false): Key {
  const name = nameOfReverseKey(key);
  const ip = addressOfReverseName(name);
  return { key, name, ip, isName: isName || ip === null };
}

/** The key of a wish, which says itself what it stands for. */
export function keyOfWish(wish: Wish, isName: boolean): Key {
  const ip = wish.kind === 'address' ? wish.ip : addressOfReverseName(wish.name);
  return { key: wish.key, name: wish.name, ip, isName: isName || ip === null };
}

/** Every place at which a key is at home among these zones. */
export function homesOfKey(zones: ZoneSet, key: Key, picture: ZonePicture): readonly HomeName[] {
  const reverse = key.ip === null ? [] : homesOfAddress(zones, key.ip, picture.settings);
  if (!key.isName) return reverse;
  const forward = homesOfName(zones, key.name, picture.settings);
  return [...reverse, ...forward.filter((home) => !reverse.some((other) => isSamePlace(other, home)))];
}

function isSamePlace(a: HomeName, b: HomeName): boolean {
  return a.zone.zoneId === b.zone.zoneId && a.ownerName === b.ownerName;
}

/** Where a key shall be, by the zones that are written, and by those that are only looked at. */
export interface KeyHomes {
  readonly key: Key;
  readonly base: readonly HomeName[];
  readonly planned: readonly HomeName[];
}

export function keyHomes(picture: ZonePicture, key: Key): KeyHomes {
  const planned = !picture.hasPlans ? [] : homesOfKey(picture.full, key, picture).filter((home) => picture.zones.get(home.zone.zoneId)?.released === false);
  return { key, base: homesOfKey(picture.base, key, picture), planned };
}

export function placesOf(homes: KeyHomes): NamePlace[] {
  return [...homes.base, ...homes.planned].map((home) => ({ zoneId: home.zone.zoneId, ownerName: home.ownerName, rkey: homes.key.key }));
}

/**
 * The zones as an outer (or leaving) entry sees them while it still holds a key: without the entries that took the key
 * from it. Peeled from the closest outwards, so that it ends after as many steps as the name has labels.
 */
export function zonesAround(picture: ZonePicture, zone: PlannedZone, key: Key): ZoneSet {
  const view = { ...zone.view, leaving: false };
  let path = view.zoneId;
  let zones = peeled(picture, path, () => ZoneSet.of([...picture.base.zones.filter((other) => other.zoneId !== view.zoneId), view]));
  for (let step = 0; step < 128; step += 1) {
    const closer = homesOfKey(zones, key, picture).filter((home) => home.role !== 'pointer').map((home) => home.zone.zoneId);
    if (closer.length === 0 || closer.includes(view.zoneId)) return zones;
    const before = zones;
    path = `${path} -${closer.join()}`;
    zones = peeled(picture, path, () => before.without(closer));
  }
  return zones;
}

const peels = new WeakMap<ZonePicture, Map<string, ZoneSet>>();

/** Thousands of names leave by one change of the zone set, and see the same few sets. */
function peeled(picture: ZonePicture, path: string, make: () => ZoneSet): ZoneSet {
  const known = peels.get(picture) ?? new Map<string, ZoneSet>();
  peels.set(picture, known);
  const zones = known.get(path) ?? make();
  known.set(path, zones);
  return zones;
}
