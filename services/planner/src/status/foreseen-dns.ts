import type { NameState, Reason, VmDns } from '@vmdns/contracts';
import type { Newborn } from '../planning/newborn.js';
import type { NameChange } from '../planning/name.repository.js';
import type { ZonePicture } from '../zones/zone-sets.js';

/** More VMs than this, and for longer, are not remembered: theirs is read. Another replica may have heard of them. */
const VMS_MAX = 10_000;
const KEPT_MS = 60_000;

/** What became of one name: its row took it. */
export interface HeardName {
  readonly zoneId: string;
  readonly ownerName: string;
  readonly generation: number;
  readonly state: string;
  readonly reason: Reason | null;
  readonly attempts: number;
  /** The VMs that its row is about. */
  readonly vms: readonly string[];
  /** When the row took it. */
  readonly at: Date;
}

/** A new VM whose names were all granted, and what was heard of each. */
export interface ForeseenVm {
  readonly vmId: string;
  readonly life: number;
  readonly revision: number;
  readonly picture: ZonePicture;
  /** By the process' own clock. */
  readonly bornAt: number;
  readonly names: readonly { readonly change: NameChange; heard: HeardName | undefined }[];
}

/**
 * The DNS of new VMs as it will be when all their names are applied, which is what nearly always comes: then a VM's
 * status need not be worked out from its rows, and only be checked against them. Wherever anything else is heard or
 * planned, the VM is forgotten here. The oldest go first when there are too many.
 */
export class ForeseenDns {
  private readonly vms = new Map<string, ForeseenVm>();

  born(picture: ZonePicture, newborns: readonly Newborn[], now: number): void {
    for (const newborn of newborns) {
      if (!isAllGranted(newborn)) continue;
      const { fact: { vmId, life, revision }, names } = newborn;
      this.vms.set(vmId, { vmId, life, revision, picture, bornAt: now, names: names.map(({ change }) => ({ change, heard: undefined })) });
    }
    for (const [vmId, { bornAt }] of this.vms) {
      if (this.vms.size <= VMS_MAX && now - bornAt < KEPT_MS) break;
      this.vms.delete(vmId);
    }
  }

  heard(name: HeardName): void {
    for (const vmId of name.vms) {
      const known = this.vms.get(vmId)?.names.find(({ change }) => change.ownerName === name.ownerName && change.zoneId === name.zoneId);
      if (known?.change.generation === name.generation && name.state === 'applied' && name.reason === null) known.heard = name;
      else this.vms.delete(vmId);
    }
  }

  forget(vmId: string): void {
    this.vms.delete(vmId);
  }

  /** The VM, once, if all its names were heard of. */
  take(vmId: string): ForeseenVm | undefined {
    const vm = this.vms.get(vmId);
    if (vm === undefined || vm.names.some(({ heard }) => heard === undefined)) return undefined;
    this.vms.delete(vmId);
    return vm;
  }
}

/** Nothing of it waits, is refused, lies outside, or could not even be wished: its records are those of its names. */
function isAllGranted({ fact, wishes, names }: Newborn): boolean {
  const hasName = wishes.some((wish) => wish.kind === 'name');
  const isNamed = fact.fqdn !== null || fact.hostname !== null;
  return names.length > 0 && hasName === isNamed && wishes.length === fact.addresses.length + (hasName ? 1 : 0)
    && names.every(({ change }) => change.isNew && change.planReason === null) && wishes.every((wish) => names.some((name) => name.wish === wish));
}

const APPLIED: NameState = 'applied';

/** As `vmDns` tells it of the rows. */
export function dnsOfForeseen({ vmId, revision, picture, names }: ForeseenVm): VmDns {
  const records = names.flatMap(({ change, heard }) => change.desired.map((body) => {
    const zone = picture.zones.get(change.zoneId)?.view;
    return {
      name: change.ownerName, type: body.type, ttl: body.ttl, values: [...body.values], zone: zone?.apex ?? null, zoneId: change.zoneId, provider: zone?.provider ?? null,
      state: APPLIED, attempts: heard?.attempts ?? 0, generation: change.generation, updatedAt: (heard?.at ?? new Date(0)).toISOString(),
    };
  })).sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.type < b.type ? -1 : a.type > b.type ? 1 : 0));
  return { vmId, revision, plannedRevision: revision, live: true, state: 'live', records };
}
