import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { connect, type NatsConnection } from 'nats';
import type { CommandEvent } from '@vmdns/contracts';
import { startStack, until, type Stack } from '../support/index.js';

// What "at once" means, with two replicas of the adapter and changes that come with the stop.

jest.setTimeout(240_000);

const PAUSES = 60, RELEASES = 15;

let stack: Stack;
let nats: NatsConnection;
let zoneId: string;
beforeAll(async () => {
  stack = await startStack();
  await stack.add('adapter-powerdns');
  zoneId = (await stack.addZone('at-once.test')).id;
  nats = await connect({ servers: stack.nats.url });
}, 120_000);
afterAll(async () => {
  await nats?.close();
  await stack?.stop();
});

const put = async (vmId: string, ip: string): Promise<number> => (await stack.gateway.putVm(vmId, { fqdn: `${vmId}.at-once.test`, addresses: [{ ip }] })).revision;
const live = (vmId: string, revision: number) => stack.gateway.reaches(vmId, revision, (dns) => dns.state === 'live', 'live', 40_000);

describe('the stop button, pressed while changes come', () => {
  it(`in ${PAUSES} rounds nothing is written between the answer and the end of the pause`, async () => {
    const late: string[] = [];
    const unconfirmed: string[] = [];
    let last = 0;
    for (let round = 0; round < PAUSES; round += 1) {
      const [before, after] = [`b${round % 20}`, `a${round % 20}`];
      // One change that is on its way when the button is pressed, another right after the answer.
      const sent = put(before, `192.0.2.${round % 250 + 1}`);
      const pause = await stack.gateway.pause({ kind: 'zone', id: zoneId });
      const answeredAt = Date.now();
      await sent;
      last = await put(after, `198.51.100.${round % 250 + 1}`);
      await stack.gateway.reaches(after, last, (dns) => dns.reason?.code === 'paused', 'paused');
      const resumedAt = Date.now();
      await stack.gateway.resume(pause.id);
      if (pause.confirmed !== true) unconfirmed.push(pause.note ?? '');
      else late.push(...stack.proxy.writes.filter((call) => call.startedAt > answeredAt && call.startedAt < resumedAt).map((call) => `round ${round}: ${call.names.join()}`));
    }
    expect(late).toEqual([]);
    expect(unconfirmed.length).toBeLessThan(PAUSES / 4);
    await live(`a${(PAUSES - 1) % 20}`, last);
  });
});

describe('a zone that is released while it is looked at', () => {
  it(`in ${RELEASES} rounds each change is written by the commands that were said at once: none is waited for`, async () => {
    let told = 0;
    const commands = nats.subscribe('vmdns.command.powerdns.*');
    void (async () => {
      for await (const message of commands) {
        told += message.json<CommandEvent>().data.names.length;
      }
    })();
    for (let round = 0; round < RELEASES; round += 1) {
      await stack.gateway.changeZone(zoneId, { mode: 'observe' });
      const revision = await put('released', `203.0.113.${round + 1}`);
      await stack.gateway.changeZone(zoneId, { mode: 'write' });
      await live('released', revision);
    }
    await until(() => told >= RELEASES, { what: 'the commands to be heard here' });
    // One for the change, and one where the release met a name that had been looked at already.
    expect(told).toBeLessThanOrEqual(2 * RELEASES);
    expect(stack.service('planner').logs().split('\n').filter((line) => line.includes('overtaken'))).toEqual([]);
  });
});
