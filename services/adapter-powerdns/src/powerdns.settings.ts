import { z } from 'zod';

const HostPort = z.string().regex(/^(\[[0-9A-Fa-f:.]+\]|[^\s:[\]/]+)(:\d{1,5})?$/, 'must be host, host:port or [IPv6]:port');

/** One PowerDNS authoritative server's API. */
export const PowerdnsConnection = z.strictObject({
  url: z.url({ protocol: /^https?$/ })
    .meta({ title: 'API URL', description: 'The web server of PowerDNS, or the TLS proxy before it, without /api/v1.', examples: ['https://ns1.example.net:8081'] })
    .transform((url) => url.replace(/\/+$/, '').replace(/\/api(\/v1)?$/, '')),
  apiKey: z.string().min(1).meta({ title: 'API key', description: "`api-key` of the server's configuration.", secret: true }),
  serverId: z.string().regex(/^[A-Za-z0-9._-]+$/).default('localhost').meta({ title: 'Server id', description: 'Nearly always localhost.' }),
  dnsServer: HostPort.optional()
    .meta({ title: 'Name server', description: 'Where this server answers DNS, host:port. With it, a record is live once it was seen answering.', examples: ['192.0.2.53:53'] }),
  backend: z.enum(['auto', 'lmdb', 'gsqlite3', 'gpgsql', 'gmysql', 'other']).default('auto')
    .meta({ title: 'Backend', description: 'Where the server keeps its zones; auto asks it. On gsqlite3 only one change at a time is sent.' }),
  ca: z.string().optional().meta({ title: 'CA certificate', description: 'PEM, for an own CA.' }),
  fingerprint: z.string().regex(/^([0-9A-Fa-f]{2}:?){32}$/, 'must be a SHA-256 fingerprint in hex').optional()
    .meta({ title: 'Certificate fingerprint', description: "SHA-256 of the server's certificate, for a self-signed one." }),
});
export type PowerdnsConnection = z.output<typeof PowerdnsConnection>;

export const PowerdnsZoneSettings = z.strictObject({
  rectify: z.enum(['auto', 'off', 'server']).default('auto').meta({
    title: 'Rectify',
    description: "auto: the zone's api_rectify is switched off, since it makes each change cost the whole zone, and vmdns rectifies when the zone is quiet where empty non-terminals matter; "
      + 'signed zones keep it on. off: switched off, and never rectified. server: vmdns leaves it as it is.',
  }),
  dnsServer: HostPort.optional().meta({ title: 'Name server', description: "host:port that answers for this zone, in place of the connection's." }),
});
export type PowerdnsZoneSettings = z.output<typeof PowerdnsZoneSettings>;

const DNS_PORT = 53;

/** The name server to ask, the zone's own first; undefined where none is set. */
export function dnsServerOf(connection: PowerdnsConnection, settings: PowerdnsZoneSettings): { host: string; port: number } | undefined {
  const match = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(settings.dnsServer ?? connection.dnsServer ?? '');
  const host = match?.[1] ?? match?.[2];
  return host === undefined ? undefined : { host, port: match?.[3] === undefined ? DNS_PORT : Number(match[3]) };
}
