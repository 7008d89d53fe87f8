import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Caller, VmDnsState } from '@vmdns/contracts';
import { until } from '@vmdns/test/support';
import { applied, type FakeAdapter } from '../testing/fake-adapter.js';
import { ADMIN, Rig, value } from '../testing/rig.js';

const TINA: Caller = { name: 'tina', role: 'viewer', tenant: 'a' };

describe('what a person looks for', () => {
  let rig: Rig;
  let adapter: FakeAdapter;
  beforeAll(async () => {
    ({ rig, adapter } = await Rig.withZones());
    adapter.script = (name) => (name.name.startsWith('bad.') ? { state: 'failed', attempts: 1, nextTryAt: '2030-01-01T00:00:00.000Z', reason: { code: 'credentials', text: 'the server refuses the key (401)' } } : { state: 'applied' });
    await rig.tell(rig.fact('vm-1', { tenant: 'a', fqdn: 'web1.example.com.', ips: ['192.0.2.1', '2001:db8:12::1'] }));
    await rig.tell(rig.fact('vm-2', { tenant: 'b', fqdn: 'web2.example.com.', ips: ['192.0.2.17'] }));
    await rig.tell(rig.fact('vm-3', { tenant: 'b', fqdn: 'bad.example.com.', ips: ['192.0.2.30'] }));
    await rig.tell(rig.fact('other', { fqdn: 'other.elsewhere.test.', ips: ['198.51.100.9'] }));
    await rig.becomes('vm-2', 'live');
    await rig.becomes('vm-3', 'attention');
  });
  afterAll(async () => { adapter.script = applied; await rig.stop(); });

  const find = async (q: string, more: { state?: VmDnsState; limit?: number; cursor?: string; caller?: Caller } = {}) => value(await rig.rpc['vm-search']({ q, caller: ADMIN, ...more }));
  const idsOf = async (q: string, more: Parameters<typeof find>[1] = {}) => (await find(q, more)).items.map((vm) => vm.vmId);

  it('finds VMs by the beginning of an id, a name or an address, by an address as a whole, and by tenant', async () => {
    expect(await idsOf('vm-')).toEqual(['vm-1', 'vm-2', 'vm-3']);
    expect(await idsOf('WEB')).toEqual(['vm-1', 'vm-2']);
    expect(await idsOf('web2.example.com')).toEqual(['vm-2']);
    expect(await idsOf('192.0.2.1')).toEqual(['vm-1', 'vm-2']);
    expect(await idsOf('192.0.')).toEqual(['vm-1', 'vm-2', 'vm-3']);
    expect(await idsOf('2001:db8:12:0::1')).toEqual(['vm-1']);
    expect(await idsOf('2001:db8:12:')).toEqual(['vm-1']);
    expect(await idsOf('example.com')).toEqual(['vm-1', 'vm-2', 'vm-3']);
    expect(await idsOf('b')).toEqual(['vm-2', 'vm-3']);
    expect(await idsOf("%' or true --")).toEqual([]);
  });

  it('says of each what it is called and how it stands', async () => {
    expect((await find('vm-3')).items).toEqual([{ vmId: 'vm-3', name: 'bad.example.com.', tenant: 'b', addresses: ['192.0.2.30'], state: 'attention', changedAt: expect.any(String) }]);
  });

  it('narrows to a state, over pages', async () => {
    expect(await idsOf('', { state: 'attention' })).toContain('vm-3');
    expect(await idsOf('', { state: 'attention' })).not.toContain('vm-2');
    expect(await idsOf('', { state: 'live' })).toContain('vm-2');
    const seen: string[] = [];
    for (let cursor: string | undefined, page = 0; page < 10; page += 1) {
      const { items, next } = await find('', { limit: 1, ...(cursor === undefined ? {} : { cursor }) });
      seen.push(...items.map((vm) => vm.vmId));
      cursor = next;
      if (cursor === undefined) break;
    }
    expect(seen).toEqual(['other', 'vm-1', 'vm-2', 'vm-3']);
  });

  it("shows a tenant none of another's VMs", async () => {
    expect(await idsOf('', { caller: TINA })).toEqual(['vm-1']);
    expect(await idsOf('192.0.2.', { caller: TINA })).toEqual(['vm-1']);
    expect(await idsOf('b', { caller: TINA })).toEqual([]);
  });

  it('L11 counts names by state and reason, and says of each connection in which trouble it is', async () => {
    await until(async () => (value(await rig.rpc.overview({})).names['applied'] ?? 0) >= 5, { what: 'an overview of what is applied' });
    const overview = value(await rig.rpc.overview({}));
    expect(overview).toMatchObject({
      vms: 4, openHolds: 0, lag: { events: expect.any(Number), results: expect.any(Number) }, names: { failed: 1 }, reasons: { credentials: 1 }, heard: 1,
      providers: [{ name: 'memory', isHeard: expect.any(Boolean) }],
      connections: [{ name: 'main', provider: 'memory', zones: 2, open: 1, lastReason: { code: 'credentials' }, nextTryAt: '2030-01-01T00:00:00.000Z' }],
    });
    expect(overview.oldestPendingSeconds).toBeGreaterThan(0);
  });

  it('hints at zones that would take what no zone takes', async () => {
    const zones = value(await rig.rpc.overview({})).missingZones.map((hint) => hint.zone);
    expect(zones).toEqual(expect.arrayContaining(['elsewhere.test.', '100.51.198.in-addr.arpa.', '0.0.0.0.2.1.0.0.8.b.d.0.1.0.0.2.ip6.arpa.']));
    expect(zones).not.toContain('example.com.');
  });
});
