import { Injectable } from '@nestjs/common';
import { Clock } from '@vmdns/chassis';
import type { Pause, VmDns } from '@vmdns/contracts';
import { wishKeysOf, type Fact, type Wish } from '@vmdns/domain';
import { Store, type Tx } from '@vmdns/store';
import { readReplans, type Replan } from '../planning/job.repository.js';
import { placeKey, readStandings, type NameStanding } from '../planning/name.repository.js';
import type { Former } from '../planning/vm.repository.js';
import { readDecidingWishes, readWishesOfVms } from '../wishes/wish.repository.js';
import { pausesOfZones } from '../zones/pause.repository.js';
import { ZoneSets, type ZonePicture } from '../zones/zone-sets.js';
import { dnsOfForeseen, type ForeseenVm } from './foreseen-dns.js';
import { readConfirmed } from './foreseen.repository.js';
import { homesOfWish, isGranted, vmDns, type HomedWish } from './vm-dns.js';

/** A VM's row as far as its DNS goes. */
export interface VmHead {
  readonly vm_id: string;
  readonly revision: number;
  readonly planned_revision: number;
  readonly tenant: string | null;
  readonly deleted: boolean;
  readonly former: readonly Former[];
  readonly fact: Fact;
  readonly updated_at: Date;
}

/** Everything that the answers about some VMs are worked out from. */
export interface DnsPicture {
  readonly zones: ZonePicture;
  readonly wishes: ReadonlyMap<string, readonly Wish[]>;
  readonly names: ReadonlyMap<string, NameStanding>;
  /** What is still to be decided by these zones and settings. */
  readonly replans: readonly Replan[];
  readonly pauses: ReadonlyMap<string, Pause>;
  /** When an adapter of a provider was last heard of. */
  readonly adapters: ReadonlyMap<string, Date>;
  readonly now: Date;
}

/**
 * Works out VMs' DNS from wishes and names, in a handful of statements for however many VMs. The VM's row is read
 * before its names: so an answer for a revision never rests on names older than it (L14).
 */
@Injectable()
export class VmDnsReader {
  constructor(private readonly store: Store, private readonly zoneSets: ZoneSets, private readonly clock: Clock) {}

  /** By VM id; a VM that was never planned is left out. Within a transaction: as that sees it. */
  async read(vmIds: readonly string[], minRevision = 0, tx: Tx = this.store): Promise<ReadonlyMap<string, VmDns>> {
    if (vmIds.length === 0) return new Map();
    const vms = await this.heads(vmIds, tx);
    if (vms.length === 0) return new Map();
    const zones = await this.zoneSets.picture(tx);
    // Before wishes and names: what is not to come any more is in them then.
    const replans = await readReplans(tx);
    const own = (await readWishesOfVms(tx, vms.map((vm) => vm.vm_id))).map((wish): HomedWish => ({ wish, homes: homesOfWish(zones, wish) }));
    const places = [...own.flatMap(({ homes }) => homes.map((home) => ({ zoneId: home.zone.zoneId, ownerName: home.ownerName }))), ...vms.flatMap((vm) => vm.former)];
    const rows = await readStandings(tx, places);
    const names = new Map(rows.map((row) => [placeKey(row.zone_id, row.owner_name), row]));
    const picture: DnsPicture = { zones, replans, names, wishes: await this.contested(tx, own, names), ...(await this.circumstances(rows, tx)) };
    const ownOf = groupByVm(own);
    return new Map(vms.map((vm) => [vm.vm_id, vmDns(vm, ownOf.get(vm.vm_id) ?? [], picture, minRevision)]));
  }

  /** The same for VMs that were foreseen; who is not as foreseen is left out. */
  async readForeseen(vms: readonly ForeseenVm[]): Promise<ReadonlyMap<string, VmDns>> {
    const dns = new Map<string, VmDns>();
    for (const version of new Set(vms.map(({ picture }) => picture.version))) {
      const confirmed = await readConfirmed(this.store, version, vms.filter(({ picture }) => picture.version === version));
      for (const vm of confirmed) dns.set(vm.vmId, dnsOfForeseen(vm));
    }
    return dns;
  }

  /** All wishes where a wish is not seen to be granted: there somebody else may have won. */
  private async contested(tx: Tx, own: readonly HomedWish[], names: ReadonlyMap<string, NameStanding>): Promise<ReadonlyMap<string, readonly Wish[]>> {
    const places = own.flatMap(({ wish, homes }) => homes.filter((home) => !isGranted(names.get(placeKey(home.zone.zoneId, home.ownerName)), wish)).map((home) => ({ wish, home })));
    const keys = new Set(places.flatMap(({ wish, home }) => [wish.key, ...wishKeysOf(home.zone, home.ownerName)]));
    return groupByKey([...await readDecidingWishes(tx, [...keys]), ...places.map(({ wish }) => wish)]);
  }

  heads(vmIds: readonly string[], tx: Tx = this.store): Promise<readonly VmHead[]> {
    return tx.query<VmHead>('select vm_id, revision, planned_revision, tenant, deleted, former, fact, updated_at from vm where vm_id = any($1::text[])', [vmIds]);
  }

  /** What stands around names: pauses of their zones, adapters of their providers. */
  async circumstances(names: readonly NameStanding[], tx: Tx = this.store): Promise<Pick<DnsPicture, 'pauses' | 'adapters' | 'now'>> {
    const open = names.filter((row) => row.settled_generation < row.generation);
    if (open.length === 0) return { pauses: new Map(), adapters: new Map(), now: this.clock.now() };
    const pauses = await pausesOfZones(tx, [...new Set(open.map((row) => row.zone_id))]);
    const adapters = await tx.query<{ name: string; seen_at: Date }>('select name, seen_at from provider');
    return { pauses, adapters: new Map(adapters.map((row) => [row.name, row.seen_at])), now: this.clock.now() };
  }
}

/** Each wish once, although a VM's own wish may be a deciding one. */
function groupByKey(wishes: readonly Wish[]): ReadonlyMap<string, readonly Wish[]> {
  const groups = new Map<string, Map<string, Wish>>();
  for (const wish of wishes) {
    const group = groups.get(wish.key) ?? new Map<string, Wish>();
    group.set(`${wish.kind} ${wish.vmId}`, wish);
    groups.set(wish.key, group);
  }
  return new Map([...groups].map(([key, group]) => [key, [...group.values()]]));
}

function groupByVm(wishes: readonly HomedWish[]): ReadonlyMap<string, readonly HomedWish[]> {
  const groups = new Map<string, HomedWish[]>();
  for (const homed of wishes) {
    const group = groups.get(homed.wish.vmId);
    if (group === undefined) groups.set(homed.wish.vmId, [homed]);
    else group.push(homed);
  }
  return groups;
}
