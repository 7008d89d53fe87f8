import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { applied } from '../testing/fake-adapter.js';
import { Rig, value } from '../testing/rig.js';

describe('the legacy feed', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await Rig.start({ REISSUE_FIRST_MS: '60000' });
    await rig.planner();
    const adapter = rig.adapter();
    const connection = await rig.connection('memory', 'main');
    for (const zone of ['feed.example', '2.0.192.in-addr.arpa', '0/26.3.0.192.in-addr.arpa']) await rig.zone(zone, connection);
    adapter.script = (name, command) => (name.name === 'down.feed.example.' ? { state: 'failed', attempts: 3, nextTryAt: '2030-01-01T00:00:00.000Z', reason: { code: 'credentials', text: 'the server refuses the key' } }
      : name.name === 'foreign.feed.example.' ? { state: 'refused', reason: { code: 'foreign-record', text: 'somebody else made it' } } : applied(name, command));
  });
  afterAll(() => rig.stop());

  const feed = async (limit = 500) => {
    const items = [];
    for (let cursor: string | undefined, pages = 0; pages < 50; pages += 1) {
      const page = value(await rig.rpc['legacy-feed']({ limit, ...(cursor === undefined ? {} : { cursor }) }));
      items.push(...page.items);
      if (page.next === undefined) return items;
      cursor = page.next;
    }
    throw new Error('the feed has no end');
  };

  it('tells every address that has a name both ways; what is refused, in conflict, empty or deleted is left out', async () => {
    await rig.tell(rig.fact('a', { fqdn: 'a.feed.example.', ips: ['192.0.2.1', '2001:db8::1', '192.0.2.2'] }));
    await rig.tell(rig.fact('b', { fqdn: 'b.feed.example.', ips: ['192.0.3.5'] }));
    await rig.tell(rig.fact('down', { fqdn: 'down.feed.example.', ips: ['192.0.2.3'] }));
    await rig.tell(rig.fact('elsewhere', { fqdn: 'vm.customer.test.', ips: ['192.0.2.4'] }));
    await rig.tell(rig.fact('foreign', { fqdn: 'foreign.feed.example.', ips: ['192.0.2.5'] }));
    await rig.tell(rig.fact('late', { fqdn: 'a.feed.example.', ips: ['192.0.2.6'] }));
    await rig.tell(rig.fact('nameless', { ips: ['192.0.2.7'] }));
    await rig.tell(rig.fact('reserved', { fqdn: 'www.feed.example.', ips: ['192.0.2.8'] }));
    await rig.tell(rig.fact('gone', { fqdn: 'gone.feed.example.', ips: ['192.0.2.9'] }));
    await rig.tell(rig.fact('gone', { deleted: true }));
    await rig.becomes('down', 'attention');
    await rig.becomes('foreign', 'attention');
    const expected = [
      { forward: 'a.feed.example', ip: '192.0.2.1', reverse: 'a.feed.example' }, { forward: 'a.feed.example', ip: '2001:db8::1', reverse: 'a.feed.example' },
      { forward: 'b.feed.example', ip: '192.0.3.5', reverse: 'b.feed.example' }, { forward: 'down.feed.example', ip: '192.0.2.3', reverse: 'down.feed.example' },
      { forward: 'vm.customer.test', ip: '192.0.2.4', reverse: 'vm.customer.test' },
    ];
    expect(await feed()).toEqual(expected);
    expect(await feed(2)).toEqual(expected);
  });

  it('tells the customer\'s reverse name', async () => {
    await rig.tell(rig.fact('c', { fqdn: 'c.feed.example.', addresses: [{ ip: '192.0.2.20', forward: false, ptr: null, customerPtr: 'mail.customer.test.', claim: 900 }] }));
    expect(await feed()).toContainEqual({ forward: 'c.feed.example', ip: '192.0.2.20', reverse: 'mail.customer.test' });
  });
});
