import type { Rrset } from '@vmdns/domain';
import { memoryProvider, type MemoryConnection, type MemoryZoneSettings } from '../memory/memory-provider.js';
import { MemoryWorld } from '../memory/memory-world.js';
import type { ContractHarness } from './harness.js';

const SECRET = 'a-key-nobody-may-see';

type MemoryProvider = ReturnType<typeof memoryProvider>;

/** Makes another provider of it, to see whether the suite notices. */
export type AlterProvider = (provider: MemoryProvider, world: MemoryWorld) => MemoryProvider;

/** The in-memory provider under its own contract: so the suite itself is tested first, in both grains. */
export function memoryHarness(grain: 'rrset' | 'record', alter: AlterProvider = (provider) => provider): ContractHarness<MemoryConnection, MemoryZoneSettings> {
  const world = new MemoryWorld();
  world.slowMs = 200;
  const definition = alter(memoryProvider(grain, world), world);
  const connection: MemoryConnection = { account: 'contract', key: SECRET };
  const zoneOf = (apex: string): ReturnType<MemoryWorld['zone']> => world.zone(definition.target(connection, apex, {}), apex);
  return {
    definition,
    makeZone: (apex) => { zoneOf(apex); return Promise.resolve({ connection, settings: {} }); },
    plant: (apex, rrset: Rrset) => {
      for (const value of rrset.values) world.add(zoneOf(apex), rrset.name, rrset.type, rrset.ttl, value, 'by hand');
      zoneOf(apex).serial += 1;
      return Promise.resolve();
    },
    uproot: (apex, name, type) => {
      const zone = zoneOf(apex);
      zone.records = zone.records.filter((record) => record.name !== name || record.type !== type);
      zone.serial += 1;
      return Promise.resolve();
    },
    witness: (apex) => Promise.resolve([`serial ${zoneOf(apex).serial} SOA `, ...zoneOf(apex).records.map((record) => `${record.id} ${record.name} ${record.ttl} ${record.type} ${record.value} ${record.note ?? ''}`)]),
    fault: (fault, on) => { world.fault = fault; world.faultOn = on; return Promise.resolve(); },
    secrets: [SECRET],
    stop: () => Promise.resolve(),
  };
}
