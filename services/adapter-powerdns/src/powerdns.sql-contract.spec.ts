import { providerContract } from '@vmdns/provider-kit/testing';
import { realPowerdns } from '../fake/powerdns-harness.js';

for (const backend of ['gsqlite3', 'gpgsql'] as const) providerContract(`PowerDNS, real, ${backend}`, () => realPowerdns(backend));
