import type { ProviderDefinition } from '@vmdns/provider-kit';
import { CALL_DEADLINE_MS, IN_FLIGHT_MAX, PowerdnsClient } from './powerdns.client.js';
import { dnsServerOf, PowerdnsConnection, PowerdnsZoneSettings } from './powerdns.settings.js';
import { testPowerdnsZone } from './powerdns.zone-test.js';
import { showsDisabledByName } from './powerdns.wire.js';
import { PowerdnsZone, type ServerTraits, type ZoneMemory } from './powerdns.zone.js';

/** A database that one writer locks whole: concurrent PATCHes answer 500 (PERFORMANCE §0, 5). */
const ONE_WRITER = 'gsqlite3';
const SERVERS_MAX = 256;

interface ServerMemory { readonly client: PowerdnsClient; readonly zones: Map<string, ZoneMemory>; rectifiesByDefault?: boolean; showsDisabledByName?: boolean }

/** The PowerDNS authoritative server, 4.7 to 5.1, by its HTTP API. */
export function powerdnsProvider(limits: { readonly deadlineMs: number } = { deadlineMs: CALL_DEADLINE_MS }): ProviderDefinition<PowerdnsConnection, PowerdnsZoneSettings> {
  const servers = new Map<string, ServerMemory>();
  const serverOf = (connection: PowerdnsConnection): ServerMemory => {
    const key = JSON.stringify(connection);
    const known = servers.get(key);
    if (known !== undefined) return known;
    const [oldest] = servers.keys();
    if (servers.size >= SERVERS_MAX && oldest !== undefined) servers.delete(oldest);
    const server: ServerMemory = { client: new PowerdnsClient(connection, limits.deadlineMs), zones: new Map() };
    servers.set(key, server);
    return server;
  };
  return {
    name: 'powerdns',
    connectionSchema: PowerdnsConnection,
    zoneSchema: PowerdnsZoneSettings,
    capabilities: {
      grain: 'rrset', batch: true, types: ['A', 'AAAA', 'PTR', 'CNAME'],
      ttl: { min: 0, max: 2_147_483_647 }, verify: 'api', multiplePtr: true, wildcard: true, classlessReverse: true,
      overlap: 'harmless', callLifeMs: CALL_DEADLINE_MS,
    },
    target: (connection, apex) => `powerdns|${connection.url}|${connection.serverId}|${apex}`,
    limiter: (connection) => ({ key: `powerdns|${new URL(connection.url).origin}`, inFlightMax: connection.backend === ONE_WRITER ? 1 : IN_FLIGHT_MAX }),
    async learnInFlightMax(connection, signal) {
      if (connection.backend !== 'auto') return null;
      const launch = (await serverOf(connection).client.config(signal)).get('launch');
      return launch?.includes(ONE_WRITER) === true ? 1 : null;
    },
    open(connection, apex, settings) {
      const server = serverOf(connection);
      const memory = server.zones.get(apex) ?? {};
      server.zones.set(apex, memory);
      return new PowerdnsZone(server.client, apex, settings, memory, dnsServerOf(connection, settings), traitsOf(server));
    },
    testZone: (connection, apex, settings, signal) => testPowerdnsZone(connection, apex, settings, signal),
  };
}

const traitsOf = (server: ServerMemory): ServerTraits => ({
  async rectifiesByDefault(signal) {
    server.rectifiesByDefault ??= (await server.client.config(signal)).get('default-api-rectify') !== 'no';
    return server.rectifiesByDefault;
  },
  async showsDisabledByName(signal) {
    server.showsDisabledByName ??= showsDisabledByName((await server.client.server(signal)).version);
    return server.showsDisabledByName;
  },
});

export const powerdns = powerdnsProvider();
