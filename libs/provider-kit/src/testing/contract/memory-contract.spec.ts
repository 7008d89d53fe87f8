import { memoryHarness } from './memory-harness.js';
import { providerContract } from './provider-contract.js';

for (const grain of ['rrset', 'record'] as const) providerContract(`in memory, by ${grain}`, () => Promise.resolve(memoryHarness(grain)));
