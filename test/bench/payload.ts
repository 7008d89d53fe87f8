import { createHash } from 'node:crypto';

/** One record as a name server must answer it. Names are absolute; `zone` is the apex. */
export interface WantedRecord {
  readonly zone: string;
  readonly name: string;
  readonly type: 'A' | 'AAAA' | 'PTR';
  readonly ttl: number;
  readonly value: string;
}

export interface BenchVm {
  readonly vmId: string;
  readonly fqdn: string;
  readonly ip4: string;
  readonly ip6: string;
}

/** The three zones of one set: sets share nothing, so that each part of a sandwich begins with empty zones of its own. */
export interface ZoneSet {
  readonly forward: string;
  readonly reverse4: string;
  readonly reverse6: string;
}

const FORWARD_TTL = 300;
const REVERSE_TTL = 3600;

export function zonesOf(set: number): ZoneSet {
  return { forward: `set${set}.bench.test.`, reverse4: `${10 + set}.in-addr.arpa.`, reverse6: `${nibbles(set, 4)}8.b.d.0.1.0.0.2.ip6.arpa.` };
}

export const apexesOf = (set: number): readonly string[] => Object.values(zonesOf(set));

/** The VMs from..to-1 of the shared scenario (PERFORMANCE §5): one IPv4, one IPv6, one name each. */
export function vmsOf(set: number, count: number, from = 0): readonly BenchVm[] {
  return Array.from({ length: count }, (_, at) => vmOf(set, from + at));
}

export function vmOf(set: number, number: number): BenchVm {
  const n = number + 257;
  return {
    vmId: `bench-${set}-${number}`,
    fqdn: `vm${number}.${zonesOf(set).forward}`.slice(0, -1),
    ip4: `${10 + set}.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`,
    ip6: `2001:db8${set === 0 ? '' : `:${set.toString(16)}`}::${n > 0xffff ? `${(n >> 16).toString(16)}:` : ''}${(n & 0xffff).toString(16)}`,
  };
}

/** The four records of a VM. */
export function recordsOf(set: number, vm: BenchVm): readonly WantedRecord[] {
  const { forward, reverse4, reverse6 } = zonesOf(set);
  const name = `${vm.fqdn}.`;
  return [
    { zone: forward, name, type: 'A', ttl: FORWARD_TTL, value: vm.ip4 },
    { zone: forward, name, type: 'AAAA', ttl: FORWARD_TTL, value: vm.ip6 },
    { zone: reverse4, name: `${vm.ip4.split('.').reverse().join('.')}.in-addr.arpa.`, type: 'PTR', ttl: REVERSE_TTL, value: name },
    { zone: reverse6, name: reverse6Of(vm.ip6), type: 'PTR', ttl: REVERSE_TTL, value: name },
  ];
}

export const allRecordsOf = (set: number, vms: readonly BenchVm[]): readonly WantedRecord[] => vms.flatMap((vm) => recordsOf(set, vm));

/** What the reference programs send: zone after zone, each record a PowerDNS RRset. */
export function patchesOf(records: readonly WantedRecord[]): readonly { readonly zone: string; readonly rrsets: readonly object[] }[] {
  const byZone = new Map<string, object[]>();
  for (const { zone, name, type, ttl, value } of records) {
    const rrsets = byZone.get(zone) ?? [];
    byZone.set(zone, rrsets);
    rrsets.push({ name, type, ttl, changetype: 'REPLACE', records: [{ content: value, disabled: false }] });
  }
  return [...byZone].map(([zone, rrsets]) => ({ zone, rrsets }));
}

/** The CloudEvent that a platform team publishes. */
export function eventOf(vm: BenchVm, version: number, ptr?: string): object {
  return {
    specversion: '1.0', id: createHash('sha1').update(`${vm.vmId} ${version}`).digest('hex'), source: 'bench', type: 'vmdns.vm.changed.v1',
    data: { vmId: vm.vmId, fqdn: vm.fqdn, version, addresses: [vm.ip4, vm.ip6].map((ip) => ({ ip, ...(ptr === undefined ? {} : { ptr: ptr.slice(0, -1) }) })) },
  };
}

/** 128 bits of an address written with at most one `::`. */
function groupsOf(ip6: string): readonly number[] {
  const [head = '', tail = ''] = ip6.split('::');
  const words = (text: string): number[] => (text === '' ? [] : text.split(':').map((word) => Number.parseInt(word, 16)));
  const [before, after] = [words(head), words(tail)];
  return [...before, ...Array.from({ length: 8 - before.length - after.length }, () => 0), ...after];
}

function reverse6Of(ip6: string): string {
  return `${[...groupsOf(ip6)].reverse().map((group) => nibbles(group, 4)).join('')}ip6.arpa.`;
}

/** The lowest nibble first, each with its dot. */
function nibbles(value: number, count: number): string {
  return [...value.toString(16).padStart(count, '0')].reverse().map((digit) => `${digit}.`).join('');
}
