import { providerContract } from '@vmdns/provider-kit/testing';
import { FakePowerdns } from '../fake/fake-powerdns.js';
import { powerdnsHarness, realPowerdns } from '../fake/powerdns-harness.js';

// The oldest and the newest; what differs in between is in powerdns.zone.spec.ts, and 4.9.17 itself in test/debian13.
for (const version of ['4.7.3', '5.1.3']) providerContract(`PowerDNS, the fake of ${version}`, async () => {
  const fake = await FakePowerdns.start('fake-key-0123456789', { version });
  return powerdnsHarness({ api: fake.api, apiKey: fake.apiKey, makeZone: (apex) => { fake.addZone(apex); return Promise.resolve(); }, stop: () => fake.stop() });
});

providerContract('PowerDNS, real, lmdb', () => realPowerdns('lmdb'));
