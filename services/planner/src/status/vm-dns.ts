import type { ManagedType, NameState, Reason, RecordStatus, RrsetBody, VmDns } from '@vmdns/contracts';
import { decideName, familyOf, homelessReason, homesOf, mayUseAddress, mayUseName, namingOf, reasonOf, reverseName, vmDnsState, wishKeysOf, type HomeName, type NameDecision, type Wish } from '@vmdns/domain';
import { toBody } from '../planning/decide-key.js';
import { isStillToCome } from '../planning/job.repository.js';
import { placeKey, type NameStanding } from '../planning/name.repository.js';
import type { Former } from '../planning/vm.repository.js';
import type { ZonePicture } from '../zones/zone-sets.js';
import { standingOf } from './name-standing.js';
import type { DnsPicture, VmHead } from './vm-dns.reader.js';

/** Where a wish is at home: in zones that are written, and in those that are only looked at. */
export function homesOfWish(zones: ZonePicture, wish: Wish): readonly HomeName[] {
  if (!zones.hasPlans) return homesOf(zones.base, wish, zones.settings);
  const planned = homesOf(zones.full, wish, zones.settings).filter((home) => zones.zones.get(home.zone.zoneId)?.released === false);
  return [...homesOf(zones.base, wish, zones.settings), ...planned];
}

/** A wish with its homes, worked out once. */
export interface HomedWish { readonly wish: Wish; readonly homes: readonly HomeName[] }

/**
 * Whether the row shows that the wish is granted there: its VM is among those it is about, and it holds something of
 * the wish's kind. Then nobody else's wishes need be read.
 */
export function isGranted(row: NameStanding | undefined, wish: Wish): boolean {
  return row !== undefined && row.vms.includes(wish.vmId) && row.desired.some((body) => isOfKind(body, wish.kind));
}

/** A VM's DNS: every record that it wants, or is to lose, with its state and reason (L11, L14). */
export function vmDns(vm: VmHead, wishes: readonly HomedWish[], picture: DnsPicture, minRevision: number): VmDns {
  const revision = Math.max(minRevision, vm.revision);
  const records = [...unnamed(vm, picture), ...notPermitted(vm, picture), ...wishes.flatMap((wish) => recordsOf(vm, wish, picture)), ...formerRecords(vm, wishes, picture)]
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.type < b.type ? -1 : a.type > b.type ? 1 : 0));
  // Planned, but by zones or settings that are no longer so: that is an old answer (L14).
  const isOld = !vm.deleted && isStillToCome(picture.replans, { vmId: vm.vm_id, tenant: vm.tenant }, wishes.map(({ wish }) => wish.key));
  const answer = vmDnsState({ deleted: vm.deleted, revision, plannedRevision: isOld ? revision - 1 : vm.planned_revision, records });
  return {
    vmId: vm.vm_id, revision, plannedRevision: vm.planned_revision, live: answer.live, state: answer.state,
    ...(answer.reason === undefined ? {} : { reason: answer.reason }), records,
  };
}

/** What is asked about a revision that no planner has met. */
export function notYetPlanned(vmId: string, revision: number): VmDns {
  return { vmId, revision, plannedRevision: 0, live: false, state: 'planning', reason: reasonOf.notYetPlanned(), records: [] };
}

function recordsOf(vm: VmHead, { wish, homes }: HomedWish, picture: DnsPicture): RecordStatus[] {
  if (homes.length > 0) return homes.flatMap((home) => homeRecords(vm, wish, home, picture));
  const { state, reason } = homelessReason(picture.zones.full, wish, picture.zones.settings);
  return wantedBodies(wish).map((body) => ({ ...record(wish.name, body.type, body.values, vm.updated_at), state, reason }));
}

function homeRecords(vm: VmHead, wish: Wish, home: HomeName, picture: DnsPicture): RecordStatus[] {
  const row = picture.names.get(placeKey(home.zone.zoneId, home.ownerName));
  const decision = isGranted(row, wish) ? undefined : decisionAt(wish, home, picture);
  const at = { zone: home.zone.apex, zoneId: home.zone.zoneId, provider: home.zone.provider };
  const lost = decision?.losers.find((loser) => loser.vmId === vm.vm_id && loser.kind === wish.kind);
  const counted = (body: Pick<RrsetBody, 'type' | 'values'> & { ttl?: number }, state: NameState, reason: Reason | undefined): RecordStatus => ({
    ...record(home.ownerName, body.type, body.values, row?.updated_at ?? vm.updated_at), ...at, ttl: body.ttl ?? null, state,
    ...(reason === undefined ? {} : { reason }), attempts: row?.attempts ?? 0, generation: row?.generation ?? 0,
    ...(row === undefined || row.next_try_at === null || row.settled_generation >= row.generation ? {} : { nextTryAt: row.next_try_at.toISOString() }),
  });
  if (lost !== undefined) return wantedBodies(wish).map((body) => counted(home.role === 'pointer' ? { ...body, type: 'CNAME' } : body, 'refused', lost.reason));
  // Who wishes nothing there loses nothing, and what another has there is not shown.
  const isOwn = (body: Pick<RrsetBody, 'type'>): boolean => decision?.vms.includes(vm.vm_id) !== false && isOfKind(body, wish.kind);
  if (row === undefined) return (decision?.rrsets ?? []).map(toBody).filter(isOwn).map((body) => counted(body, 'pending', reasonOf.notYetPlanned()));
  const standing = standingOf(row, home.zone, picture);
  const bodies = row.desired.filter(isOwn);
  if (bodies.length > 0) return bodies.map((body) => counted(body, standing.state, standing.reason));
  const isOpen = row.settled_generation < row.generation;
  return isOpen ? [counted({ type: wish.kind === 'name' ? 'A' : 'PTR', values: [] }, standing.state, standing.reason)] : [];
}

