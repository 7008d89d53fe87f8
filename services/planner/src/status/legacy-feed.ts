import { Injectable } from '@nestjs/common';
import type { LegacyEntry, ReasonCode, RecordStatus, VmDns } from '@vmdns/contracts';
import { addressAt, addressOfReverseName } from '@vmdns/domain';
import { Store } from '@vmdns/store';
import { VmDnsReader, type VmHead } from './vm-dns.reader.js';

/** Wishes that do not come true as things are; what only waits for a provider, a zone or a person is still told. */
const WRONG: ReadonlySet<ReasonCode> = new Set(['foreign-record', 'cname-conflict', 'name-conflict', 'address-conflict', 'reserved-name', 'not-permitted', 'refused-by-provider', 'kept']);

/** The feed that automations of the PUQ module read: every address that has a name both ways. */
@Injectable()
export class LegacyFeed {
  constructor(private readonly store: Store, private readonly reader: VmDnsReader) {}

  async page(cursor: string | undefined, limit: number): Promise<{ items: LegacyEntry[]; next?: string }> {
    const rows = await this.store.query<{ vm_id: string }>('select vm_id from vm where vm_id > $1 and not deleted order by vm_id limit $2', [cursor ?? '', limit]);
    const vmIds = rows.map((row) => row.vm_id);
    const [heads, dns] = [await this.reader.heads(vmIds), await this.reader.read(vmIds)];
    const items = heads.toSorted((a, b) => (a.vm_id < b.vm_id ? -1 : 1)).flatMap((head) => entriesOf(head, dns.get(head.vm_id)));
    const last = vmIds.at(-1);
    return { items, ...(vmIds.length === limit && last !== undefined ? { next: last } : {}) };
  }
}

/** In the order in which the publisher said the addresses. */
export function entriesOf(head: Pick<VmHead, 'fact'>, dns: Pick<VmDns, 'records'> | undefined): LegacyEntry[] {
  const told = (dns?.records ?? []).filter(isRight);
  return head.fact.addresses.flatMap(({ ip }) => {
    const forward = told.find((record) => (record.type === 'A' || record.type === 'AAAA') && record.values.includes(ip))?.name;
    const reverse = told.find((record) => record.type === 'PTR' && addressOf(record) === ip)?.values[0];
    return forward === undefined || reverse === undefined ? [] : [{ forward: withoutDot(forward), ip, reverse: withoutDot(reverse) }];
  });
}

const isRight = (record: RecordStatus) => record.state !== 'refused' && record.values.length > 0 && (record.reason === undefined || !WRONG.has(record.reason.code));
const addressOf = (record: RecordStatus) => record.zone === null ? addressOfReverseName(record.name) : addressAt({ apex: record.zone }, record.name);
const withoutDot = (name: string) => name.replace(/\.$/, '');
