import { providerContract } from '@vmdns/provider-kit/testing';
import { startPowerdns } from '@vmdns/test/support';
import { FakePowerdns } from '../fake/fake-powerdns.js';
import { powerdnsHarness } from '../fake/powerdns-harness.js';

providerContract('PowerDNS, the fake', async () => {
  const fake = await FakePowerdns.start('fake-key-0123456789');
  return powerdnsHarness({ api: fake.api, apiKey: fake.apiKey, makeZone: (apex) => { fake.addZone(apex); return Promise.resolve(); }, stop: () => fake.stop() });
});

for (const backend of ['lmdb', 'gsqlite3', 'gpgsql'] as const) {
  providerContract(`PowerDNS, real, ${backend}`, async () => {
    const server = await startPowerdns({ backend });
    return powerdnsHarness({
      api: server.api, apiKey: server.apiKey, dnsServer: `${server.dns.host}:${server.dns.port}`,
      makeZone: async (apex) => { await server.createZone(apex); },
      stop: async () => { await server.stop(); },
    });
  });
}
