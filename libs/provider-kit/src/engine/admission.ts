import { isManagedType, isWithin, relativeName, type Rrset } from '@vmdns/domain';
import type { Capabilities } from '../port/provider.js';
import { cnameConflict, denied } from './sentences.js';
import type { Turn, TurnReason } from './turn.js';

/** Why this provider cannot hold what is wanted at a name, told before any call is made; undefined where it can. */
export function findDenial(turn: Pick<Turn, 'provider' | 'apex' | 'capabilities'>, name: string, wanted: readonly Rrset[]): TurnReason | undefined {
  const { provider, apex, capabilities } = turn;
  if (!isWithin(name, apex)) return { code: 'not-permitted', text: `${name} is not in the zone ${apex}` };
  if (wanted.length > 0 && relativeName(name, apex).includes('/') && !capabilities.classlessReverse) return denied(`${provider} does not take names with "/" such as ${name}`, 'Name classless reverse zones with "-" (RFC 2317).');
  if (wanted.length > 0 && name.startsWith('*.') && !capabilities.wildcard) return denied(`${provider} does not take wildcard names such as ${name}`);
  const cname = wanted.find((rrset) => rrset.type === 'CNAME');
  const other = wanted.find((rrset) => rrset.type !== 'CNAME');
  if (cname !== undefined && other !== undefined) return cnameConflict(cname, other);
  for (const rrset of wanted) {
    const denial = findRrsetDenial(provider, capabilities, name, rrset);
    if (denial !== undefined) return denial;
  }
  return undefined;
}

function findRrsetDenial(provider: string, capabilities: Capabilities, name: string, rrset: Rrset): TurnReason | undefined {
  const { ttl } = capabilities;
  if (rrset.name !== name) return { code: 'not-permitted', text: `the RRset of ${rrset.name} was asked for at ${name}` };
  // SOA and NS are never ours, nor is any other type: whatever a caller's fault, it ends here.
  if (!isManagedType(rrset.type)) return { code: 'not-permitted', text: `vmdns does not write ${rrset.type} records (${name})` };
  if (!capabilities.types.includes(rrset.type)) return denied(`${provider} does not take ${rrset.type} records (${name})`);
  if (rrset.values.length === 0) return { code: 'not-permitted', text: `${name} ${rrset.type} was asked for without a value` };
  if (rrset.ttl < ttl.min || rrset.ttl > ttl.max) return denied(`${provider} takes TTLs from ${ttl.min} to ${ttl.max} s, not ${rrset.ttl} (${name} ${rrset.type})`, "Set the zone's TTL within these limits.");
  if (rrset.type === 'PTR' && rrset.values.length > 1 && !capabilities.multiplePtr) return denied(`${provider} takes one PTR for each name, not ${rrset.values.length} (${name})`);
  return undefined;
}
