import type { DnsServer } from '@vmdns/provider-kit';
import { z } from 'zod';

const HostPort = z.string().regex(/^(\[[0-9A-Fa-f:.]+\]|[^\s:[\]/]+)(:\d{1,5})?$/, 'must be host, host:port or [IPv6]:port');
const DNS_PORT = 53;
/** What HestiaCP calls an API key; an access key has 20 characters. */
const LEGACY_KEY_LENGTH = 32;

/** One user's zones on one HestiaCP panel. */
export const HestiacpConnection = z.strictObject({
  url: z.url({ protocol: /^https$/ })
    .meta({ title: 'Panel URL', description: 'Where the panel answers, without /api.', examples: ['https://panel.example.net:8083'] })
    .transform((url) => url.replace(/\/+$/, '').replace(/\/api$/, '')),
  user: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/).meta({ title: 'User', description: 'The HestiaCP user whose zones these are.', examples: ['dns'] }),
  mode: z.enum(['access-key', 'password']).default('access-key').meta({
    title: 'Signs in with',
    description: "access-key: an access key, best one of the user itself with only the DNS commands allowed. password: the administrator's password; HestiaCP calls this legacy, and must have it switched on.",
  }),
  accessKey: z.string().trim().min(1).optional().meta({ title: 'Access key', description: '20 characters; for access-key.', secret: true }),
  secretKey: z.string().trim().min(1).optional().meta({ title: 'Secret key', description: '40 characters; for access-key.', secret: true }),
  adminUser: z.string().min(1).default('admin').meta({ title: 'Administrator', description: "The panel's root user; for password." }),
  password: z.string().min(1).optional().meta({ title: 'Password', description: "The administrator's; for password.", secret: true }),
  ca: z.string().optional().meta({ title: 'CA certificate', description: "PEM: an own CA, or the panel's own certificate where it names the host of the URL." }),
  fingerprint: z.string().regex(/^([0-9A-Fa-f]{2}:?){32}$/, 'must be a SHA-256 fingerprint in hex').optional().meta({
    title: 'Certificate fingerprint',
    description: "SHA-256 of the panel's certificate, which usually is self-signed. On the server: openssl x509 -noout -fingerprint -sha256 -in /usr/local/hestia/ssl/certificate.crt",
  }),
  version: z.enum(['auto', '1.9', '1.10']).default('auto').meta({ title: 'Version', description: "auto: told by the panel where the key may ask it, else by the zones' serials." }),
  dnsServer: HostPort.optional().meta({ title: 'Name server', description: "Where the panel's BIND answers, host:port; without it the URL's host, port 53. A record is live once it was seen answering there.", examples: ['192.0.2.53:53'] }),
}).superRefine((connection, context) => {
  const needed = connection.mode === 'password' ? ['password'] as const : ['accessKey', 'secretKey'] as const;
  for (const field of needed) if (connection[field] === undefined) context.addIssue({ code: 'custom', path: [field], message: `is needed to sign in with ${connection.mode}` });
  if (connection.mode === 'access-key' && connection.accessKey?.length === LEGACY_KEY_LENGTH) {
    context.addIssue({ code: 'custom', path: ['accessKey'], message: "looks like a legacy API key (32 characters), which vmdns does not use: make an access key, or sign in with the administrator's password" });
  }
});
export type HestiacpConnection = z.output<typeof HestiacpConnection>;

export const HestiacpZoneSettings = z.strictObject({
  dnsServer: HostPort.optional().meta({ title: 'Name server', description: "host:port that answers for this zone, in place of the connection's." }),
  writes: z.enum(['record', 'whole-file']).default('record').meta({
    title: 'Writes',
    description: 'record: one command for each record, each of which costs as much as the whole zone. whole-file: the whole record file at once, for large zones in which every record but the name servers is of vmdns; '
      + "refused as soon as there is another. The panel checks nothing then, and its counters of records stay as they were.",
  }),
});
export type HestiacpZoneSettings = z.output<typeof HestiacpZoneSettings>;

/** The name server to ask: the zone's, else the connection's, else the panel itself. */
export function dnsServerOf(connection: HestiacpConnection, settings: HestiacpZoneSettings): DnsServer {
  const match = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(settings.dnsServer ?? connection.dnsServer ?? '');
  const host = match?.[1] ?? match?.[2] ?? new URL(connection.url).hostname.replace(/^\[|\]$/g, '');
  return { host, port: match?.[3] === undefined ? DNS_PORT : Number(match[3]) };
}
