import { isLoadableSerial } from './hestiacp.serial.js';
import { ownersOf, type Row } from './hestiacp.wire.js';

const TTL_MAX = 2_147_483_647;
const FAULTS_MAX = 5;

/**
 * What keeps BIND from loading this zone, one sentence each. HestiaCP takes all of it and says success; from then on the
 * zone is served as it was before.
 */
export function loadFaultsOf(rows: readonly Row[], apex: string, serial: string): readonly string[] {
  const faults: string[] = [];
  if (!isLoadableSerial(serial)) faults.push(`the serial ${serial} does not fit 32 bits (HestiaCP up to 1.9, after more than 99 changes of the zone in a day)`);
  const served = ownersOf(rows, apex).filter(({ row }) => !row.suspended);
  for (const { owner, row } of served) if (Number(row.ttl) > TTL_MAX) faults.push(`record ${row.id} (${owner} ${row.type}) has the TTL ${row.ttl}`);
  const types = new Map<string, Set<string>>();
  for (const { owner, row } of served) types.set(owner, (types.get(owner) ?? new Set()).add(row.type));
  for (const { owner, row } of served) {
    if (row.type === 'CNAME' && (owner === apex || (types.get(owner)?.size ?? 0) > 1)) faults.push(`record ${row.id} (${owner} CNAME) stands beside other records of that name`);
  }
  if (rows.length > 0 && types.get(apex)?.has('NS') !== true) faults.push('it has no NS record');
  return faults.slice(0, FAULTS_MAX);
}
