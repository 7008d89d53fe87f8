import type { ProviderDefinition } from '@vmdns/provider-kit';
import { CALL_DEADLINE_MS, CloudflareClient, CloudflareTransport } from './cloudflare.client.js';
import { CloudflareConnection, CloudflareZoneSettings, WINDOW_SECONDS } from './cloudflare.settings.js';
import { testCloudflareZone } from './cloudflare.zone-test.js';
import { CloudflareZone, type Trust, type ZoneMemory } from './cloudflare.zone.js';
import { RecordCache } from './record-cache.js';

/** A sent call that is not answered after 30 s may still be worked on for a while. */
const CALL_LIFE_MS = 60_000;
const IN_FLIGHT_MAX = 4;
const CONNECTIONS_MAX = 256;
/** Of all zones of a connection together, some 300 bytes each. */
const CACHED_RECORDS_MAX = 200_000;

export interface CloudflareLimits { readonly deadlineMs: number; readonly trust: Trust }
const LIMITS: CloudflareLimits = { deadlineMs: CALL_DEADLINE_MS, trust: { forMs: 10_000, atMostMs: 300_000, now: () => performance.now() } };

interface ConnectionMemory { readonly transport: CloudflareTransport; readonly zones: Map<string, ZoneMemory> }

/** Cloudflare, by the API that its own SDK speaks. */
export function cloudflareProvider(given: Partial<CloudflareLimits> = {}): ProviderDefinition<CloudflareConnection, CloudflareZoneSettings> {
  const limits = { ...LIMITS, ...given };
  const known = new Map<string, ConnectionMemory>();
  const memoryOf = (connection: CloudflareConnection): ConnectionMemory => {
    const key = JSON.stringify(connection);
    const memory = known.get(key) ?? { transport: new CloudflareTransport(connection, limits.deadlineMs), zones: new Map<string, ZoneMemory>() };
    const [oldest] = known.keys();
    if (!known.has(key) && known.size >= CONNECTIONS_MAX && oldest !== undefined) known.delete(oldest);
    known.set(key, memory);
    return memory;
  };
  const targetOf = (connection: CloudflareConnection, apex: string, zone: CloudflareZoneSettings): string =>
    `cloudflare|${connection.url}|${zone.zoneId ?? `${connection.accountId ?? ''}|${apex}`}`;
  return {
    name: 'cloudflare',
    connectionSchema: CloudflareConnection,
    zoneSchema: CloudflareZoneSettings,
    capabilities: {
      grain: 'record', batch: true, types: ['A', 'AAAA', 'PTR', 'CNAME'],
      ttl: { min: 60, max: 86_400 }, verify: 'api', multiplePtr: true, wildcard: true, classlessReverse: false,
      overlap: 'harmless', callLifeMs: CALL_LIFE_MS,
    },
    target: targetOf,
    /** Whose token it is cannot be seen from the token: one budget for all whose owner is not named never does harm. */
    limiter: ({ url, user, callsPer5Minutes, callsAtOnce }) => ({
      key: `cloudflare|${new URL(url).origin}|${user ?? ''}`, inFlightMax: IN_FLIGHT_MAX,
      rate: { callsPerSecond: (callsPer5Minutes - callsAtOnce) / WINDOW_SECONDS, burst: callsAtOnce },
    }),
    open(connection, apex, settings, budget) {
      const { transport, zones } = memoryOf(connection);
      const key = targetOf(connection, apex, settings);
      const memory = zones.get(key) ?? { cache: new RecordCache() };
      // In the order of use: what is forgotten first was not needed for longest.
      zones.delete(key);
      forgetOldest(zones, CACHED_RECORDS_MAX - memory.cache.size);
      zones.set(key, memory);
      return new CloudflareZone(new CloudflareClient(transport, budget), apex, settings, connection.plan, memory, limits.trust);
    },
    testZone: (connection, apex, settings, signal, budget) => testCloudflareZone(new CloudflareClient(memoryOf(connection).transport, budget), connection, apex, settings, signal),
  };
}

function forgetOldest(zones: ReadonlyMap<string, ZoneMemory>, room: number): void {
  let records = 0;
  for (const { cache } of zones.values()) records += cache.size;
  for (const { cache } of zones.values()) {
    if (records <= Math.max(0, room)) return;
    records -= cache.size;
    cache.drop();
  }
}

export const cloudflare = cloudflareProvider();
