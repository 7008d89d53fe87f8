import { type Capabilities, type ProviderDefinition } from '@vmdns/provider-kit';
import { IN_FLIGHT_MAX, PowerdnsClient } from './powerdns.client.js';
import { PowerdnsConnection, PowerdnsZone } from './powerdns.settings.js';
import { testPowerdnsZone } from './powerdns.test-zone.js';
import { PowerdnsZonePort } from './powerdns.zone.js';

const capabilities: Capabilities = {
  grain: 'rrset',
  batch: true,
  types: ['A', 'AAAA', 'PTR', 'CNAME'],
  // RFC 2181, 8. 4.8 and older store larger ones wrongly.
  ttl: { min: 0, max: 2_147_483_647 },
  verify: 'api',
  multiplePtr: true,
  wildcard: true,
  classlessReverse: true,
  overlap: 'harmless',
  // The server keeps a half-sent request for 5 s; our own deadline is 10 s.
  callLifeMs: 10_000,
};

/** Clients by connection: one bound on calls in flight for all zones of a server in this process. */
const clients = new Map<string, PowerdnsClient>();
const CLIENTS_MAX = 256;

function clientOf(connection: PowerdnsConnection): PowerdnsClient {
  const key = JSON.stringify(connection);
  const known = clients.get(key);
  if (known !== undefined) return known;
  const oldest = clients.keys().next();
  if (clients.size >= CLIENTS_MAX && oldest.done !== true) clients.delete(oldest.value);
  const made = new PowerdnsClient(connection);
  clients.set(key, made);
  return made;
}

const serverOf = (connection: PowerdnsConnection): string => `powerdns|${connection.url}|${connection.serverId}`;

/** PowerDNS Authoritative Server by its HTTP API, 4.7 and newer. */
export const powerdns: ProviderDefinition<PowerdnsConnection, PowerdnsZone> = {
  name: 'powerdns',
  connectionSchema: PowerdnsConnection,
  zoneSchema: PowerdnsZone,
  capabilities,
  target: (connection, apex) => `${serverOf(connection)}|${apex}`,
  limiter: (connection) => ({ key: serverOf(connection), inFlightMax: IN_FLIGHT_MAX }),
  async learnInFlightMax(connection, signal) {
    const launch = (await clientOf(connection).config(signal)).find((setting) => setting.name === 'launch')?.value ?? '';
    // A second PATCH at the same time answers 500 "database is locked" there.
    return launch.split(',').some((backend) => backend.trim().startsWith('gsqlite3')) ? 1 : null;
  },
  open: (connection, apex, zone) => new PowerdnsZonePort(clientOf(connection), apex, zone, zone.dnsServer ?? connection.dnsServer),
  testZone: (connection, apex, zone, signal) => testPowerdnsZone(clientOf(connection), connection, apex, zone, signal),
};
