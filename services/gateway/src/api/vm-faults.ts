import type { Fault } from '@vmdns/contracts';
import { faultsOfFact, faultsOfPtr, type RawFact } from '@vmdns/domain';

/**
 * Faults of names and addresses in a fact whose shape is already faulty, so that one answer names them all. What has
 * the wrong shape is left out or empty here: its own fault is known.
 */
export function moreVmFaults(params: unknown, body: unknown): readonly Fault[] {
  const said = fieldsOf(body);
  const addresses = Array.isArray(said.addresses) ? said.addresses.map((value: unknown) => addressOf(fieldsOf(value))) : [];
  const checked = faultsOfFact(textOf(fieldsOf(params).vmId) ?? '', { ...given(said, ['fqdn', 'hostname', 'domain', 'tenant', 'uid']), addresses });
  return checked.ok ? [] : checked.faults;
}

/** The same for the ptr call. */
export function morePtrFaults(params: unknown, body: unknown): readonly Fault[] {
  const { vmId, ip } = fieldsOf(params);
  const checked = faultsOfPtr(textOf(vmId) ?? '', { ip: textOf(ip) ?? '', hostname: textOf(fieldsOf(body).hostname) ?? null });
  return checked.ok ? [] : checked.faults;
}

function addressOf(said: Readonly<Record<string, unknown>>): RawFact['addresses'][number] {
  return { ip: textOf(said.ip) ?? '', ...given(said, ['ptr']) };
}

function given<K extends string>(said: Readonly<Record<string, unknown>>, names: readonly K[]): Partial<Record<K, string>> {
  return Object.fromEntries(names.flatMap((name) => typeof said[name] === 'string' ? [[name, said[name]]] : [])) as Partial<Record<K, string>>;
}

const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null ? value as Readonly<Record<string, unknown>> : {};
const textOf = (value: unknown) => typeof value === 'string' ? value : undefined;
