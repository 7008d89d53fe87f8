import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Rig } from './testing/rig.js';

describe('the planner, from a fact to a record that is live', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await Rig.start();
    await rig.planner();
  });
  afterAll(async () => { await rig.stop(); });

  it('makes A, AAAA and PTR, hears that they are applied, and says live', async () => {
    const adapter = rig.adapter();
    const connection = await rig.connection();
    const forward = await rig.zone('example.com', connection);
    const v4 = await rig.zone('2.0.192.in-addr.arpa', connection);
    await rig.zone('8.b.d.0.1.0.0.2.ip6.arpa', connection);
    await rig.tell(rig.fact('vm1', { fqdn: 'vm1.example.com.', ips: ['192.0.2.10', '2001:db8::10'] }));
    const dns = await rig.becomes('vm1', 'live');
    expect(dns.records.map((record) => [record.type, record.name, record.values, record.state])).toEqual([
      ['PTR', '0.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.', ['vm1.example.com.'], 'applied'],
      ['PTR', '10.2.0.192.in-addr.arpa.', ['vm1.example.com.'], 'applied'],
      ['A', 'vm1.example.com.', ['192.0.2.10'], 'applied'],
      ['AAAA', 'vm1.example.com.', ['2001:db8::10'], 'applied'],
    ]);
    expect((await rig.row(v4.id, '10.2.0.192.in-addr.arpa.'))?.desired).toEqual([{ type: 'PTR', ttl: 3600, values: ['vm1.example.com.'] }]);
    expect(adapter.of('vm1.example.com.', forward.id)).toHaveLength(1);
  });
});
