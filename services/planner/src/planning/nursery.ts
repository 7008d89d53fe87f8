import type { Fact } from '@vmdns/domain';
import { isTaken, type Store } from '@vmdns/store';
import { holdZoneSet } from '../zones/zone-set.lock.js';
import { conceive, type Newborn, type NewbornAsk } from './newborn.js';
import { bear, findInTheWay } from './newborn.repository.js';

/**
 * Stores those of the facts whose VMs, names and addresses are new, in one round trip: they are decided by what this
 * process knows of zones, and the statement that stores them checks that. Gives those that it stored; all others go the
 * general way. May run twice.
 */
export async function bearNew(store: Store, ask: NewbornAsk, facts: readonly Fact[], firstMs: number): Promise<readonly Newborn[]> {
  const newborns = conceive(ask, facts);
  if (newborns.length === 0 || await isBorn(store, ask, newborns, firstMs)) return newborns;
  const inTheWay = newborns.length === 1 ? new Set() : await findInTheWay(store, newborns);
  const rest = newborns.filter(({ fact }) => !inTheWay.has(fact.vmId));
  return inTheWay.size > 0 && rest.length > 0 && await isBorn(store, ask, rest, firstMs) ? rest : [];
}

async function isBorn(store: Store, ask: NewbornAsk, newborns: readonly Newborn[], firstMs: number): Promise<boolean> {
  try {
    // The lock is there before the statement's snapshot is taken (PROTOCOL §7).
    const [, areStored] = await store.atOnce((tx) => Promise.all([holdZoneSet(tx), bear(tx, newborns, ask.picture.version, firstMs)]));
    return areStored;
  } catch (error) {
    // Somebody made one of them meanwhile.
    if (isTaken(error)) return false;
    throw error;
  }
}
