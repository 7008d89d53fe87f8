import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { startStack, until, type FaultProxy, type PowerdnsServer, type Stack } from '../support/index.js';
import type { PauseMade, PauseScope, VmDns } from '@vmdns/contracts';

// The stop button by zone, connection and all, and zones that are only looked at.

// Longer than any wait in here, so that a failure says what was waited for.
jest.setTimeout(200_000);

let stack: Stack;
let second: { readonly powerdns: PowerdnsServer; readonly proxy: FaultProxy };
let firstId: string;
let secondId: string;
beforeAll(async () => {
  stack = await startStack();
  firstId = (await stack.connect('first')).id;
  second = await stack.secondPowerdns({ rectify: false });
  secondId = (await stack.connectTo(second.powerdns, { name: 'second', api: second.proxy.url })).id;
}, 120_000);
afterAll(() => stack?.stop());

async function zone(name: string, on: 'first' | 'second' = 'first', mode: 'write' | 'observe' = 'write'): Promise<string> {
  await (on === 'first' ? stack.powerdns : second.powerdns).createZone(`${name}.`, { apiRectify: false });
  return (await stack.gateway.addZone({ name: `${name}.`, connectionId: on === 'first' ? firstId : secondId, mode })).id;
}

/** Presses the button; from the answer on nothing is written there. */
async function pause(scope: PauseScope, why?: string): Promise<PauseMade> {
  const pressed = await stack.gateway.pause(scope, why);
  expect(pressed).toMatchObject({ confirmed: true });
  return pressed;
}

const put = async (vmId: string, fqdn: string, ip: string): Promise<number> => (await stack.gateway.putVm(vmId, { fqdn, addresses: [{ ip }] })).revision;
const live = (vmId: string, revision: number): Promise<VmDns> => stack.gateway.reaches(vmId, revision, (dns) => dns.state === 'live', 'live', 40_000);
const stopped = (vmId: string, revision: number): Promise<VmDns> => stack.gateway.reaches(vmId, revision, (dns) => dns.reason?.code === 'paused', 'paused');
const answers = async (name: string): Promise<readonly string[]> => (await stack.dns(name, 'A')).values;
const writesOf = (proxy: FaultProxy, apex: string): number => proxy.writes.filter((call) => call.zone === `${apex}.`).length;

