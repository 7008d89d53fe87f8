import { familyOf } from '../addresses/ip-address.js';
import { digestOfCanonical } from '../records/digest.js';
import { byText, mergeCanonical, type Rrset } from '../records/rrset.js';
import { takesAddress } from './address-filter.js';
import { addressAt, homesOfAddress, homesOfName, type HomeName } from './homes.js';
import type { PlanningSettings } from './planning-settings.js';
import { reasonOf, type Reason } from './reason.js';
import { reservedPattern } from './reserved-names.js';
import type { AddressWish, NameWish, Wish } from './wish.js';
import type { ZoneSet } from './zone-set.js';
import type { ZoneView } from './zone-view.js';

/** A VM whose wish is not granted at this name, and why, in words that its own tenant may read. */
export interface Loser { readonly vmId: string; readonly kind: Wish['kind']; readonly reason: Reason }

/** What one (zone, owner name) shall have. */
export interface NameDecision {
  /** `refused`: something was wanted and nothing of it is granted. */
  readonly state: 'wanted' | 'refused';
  /** Canonical, sorted; empty: nothing of ours stays there. */
  readonly rrsets: readonly Rrset[];
  /** `desiredDigest(rrsets)`. */
  readonly digest: string;
  /** Why something is refused here whoever asks; a conflict between VMs stands with the losers. */
  readonly reason?: Reason;
  readonly holder: string | null;
  /** The VMs whose wishes are granted. */
  readonly vms: readonly string[];
  readonly losers: readonly Loser[];
}

export interface NameQuestion {
  readonly zones: ZoneSet;
  readonly zone: ZoneView;
  readonly ownerName: string;
  /** All wishes with a key of `wishKeysOf(zone, ownerName)`, of all VMs; others do no harm. */
  readonly wishes: readonly Wish[];
  readonly settings: PlanningSettings;
  /** This place as `homesOf` gives it for these zones and settings, where that is known already. */
  readonly home?: HomeName;
}

/** What one side, forward or reverse, gets of a name. */
interface Grant {
  readonly holder: Wish | null;
  readonly granted: readonly Wish[];
  readonly rrsets: readonly Rrset[];
  readonly losers: readonly Loser[];
  readonly reason?: Reason;
}
const NOTHING: Grant = { holder: null, granted: [], rrsets: [], losers: [] };

/** The first of the wishes in the order that rights have; ties, which claims do not make, go by id. */
function foremost<W extends Wish>(wishes: readonly W[], order: 1 | -1): W | undefined {
  return wishes.reduce<W | undefined>((best, wish) => (best === undefined || (wish.claim - best.claim || byText(wish.vmId, best.vmId)) * order < 0 ? wish : best), undefined);
}

/** The first holder has the name; who shares it within one tenant answers with it; the others have a conflict. */
function grantForward({ zones, zone, ownerName, settings, home }: NameQuestion, wishes: readonly NameWish[]): Grant {
  const holder = foremost(wishes, 1);
  if (holder === undefined) return NOTHING;
  if (home?.role !== 'forward' && !homesOfName(zones, ownerName, settings).some((each) => each.zone.zoneId === zone.zoneId)) return NOTHING;
  const reserved = reservedPattern(zone, ownerName);
  if (reserved !== null) {
    const reason = reasonOf.reservedName(ownerName, zone.apex, reserved);
    return { ...NOTHING, reason, losers: wishes.map(({ vmId, kind }) => ({ vmId, kind, reason })) };
  }
  const isSharer = (wish: NameWish) => wish === holder || (wish.shareName && holder.shareName && wish.tenant === holder.tenant);
  const granted = wishes.filter(isSharer);
  const rrsets = granted.flatMap((wish) => wish.addresses.filter((ip) => takesAddress(zone.addresses, ip)))
    .map((ip): Rrset => ({ name: ownerName, type: familyOf(ip) === 4 ? 'A' : 'AAAA', ttl: zone.ttl.forward, values: [ip] }));
  const losers = wishes.filter((wish) => !isSharer(wish))
    .map((wish): Loser => ({ vmId: wish.vmId, kind: 'name', reason: reasonOf.nameConflict(ownerName, holder, wish) }));
  return { holder, granted, rrsets, losers };
}

