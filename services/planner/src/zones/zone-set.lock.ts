import type { Tx } from '@vmdns/store';

/**
 * The zone set's advisory lock (PROTOCOL §7): shared by everybody who plans, exclusive for who changes the set. It is
 * the first lock of a transaction; the set's version is read in a statement of its own after it, because a statement
 * sees what was committed before it began, not before its lock was given.
 */
const KEY = `hashtext(current_schema() || '.zone_set')`;

/** The lock alone, for who asks for the version in the statement that follows. */
export async function holdZoneSet(tx: Tx): Promise<void> {
  await tx.query(`select pg_advisory_xact_lock_shared(${KEY})`);
}

export async function lockZoneSetShared(tx: Tx): Promise<number> {
  // Asked together, and still one after the other.
  const [, rows] = await Promise.all([holdZoneSet(tx), tx.query<{ version: number }>('select version from zone_set')]);
  return rows[0]?.version ?? 0;
}

export async function lockZoneSetExclusive(tx: Tx): Promise<void> {
  await tx.query(`select pg_advisory_xact_lock(${KEY})`);
}

/** Every cache of the set is stale from the commit on. Only under the exclusive lock. */
export async function raiseZoneSet(tx: Tx): Promise<void> {
  await tx.query('update zone_set set version = version + 1');
}
