import { z } from 'zod';
import type { ProviderDefinition, TestStep, ZonePort } from '../../port/provider.js';
import { MemoryWorld } from './memory-world.js';
import { MemoryRecordZone, MemoryRrsetZone } from './memory-zone.js';

export const MemoryConnection = z.object({
  account: z.string().min(1).max(63).default('default').meta({ title: 'Account', description: 'Each account has zones of its own.' }),
  key: z.string().min(8).optional().meta({ title: 'Key', description: 'Any; kept for trying out how secrets are handled.', secret: true }),
}).strict();
export type MemoryConnection = z.infer<typeof MemoryConnection>;

export const MemoryZoneSettings = z.object({}).strict();
export type MemoryZoneSettings = z.infer<typeof MemoryZoneSettings>;

/**
 * A provider that keeps zones in memory and in which any zone exists: for publishers' own CI, and to try the contract
 * suite and the engine in both grains. `rrset` is like PowerDNS (batches, change token), `record` like a panel.
 */
export function memoryProvider(grain: 'rrset' | 'record', world: MemoryWorld = new MemoryWorld()): ProviderDefinition<MemoryConnection, MemoryZoneSettings> {
  const target = (connection: MemoryConnection, apex: string): string => `memory|${connection.account}|${apex}`;
  return {
    name: 'memory',
    connectionSchema: MemoryConnection,
    zoneSchema: MemoryZoneSettings,
    capabilities: {
      grain, batch: grain === 'rrset', types: ['A', 'AAAA', 'PTR', 'CNAME'],
      ttl: { min: 0, max: 2_147_483_647 }, verify: 'api', multiplePtr: true, wildcard: true, classlessReverse: true,
      overlap: 'harmless', callLifeMs: 1_000,
    },
    target,
    limiter: (connection) => ({ key: `memory|${connection.account}`, inFlightMax: 8 }),
    open(connection, apex): ZonePort {
      const zone = (): ReturnType<MemoryWorld['zone']> => world.zone(target(connection, apex), apex);
      return grain === 'rrset' ? new MemoryRrsetZone(world, zone) : new MemoryRecordZone(world, zone);
    },
    async *testZone(connection, apex, _settings, signal): AsyncIterable<TestStep> {
      const startedAt = performance.now();
      try {
        await world.door('reads', `testing ${apex}`, signal);
        world.zone(target(connection, apex), apex);
        yield { step: 'zone', ok: true, text: `${apex} is kept in this process' memory and is gone when it ends.`, warning: true, tookMs: performance.now() - startedAt };
      } catch (error) {
        yield { step: 'zone', ok: false, text: error instanceof Error ? error.message : 'failed', tookMs: performance.now() - startedAt };
      }
    },
  };
}
