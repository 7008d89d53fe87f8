import { parseIp } from '../addresses/ip-address.js';
import { refuseAtDoor } from '../addresses/ip-class.js';
import { parseFqdn, parseFqdnOrWildcard, parseHostname } from '../names/host-name.js';
import type { ParsedName } from '../names/owner-name.js';
import type { Fault } from './fact.js';

export const ADDRESSES_MAX = 1000;
const NAME_MAX = 254;
const VM_ID = /^[A-Za-z0-9][A-Za-z0-9._:~-]{0,127}$/;
const TENANT = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/;

/** A full-state fact as it came in; contracts' `VmFact` is assignable. */
export interface RawFact {
  readonly fqdn?: string | undefined;
  readonly hostname?: string | undefined;
  readonly domain?: string | undefined;
  readonly tenant?: string | undefined;
  readonly uid?: string | undefined;
  readonly version?: number | undefined;
  readonly shareName?: boolean | undefined;
  readonly addresses: readonly { readonly ip: string; readonly ptr?: string | null | undefined; readonly forward?: boolean | undefined }[];
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

/** One address as a publisher said it. */
export interface SaidAddress {
  readonly ip: string;
  readonly forward: boolean;
  /** undefined: not said, so untouched; null: the default. */
  readonly ptr: string | null | undefined;
}

/** What a publisher said of a VM, canonical. */
export interface SaidFact {
  readonly uid: string | null;
  readonly version: number | null;
  readonly fqdn: string | null;
  readonly hostname: string | null;
  readonly domain: string | null;
  readonly shareName: boolean;
  readonly addresses: readonly SaidAddress[];
  readonly labels: Readonly<Record<string, string>>;
}
export interface RawDelete { readonly uid?: string | undefined; readonly version?: number | undefined }
export interface SaidDelete { readonly uid: string | null; readonly version: number | null }
export interface RawPtr { readonly ip: string; readonly hostname: string | null; readonly uid?: string | undefined }
export interface SaidPtr { readonly ip: string; readonly hostname: string | null; readonly uid: string | null }

/** A parsed fact, or every fault at once. */
export type Checked<T> = { readonly ok: true; readonly fact: T } | { readonly ok: false; readonly faults: readonly Fault[] };

/** Collects faults while values are parsed, so that a caller sees all of them together. */
class Faults {
  readonly list: Fault[] = [];
  add(path: string, message: string): null {
    this.list.push({ path, message });
    return null;
  }
  name(path: string, text: string | null | undefined, parse: (text: string) => ParsedName): string | null {
    if (text === undefined || text === null) return null;
    const parsed = parse(text);
    return parsed.ok ? parsed.name : this.add(path, parsed.message);
  }
  checkId(vmId: string): void {
    if (!VM_ID.test(vmId)) this.add('vmId', 'must be 1 to 128 letters, digits or . _ : ~ - and begin with a letter or digit');
  }
  checkVersion(version: number | undefined): void {
    if (version !== undefined && (!Number.isSafeInteger(version) || version < 0)) this.add('version', 'must be a whole number from 0');
  }
  done<T>(fact: T): Checked<T> {
    return this.list.length === 0 ? { ok: true, fact } : { ok: false, faults: this.list };
  }
}

function checkNames(raw: RawFact, faults: Faults): Pick<SaidFact, 'fqdn' | 'hostname' | 'domain'> {
  if (raw.fqdn !== undefined && raw.hostname !== undefined) faults.add('fqdn', 'give either fqdn, or hostname with domain, not both');
  if (raw.domain !== undefined && raw.hostname === undefined) {
    faults.add('domain', raw.fqdn === undefined ? 'a domain needs a hostname' : 'a domain belongs to a hostname; with fqdn it has no meaning');
  }
  const before = faults.list.length;
  const fqdn = faults.name('fqdn', raw.fqdn, parseFqdnOrWildcard);
  const hostname = faults.name('hostname', raw.hostname, parseHostname);
  const domain = faults.name('domain', raw.domain, parseFqdn);
  if (faults.list.length === before && hostname !== null && domain !== null && hostname.length + 1 + domain.length > NAME_MAX) {
    faults.add('hostname', 'is longer than 253 characters together with its domain');
  }
  return { fqdn, hostname, domain };
}

function checkAddress(path: string, raw: RawFact['addresses'][number], faults: Faults, seen: Map<string, string>): SaidAddress | null {
  const ptr = raw.ptr === undefined ? undefined : faults.name(`${path}.ptr`, raw.ptr, parseFqdn);
  const parsed = parseIp(raw.ip);
  if (!parsed.ok) return faults.add(`${path}.ip`, parsed.message);
  const refused = refuseAtDoor(parsed.ip);
  if (refused !== null) return faults.add(`${path}.ip`, refused);
  const first = seen.get(parsed.ip);
  if (first !== undefined) return faults.add(`${path}.ip`, `${parsed.ip} is already given at ${first}`);
  seen.set(parsed.ip, path);
  return { ip: parsed.ip, forward: raw.forward ?? false, ptr };
}

function checkAddresses(raw: RawFact, faults: Faults): readonly SaidAddress[] {
  if (raw.addresses.length > ADDRESSES_MAX) faults.add('addresses', `at most ${ADDRESSES_MAX.toLocaleString('en')} addresses, not ${raw.addresses.length}`);
  const seen = new Map<string, string>();
  // Beyond the limit nothing is parsed: a message of a million addresses costs no more than one of a thousand.
  return raw.addresses.slice(0, ADDRESSES_MAX).flatMap((address, at) => checkAddress(`addresses[${at}]`, address, faults, seen) ?? []);
}

/** A full-state fact, parsed; or every fault with its path, all together. */
export function faultsOfFact(vmId: string, raw: RawFact): Checked<SaidFact> {
  const faults = new Faults();
  faults.checkId(vmId);
  if (raw.tenant !== undefined && !TENANT.test(raw.tenant)) faults.add('tenant', 'must be 1 to 63 letters, digits, _ or -');
  faults.checkVersion(raw.version);
  if (raw.uid === '') faults.add('uid', 'may not be empty');
  const names = checkNames(raw, faults);
  const addresses = checkAddresses(raw, faults);
  if (raw.shareName === true && raw.fqdn === undefined && raw.hostname === undefined) faults.add('shareName', 'there is no name to share: give fqdn or hostname');
  return faults.done({ ...names, uid: raw.uid ?? null, version: raw.version ?? null, shareName: raw.shareName ?? false, addresses, labels: raw.labels ?? {} });
}

/** A deletion, parsed; or every fault. */
export function faultsOfDelete(vmId: string, raw: RawDelete): Checked<SaidDelete> {
  const faults = new Faults();
  faults.checkId(vmId);
  faults.checkVersion(raw.version);
  if (raw.uid === '') faults.add('uid', 'may not be empty');
  return faults.done({ uid: raw.uid ?? null, version: raw.version ?? null });
}

/** A PTR call, parsed; or every fault. */
export function faultsOfPtr(vmId: string, raw: RawPtr): Checked<SaidPtr> {
  const faults = new Faults();
  faults.checkId(vmId);
  const ip = parseIp(raw.ip);
  if (!ip.ok) faults.add('ip', ip.message);
  const hostname = faults.name('hostname', raw.hostname, parseFqdn);
  return faults.done({ ip: ip.ok ? ip.ip : raw.ip, hostname, uid: raw.uid ?? null });
}