describe('the stop button', () => {
  it('stops one zone at once: nothing is written, the reason says by whom and why, others go on, all comes after', async () => {
    const stoppedZone = await zone('stopped.test');
    await zone('going.test');
    await live('s1', await put('s1', 'one.stopped.test', '192.0.2.1'));
    await live('s2', await put('s2', 'two.stopped.test', '192.0.2.2'));
    const pressed = await pause({ kind: 'zone', id: stoppedZone }, 'the switch burns');
    const writes = writesOf(stack.proxy, 'stopped.test');
    const changed = await put('s1', 'one.stopped.test', '192.0.2.3');
    const gone = await stack.gateway.deleteVm('s2');
    const added = await put('s3', 'three.stopped.test', '192.0.2.4');
    const dns = await stopped('s1', changed);
    expect(dns).toMatchObject({ live: false, state: 'pending', reason: { text: expect.stringMatching(/by admin \(the switch burns\) since/) } });
    await stopped('s3', added);
    await stack.gateway.reaches('s2', gone.revision, (seen) => seen.state === 'deleting' && seen.reason?.code === 'paused', 'deleting, paused');
    expect((await stack.gateway.explain('s1')).sentences.join(' ')).toContain('End the pause when it may go on.');
    await live('g1', await put('g1', 'one.going.test', '192.0.2.5'));
    expect([writesOf(stack.proxy, 'stopped.test'), await answers('one.stopped.test'), await answers('two.stopped.test')]).toEqual([writes, ['192.0.2.1'], ['192.0.2.2']]);
    expect((await stack.gateway.zone(stoppedZone)).paused).toBe(true);

    await stack.gateway.resume(pressed.id);
    await live('s1', changed);
    await live('s3', added);
    await stack.gateway.reaches('s2', gone.revision, (seen) => seen.state === 'gone', 'gone', 40_000);
    expect([await answers('one.stopped.test'), await answers('two.stopped.test'), await answers('three.stopped.test')]).toEqual([['192.0.2.3'], [], ['192.0.2.4']]);
    expect((await stack.gateway.zone(stoppedZone)).paused).toBe(false);
  });

  it('stops one connection: its zones stand still, those of another go on', async () => {
    await zone('first-one.test');
    await zone('second-one.test', 'second');
    const pressed = await pause({ kind: 'connection', id: firstId });
    const writes = stack.proxy.writes.length;
    const waiting = await put('c1', 'vm.first-one.test', '192.0.2.6');
    await stopped('c1', waiting);
    await live('c2', await put('c2', 'vm.second-one.test', '192.0.2.7'));
    expect(stack.proxy.writes.length).toBe(writes);
    await stack.gateway.resume(pressed.id);
    await live('c1', waiting);
    expect(await answers('vm.first-one.test')).toEqual(['192.0.2.6']);
  });

  it('stops everything: PUT is still stored, nothing is written anywhere, and all of it comes after', async () => {
    await zone('all-one.test');
    await zone('all-two.test', 'second');
    const pressed = await pause({ kind: 'all' });
    const writes = [stack.proxy.writes.length, second.proxy.writes.length];
    const one = await put('a1', 'vm.all-one.test', '192.0.2.8');
    const two = await put('a2', 'vm.all-two.test', '192.0.2.9');
    await stopped('a1', one);
    await stopped('a2', two);
    expect([stack.proxy.writes.length, second.proxy.writes.length]).toEqual(writes);
    await stack.gateway.resume(pressed.id);
    await live('a1', one);
    await live('a2', two);
  });

  it('two pauses over one zone: both must end', async () => {
    const zoneId = await zone('twice.test');
    const byZone = await pause({ kind: 'zone', id: zoneId });
    const byConnection = await stack.gateway.pause({ kind: 'connection', id: firstId });
    const revision = await put('t1', 'vm.twice.test', '192.0.2.10');
    await stack.gateway.resume(byZone.id);
    const dns = await stopped('t1', revision);
    expect(dns.reason?.text).toContain('paused for the connection of the zone twice.test.');
    await zone('beside-twice.test', 'second');
    await live('t2', await put('t2', 'vm.beside-twice.test', '192.0.2.11'));
    expect(await answers('vm.twice.test')).toEqual([]);
    await stack.gateway.resume(byConnection.id);
    await live('t1', revision);
  });

  it('a call that is out is not undone; the next is not sent', async () => {
    const zoneId = await zone('midway.test');
    const barrier = stack.proxy.hold((call) => call.method === 'PATCH' && call.zone === 'midway.test.', { times: 1 });
    const first = await put('m1', 'one.midway.test', '192.0.2.12');
    await barrier.reached();
    const second_ = await put('m2', 'two.midway.test', '192.0.2.13');
    const pressed = await stack.gateway.pause({ kind: 'zone', id: zoneId });
    expect(pressed).toMatchObject({ confirmed: false, note: 'A call to midway.test. was still out: it may end, and none follows.' });
    barrier.release();
    await stopped('m2', second_);
    await until(async () => (await answers('one.midway.test')).length === 1, { what: 'the call that was out to land' });
    expect(stack.proxy.patchesOf('midway.test.').flatMap((call) => call.names)).toEqual(['one.midway.test.']);
    await stack.gateway.resume(pressed.id);
    await live('m1', first);
    await live('m2', second_);
  });

  it('ends by itself at the time that was given', async () => {
    const zoneId = await zone('timed.test');
    const end = new Date(Date.now() + 4_000).toISOString();
    const made = await stack.gateway.ask('POST', '/v1/pause', { body: { scope: { kind: 'zone', id: zoneId }, until: end } });
    expect([made.status, made.body]).toMatchObject([201, { until: end, by: 'admin' }]);
    const revision = await put('u1', 'vm.timed.test', '192.0.2.14');
    await live('u1', revision);
    expect(stack.proxy.patchesOf('timed.test.').every((call) => call.startedAt >= Date.parse(end))).toBe(true);
    expect((await stack.gateway.ask('GET', '/v1/pause')).body).toEqual({ items: [] });
  });
});

