import { Injectable } from '@nestjs/common';
import type { Caller, VmDnsState, VmSummary } from '@vmdns/contracts';
import { parseIp, parseName, reverseKey, reverseName } from '@vmdns/domain';
import { Store } from '@vmdns/store';
import { VmDnsReader, type VmHead } from './vm-dns.reader.js';

export interface VmSearchAsk { readonly q: string; readonly state?: VmDnsState | undefined; readonly limit: number; readonly cursor?: string | undefined; readonly caller: Caller }
export interface FoundVms { readonly items: VmSummary[]; readonly next?: string }

/** A state is worked out, not stored: so many VMs are looked at for one page of a state that is rare. */
const LOOKS_MAX = 10;
const LOOK_SIZE = 200;

/** Finds VMs as a person types, in the order of their ids. */
@Injectable()
export class VmSearch {
  constructor(private readonly store: Store, private readonly reader: VmDnsReader) {}

  async search(ask: VmSearchAsk): Promise<FoundVms> {
    const items: VmSummary[] = [];
    let cursor = ask.cursor ?? '';
    for (let look = 0; look < LOOKS_MAX; look += 1) {
      const size = ask.state === undefined ? ask.limit : LOOK_SIZE;
      const vmIds = await this.candidates(ask, cursor, size);
      for (const vm of await this.summaries(vmIds)) {
        if (ask.state !== undefined && vm.state !== ask.state) continue;
        items.push(vm);
        if (items.length === ask.limit) return { items, next: vm.vmId };
      }
      if (vmIds.length < size) return { items };
      cursor = vmIds.at(-1) ?? cursor;
    }
    return { items, next: cursor };
  }

  private async candidates({ q, state, caller }: VmSearchAsk, cursor: string, limit: number): Promise<string[]> {
    const parameters: unknown[] = [cursor, caller.tenant, limit];
    const place = (value: unknown) => `$${parameters.push(value)}`;
    const conditions = ['vm_id > $1', '($2::text is null or tenant = $2)'];
    const text = q.trim();
    if (text !== '') conditions.push(`vm_id in (${matches(text, place)})`);
    const rough = state === undefined ? undefined : ROUGHLY[state];
    if (rough !== undefined) conditions.push(rough);
    const rows = await this.store.survey<{ vm_id: string }>(`select vm_id from vm where ${conditions.join(' and ')} order by vm_id limit $3`, parameters);
    return rows.map((row) => row.vm_id);
  }

  private async summaries(vmIds: readonly string[]): Promise<VmSummary[]> {
    const [heads, dns] = [new Map((await this.reader.heads(vmIds)).map((head) => [head.vm_id, head])), await this.reader.read(vmIds)];
    return vmIds.flatMap((vmId) => {
      const [head, standing] = [heads.get(vmId), dns.get(vmId)];
      return head === undefined || standing === undefined ? [] : [{ ...shown(head), state: standing.state }];
    });
  }
}

function shown({ vm_id: vmId, fact, tenant, updated_at: changedAt }: VmHead): Omit<VmSummary, 'state'> {
  const name = fact.fqdn ?? (fact.hostname === null ? null : [fact.hostname, ...(fact.domain === null ? [] : [fact.domain])].join('.'));
  return { vmId, name, tenant, addresses: fact.addresses.map((address) => address.ip), changedAt: changedAt.toISOString() };
}

/** What a VM of that state is for certain; it is looked at closely after. */
const ROUGHLY: Readonly<Partial<Record<VmDnsState, string>>> = {
  deleting: 'deleted', gone: 'deleted', live: 'not deleted',
  // A name that is not as wished, a wish without a name, or two VMs that wish the same.
  attention: `vm_id in (select unnest(vms) from name where state in ('failed', 'refused', 'unconfirmed', 'waiting', 'on-hold') or hold_id is not null or plan_reason is not null
    union all select w.vm_id from wish w where not exists (select 1 from name n where n.rkey = w.rkey)
    union all select unnest(array_agg(vm_id)) from wish group by rkey, kind having count(*) > 1)`,
  pending: 'vm_id in (select unnest(vms) from name where settled_generation < generation)',
};

/** The ids that a text may mean: each way by its own index, but for tenants. */
function matches(text: string, place: (value: unknown) => string): string {
  const between = (column: string, start: string) => `${column} >= ${place(start)} and ${column} < ${place(`${start}\u{10ffff}`)}`;
  const lower = text.toLowerCase();
  const ways = [`select vm_id from vm where ${between('vm_id', text)}`, `select vm_id from vm where ${between('name', lower)}`, `select vm_id from vm where tenant = ${place(text)}`];
  const [ip, name] = [parseIp(text), parseName(text)];
  const keys = [...(ip.ok ? [reverseKey(reverseName(ip.ip))] : []), ...(!ip.ok && name.ok && text.includes('.') ? [reverseKey(name.name)] : [])];
  for (const key of keys) ways.push(`select vm_id from wish where ${between('rkey', key)}`);
  const part = partOfAddress(lower);
  if (part !== undefined) ways.push(`select vm_id from wish where ${between('rkey', part)}`);
  return ways.join(' union ');
}

/** The beginning of the keys of all addresses that begin so; undefined where it is no beginning of one. */
function partOfAddress(text: string): string | undefined {
  if (/^(\d{1,3}\.){1,3}\d{0,3}$/.test(text)) return `arpa.in-addr.${text}`;
  const groups = text.split(':');
  const last = groups.pop();
  if (groups.length === 0 || groups.length > 7 || last === undefined || ![...groups, last].every((group, at) => /^[0-9a-f]{0,4}$/.test(group) && (group !== '' || at === groups.length))) return undefined;
  return `arpa.ip6.${groups.map((group) => [...group.padStart(4, '0')].map((digit) => `${digit}.`).join('')).join('')}`;
}
