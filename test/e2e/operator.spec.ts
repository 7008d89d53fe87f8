import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { LogEntry } from '@vmdns/contracts';
import { FaultProxy, startStack, until, type Stack } from '../support/index.js';

// What an operator sees and does beside the life of VMs: the log as it happens, a server's new address, a zone's new server.
let stack: Stack;
beforeAll(async () => { stack = await startStack(); }, 120_000);
afterAll(() => stack?.stop());

const PATIENCE_MS = 40_000;
const publish = (vmId: string, fqdn: string, ip: string) => stack.gateway.publish(vmId, { fqdn, addresses: [{ ip }] }, PATIENCE_MS);
const answers = async (name: string): Promise<readonly string[]> => (await stack.dns(name, 'A')).values;

/** Follows the log as `vmdns log -f` does. */
async function follow(): Promise<{ readonly heard: LogEntry[]; end(): void }> {
  const ending = new AbortController();
  const response = await fetch(`${stack.gateway.url}/v1/log/stream`, { headers: { authorization: `Bearer ${stack.token}` }, signal: ending.signal });
  const heard: LogEntry[] = [];
  let text = '';
  const read = async (): Promise<void> => {
    for await (const chunk of response.body ?? []) {
      text += Buffer.from(chunk as Uint8Array).toString('utf8');
      const events = text.split('\n\n');
      text = events.pop() ?? '';
      for (const event of events) for (const line of event.split('\n')) if (line.startsWith('data: ')) heard.push(JSON.parse(line.slice(6)) as LogEntry);
    }
  };
  void read().catch(() => undefined);
  return { heard, end: () => { ending.abort(); } };
}

describe('the log as it happens', () => {
  it('tells outcomes, and what somebody else did in a zone, to whoever follows', async () => {
    await stack.addZone('seen.test');
    const log = await follow();
    await publish('s1', 'vm.seen.test', '192.0.2.1');
    await until(() => log.heard.some((entry) => entry.name === 'vm.seen.test.' && entry.status === 'applied'), { withinMs: PATIENCE_MS, what: 'the outcome to be told' });
    await stack.powerdns.putRrsets('seen.test.', [{ name: 'vm.seen.test.', type: 'A', ttl: 60, records: [{ content: '203.0.113.9', disabled: false }] }]);
    await publish('s1', 'vm.seen.test', '192.0.2.2');
    const notice = await until(() => log.heard.find((entry) => entry.kind === 'notice'), { withinMs: PATIENCE_MS, what: 'the drift to be told' });
    log.end();
    expect(notice).toMatchObject({
      status: 'noticed', zone: 'seen.test.', name: 'vm.seen.test.', vms: ['s1'], provider: 'powerdns',
      text: 'In the zone seen.test. at powerdns: vm.seen.test. A was changed to 203.0.113.9 (TTL 60) by somebody else; vmdns owns it and puts 192.0.2.2 (TTL 300).',
    });
    expect((await stack.gateway.log({ vmId: 's1', status: 'noticed' })).items).toMatchObject([{ id: notice?.id }]);
  });
});

describe('a server with a new address', () => {
  it('waits until somebody says that it is the same; then everything goes on, and what was ours is ours', async () => {
    const zone = await stack.addZone('moved.test');
    await publish('m1', 'vm.moved.test', '192.0.2.10');
    await publish('m2', 'old.moved.test', '192.0.2.11');
    const elsewhere = await FaultProxy.before(stack.powerdns.api);
    try {
      await stack.gateway.changeConnection(zone.connectionId, { settings: { url: elsewhere.url, apiKey: stack.powerdns.apiKey } });
      const put = await stack.gateway.putVm('m1', { fqdn: 'vm.moved.test', addresses: [{ ip: '192.0.2.12' }] });
      const dns = await stack.gateway.reaches('m1', put.revision, (seen) => seen.records.some((record) => record.reason?.code === 'target-changed'), 'target-changed', PATIENCE_MS);
      expect(dns.records.find((record) => record.type === 'A')?.reason?.hint).toContain('--same-server');
      expect(await answers('vm.moved.test')).toEqual(['192.0.2.10']);
      expect((await stack.gateway.ask('PATCH', `/v1/connections/${zone.connectionId}`, { body: { sameServer: true } })).status).toBe(200);
      await until(async () => (await answers('vm.moved.test'))[0] === '192.0.2.12', { withinMs: PATIENCE_MS, what: 'the change to go out' });
      const gone = await stack.gateway.deleteVm('m2');
      await stack.gateway.reaches('m2', gone.revision, (seen) => seen.state === 'gone', 'gone', PATIENCE_MS);
      expect(await answers('old.moved.test')).toEqual([]);
      expect(elsewhere.patchesOf('moved.test.').length).toBeGreaterThan(0);
      await stack.gateway.changeConnection(zone.connectionId, { settings: { url: stack.proxy.url, apiKey: stack.powerdns.apiKey } });
      expect((await stack.gateway.ask('PATCH', `/v1/connections/${zone.connectionId}`, { body: { sameServer: true } })).status).toBe(200);
      await publish('m1', 'vm.moved.test', '192.0.2.13');
      await until(async () => (await answers('vm.moved.test'))[0] === '192.0.2.13', { withinMs: PATIENCE_MS, what: 'the next change to go out' });
    } finally {
      await elsewhere.close();
    }
  });
});

describe('a zone with a new server', () => {
  it('moves with purge: the second has every record, the first keeps only what was not ours', async () => {
    const zone = await stack.addZone('taken.test');
    await publish('t1', 'vm.taken.test', '192.0.2.20');
    await stack.powerdns.putRrsets('taken.test.', [{ name: 'hand.taken.test.', type: 'A', ttl: 60, records: [{ content: '203.0.113.20', disabled: false }] }]);
    const { powerdns, proxy } = await stack.secondPowerdns({ rectify: false });
    await powerdns.createZone('taken.test.', { apiRectify: false });
    const second = await stack.connectTo(powerdns, { name: 'second', api: proxy.url });
    expect((await stack.gateway.ask('POST', `/v1/zones/${zone.id}/move`, { body: { connectionId: second.id, purge: true } })).status).toBe(202);
    await until(async () => (await answers('vm.taken.test')).length === 0, { withinMs: PATIENCE_MS, what: 'our record to leave the first server' });
    expect((await powerdns.rrsets('taken.test.')).filter((rrset) => rrset.type === 'A').map((rrset) => rrset.name)).toEqual(['vm.taken.test.']);
    expect(await answers('hand.taken.test')).toEqual(['203.0.113.20']);
    await until(async () => (await stack.gateway.zones('taken.test')).items.length === 1, { withinMs: PATIENCE_MS, what: 'the old entry to go' });
  });
});
