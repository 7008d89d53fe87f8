import { z } from 'zod';

const HostPort = z.string().regex(/^(\[[0-9A-Fa-f:.]+\]|[^\s:[\]/]+)(:\d{1,5})?$/, 'must be host, host:port or [IPv6]:port');

export const PowerdnsConnection = z.strictObject({
  url: z.url({ protocol: /^https?$/ }).meta({ title: 'API address', description: 'Base URL of the PowerDNS webserver, such as http://127.0.0.1:8081, without /api/v1' })
    .transform((url) => url.replace(/\/+$/, '').replace(/\/api\/v1$/, '')),
  apiKey: z.string().min(1).meta({ title: 'API key', description: 'The server\'s api-key', secret: true }),
  serverId: z.string().min(1).default('localhost').meta({ title: 'Server id', description: 'localhost, unless a proxy in between names servers' }),
  dnsServer: HostPort.optional().meta({ title: 'DNS address', description: 'host:port at which this server answers DNS; where it is given, a record is live once it is answered there' }),
  ca: z.string().optional().meta({ title: 'CA certificate', description: 'PEM of the CA of the reverse proxy that does TLS' }),
  fingerprint: z.string().regex(/^([0-9A-Fa-f]{2}:?){32}$/, 'must be a SHA-256 fingerprint in hex').optional().meta({ title: 'Certificate fingerprint', description: 'SHA-256 of a self-signed certificate, in place of a CA' }),
});
export type PowerdnsConnection = z.output<typeof PowerdnsConnection>;

export const PowerdnsZone = z.strictObject({
  rectify: z.enum(['auto', 'server', 'off']).default('auto').meta({
    title: 'Rectify',
    description: 'auto: switch off that the server rectifies the whole zone with each change (unless it is signed), and rectify once the zone is quiet, where a change needs it. server: leave it to the server\'s own setting. off: switch it off and never rectify',
  }),
  dnsServer: HostPort.optional().meta({ title: 'DNS address', description: 'host:port that answers for this zone, in place of the connection\'s' }),
});
export type PowerdnsZone = z.output<typeof PowerdnsZone>;

/** `host:port`, port 53 where none is given. */
export function dnsServerOf(text: string): { readonly host: string; readonly port: number } {
  const parts = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(text);
  return { host: parts?.[1] ?? parts?.[2] ?? text, port: Number(parts?.[3] ?? 53) };
}
