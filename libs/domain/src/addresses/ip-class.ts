import ipaddr from 'ipaddr.js';

const AT_THE_DOOR: Readonly<Record<string, string>> = {
  unspecified: 'is the unspecified address; no VM can have it',
  loopback: 'is a loopback address; it never leaves the machine',
  linkLocal: 'is a link-local address; it means nothing outside its link',
  multicast: 'is a multicast address; it belongs to a group, not to a VM',
  broadcast: 'is the broadcast address; no VM can have it',
  ipv4Mapped: 'is an IPv4 address in IPv6 clothing; send the IPv4 address itself',
};

/** Why this canonical address may not be a VM's, as a sentence, or null where it may (ARCHITECTURE §2, "Addresses"). */
export function refuseAtDoor(ip: string): string | null {
  const why = AT_THE_DOOR[ipaddr.parse(ip).range()];
  return why === undefined ? null : `${ip} ${why}`;
}

/** RFC 1918, carrier-grade NAT (RFC 6598) and unique local (RFC 4193) addresses; every other is public. */
export function isPrivate(ip: string): boolean {
  const range = ipaddr.parse(ip).range();
  return range === 'private' || range === 'carrierGradeNat' || range === 'uniqueLocal';
}
