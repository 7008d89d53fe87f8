import { Injectable } from '@nestjs/common';
import type { Caller, Explanation, Reason, RecordStatus, VmDns } from '@vmdns/contracts';
import { addressAt, parseIp, parseName, reverseKey, reverseName } from '@vmdns/domain';
import { Store } from '@vmdns/store';
import { NAME_COLUMNS, readNames, type NameRow } from '../planning/name.repository.js';
import { ZoneSets } from '../zones/zone-sets.js';
import { mayRead } from './answers.js';
import { standingOf } from './name-standing.js';
import { VmDnsReader } from './vm-dns.reader.js';

const VMS_MAX = 20;
/** An explanation is for a person, and fits into one message: of a VM of a thousand addresses so much is told, and where the rest is. */
const RECORDS_TOLD_MAX = 100;
const RECORDS_SHOWN_MAX = 1000;
type NameEntry = Explanation['names'][number];

/** Why a VM, a name or an address has the DNS it has: sentences for a person, data for a program (L11). */
@Injectable()
export class Explainer {
  constructor(private readonly store: Store, private readonly reader: VmDnsReader, private readonly zoneSets: ZoneSets) {}

  async explain(q: string, caller: Caller): Promise<Explanation> {
    const text = q.trim();
    const [vm] = await this.reader.heads([text]);
    if (vm !== undefined && mayRead(caller, vm.tenant)) return this.ofVm(text);
    const ip = parseIp(text);
    if (ip.ok) return this.ofName(text, 'address', reverseName(ip.ip), ip.ip, caller);
    const name = parseName(text);
    if (name.ok && text.includes('.')) return this.ofName(text, 'name', name.name, name.name, caller);
    return { query: q, kind: 'unknown', sentences: [`Nothing is known of ${q}: it is no VM${caller.tenant === null ? '' : ' of yours'}, and no name or address.`], vms: [], names: [] };
  }

  private async ofVm(vmId: string): Promise<Explanation> {
    const dns = (await this.reader.read([vmId])).get(vmId);
    if (dns === undefined) return { query: vmId, kind: 'vm', sentences: [`VM ${vmId} is not planned yet.`], vms: [], names: [] };
    return { query: vmId, kind: 'vm', sentences: vmSentences(dns), vms: [dns], names: await this.since(dns) };
  }

  /** The rows behind a VM's records, so that each sentence can say since when. */
  private async since(dns: VmDns): Promise<NameEntry[]> {
    const places = toldFirst(dns.records).flatMap((record) => (record.zoneId === null ? [] : [{ zoneId: record.zoneId, ownerName: record.name }]));
    const entries = await this.entries(await readNames(this.store, places));
    // A row may hold another VM's data: what this VM may not see is not in its records either.
    return entries.filter((entry) => dns.records.some((record) => record.name === entry.name && record.values.length > 0 && record.state !== 'refused'));
  }

  private async ofName(q: string, kind: 'name' | 'address', name: string, shown: string, caller: Caller): Promise<Explanation> {
    const key = reverseKey(name);
    const wished = await this.store.query<{ vm_id: string }>(
      'select distinct vm_id from wish where rkey = $1 and ($2::text is null or tenant = $2) order by vm_id limit $3', [key, caller.tenant, VMS_MAX]);
    const vmIds = wished.map((row) => row.vm_id);
    if (caller.tenant !== null && vmIds.length === 0) {
      return { query: q, kind, sentences: [sentence(`No VM of yours wishes ${shown}`)], vms: [], names: [] };
    }
    const rows = caller.tenant !== null ? [] : await this.store.query<NameRow>(`select ${NAME_COLUMNS} from name where rkey = $1 or owner_name = $2 and zone_id = any($3::text[]) order by zone_id limit 100`,
      [key, name, [...(await this.zoneSets.picture(this.store)).zones.keys()]]);
    const names = await this.entries(rows);
    const vms = [...(await this.reader.read(vmIds)).values()];
    const ip = kind === 'address' ? shown : null;
    const about = vms.flatMap((vm) => vm.records.filter((record) => isAbout(record, name, ip)).map((record) => `VM ${vm.vmId}: ${recordSentence(record)}`));
    const sentences = [...names.map(nameSentence), ...about];
    if (vmIds.length === 0) sentences.unshift(sentence(`No VM wishes ${shown}`), await this.homeSentence(name, shown));
    return { query: q, kind, sentences, vms: fitting(vms), names };
  }

