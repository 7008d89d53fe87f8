import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startStack, type Stack } from '../support/index.js';

// A VM's life, as a customer sees it: what the name server answers after each step.
let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
  await stack.addZone('story.test');
  await stack.addZone('2.0.192.in-addr.arpa');
  await stack.addZone('8.b.d.0.1.0.0.2.ip6.arpa');
}, 120_000);
afterAll(() => stack?.stop());

const FIRST = '192.0.2.10';
const SECOND = '192.0.2.11';
const SIX = '2001:db8::10';
const PTR = '10.2.0.192.in-addr.arpa';
const values = async (name: string, type: 'A' | 'AAAA' | 'PTR'): Promise<readonly string[]> => (await stack.dns(name, type)).values;

describe('a VM\'s life', () => {
  it('created: A, AAAA and both PTRs answer', async () => {
    const dns = await stack.gateway.publish('5546', { fqdn: 'Web-1.story.test', addresses: [{ ip: FIRST }, { ip: '2001:DB8:0::10' }] });
    expect(dns.state).toBe('live');
    expect(await values('web-1.story.test', 'A')).toEqual([FIRST]);
    expect(await values('web-1.story.test', 'AAAA')).toEqual([SIX]);
    expect(await values(PTR, 'PTR')).toEqual(['web-1.story.test.']);
    expect(await values(`0.1.0.0.${'0.'.repeat(20)}8.b.d.0.1.0.0.2.ip6.arpa`, 'PTR')).toEqual(['web-1.story.test.']);
  });

  it('re-addressed: the name has the new address, the old PTR is gone', async () => {
    await stack.gateway.publish('5546', { fqdn: 'web-1.story.test', addresses: [{ ip: SECOND }, { ip: SIX }] });
    expect(await values('web-1.story.test', 'A')).toEqual([SECOND]);
    expect(await values(PTR, 'PTR')).toEqual([]);
    expect(await values('11.2.0.192.in-addr.arpa', 'PTR')).toEqual(['web-1.story.test.']);
  });

  it('renamed: the new name answers, the old one is gone, PTRs follow', async () => {
    await stack.gateway.publish('5546', { fqdn: 'web-2.story.test', addresses: [{ ip: SECOND }, { ip: SIX }] });
    expect(await values('web-1.story.test', 'A')).toEqual([]);
    expect(await values('web-2.story.test', 'A')).toEqual([SECOND]);
    expect(await values('11.2.0.192.in-addr.arpa', 'PTR')).toEqual(['web-2.story.test.']);
  });

  it('the customer sets a reverse name, keeps it through a repeat and a rename, and resets it', async () => {
    const set = await stack.gateway.setPtr('5546', SECOND, 'mail.customer.example');
    await stack.gateway.live('5546', set.revision);
    expect(await values('11.2.0.192.in-addr.arpa', 'PTR')).toEqual(['mail.customer.example.']);
    await stack.gateway.publish('5546', { fqdn: 'web-3.story.test', addresses: [{ ip: SECOND }, { ip: SIX }] });
    expect(await values('11.2.0.192.in-addr.arpa', 'PTR')).toEqual(['mail.customer.example.']);
    const reset = await stack.gateway.setPtr('5546', SECOND, null);
    await stack.gateway.live('5546', reset.revision);
    expect(await values('11.2.0.192.in-addr.arpa', 'PTR')).toEqual(['web-3.story.test.']);
  });

  it('deleted: nothing answers, and the VM is gone, not forgotten', async () => {
    const answer = await stack.gateway.deleteVm('5546');
    const dns = await stack.gateway.reaches('5546', answer.revision, (seen) => seen.state === 'gone', 'gone');
    expect(dns.records.every((record) => record.values.length === 0)).toBe(true);
    for (const [name, type] of [['web-3.story.test', 'A'], ['web-3.story.test', 'AAAA'], ['11.2.0.192.in-addr.arpa', 'PTR']] as const) expect(await values(name, type)).toEqual([]);
  });

  it('L12 the same fact again is a repeat: no event, no write, no serial moved', async () => {
    const fact = { fqdn: 'again.story.test', addresses: [{ ip: '192.0.2.20' }] };
    await stack.gateway.publish('again', fact);
    const writes = stack.proxy.writes.length;
    const repeat = await stack.gateway.putVm('again', fact);
    expect(repeat).toMatchObject({ accepted: false, reason: 'repeat' });
    const marker = await stack.gateway.publish('marker', { fqdn: 'marker.story.test', addresses: [{ ip: '192.0.2.21' }] });
    expect(marker.live).toBe(true);
    expect(stack.proxy.writes.slice(writes).every((call) => !call.names.includes('again.story.test.'))).toBe(true);
  });
});
