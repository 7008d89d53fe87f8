import { isV6, reverseOf, type BookedAddress, type BookedVm } from './book.js';

/*
 * What must be at the providers, and what must be said of each record, computed from the book by plain comparison of
 * everything with everything: slow, and easy to see through. See the note in `book.ts`.
 */

/** A zone entry as it is at the end. */
export interface ZoneEntry {
  /** Tells entries of one apex apart: the provider's server. */
  readonly server: number;
  /** With the dot. */
  readonly apex: string;
  readonly ttl: { readonly forward: number; readonly reverse: number };
  /** Of which addresses it takes the records; absent: of all. */
  readonly takes?: (ip: string) => boolean;
  /** A classless zone: the addresses whose text begins so, and whose last octet lies between. */
  readonly block?: { readonly prefix: string; readonly first: number; readonly last: number };
}

/** RRsets of others, by `placeOf`: those are never ours. */
export type Foreign = ReadonlySet<string>;

export interface Expected {
  readonly server: number;
  readonly apex: string;
  /** With the dot. */
  readonly name: string;
  readonly type: 'A' | 'AAAA' | 'PTR' | 'CNAME';
  readonly ttl: number;
  /** Sorted. */
  readonly values: readonly string[];
}

/** What must be said of one record of a VM: `name type apex state code`. */
export type Verdict = string;

export interface Rules {
  /** Names below these, and addresses whose text begins so, wait for a zone; others are outside. */
  readonly ownDomains: readonly string[];
  readonly ownPrefixes: readonly string[];
  /** By tenant; a tenant without has none. */
  readonly limits?: ReadonlyMap<string, Limits>;
}

/** What a tenant's VMs may be called, with the dot, and how the text of their addresses may begin; null: anything. */
export interface Limits { readonly domains: readonly string[] | null; readonly prefixes: readonly string[] | null }

/** What one VM wishes at one place, granted or not; an address without a target is held with the value ''. */
export interface Wished { readonly place: string; readonly vmId: string; readonly value: string }

export interface Picture {
  /** By `placeOf`. */
  readonly rrsets: ReadonlyMap<string, Expected>;
  readonly wishes: readonly Wished[];
  /** By VM, sorted. */
  readonly verdicts: ReadonlyMap<string, readonly Verdict[]>;
}

export const placeOf = (at: { readonly server: number; readonly apex: string; readonly name: string; readonly type: string }): string => `${at.server}|${at.apex}|${at.name}|${at.type}`;

const RESERVED = ['www', 'mail', 'wpad', 'autodiscover', 'localhost'];
const isReserved = (name: string, apex: string): boolean => {
  const relative = name === apex ? '' : name.slice(0, -apex.length - 1);
  return relative === '' || RESERVED.includes(relative) || relative.startsWith('ns') || relative.startsWith('_');
};
const isBelow = (name: string, apex: string): boolean => name === apex || name.endsWith(`.${apex}`);

const takes = (zone: ZoneEntry, ip: string): boolean => zone.takes?.(ip) ?? true;

/** All entries of the longest apex that encloses the name. */
function homesOf(name: string, zones: readonly ZoneEntry[]): readonly ZoneEntry[] {
  const around = zones.filter((zone) => isBelow(name, zone.apex));
  const closest = Math.max(...around.map((zone) => zone.apex.length));
  return around.filter((zone) => zone.apex.length === closest);
}

interface ReverseHome { readonly zone: ZoneEntry; readonly name: string; /** Of a parent's pointer into a classless zone. */ readonly pointsTo?: string }

/** The smallest block that has the address, with a pointer in the zone around it; else the closest zone around. */
function reverseHomes(ip: string, zones: readonly ZoneEntry[]): { readonly isCovered: boolean; readonly homes: readonly ReverseHome[] } {
  const octet = Number(ip.split('.')[3] ?? Number.NaN);
  const around = homesOf(reverseOf(ip), zones);
  const isTaken = (zone: ZoneEntry): boolean => takes(zone, ip);
  const blocks = zones.filter(({ block }) => block !== undefined && ip.startsWith(block.prefix) && octet >= block.first && octet <= block.last);
  const size = ({ block }: ZoneEntry): number => (block === undefined ? 0 : block.last - block.first);
  const smallest = blocks.filter((zone) => size(zone) === Math.min(...blocks.map(size)));
  const outer = around.filter(isTaken).map((zone): ReverseHome => ({ zone, name: reverseOf(ip) }));
  const inner = smallest.filter(isTaken).map((zone): ReverseHome => ({ zone, name: `${octet}.${zone.apex}` }));
  const pointsTo = inner[0]?.name;
  const homes = smallest.length === 0 ? outer : pointsTo === undefined ? [] : [...inner, ...outer.map((home) => ({ ...home, pointsTo }))];
  return { isCovered: around.length + smallest.length > 0, homes };
}

