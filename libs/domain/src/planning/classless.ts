import { octetsOf } from '../addresses/ip-address.js';
import { labelsOf, nameOfLabels } from '../names/labels.js';

/** The block of IPv4 addresses that a classless reverse zone covers (RFC 2317, RFC 4183). */
export interface ClasslessBlock {
  readonly apex: string;
  /** The name that the classless label stands below: `2.0.192.in-addr.arpa.` */
  readonly parent: string;
  /** How many whole octets the parent names. */
  readonly wholeOctets: number;
  /** The block within the next octet. */
  readonly first: number;
  readonly last: number;
  /** In bits, counted from the left; the longer, the closer. */
  readonly prefix: number;
}

const LABEL = /^(0|[1-9]\d{0,2})([/-])(0|[1-9]\d{0,2})$/;

/** The block of the octet that a label names: `64/26`, `64-26`, or, where that cannot be a prefix, `64-127`. */
function blockOf(label: string, wholeOctets: number): { readonly first: number; readonly last: number; readonly prefix: number } | null {
  const [, base, mark, end] = LABEL.exec(label) ?? [];
  if (base === undefined || end === undefined) return null;
  const first = Number(base);
  const bits = Number(end) - wholeOctets * 8;
  const isPrefix = Number(end) <= 32;
  if (!isPrefix && mark === '/') return null;
  const size = isPrefix ? 2 ** (8 - bits) : Number(end) - first + 1;
  const isCut = isPrefix ? bits > 0 && (bits < 8 || (bits === 8 && wholeOctets === 3)) : size > 1 && size < 256 && Number.isInteger(Math.log2(size));
  if (!isCut || first + size > 256 || first % size !== 0) return null;
  return { first, last: first + size - 1, prefix: wholeOctets * 8 + 8 - Math.log2(size) };
}

/**
 * The block of a classless zone, or null for every other apex:
 *
 *     0/26.2.0.192.in-addr.arpa.    192.0.2.0/26      RFC 2317
 *     0-26.2.0.192.in-addr.arpa.    192.0.2.0/26      the same without the slash
 *     64-127.2.0.192.in-addr.arpa.  192.0.2.64/26     first and last address, where no prefix can be meant
 *     16-20.20.10.in-addr.arpa.     10.20.16.0/20     RFC 4183
 *
 * A block that does not begin at a multiple of its size is none.
 */
export function classlessBlock(apex: string): ClasslessBlock | null {
  // Asked for every name: nearly all zones can be told by their end, or by their first label.
  if (!apex.endsWith('.in-addr.arpa.') || !LABEL.test(apex.slice(0, apex.indexOf('.')))) return null;
  const labels = labelsOf(apex);
  const octets = labels.slice(1, -2);
  if (octets.length < 1 || octets.length > 3) return null;
  if (!octets.every((octet) => /^(0|[1-9]\d{0,2})$/.test(octet) && Number(octet) < 256)) return null;
  const block = blockOf(labels[0] ?? '', octets.length);
  return block === null ? null : { apex, parent: nameOfLabels(labels.slice(1)), wholeOctets: octets.length, ...block };
}

export type ClasslessName = { readonly ok: true; readonly name: string } | { readonly ok: false; readonly message: string };

/** The owner name of an address's PTR in a classless zone; an address outside the block is refused. */
export function classlessOwnerName(block: ClasslessBlock, ip: string): ClasslessName {
  const octets = octetsOf(ip);
  const whole = nameOfLabels([...octets.slice(0, block.wholeOctets).toReversed().map(String), 'in-addr', 'arpa']);
  const next = octets[block.wholeOctets] ?? -1;
  if (octets.length !== 4 || whole !== block.parent || next < block.first || next > block.last) return { ok: false, message: `${ip} lies outside ${block.apex}` };
  return { ok: true, name: `${octets.slice(block.wholeOctets).toReversed().join('.')}.${block.apex}` };
}

/** The address whose PTR stands at this name of a classless zone; null where none can, such as outside the block. */
export function addressOfClasslessName(block: ClasslessBlock, ownerName: string): string | null {
  if (!ownerName.endsWith(`.${block.apex}`)) return null;
  const rest = ownerName.slice(0, -block.apex.length - 1).split('.').toReversed();
  const head = labelsOf(block.parent).slice(0, -2).toReversed();
  const octets = [...head, ...rest];
  if (octets.length !== 4 || !octets.every((octet) => /^(0|[1-9]\d{0,2})$/.test(octet) && Number(octet) < 256)) return null;
  const ip = octets.join('.');
  return classlessOwnerName(block, ip).ok ? ip : null;
}
