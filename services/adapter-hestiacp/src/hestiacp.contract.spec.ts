import { providerContract } from '@vmdns/provider-kit/testing';
import { hestiacpHarness } from '../fake/hestiacp-harness.js';

for (const version of ['1.10.3', '1.9.4'] as const) {
  for (const mode of ['access-key', 'password'] as const) providerContract(`HestiaCP ${version}, ${mode}, the fake`, () => hestiacpHarness(version, mode));
}