/** What its tenant may use of what it was told. */
interface Asker { readonly vm: BookedVm; readonly name: string | null; readonly addresses: readonly BookedAddress[]; /** The first of each family, and those that ask for it. */ readonly forwardIps: readonly string[] }

function within(vm: BookedVm, limits: ReadonlyMap<string, Limits> | undefined): Asker {
  const { domains = null, prefixes = null } = limits?.get(vm.tenant ?? '') ?? {};
  const mayUse = ({ ip }: BookedAddress): boolean => prefixes === null || prefixes.some((prefix) => ip.startsWith(prefix));
  const isFirst = (address: BookedAddress): boolean => vm.addresses.find((one) => isV6(one.ip) === isV6(address.ip)) === address;
  const isNamed = vm.name !== null && (domains === null || domains.some((domain) => isBelow(`${vm.name ?? ''}.`, domain)));
  return {
    vm, name: isNamed ? vm.name : null, addresses: vm.addresses.filter(mayUse),
    forwardIps: vm.addresses.filter(mayUse).filter((address) => address.forward || isFirst(address)).map(({ ip }) => ip),
  };
}

const ptrTarget = (vm: BookedVm, address: BookedAddress): string | null => {
  const target = address.customerPtr ?? address.publisherPtr ?? (vm.name?.startsWith('*.') === true ? null : vm.name);
  return target === null ? null : `${target}.`;
};

export function picture(vms: readonly BookedVm[], zones: readonly ZoneEntry[], foreign: Foreign, rules: Rules): Picture {
  const rrsets = new Map<string, Expected>();
  const verdicts = new Map<string, Verdict[]>(vms.map((vm) => [vm.vmId, []]));
  const say = (vm: BookedVm, name: string, type: string, apex: string, state: string, code = ''): void => {
    verdicts.get(vm.vmId)?.push(`${name} ${type} ${apex} ${state} ${code}`.trim());
  };
  const homeless = (vm: BookedVm, name: string, type: string, own: boolean): void => say(vm, name, type, '-', own ? 'waiting' : 'outside', own ? 'no-zone' : 'outside');
  const wishes: Wished[] = [];
  const askers = vms.map((vm) => within(vm, rules.limits));
  for (const { vm, name, addresses } of askers) {
    if (vm.name !== name) say(vm, `${vm.name ?? ''}.`, 'A', '-', 'refused', 'not-permitted');
    for (const { ip } of vm.addresses) if (!addresses.some((one) => one.ip === ip)) say(vm, reverseOf(ip), 'PTR', '-', 'refused', 'not-permitted');
  }
  forward(askers, { zones, foreign, rules, rrsets, wishes, say, homeless });
  reverse(askers, { zones, foreign, rules, rrsets, wishes, say, homeless });
  return { rrsets, wishes, verdicts: new Map([...verdicts].map(([vmId, list]) => [vmId, list.sort()])) };
}

interface Desk {
  readonly zones: readonly ZoneEntry[];
  readonly foreign: Foreign;
  readonly rules: Rules;
  readonly rrsets: Map<string, Expected>;
  readonly wishes: Wished[];
  say(vm: BookedVm, name: string, type: string, apex: string, state: string, code?: string): void;
  homeless(vm: BookedVm, name: string, type: string, own: boolean): void;
}

/** Puts what is granted, and says of it what the whole name says: one foreign type is told of the name. */
function put(desk: Desk, zone: ZoneEntry, name: string, wanted: readonly Expected[], granted: readonly BookedVm[]): void {
  const places = wanted.map(placeOf);
  const isRefused = places.some((place) => desk.foreign.has(place));
  wanted.forEach((rrset, at) => {
    if (!desk.foreign.has(places[at] ?? '')) desk.rrsets.set(places[at] ?? '', rrset);
    for (const vm of granted) desk.say(vm, name, rrset.type, zone.apex, isRefused ? 'refused' : 'applied', isRefused ? 'foreign-record' : undefined);
  });
}