/** The newest claim has the address: its PTR replaces the old one at the same name, in one command. */
function grantReverse(question: NameQuestion, addressWishes: readonly AddressWish[]): Grant {
  const { zones, zone, ownerName, settings } = question;
  const ip = addressWishes.length === 0 ? null : addressAt(zone, ownerName);
  const wishes = addressWishes.filter((wish) => wish.ip === ip);
  const holder = foremost(wishes, -1);
  if (ip === null || holder === undefined) return NOTHING;
  const isKnown = question.home !== undefined && question.home.role !== 'forward';
  const home = isKnown ? question.home : homesOfAddress(zones, ip, settings).find((each) => each.zone.zoneId === zone.zoneId && each.ownerName === ownerName);
  if (home === undefined) return NOTHING;
  const losers = wishes.filter((wish) => wish !== holder && wish.target !== null)
    .map((wish): Loser => ({ vmId: wish.vmId, kind: 'address', reason: reasonOf.addressConflict(ip, holder, wish) }));
  if (holder.target === null) return { ...NOTHING, holder, losers };
  const ttl = zone.ttl.reverse;
  const rrset: Rrset = home.pointsTo === null
    ? { name: ownerName, type: 'PTR', ttl, values: [holder.target] }
    : { name: ownerName, type: 'CNAME', ttl, values: [home.pointsTo] };
  return { holder, granted: [holder], rrsets: [rrset], losers };
}

/** A CNAME stands alone (RFC 1034, 3.6.2): beside other data it is the one that is left out, with both origins named. */
function withoutCnameBesideData(ownerName: string, forward: Grant, reverse: Grant): Grant {
  const cname = reverse.rrsets.find((rrset) => rrset.type === 'CNAME');
  const owner = forward.holder;
  if (cname === undefined || reverse.holder === null || owner === null || forward.rrsets.length === 0) return reverse;
  const types = [...new Set(forward.rrsets.map((rrset) => rrset.type))].sort(byText);
  const reason = reasonOf.cnameConflict(ownerName, `the pointer to ${cname.values.join()}`, reasonOf.originOf(types, owner, reverse.holder));
  return { holder: null, granted: [], rrsets: [], losers: [...reverse.losers, { vmId: reverse.holder.vmId, kind: 'address', reason }], reason };
}

/**
 * Decides one name of one zone entry (ARCHITECTURE §2, "Planning rules"): which of the wishes are granted there, as
 * RRsets, and why the others are not. Equal questions have equal answers, in whatever order the wishes come (L12).
 * O(wishes of the name).
 */
export function decideName(question: NameQuestion): NameDecision {
  const { ownerName } = question;
  const wishes = question.wishes.length < 2 ? question.wishes : question.wishes.toSorted((a, b) => byText(a.vmId, b.vmId));
  const forward = grantForward(question, wishes.filter((wish) => wish.kind === 'name').filter((wish) => wish.name === ownerName));
  const asked = grantReverse(question, wishes.filter((wish) => wish.kind === 'address'));
  const reverse = withoutCnameBesideData(ownerName, forward, asked);
  const rrsets = mergeCanonical([...forward.rrsets, ...reverse.rrsets]);
  const losers = [...forward.losers, ...reverse.losers];
  const holder = forward.holder ?? reverse.holder;
  const reason = forward.reason ?? reverse.reason;
  return {
    state: holder === null && losers.length > 0 ? 'refused' : 'wanted',
    rrsets, digest: digestOfCanonical(rrsets), holder: holder?.vmId ?? null,
    vms: [...new Set([...forward.granted, ...reverse.granted].map((wish) => wish.vmId))].sort(byText),
    losers, ...(reason === undefined ? {} : { reason }),
  };
}