/** What this place decides by all wishes there: says who lost, and why. */
function decisionAt(wish: Wish, home: HomeName, picture: DnsPicture): NameDecision {
  const zones = picture.zones.zones.get(home.zone.zoneId)?.released === false ? picture.zones.full : picture.zones.base;
  const wishes = [...new Set([wish.key, ...wishKeysOf(home.zone, home.ownerName)])].flatMap((key) => picture.wishes.get(key) ?? []);
  return decideName({ zones, zone: home.zone, ownerName: home.ownerName, wishes, settings: picture.zones.settings });
}

function isOfKind(body: Pick<RrsetBody, 'type'>, kind: Wish['kind']): boolean {
  return (body.type === 'A' || body.type === 'AAAA') === (kind === 'name');
}

/** Names that the VM had and that are not settled without it; what somebody else holds there by now is not shown. */
function formerRecords(vm: VmHead, wishes: readonly HomedWish[], picture: DnsPicture): RecordStatus[] {
  if (vm.former.length === 0) return [];
  const current = new Set(wishes.flatMap(({ homes }) => homes).map((home) => placeKey(home.zone.zoneId, home.ownerName)));
  return vm.former.flatMap((former) => {
    const row = picture.names.get(placeKey(former.zoneId, former.ownerName));
    const zone = picture.zones.zones.get(former.zoneId)?.view;
    if (row === undefined || zone === undefined || isDone(row, former) || current.has(placeKey(former.zoneId, former.ownerName))) return [];
    const standing = standingOf(row, zone, picture);
    return [{
      ...record(former.ownerName, isReverse(former.ownerName) ? 'PTR' : 'A', [], row.updated_at),
      zone: zone.apex, zoneId: zone.zoneId, provider: zone.provider, attempts: row.attempts, generation: row.generation, state: row.kept ? 'refused' : unfinished(standing.state),
      ...(standing.reason === undefined ? {} : { reason: standing.reason }), ...(row.next_try_at === null ? {} : { nextTryAt: row.next_try_at.toISOString() }),
    }];
  });
}

/**
 * Settled without the VM; a removal that the provider refuses is settled, and still not done. A foreign record in the
 * way of who came next is not this VM's concern: nothing of its own stays behind.
 */
function isDone(row: NameStanding, former: Former): boolean {
  const isRefused = row.state === 'refused' && row.generation === former.generation;
  return row.settled_generation >= former.generation && (!isRefused || (row.reason?.code === 'foreign-record' && row.desired.length > 0));
}

/** A removal that is not settled is not answered, whatever was said of the row before. */
function unfinished(state: NameState): NameState {
  return state === 'applied' || state === 'observed' || state === 'outside' || state === 'waiting' ? 'pending' : state;
}

function isReverse(name: string): boolean {
  return name.endsWith('.in-addr.arpa.') || name.endsWith('.ip6.arpa.');
}

/** A VM with a host name that makes no name says why (L11). */
function unnamed(vm: VmHead, picture: DnsPicture): RecordStatus[] {
  const naming = namingOf(vm.fact, picture.zones.settings);
  if (naming.kind !== 'no-domain' && naming.kind !== 'too-long') return [];
  const isShort = naming.kind === 'no-domain';
  const reason = isShort ? reasonOf.noDomain(naming.hostname) : reasonOf.nameTooLong(naming.hostname);
  return [{ ...record(naming.hostname, 'A', [], vm.updated_at), state: isShort ? 'waiting' : 'refused', reason }];
}

/** What its tenant may not use: no wish comes of it, so it stands in nobody's way. */
function notPermitted(vm: VmHead, { zones: { settings } }: DnsPicture): RecordStatus[] {
  const { tenant } = vm.fact;
  if (tenant === null || vm.deleted) return [];
  const naming = namingOf(vm.fact, settings);
  const refused = (name: string, type: ManagedType, values: readonly string[], what: string): RecordStatus => ({ ...record(name, type, values, vm.updated_at), state: 'refused', reason: reasonOf.notPermitted(what, tenant) });
  const ofName = naming.kind !== 'named' || mayUseName(tenant, naming.name, settings) ? [] : [refused(naming.name, 'A', [], naming.name)];
  return [...ofName, ...vm.fact.addresses.filter(({ ip }) => !mayUseAddress(tenant, ip, settings)).map(({ ip }) => refused(reverseName(ip), 'PTR', [], ip))];
}

/** What the wish is for, by type; nothing for an address without a target. */
function wantedBodies(wish: Wish): { type: ManagedType; values: string[] }[] {
  if (wish.kind === 'address') return wish.target === null ? [] : [{ type: 'PTR', values: [wish.target] }];
  const of = (family: 4 | 6) => wish.addresses.filter((ip) => familyOf(ip) === family);
  const bodies: { type: ManagedType; values: string[] }[] = [{ type: 'A', values: of(4) }, { type: 'AAAA', values: of(6) }];
  const wanted = bodies.filter((body) => body.values.length > 0);
  return wanted.length > 0 ? wanted : [{ type: 'A', values: [] }];
}

function record(name: string, type: ManagedType, values: readonly string[], updatedAt: Date): RecordStatus {
  return { name, type, ttl: null, values: [...values], zone: null, zoneId: null, provider: null, state: 'pending', attempts: 0, generation: 0, updatedAt: updatedAt.toISOString() };
}
