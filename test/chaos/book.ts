/*
 * What was said of VMs and taken, kept by the publishers themselves. Nothing here or in `expected.ts` is shared with
 * what is shipped: it is written from ARCHITECTURE §2 alone, to be held against it.
 */

export interface SaidAddress {
  readonly ip: string;
  /** Absent: untouched; null: the default. */
  readonly ptr?: string | null;
  readonly forward?: boolean;
}

export interface Said {
  /** Without a dot at its end; absent: a VM with reverse names only. */
  readonly fqdn?: string;
  readonly shareName?: boolean;
  readonly tenant?: string;
  readonly addresses: readonly SaidAddress[];
}

export interface BookedAddress {
  readonly ip: string;
  readonly forward: boolean;
  readonly publisherPtr: string | null;
  readonly customerPtr: string | null;
  /** When this life of the VM first had it; the highest holds it. */
  readonly claim: number;
}

export interface BookedVm {
  readonly vmId: string;
  readonly tenant: string | null;
  readonly name: string | null;
  /** When this life first had the name; the lowest holds it. */
  readonly nameClaim: number;
  readonly shareName: boolean;
  readonly addresses: readonly BookedAddress[];
}

/** The facts that were taken, in their order. */
export class FactBook {
  readonly vms = new Map<string, BookedVm>();
  /** The last revision that was answered of each VM there ever was: what is planned must not be older. */
  readonly revisions = new Map<string, number>();
  private claims = 0;

  constructor(vms: Iterable<BookedVm> = []) {
    for (const vm of vms) this.vms.set(vm.vmId, vm);
  }

  answered(vmId: string, revision: number): void {
    this.revisions.set(vmId, Math.max(revision, this.revisions.get(vmId) ?? 0));
  }

  /** A full state; begins a life where none is. */
  put(vmId: string, said: Said): void {
    const before = this.vms.get(vmId);
    this.claims += 1;
    const name = said.fqdn?.toLowerCase() ?? null;
    this.vms.set(vmId, {
      vmId, name, tenant: said.tenant ?? before?.tenant ?? null, shareName: said.shareName ?? false,
      nameClaim: before !== undefined && before.name === name ? before.nameClaim : this.claims,
      addresses: said.addresses.map((address): BookedAddress => {
        const ip = canonicalIp(address.ip);
        const old = before?.addresses.find((one) => one.ip === ip);
        return {
          ip, forward: address.forward ?? false, customerPtr: old?.customerPtr ?? null, claim: old?.claim ?? this.claims,
          publisherPtr: address.ptr === undefined ? old?.publisherPtr ?? null : address.ptr?.toLowerCase() ?? null,
        };
      }),
    });
  }

  remove(vmId: string): void {
    this.vms.delete(vmId);
  }

  /** A customer's own reverse name; null gives it back to the default. */
  customerPtr(vmId: string, ip: string, hostname: string | null): void {
    const vm = this.vms.get(vmId);
    if (vm === undefined) throw new Error(`${vmId} is not in the book`);
    const at = canonicalIp(ip);
    this.vms.set(vmId, { ...vm, addresses: vm.addresses.map((one) => (one.ip === at ? { ...one, customerPtr: hostname?.toLowerCase() ?? null } : one)) });
  }
}

export const isV6 = (ip: string): boolean => ip.includes(':');

/** The one spelling of an address: that of the WHATWG URL (RFC 5952 for IPv6). */
export function canonicalIp(ip: string): string {
  return isV6(ip) ? new URL(`http://[${ip}]/`).hostname.slice(1, -1) : new URL(`http://${ip}/`).hostname;
}

/** The eight groups of an IPv6 address as 32 digits. */
function digitsOf(ip: string): string {
  const [head = '', tail] = canonicalIp(ip).split('::');
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const front = groups(head);
  const back = tail === undefined ? [] : groups(tail);
  return [...front, ...Array.from({ length: 8 - front.length - back.length }, () => '0'), ...back].map((group) => group.padStart(4, '0')).join('');
}

/** Where the PTR of an address stands (RFC 1035 3.5, RFC 3596 2.5), with the dot. */
export function reverseOf(ip: string): string {
  if (!isV6(ip)) return `${ip.split('.').reverse().join('.')}.in-addr.arpa.`;
  return `${[...digitsOf(ip)].reverse().join('.')}.ip6.arpa.`;
}
