import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startStack, until, type Stack } from '../support/index.js';
import { BusPublisher } from './bus-publisher.js';

// All that services say to each other, each as its own user of NATS: nothing of it may be refused.
let stack: Stack;
beforeAll(async () => {
  stack = await startStack({ services: ['inventory', 'planner', 'log', 'gateway', 'adapter-powerdns', 'adapter-memory'] });
}, 120_000);
afterAll(() => stack?.stop());

const refusals = (): readonly string[] => [
  ...readFileSync(join(stack.nats.options.folder, 'nats.log'), 'utf8').split('\n').filter((line) => /violation/i.test(line)),
  ...stack.logs().split('\n').filter((line) => line.includes('NATS refuses this')),
];

describe('each service with its own NATS user', () => {
  it('does all its work, and nothing is refused', async () => {
    const zone = await stack.addZone('rights.test');
    await stack.gateway.announced('memory');
    await until(async () => (await stack.gateway.testZone(zone.id).catch(() => undefined))?.ok, { withinMs: 20_000, what: 'a zone test that goes well' });
    expect((await stack.gateway.publish('vm-1', { fqdn: 'one.rights.test', addresses: [{ ip: '192.0.2.1' }] })).state).toBe('live');
    expect((await stack.gateway.explain('one.rights.test')).names).toHaveLength(1);
    await stack.gateway.resume((await stack.gateway.pause({ kind: 'all' })).id);
    expect((await stack.gateway.holds()).items).toEqual([]);
    expect(await stack.gateway.settings()).toHaveProperty('brakes');
    await until(async () => (await stack.gateway.log({ vmId: 'vm-1' })).items.length > 0, { withinMs: 20_000, what: 'the log of vm-1' });
    expect(refusals()).toEqual([]);
  });

  it('takes facts from the bus, answers them, and puts bad ones aside', async () => {
    const publisher = await BusPublisher.at(stack);
    const event = (data: object) => ({ specversion: '1.0', id: String(Math.random()), source: 'cloud', type: 'vmdns.vm.changed.v1', data });
    expect(await publisher.ask(event({ vmId: 'vm-2', fqdn: 'two.rights.test', addresses: [{ ip: '192.0.2.2' }] }))).toMatchObject({ ok: true, value: { accepted: true } });
    expect(await publisher.ask(event({ vmId: 'vm-2', fqdn: 'not a name', addresses: [] }))).toMatchObject({ ok: false, problem: { status: 400 } });
    await until(async () => (await stack.gateway.log({ status: 'dead' })).items.length > 0, { withinMs: 20_000, what: 'the dead letter in the log' });
    await publisher.close();
    expect(refusals()).toEqual([]);
  });

  it('L1 makes streams and consumers again after NATS was wiped, with the same rights', async () => {
    await stack.nats.wipe();
    await until(async () => (await stack.gateway.publish('vm-3', { fqdn: 'three.rights.test', addresses: [{ ip: '192.0.2.3' }] })).state === 'live', { withinMs: 30_000, what: 'vm-3 to be live' });
    expect(refusals()).toEqual([]);
  });

  it('a service with another user\'s rights is not ready, and says what is refused', async () => {
    const wrong = await stack.add('log', { NATS_USER: 'gateway', NATS_PASSWORD: 'nats-password-of-gateway' }, { wait: false });
    await until(() => wrong.logs().includes('NATS refuses this to the user of this service'), { withinMs: 20_000, what: 'the refusal in the log' });
    await until(async () => (await wrong.readiness().catch(() => undefined))?.text.includes('"nats":{"ready":false'), { withinMs: 20_000, what: 'NATS to be what is missing' });
    const readable = await wrong.readiness();
    expect(readable.text).toContain('"consumers":{"ready":false,"text":"not read: ');
    // The check of the tests above sees what there is to see.
    expect(refusals().some((line) => /Publish Violation/.test(line))).toBe(true);
    await wrong.kill();
  });
});
