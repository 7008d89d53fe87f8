import type { ProviderDefinition } from '@vmdns/provider-kit';
import { DEADLINES, HestiacpClient, type Deadlines } from './hestiacp.client.js';
import { dnsServerOf, HestiacpConnection, HestiacpZoneSettings } from './hestiacp.settings.js';
import { testHestiacpZone } from './hestiacp.zone-test.js';
import { HestiacpZone } from './hestiacp.zone.js';

const CLIENTS_MAX = 256;

/** HestiaCP 1.9 and 1.10, by the API of its panel. */
export function hestiacpProvider(deadlines: Deadlines = DEADLINES): ProviderDefinition<HestiacpConnection, HestiacpZoneSettings> {
  const clients = new Map<string, HestiacpClient>();
  const clientOf = (connection: HestiacpConnection): HestiacpClient => {
    const key = JSON.stringify(connection);
    const known = clients.get(key);
    if (known !== undefined) return known;
    const [oldest] = clients.keys();
    if (clients.size >= CLIENTS_MAX && oldest !== undefined) clients.delete(oldest);
    const client = new HestiacpClient(connection, deadlines);
    clients.set(key, client);
    return client;
  };
  return {
    name: 'hestiacp',
    connectionSchema: HestiacpConnection,
    zoneSchema: HestiacpZoneSettings,
    capabilities: {
      // BIND loads larger TTLs, and HestiaCP takes any at all: the profile of PROVIDERS §10.
      grain: 'record', batch: false, types: ['A', 'AAAA', 'PTR', 'CNAME'], ttl: { min: 60, max: 86_400 },
      verify: 'dns', multiplePtr: true, wildcard: true, classlessReverse: false,
      overlap: 'harmful', callLifeMs: deadlines.baseMs,
    },
    target: (connection, apex) => `hestiacp|${new URL(connection.url).origin}|${connection.user}|${apex}`,
    // One at a time for each user: a change of any zone rewrites the user's one list of zones, and nothing locks it.
    limiter: (connection) => ({ key: `hestiacp|${new URL(connection.url).origin}|${connection.user}`, inFlightMax: 1 }),
    open: (connection, apex, settings) => new HestiacpZone(clientOf(connection), apex, connection.user, settings, dnsServerOf(connection, settings)),
    testZone: (connection, apex, settings, signal) => testHestiacpZone(connection, apex, settings, signal),
  };
}

export const hestiacp = hestiacpProvider();
