import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { patches, until } from '../support/index.js';
import type { ServiceProcess } from '@vmdns/local';
import type { FactAnswer } from '@vmdns/contracts';
import { World } from './world.js';

// Longer than any wait in here, so that a failure says what was waited for.
jest.setTimeout(200_000);

// The walks of PROTOCOL §10 that need two of a kind: two inventories, planners and adapters, two PowerDNS servers.
let world: World;
beforeAll(async () => { world = await World.start({ replicas: { 'inventory': 2, 'planner': 2, 'adapter-powerdns': 4 }, secondPowerdns: true }); }, 150_000);
afterEach(() => world?.clear());
afterAll(() => world?.stop());

/** How many facts it has answered, whatever it said. */
async function answered(inventory: ServiceProcess): Promise<number> {
  const counts = [...(await inventory.metrics()).matchAll(/^vmdns_request_seconds_count\{operation="facts"[^}]*\} (\d+)/gm)];
  return counts.reduce((sum, [, count]) => sum + Number(count), 0);
}

describe('walks between replicas', () => {
  it('(a) L5 an adapter is paused with generation 5 on the wire, another applies 6, the first wakes and its call lands late: 6 stands in the end', async () => {
    await world.zone('a.walk.test');
    const barrier = world.proxy.hold((call) => patches('vm.a.walk.test.')(call) && call.requestBody.includes('"198.51.100.5"'));
    await world.put('a1', { fqdn: 'vm.a.walk.test', addresses: [{ ip: '198.51.100.5' }] });
    const late = await barrier.reached();
    const asleep = await world.holderOf('a.walk.test.');
    asleep.freeze();
    const newer = await world.put('a1', { fqdn: 'vm.a.walk.test', addresses: [{ ip: '198.51.100.6' }] });
    await until(async () => (await world.answers('vm.a.walk.test', 'A'))[0] === '198.51.100.6', { withinMs: 20_000, what: 'the other adapter to apply the newer one' });
    barrier.release();
    await until(() => late.appliedAt !== undefined, { withinMs: 10_000, what: 'the late call to land' });
    expect(await world.dns('a1')).toMatchObject({ live: false });
    asleep.thaw();
    await world.live('a1', newer.revision, 60_000);
    expect(await world.answers('vm.a.walk.test', 'A')).toEqual(['198.51.100.6']);
  });

  it('a call that an inventory took before it was stopped does not undo the newer one that the other stored: it is too late by the one clock', async () => {
    const [asleep] = world.all('inventory');
    if (asleep === undefined) throw new Error('no inventory');
    const say = (octet: number) => world.stack.gateway.ask('PUT', '/v1/vms/late', { body: { addresses: [{ ip: `198.51.100.${octet}` }] } });
    const stored = async () => (await world.stack.database.query<{ ip: string; revision: string }>(`select body->'addresses'->0->>'ip' as ip, revision from inventory.vm where vm_id = 'late'`))[0];
    await world.put('late', { addresses: [{ ip: '198.51.100.50' }] });
    const before = await answered(asleep);
    asleep.freeze();
    // One of the two takes each call; one without an answer is in hand.
    let octet = 51;
    while ((await say(octet)).status !== 503 && octet < 90) octet += 1;
    expect(octet).toBeLessThan(90);
    await until(async () => (await say(99)).status < 300, { withinMs: 30_000, everyMs: 10, what: 'the other inventory to store the newer one' });
    const newer = await stored();
    expect(newer?.ip).toBe('198.51.100.99');
    asleep.thaw();
    // What it says of one VM it says in the order in which it was asked: now it is done with what it had in hand.
    await until(async () => { await say(99); return await answered(asleep) > before; }, { withinMs: 30_000, everyMs: 10, what: 'the one that slept to answer again' });
    expect(await stored()).toEqual(newer);
  });

  it('(c) a zone moves to another server with commands for the first still queued: the second has the records, the first gets nothing more', async () => {
    const zone = await world.zone('c.walk.test', { alsoOnSecond: true });
    const first = await world.put('c1', { fqdn: 'one.c.walk.test', addresses: [{ ip: '198.51.100.100' }] });
    await world.live('c1', first.revision);
    const down = world.proxy.down();
    await world.put('c2', { fqdn: 'two.c.walk.test', addresses: [{ ip: '198.51.100.101' }] });
    await world.stack.gateway.moveZone(zone.id, world.second?.connectionId ?? '');
    await until(async () => (await world.answersOfSecond('one.c.walk.test', 'A')).length + (await world.answersOfSecond('two.c.walk.test', 'A')).length === 2, { withinMs: 30_000, what: 'the second server to have both' });
    await until(async () => (await world.stack.database.query('select 1 from adapter_powerdns.zone where zone_id = $1 and state = $2', [zone.id, 'removed'])).length === 1, { withinMs: 30_000, what: 'the adapters to hear of the removal' });
    down.remove();
    const marker = await world.zone('marker.walk.test').then(() => world.put('c3', { fqdn: 'vm.marker.walk.test', addresses: [{ ip: '198.51.100.102' }] }));
    await world.live('c3', marker.revision);
    // What was queued for the first is dropped; what it has stays there, for it may still be asked until the delegation changes.
    expect(await world.answers('two.c.walk.test', 'A')).toEqual([]);
    expect(await world.answers('one.c.walk.test', 'A')).toEqual(['198.51.100.100']);
    const next = await world.put('c1', { fqdn: 'one.c.walk.test', addresses: [{ ip: '198.51.100.103' }] });
    await world.live('c1', next.revision);
    expect(await world.answersOfSecond('one.c.walk.test', 'A')).toEqual(['198.51.100.103']);
  });

  it('(d) an inner zone is added while another planner replica plans a name that it encloses: the name ends in the inner zone only', async () => {
    // All of the outer zone moves: without this a person would be asked first.
    await world.zone('d.walk.test', { rehomeShare: 1 });
    await world.powerdns.createZone('in.d.walk.test.');
    const lock = await world.lockPlanner();
    await world.put('d1', { fqdn: 'vm.in.d.walk.test', addresses: [{ ip: '198.51.100.110' }] });
    await lock.waitedFor();
    const adding = world.addZone('in.d.walk.test');
    await lock.release();
    await adding;
    await until(async () => (await world.powerdns.rrsets('in.d.walk.test.')).some((rrset) => rrset.name === 'vm.in.d.walk.test.'), { withinMs: 30_000, what: 'the name in the inner zone' });
    await until(async () => !(await world.powerdns.rrsets('d.walk.test.')).some((rrset) => rrset.name === 'vm.in.d.walk.test.'), { withinMs: 30_000, what: 'the name to leave the outer zone' });
    await world.live('d1');
  });

  it('(e) a delete arrives before the create was planned, and a late create of the old life after it: nothing is made', async () => {
    await world.zone('e.walk.test');
    for (const planner of world.all('planner')) await planner.kill();
    await world.put('e1', { fqdn: 'vm.e.walk.test', uid: 'first-life', addresses: [{ ip: '198.51.100.120' }] });
    // The create's event is lost: the bus brings the delete, and only the feed knows of both.
    await world.lose('EVENT', 'vmdns.event.vm.e1');
    await world.delete('e1');
    for (const planner of world.all('planner')) await planner.restart();
    await world.state('e1', 'gone');
    const late = await world.event({ specversion: '1.0', id: 'late', source: 'http:admin', type: 'vmdns.vm.changed.v1', data: { vmId: 'e1', fqdn: 'vm.e.walk.test', uid: 'first-life', addresses: [{ ip: '198.51.100.120' }] } });
    expect(late).toMatchObject({ accepted: false, reason: 'old-life' });
    expect(await world.answers('vm.e.walk.test', 'A')).toEqual([]);
    expect(world.proxy.patchesOf('e.walk.test.')).toHaveLength(0);
  });

  it('(f) two VMs claim one address in two replicas at once, then the holder is deleted: the other gets it', async () => {
    await world.zone('f.walk.test');
    await world.zone('113.0.203.in-addr.arpa');
    await Promise.all(['f1', 'f2'].map((id) => world.put(id, { fqdn: `${id}.f.walk.test`, addresses: [{ ip: '203.0.113.77' }] })));
    const [one, two] = await Promise.all([world.settled('f1'), world.settled('f2')]);
    const losers = [one, two].filter((dns) => dns.records.some((record) => record.reason?.code === 'address-conflict'));
    expect(losers).toHaveLength(1);
    const holder = losers[0]?.vmId === 'f1' ? 'f2' : 'f1';
    const other = holder === 'f1' ? 'f2' : 'f1';
    expect(await world.answers('77.113.0.203.in-addr.arpa', 'PTR')).toEqual([`${holder}.f.walk.test.`]);
    await world.delete(holder);
    await world.state(holder, 'gone');
    await until(async () => (await world.dns(other)).state === 'live', { withinMs: 20_000, what: 'the other VM to be live' });
    expect(await world.answers('77.113.0.203.in-addr.arpa', 'PTR')).toEqual([`${other}.f.walk.test.`]);
  });

  it('(l) newer facts arrive for VMs whose deletion is on hold, then a person approves: only the unchanged go', async () => {
    await world.zone('l.walk.test');
    await world.stack.gateway.putSettings({ brakes: { vmDeletions: { count: 2, share: 0 } } });
    const ids = ['l1', 'l2', 'l3', 'l4', 'l5'];
    // A source of its own: what other walks deleted does not count.
    const said = (type: string, data: object) => world.event({ specversion: '1.0', id: JSON.stringify(data), source: 'walk-l', type, data });
    for (const [i, id] of ids.entries()) await said('vmdns.vm.changed.v1', { vmId: id, fqdn: `${id}.l.walk.test`, addresses: [{ ip: `198.51.100.${130 + i}` }] });
    for (const id of ids) await world.live(id, 1);
    const answers: FactAnswer[] = [];
    for (const id of ids) answers.push(await said('vmdns.vm.deleted.v1', { vmId: id }));
    expect(answers.map((answer) => answer.reason)).toEqual([undefined, undefined, 'held', 'held', 'held']);
    const newer = await world.put('l4', { fqdn: 'l4.l.walk.test', addresses: [{ ip: '198.51.100.140' }] });
    await world.live('l4', newer.revision);
    const holdId = answers[4]?.holdId ?? '';
    expect(await world.stack.gateway.decide(holdId, 'approve')).toMatchObject({ released: 2 });
    await world.state('l3', 'gone');
    await world.state('l5', 'gone');
    expect(await world.answers('l4.l.walk.test', 'A')).toEqual(['198.51.100.140']);
    await world.stack.gateway.putSettings({});
  });

  it('(n) two revisions of one VM through two inventory replicas: the later accepted one stands', async () => {
    await world.zone('n.walk.test');
    for (let round = 0; round < 10; round += 1) {
      const answers = await Promise.all([1, 2].map((i) => world.put('n1', { fqdn: 'vm.n.walk.test', addresses: [{ ip: `198.51.100.${150 + 2 * round + i}` }] })));
      const revisions = answers.map((answer) => answer.revision);
      expect(new Set(revisions).size).toBe(2);
      const last = (revisions[0] ?? 0) > (revisions[1] ?? 0) ? 1 : 2;
      await world.live('n1', Math.max(...revisions));
      expect(await world.answers('vm.n.walk.test', 'A')).toEqual([`198.51.100.${150 + 2 * round + last}`]);
    }
  });

  it('L5 of four adapters one is killed with a call on the wire, one stopped, one cut off half-way: their zones go on with the others, and with all back no two writes of a zone overlap', async () => {
    const zones = ['killed', 'stopped', 'cut'] as const;
    for (const zone of zones) await world.zone(`${zone}.walk.test`);
    const say = (zone: string, octet: number, vm = 'vm') => world.put(`${zone}-${vm}`, { fqdn: `${vm}.${zone}.walk.test`, addresses: [{ ip: `198.51.100.${octet}` }] });
    for (const zone of zones) await world.live(`${zone}-vm`, (await say(zone, 180)).revision);
    const onTheWire = (zone: string) => world.proxy.hold((call) => patches(`vm.${zone}.walk.test.`)(call) && call.requestBody.includes('"198.51.100.181"'));
    const [killed, stopped] = [onTheWire('killed'), onTheWire('stopped')];
    const cut = world.proxy.cut((call) => patches('vm.cut.walk.test.')(call) && call.requestBody.includes('"198.51.100.181"'));
    for (const zone of zones) await say(zone, 181);
    await killed.reached();
    const victim = await world.holderOf('killed.walk.test.');
    await victim.kill();
    await stopped.reached();
    const asleep = await world.holderOf('stopped.walk.test.').catch(() => undefined);
    asleep?.freeze();
    for (const zone of zones) await say(zone, 182);
    await until(async () => (await Promise.all(zones.map((zone) => world.answers(`vm.${zone}.walk.test`, 'A')))).every(([ip]) => ip === '198.51.100.182'), { withinMs: 45_000, what: 'the others to write all three zones' });
    cut.remove();
    for (const barrier of [killed, stopped]) barrier.release();
    asleep?.thaw();
    await victim.restart();
    await victim.ready();
    for (const zone of zones) await world.live(`${zone}-vm`, undefined, 60_000);
    // What had been on the wire when its sender died may meet a later write; from here on nobody is excused.
    world.proxy.forgetCalls();
    const last = await Promise.all(zones.flatMap((zone) => Array.from({ length: 30 }, (_, i) => say(zone, i + 1, `vm${i % 10}`).then(() => `${zone}-vm${i % 10}`))));
    for (const vmId of new Set(last)) await world.live(vmId, undefined, 60_000);
    expect(world.proxy.patchesOf().length).toBeGreaterThan(2);
    expect(world.proxy.overlaps()).toEqual([]);
  });
});

describe('walks with wrong clocks', () => {
  it('(m) clocks that differ by an hour change nothing: not order, not lanes, not lives', async () => {
    const skewed = await World.start({ replicas: { 'inventory': 2, 'adapter-powerdns': 2 }, clockAheadMs: { 'inventory#1': 3_600_000, 'adapter-powerdns#1': -3_600_000, 'planner': 3_600_000 } });
    try {
      await skewed.zone('m.walk.test');
      for (let round = 0; round < 6; round += 1) {
        const put = await skewed.put('m1', { fqdn: 'vm.m.walk.test', addresses: [{ ip: `198.51.100.${200 + round}` }] });
        await skewed.live('m1', put.revision);
        expect(await skewed.answers('vm.m.walk.test', 'A')).toEqual([`198.51.100.${200 + round}`]);
      }
      await skewed.delete('m1');
      await skewed.state('m1', 'gone');
      const again = await skewed.put('m1', { fqdn: 'vm.m.walk.test', addresses: [{ ip: '198.51.100.210' }] });
      await skewed.live('m1', again.revision);
      expect(skewed.proxy.overlaps()).toEqual([]);
    } finally {
      await skewed.stop();
    }
  }, 150_000);
});