  private async homeSentence(name: string, shown: string): Promise<string> {
    const picture = await this.zoneSets.picture(this.store);
    const apex = picture.full.closest(name)[0]?.apex;
    return sentence(apex === undefined ? `No zone is configured that encloses ${shown}` : `Its zone is ${apex}`);
  }

  private async entries(rows: readonly NameRow[]): Promise<NameEntry[]> {
    const picture = await this.zoneSets.picture(this.store);
    const around = await this.reader.circumstances(rows);
    return rows.flatMap((row) => {
      const zone = picture.zones.get(row.zone_id);
      if (zone === undefined) return [];
      const standing = standingOf(row, zone.view, around);
      const isOpen = row.settled_generation < row.generation;
      return [{
        name: row.owner_name, zone: zone.view.apex, provider: zone.view.provider, state: standing.state, generation: row.generation, rrsets: [...row.desired], since: row.since.toISOString(),
        ...(standing.reason === undefined ? {} : { reason: standing.reason }), ...(isOpen && row.next_try_at !== null ? { nextTryAt: row.next_try_at.toISOString() } : {}),
      }];
    });
  }
}

/** Also the names that an address' PTR has in classless zones, and the pointers to them. */
function isAbout(record: RecordStatus, name: string, ip: string | null): boolean {
  return record.name === name || (ip !== null && record.zone !== null && addressAt({ apex: record.zone }, record.name) === ip);
}

/** The first, and of the others those whose records are not too many together. */
function fitting(vms: readonly VmDns[]): VmDns[] {
  let records = 0;
  return vms.filter((vm, at) => (records += vm.records.length) <= RECORDS_SHOWN_MAX || at === 0);
}

/** Those that are not as they shall be come first. */
function toldFirst(records: readonly RecordStatus[]): readonly RecordStatus[] {
  const isOpen = (record: RecordStatus) => record.state !== 'applied';
  return [...records.filter(isOpen), ...records.filter((record) => !isOpen(record))].slice(0, RECORDS_TOLD_MAX);
}

function vmSentences(dns: VmDns): string[] {
  const good = dns.records.filter((record) => record.state === 'applied' || record.state === 'observed' || record.state === 'outside').length;
  const sentences = [`VM ${dns.vmId} is ${dns.state}: revision ${dns.revision}, ${good} of ${dns.records.length} records are as they shall be.`];
  if (dns.state === 'planning' && dns.reason !== undefined) sentences.push(withHint(dns.reason));
  if (dns.records.length === 0 && dns.state === 'live') sentences.push('It wishes no record: it has no name, or no address.');
  const open = dns.records.filter((record) => record.state !== 'applied');
  const rest = open.length - RECORDS_TOLD_MAX;
  return [...sentences, ...open.slice(0, RECORDS_TOLD_MAX).map(recordSentence), ...(rest > 0 ? [`… and ${rest} more records; GET /v1/vms/${dns.vmId}/dns lists all.`] : [])];
}

/** What, where, how it stands, why, when the next try is, what to do. */
function recordSentence(record: RecordStatus): string {
  const what = record.values.length === 0 ? `the removal of ${record.type} ${record.name}` : `${record.type} ${record.name} → ${record.values.join(', ')}`;
  const where = record.zone === null ? '' : ` in ${record.zone} (${record.provider ?? 'no provider'})`;
  const since = record.state === 'applied' ? '' : ` since ${record.updatedAt}`;
  return `${what}${where} is ${record.state}${since}${tail(record.reason, record.nextTryAt, record.attempts)}`;
}

function nameSentence(entry: NameEntry): string {
  const since = entry.since === undefined ? '' : ` since ${entry.since}`;
  const what = `${entry.name} in ${entry.zone ?? 'no zone'} (${entry.provider ?? 'no provider'})`;
  if (entry.rrsets.length === 0 && entry.state === 'applied') return `${what} has no records of ours, as it shall be,${since}.`;
  return `${entry.rrsets.length === 0 ? 'The removal of ' : ''}${what} is ${entry.state}${since}${tail(entry.reason, entry.nextTryAt, 0)}`;
}

function tail(reason: Reason | undefined, nextTryAt: string | undefined, attempts: number): string {
  const tries = attempts > 1 ? ` after ${attempts} tries` : '';
  const next = nextTryAt === undefined ? '' : ` The next try is at ${nextTryAt}.`;
  return reason === undefined ? `${tries}.${next}` : `${tries}: ${sentence(reason.text)}${next}${reason.hint === undefined ? '' : ` ${sentence(reason.hint)}`}`;
}

function withHint(reason: Reason): string {
  return reason.hint === undefined ? sentence(reason.text) : `${sentence(reason.text)} ${sentence(reason.hint)}`;
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