function typesOf(ips: readonly string[]): readonly ('A' | 'AAAA')[] {
  return [...(ips.some((ip) => !isV6(ip)) ? ['A' as const] : []), ...(ips.some(isV6) ? ['AAAA' as const] : [])];
}

function forward(all: readonly Asker[], desk: Desk): void {
  for (const bare of new Set(all.flatMap(({ name }) => (name === null ? [] : [name])))) {
    const name = `${bare}.`;
    const askers = all.filter((asker) => asker.name === bare);
    const holder = askers.reduce((first, asker) => (asker.vm.nameClaim < first.vm.nameClaim ? asker : first));
    const isSharer = ({ vm }: Asker): boolean => vm === holder.vm || (vm.shareName && holder.vm.shareName && vm.tenant === holder.vm.tenant);
    const homes = homesOf(name, desk.zones);
    const isOwn = homes.length === 0 && desk.rules.ownDomains.some((domain) => isBelow(name, domain));
    for (const { vm, forwardIps } of askers) {
      if (forwardIps.length === 0) desk.say(vm, name, 'A', '-', 'outside', 'outside');
      // No zone, or none that takes any of its addresses.
      else if (!homes.some((zone) => forwardIps.some((ip) => takes(zone, ip)))) for (const type of typesOf(forwardIps)) desk.homeless(vm, name, type, isOwn);
    }
    for (const zone of homes) {
      const isTaken = (ip: string): boolean => takes(zone, ip);
      for (const { vm, forwardIps } of askers) for (const ip of forwardIps.filter(isTaken)) desk.wishes.push({ place: placeOf({ server: zone.server, apex: zone.apex, name, type: isV6(ip) ? 'AAAA' : 'A' }), vmId: vm.vmId, value: ip });
      const reserved = isReserved(name, zone.apex);
      const here = askers.filter(({ forwardIps }) => forwardIps.some(isTaken));
      for (const asker of here) {
        if (reserved) for (const type of typesOf(asker.forwardIps)) desk.say(asker.vm, name, type, zone.apex, 'refused', 'reserved-name');
        else if (!isSharer(asker)) for (const type of typesOf(asker.forwardIps)) desk.say(asker.vm, name, type, zone.apex, 'refused', 'name-conflict');
      }
      if (reserved) continue;
      const ips = [...new Set(here.filter(isSharer).flatMap(({ forwardIps }) => forwardIps).filter(isTaken))];
      const wanted = typesOf(ips).map((type): Expected => ({ server: zone.server, apex: zone.apex, name, type, ttl: zone.ttl.forward, values: ips.filter((ip) => isV6(ip) === (type === 'AAAA')).sort() }));
      put(desk, zone, name, wanted, here.filter(isSharer).map(({ vm }) => vm));
    }
  }
}

function reverse(all: readonly Asker[], desk: Desk): void {
  for (const ip of new Set(all.flatMap(({ addresses }) => addresses.map((address) => address.ip)))) {
    const name = reverseOf(ip);
    const askers = all.flatMap(({ vm, addresses }) => addresses.filter((address) => address.ip === ip).map((address) => ({ vm, claim: address.claim, target: ptrTarget(vm, address) })));
    const holder = askers.reduce((last, one) => (one.claim > last.claim ? one : last));
    const { isCovered, homes } = reverseHomes(ip, desk.zones);
    if (homes.length === 0) {
      for (const { vm, target } of askers) if (target !== null) desk.homeless(vm, name, 'PTR', !isCovered && desk.rules.ownPrefixes.some((prefix) => ip.startsWith(prefix)));
      continue;
    }
    for (const { zone, name: at, pointsTo } of homes) {
      const type = pointsTo === undefined ? 'PTR' : 'CNAME';
      for (const { vm, target } of askers) desk.wishes.push({ place: placeOf({ server: zone.server, apex: zone.apex, name: at, type }), vmId: vm.vmId, value: target === null ? '' : pointsTo ?? target });
      for (const { vm, target } of askers) if (vm !== holder.vm && target !== null) desk.say(vm, at, type, zone.apex, 'refused', 'address-conflict');
      if (holder.target === null) continue;
      put(desk, zone, at, [{ server: zone.server, apex: zone.apex, name: at, type, ttl: zone.ttl.reverse, values: [pointsTo ?? holder.target] }], [holder.vm]);
    }
  }
}
