import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { subjects, VmStatusEvent, type Caller, type VmDns, type Zone } from '@vmdns/contracts';
import { until } from '@vmdns/test/support';
import { applied, silent, type FakeAdapter } from '../testing/fake-adapter.js';
import { ADMIN, problem, Rig, value } from '../testing/rig.js';

const TINA: Caller = { name: 'tina', role: 'viewer', tenant: 'a' };

describe('how things stand, and why', () => {
  let rig: Rig;
  let adapter: FakeAdapter;
  let reverseZone: Zone;
  beforeAll(async () => {
    ({ rig, adapter, reverseZone } = await Rig.withZones());
    await rig.tell(rig.fact('a1', { tenant: 'a', fqdn: 'a1.example.com.', ips: ['192.0.2.1'] }));
    await rig.tell(rig.fact('b1', { tenant: 'b', fqdn: 'b1.example.com.', ips: ['192.0.2.2'] }));
    await rig.becomes('b1', 'live');
  });
  afterAll(async () => { await rig.stop(); });

  const explain = async (q: string, caller: Caller = ADMIN) => value(await rig.rpc.explain({ q, caller }));

  it('L11 says in one sentence what is wrong, since when, when the next try is, and what to do', async () => {
    adapter.script = (name) => (name.name === 'bad.example.com.' ? { state: 'failed', attempts: 3, nextTryAt: '2030-01-01T00:00:00.000Z', reason: { code: 'credentials', text: 'the server refuses the key (401)', hint: 'set the secret of the connection again' } } : { state: 'applied' });
    await rig.tell(rig.fact('bad', { tenant: 'a', fqdn: 'bad.example.com.', ips: ['192.0.2.3'] }));
    await rig.becomes('bad', 'attention');
    const { kind, sentences, vms } = await explain('bad');
    expect([kind, vms.map((vm) => vm.vmId)]).toEqual(['vm', ['bad']]);
    expect(sentences.at(-1)).toMatch(/^A bad\.example\.com\. → 192\.0\.2\.3 in example\.com\. \(memory\) is failed since \S+Z after 3 tries: the server refuses the key \(401\)\. The next try is at 2030-01-01T00:00:00\.000Z\. set the secret of the connection again\.$/);
    adapter.script = applied;
  });

  it('L11 a throttle is a wait: pending, with the time until when', async () => {
    adapter.script = (name) => (name.name === 'slow.example.com.' ? { state: 'waiting', attempts: 1, nextTryAt: '2030-01-01T00:00:00.000Z', reason: { code: 'throttled', text: 'too many calls', hint: 'vmdns waits as long as the provider asks' } } : { state: 'applied' });
    await rig.tell(rig.fact('slow', { tenant: 'a', fqdn: 'slow.example.com.', ips: ['192.0.2.33'] }));
    const dns = await until(async () => { const now = await rig.becomes('slow', 'pending'); return now.reason?.code === 'throttled' ? now : undefined; });
    expect([dns.live, dns.records.find((one) => one.name === 'slow.example.com.')]).toEqual([false, expect.objectContaining({ state: 'pending', reason: expect.objectContaining({ code: 'throttled' }), nextTryAt: '2030-01-01T00:00:00.000Z' })]);
    expect((await explain('slow')).sentences.at(-1)).toMatch(/is pending .*too many calls\. The next try is at 2030-01-01T00:00:00\.000Z\./);
    adapter.script = applied;
  });

  it('explains a name and an address: what stands there, and whose it is', async () => {
    const name = await explain('A1.example.com');
    expect([name.kind, name.names.map((one) => [one.name, one.zone, one.state]), name.vms.map((vm) => vm.vmId)]).toEqual(['name', [['a1.example.com.', 'example.com.', 'applied']], ['a1']]);
    expect(name.sentences.join(' ')).toContain('VM a1: A a1.example.com. → 192.0.2.1 in example.com. (memory) is applied.');
    const address = await explain('192.0.2.2');
    expect([address.kind, address.names.map((one) => one.name)]).toEqual(['address', ['2.2.0.192.in-addr.arpa.']]);
    expect(address.sentences.join(' ')).toContain('VM b1: PTR 2.2.0.192.in-addr.arpa. → b1.example.com.');
  });

  it('says of a removed name that nothing of ours is there any more', async () => {
    await rig.tell(rig.fact('gone', { fqdn: 'gone.example.com.', ips: ['203.0.113.77'] }));
    await rig.becomes('gone', 'live');
    await rig.tell(rig.fact('gone', { deleted: true }));
    await rig.becomes('gone', 'gone');
    expect((await explain('gone.example.com')).sentences).toEqual([
      'No VM wishes gone.example.com.', 'Its zone is example.com.', expect.stringMatching(/^gone\.example\.com\. in example\.com\. \(memory\) has no records of ours, as it shall be, since \S+Z\.$/),
    ]);
  });

  it('explains an address by its own records, not by those of addresses that end alike', async () => {
    await rig.zone('8.b.d.0.1.0.0.2.ip6.arpa', (await rig.rpc['connection-list']({}).then(value)).items[0]?.id ?? '');
    await rig.tell(rig.fact('six', { ips: ['2001:db8::1', '2001:db8:7::1'], fqdn: 'six.example.com.' }));
    await rig.becomes('six', 'live');
    const about = (await explain('2001:db8:7::1')).sentences.filter((sentence) => sentence.startsWith('VM six'));
    expect(about).toEqual([expect.stringContaining(`PTR 1.${'0.'.repeat(19)}7.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.`)]);
  });

  it('explains a VM of a thousand addresses in an answer that can be sent and read', async () => {
    await rig.tell(rig.fact('wide', { fqdn: 'wide.example.com.', ips: Array.from({ length: 1000 }, (_, n) => `2001:db8:ffff:ffff:ffff:ffff:0:${(n + 4096).toString(16)}`) }));
    await rig.zone('f.f.f.f.8.b.d.0.1.0.0.2.ip6.arpa', (await rig.rpc['connection-list']({}).then(value)).items[0]?.id ?? '');
    adapter.script = () => ({ state: 'failed', attempts: 3, nextTryAt: '2030-01-01T00:00:00.000Z', reason: { code: 'provider-unreachable', text: `writing at http://127.0.0.1:8081: ${'no answer, '.repeat(20)}`, hint: 'vmdns tries again by itself; check that the provider is up and can be reached from here.' } });
    for (const q of ['wide', 'wide.example.com', '2001:db8:ffff:ffff:ffff:ffff:0:1000']) {
      const answer = await explain(q);
      expect(JSON.stringify(answer).length).toBeLessThan(1_000_000);
      expect(answer.sentences.length).toBeLessThan(110);
    }
    expect((await explain('wide')).sentences.at(-1)).toMatch(/^… and \d+ more records; GET \/v1\/vms\/wide\/dns lists all\.$/);
    adapter.script = applied;
  });

  it('says of a name that nobody wishes where it would be', async () => {
    expect((await explain('nobody.example.com')).sentences).toEqual(['No VM wishes nobody.example.com.', 'Its zone is example.com.']);
    expect((await explain('nobody.elsewhere.example')).sentences[1]).toContain('No zone is configured');
    expect((await explain('what?')).kind).toBe('unknown');
  });

  it("tells a tenant nothing of another's VMs, names or addresses", async () => {
    for (const q of ['b1', 'b1.example.com', '192.0.2.2']) {
      const answer = await explain(q, TINA);
      expect([answer.vms, answer.names]).toEqual([[], []]);
      expect(JSON.stringify(answer)).not.toMatch(/applied|VM b1/);
    }
    expect(problem(await rig.rpc['vm-dns']({ vmId: 'b1', caller: TINA })).status).toBe(404);
    expect(problem(await rig.rpc['vm-dns']({ vmId: 'never', caller: TINA })).status).toBe(404);
    expect((await explain('a1', TINA)).vms[0]?.state).toBe('live');
  });

  it("does not show a tenant who holds what its own VM lost", async () => {
    await rig.tell(rig.fact('a2', { tenant: 'a', fqdn: 'b1.example.com.', ips: ['192.0.2.4'] }));
    const answer = await explain('a2', TINA);
    expect(answer.sentences.join(' ')).toContain('another VM');
    expect(JSON.stringify(answer)).not.toMatch(/VM b1|192\.0\.2\.2/);
  });

  it("L11 does not show a VM that wishes no reverse name the one of who has its address by now", async () => {
    await rig.tell(rig.fact('bare', { tenant: 'a', ips: ['192.0.2.5'] }));
    await rig.tell(rig.fact('heir', { tenant: 'b', fqdn: 'heir.example.com.', ips: ['192.0.2.5'] }));
    await rig.becomes('heir', 'live');
    expect(await rig.dns('bare', undefined, TINA)).toMatchObject({ live: true, records: [] });
    expect(JSON.stringify(await explain('bare', TINA))).not.toContain('heir');
  });

  it('says that no adapter is heard of, and what to do', async () => {
    await rig.store.query(`update provider set seen_at = now() - interval '5 minutes'`);
    adapter.script = () => undefined;
    await rig.tell(rig.fact('silent', { fqdn: 'silent.example.com.', ips: ['203.0.113.7'] }));
    const record = (await rig.dns('silent')).records.find((one) => one.type === 'A');
    expect(record).toMatchObject({ state: 'pending', reason: { code: 'provider-unreachable' } });
    expect(record?.reason?.hint).toContain('adapter-memory');
    adapter.script = applied;
    await adapter.answer('silent.example.com.', { state: 'applied' });
  });

  it('L11 shows a deleted VM until it is gone: what is still there, and that a pause keeps it, by the name of the zone', async () => {
    await rig.tell(rig.fact('leaver', { fqdn: 'leaver.example.com.', ips: ['192.0.2.60'] }));
    await rig.becomes('leaver', 'live');
    adapter.script = (name) => (name.name.startsWith('60.') ? undefined : { state: 'applied' });
    const { id } = value(await rig.rpc['pause-add']({ scope: { kind: 'zone', id: reverseZone.id }, why: 'moving racks', caller: ADMIN }));
    await rig.tell(rig.fact('leaver', { deleted: true, fqdn: null, nameClaim: null, ips: [] }));
    const leaving = await until(async () => { const dns = await rig.dns('leaver'); return dns.records.length === 1 ? dns : undefined; });
    expect(leaving).toMatchObject({ state: 'deleting', records: [{ name: '60.2.0.192.in-addr.arpa.', values: [], reason: { code: 'paused', text: expect.stringMatching(/^writing is paused for the zone 2\.0\.192\.in-addr\.arpa\. by ada \(moving racks\) since /) } }] });
    value(await rig.rpc['pause-remove']({ id, caller: ADMIN }));
    adapter.script = applied;
    await adapter.answer('60.2.0.192.in-addr.arpa.', { state: 'applied' });
    await rig.becomes('leaver', 'gone');
  });

  it('publishes the status of a VM when its names are planned and when they settle', async () => {
    const said: VmDns[] = [];
    const stop = rig.bus.subscribe(subjects.status.vm('st.1'), (body) => { said.push(VmStatusEvent.parse(body).data); });
    await rig.tell(rig.fact('st.1', { fqdn: 'st1.example.com.', ips: ['192.0.2.9'] }));
    const live = await until(() => said.find((status) => status.live));
    stop();
    expect([live.revision, live.state, live.records.length]).toEqual([1, 'live', 2]);
    expect(live).toEqual(await rig.dns('st.1'));
  });

  it('L14 says no VM live by what was heard one after the other: a name that another replica changed meanwhile is read again', async () => {
    const said: VmDns[] = [];
    adapter.script = silent;
    const stop = rig.bus.subscribe(subjects.status.vm('st.2'), (body) => { said.push(VmStatusEvent.parse(body).data); });
    await rig.tell(rig.fact('st.2', { fqdn: 'st2.example.com.', ips: ['192.0.2.12'] }));
    await Promise.all([adapter.hears('st2.example.com.'), adapter.hears('12.2.0.192.in-addr.arpa.')]);
    await adapter.answer('st2.example.com.', { state: 'applied' });
    const settled = (name: string) => rig.store.query('select 1 from name where owner_name = $1 and settled_generation = generation', [name]);
    await until(async () => (await settled('st2.example.com.')).length === 1);
    await rig.store.query(`update name set generation = generation + 1, state = 'pending' where owner_name = 'st2.example.com.'`);
    await adapter.answer('12.2.0.192.in-addr.arpa.', { state: 'applied' });
    const last = await until(() => said.find((status) => status.records.some((record) => record.type === 'PTR' && record.state === 'applied')));
    stop();
    expect([last.live, last.state]).toEqual([false, 'pending']);
    adapter.script = applied;
  });
});
