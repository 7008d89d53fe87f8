import { afterAll, describe, expect, it } from '@jest/globals';
import { dnsAsk, freshDatabase, startNats, startPowerdns, type NatsServer, type PowerdnsServer } from './index.js';

const running: (NatsServer | PowerdnsServer)[] = [];
afterAll(async () => { await Promise.all(running.map((server) => server.stop())); });

describe('the servers of the tests', () => {
  it('gives each caller an empty database, and each service a role that owns nothing else', async () => {
    const database = await freshDatabase();
    const url = new URL(await database.urlFor('inventory'));
    expect(url.username).toBe('vmdns_inventory');
    expect(await database.query('select 1 as one')).toEqual([{ one: 1 }]);
    await database.drop();
  });

  it('starts a nats-server again on the same port after a kill', async () => {
    const nats = await startNats();
    running.push(nats);
    const before = nats.url;
    await nats.kill();
    await nats.restart();
    expect(nats.url).toBe(before);
  });

  it.each(['lmdb', 'gsqlite3', 'gpgsql'] as const)('answers from a PowerDNS with the %s backend', async (backend) => {
    const powerdns = await startPowerdns({ backend });
    running.push(powerdns);
    await powerdns.createZone('example.test.');
    await powerdns.putRrsets('example.test.', [{ name: 'vm1.example.test.', type: 'A', ttl: 60, records: [{ content: '192.0.2.5', disabled: false }] }]);
    expect(await dnsAsk(powerdns.dns, 'vm1.example.test.', 'A')).toMatchObject({ status: 'NOERROR', values: ['192.0.2.5'], ttl: 60, authoritative: true });
    expect(await dnsAsk(powerdns.dns, 'vm2.example.test.', 'A')).toMatchObject({ status: 'NXDOMAIN', values: [] });
    await powerdns.kill();
    await powerdns.restart();
    expect((await dnsAsk(powerdns.dns, 'vm1.example.test.', 'A')).values).toEqual(['192.0.2.5']);
  });
});
