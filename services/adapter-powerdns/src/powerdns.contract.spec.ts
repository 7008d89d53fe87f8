import { providerContract } from '@vmdns/provider-kit/testing';
import { FakePowerdns } from '../fake/fake-powerdns.js';
import { powerdnsHarness, realPowerdns } from '../fake/powerdns-harness.js';

providerContract('PowerDNS, the fake', async () => {
  const fake = await FakePowerdns.start('fake-key-0123456789');
  return powerdnsHarness({ api: fake.api, apiKey: fake.apiKey, makeZone: (apex) => { fake.addZone(apex); return Promise.resolve(); }, stop: () => fake.stop() });
});

providerContract('PowerDNS, real, lmdb', () => realPowerdns('lmdb'));