describe('a zone that is only looked at', () => {
  it('shows what would be written and writes nothing; switched to write, it applies; switched back, it stands still', async () => {
    const zoneId = await zone('observed.test', 'first', 'observe');
    await stack.powerdns.putRrsets('observed.test.', [{ name: 'taken.observed.test.', type: 'A', ttl: 60, records: [{ content: '203.0.113.1', disabled: false }] }]);
    const before = await stack.powerdns.rrsets('observed.test.');
    const one = await put('o1', 'one.observed.test', '192.0.2.20');
    const two = await put('o2', 'taken.observed.test', '192.0.2.21');
    // What was compared says what would be in the way.
    for (const [vmId, revision, code] of [['o1', one, 'observed'], ['o2', two, 'foreign-record']] as const) {
      const dns = await stack.gateway.reaches(vmId, revision, (seen) => seen.records.some((record) => record.state === 'observed'), 'observed');
      expect(dns.records.find((record) => record.state === 'observed')).toMatchObject({ zone: 'observed.test.', reason: { code } });
    }
    expect((await stack.gateway.explain('one.observed.test')).sentences.join(' ')).toMatch(/observe/);
    expect(await stack.powerdns.rrsets('observed.test.')).toEqual(before);
    expect(writesOf(stack.proxy, 'observed.test')).toBe(0);

    await stack.gateway.changeZone(zoneId, { mode: 'write' });
    await live('o1', one);
    const taken = await stack.gateway.reaches('o2', two, (seen) => seen.state === 'attention', 'attention', 40_000);
    expect(taken.reason?.code).toBe('foreign-record');
    expect([await answers('one.observed.test'), await answers('taken.observed.test')]).toEqual([['192.0.2.20'], ['203.0.113.1']]);

    expect(await stack.gateway.changeZone(zoneId, { mode: 'observe' })).toMatchObject({ mode: 'observe', confirmed: true });
    const writes = writesOf(stack.proxy, 'observed.test');
    const changed = await put('o1', 'one.observed.test', '192.0.2.22');
    await stack.gateway.reaches('o1', changed, (seen) => seen.records.some((record) => record.state === 'observed'), 'observed again');
    expect([await answers('one.observed.test'), writesOf(stack.proxy, 'observed.test')]).toEqual([['192.0.2.20'], writes]);
    await stack.gateway.changeZone(zoneId, { mode: 'write' });
    await live('o1', changed);
    expect(await answers('one.observed.test')).toEqual(['192.0.2.22']);
  });

  it('an inner zone in observe takes nothing away from the outer one', async () => {
    await zone('outer.test');
    await live('i1', await put('i1', 'vm.inner.outer.test', '192.0.2.30'));
    const inner = await zone('inner.outer.test', 'second', 'observe');
    await stack.gateway.reaches('i1', 1, (seen) => seen.records.filter((record) => record.type === 'A').map((record) => record.state).sort().join() === 'applied,observed', 'applied and observed');
    expect(await answers('vm.inner.outer.test')).toEqual(['192.0.2.30']);
    await stack.gateway.changeZone(inner, { mode: 'write' });
    await until(async () => (await second.powerdns.rrsets('inner.outer.test.')).some((rrset) => rrset.name === 'vm.inner.outer.test.'), { withinMs: 40_000, what: 'the name in the inner zone' });
    await until(async () => !(await stack.powerdns.rrsets('outer.test.')).some((rrset) => rrset.name === 'vm.inner.outer.test.'), { withinMs: 40_000, what: 'the name to leave the outer zone' });
  });
});
