import { Injectable } from '@nestjs/common';
import type { PlannedChange, PlannedFacts, PlannedHold, PlannedRefusal, RrsetBody, VmDns } from '@vmdns/contracts';
import { byText, desiredDigest, wishesOf, type Fact } from '@vmdns/domain';
import { Store, textArray, type Tx } from '@vmdns/store';
import { VmDnsReader } from '../status/vm-dns.reader.js';
import { readWishesOfVms } from '../wishes/wish.repository.js';
import type { ZonePicture } from '../zones/zone-sets.js';
import { placeKey, readNamesOfKeys, type NameCore } from './name.repository.js';
import { planFacts } from './plan-facts.js';
import { Planner } from './planner.service.js';
import { isNewer, readRevisions } from './vm.repository.js';

/** What NATS carries in one message (1 MiB), with room for the envelope. */
const CHARACTERS_MAX = 700_000;

/** Ends the transaction so that nothing of it stays, and brings out what it found. */
class Undone extends Error {
  override readonly name = 'Undone';
  constructor(readonly found: PlannedFacts) { super('a plan that was only looked at'); }
}

/**
 * What would change if these facts came in: planning itself, in a transaction that is rolled back, so that a preview
 * can never say anything else than what would happen. It waits for locks, and is waited for, as one batch of events.
 */
@Injectable()
export class PlanPreview {
  constructor(private readonly store: Store, private readonly planner: Planner, private readonly reader: VmDnsReader) {}

  async preview(facts: readonly Fact[]): Promise<PlannedFacts> {
    try {
      return await this.store.transaction(async (tx) => { throw new Undone(await this.look(tx, facts)); });
    } catch (error) {
      if (error instanceof Undone) return error.found;
      throw error;
    }
  }

  private async look(tx: Tx, facts: readonly Fact[]): Promise<PlannedFacts> {
    const ask = await this.planner.ask(tx, 1);
    const vmIds = facts.map((fact) => fact.vmId);
    const known = await readRevisions(tx, vmIds);
    const stored = await readWishesOfVms(tx, vmIds);
    const keys = [...new Set([...stored, ...facts.flatMap((fact) => wishesOf(fact, ask.picture.settings))].map((wish) => wish.key))];
    const before = new Map((await readNamesOfKeys(tx, keys)).map((row) => [placeKey(row.zone_id, row.owner_name), row]));
    await planFacts(tx, ask, facts.filter((fact) => isNewer(fact, known.get(fact.vmId))), known);
    const after = (await readNamesOfKeys(tx, keys)).toSorted((a, b) => byText(a.zone_id, b.zone_id) || byText(a.owner_name, b.owner_name));
    const dns = await this.reader.read(vmIds, 0, tx);
    return bounded({
      changes: after.flatMap((row) => changeOf(ask.picture, before.get(placeKey(row.zone_id, row.owner_name)), row)),
      holds: await readHolds(tx, ask.picture, after.filter((row) => row.hold_id !== null && row.hold_id !== before.get(placeKey(row.zone_id, row.owner_name))?.hold_id)),
      refusals: facts.flatMap((fact) => refusalsOf(fact, dns.get(fact.vmId))),
    });
  }
}

function changeOf(picture: ZonePicture, before: NameCore | undefined, after: NameCore): PlannedChange[] {
  const zone = picture.zones.get(after.zone_id)?.view;
  const had = before?.desired ?? [];
  if (zone === undefined || desiredDigest(had) === desiredDigest(after.desired)) return [];
  return [{ zone: zone.apex, zoneId: zone.zoneId, provider: zone.provider, mode: zone.mode, name: after.owner_name, before: [...had], after: [...after.desired] }];
}

async function readHolds(tx: Tx, picture: ZonePicture, rows: readonly NameCore[]): Promise<PlannedHold[]> {
  if (rows.length === 0) return [];
  const members = await tx.query<{ zone_id: string; owner_name: string; removes: RrsetBody[] | null; text: string }>(
    `select m.zone_id, m.owner_name, m.removes, h.text from unnest($1::text[], $2::text[], $3::text[]) as r(hold_id, zone_id, owner_name)
       join hold_member m on m.hold_id = r.hold_id and m.zone_id = r.zone_id and m.owner_name = r.owner_name join hold h on h.id = r.hold_id order by m.zone_id, m.owner_name`,
    [textArray(rows.map((row) => row.hold_id)), textArray(rows.map((row) => row.zone_id)), textArray(rows.map((row) => row.owner_name))]);
  return members.flatMap((member) => {
    const zone = picture.zones.get(member.zone_id)?.view;
    return zone === undefined ? [] : [{ zone: zone.apex, provider: zone.provider, name: member.owner_name, removes: member.removes ?? [], text: member.text }];
  });
}

/** What the VM wants and would not get; what only has to wait for its provider is no refusal. */
function refusalsOf(fact: Fact, dns: VmDns | undefined): PlannedRefusal[] {
  if (fact.deleted || dns === undefined) return [];
  return dns.records.flatMap(({ name, type, zone, provider, state, reason }) => (reason === undefined || (state !== 'refused' && state !== 'waiting' && state !== 'outside') ? [] : [{ vmId: fact.vmId, name, type, zone, provider, state, reason }]));
}

/** As much as one message carries; what is left out is counted. */
function bounded(found: Omit<PlannedFacts, 'more'>): PlannedFacts {
  let room = CHARACTERS_MAX;
  const fits = (item: object): boolean => {
    room -= JSON.stringify(item).length + 1;
    return room >= 0;
  };
  const [holds, refusals, changes] = [found.holds.filter(fits), found.refusals.filter(fits), found.changes.filter(fits)];
  return { holds, refusals, changes, more: found.holds.length + found.refusals.length + found.changes.length - holds.length - refusals.length - changes.length };
}
