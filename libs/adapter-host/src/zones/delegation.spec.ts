import { createSocket, type Socket } from 'node:dgram';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { memoryProvider, MemoryWorld } from '@vmdns/provider-kit/memory';
import dnsPacket from 'dns-packet';
import { judgeNameServers, nameServersOf, testDelegation } from './delegation.js';

const APEX = 'example.com.', V4 = '113.0.203.in-addr.arpa.', V6 = '8.b.d.0.1.0.0.2.ip6.arpa.';
const OURS = ['ns1.example.net.', 'ns2.example.net.'];
const never = new AbortController().signal;

/** A resolver that knows who is delegated what, and whether it was asked to recurse. */
class TinyResolver {
  readonly delegated = new Map<string, readonly string[]>();
  readonly asked: string[] = [];
  isSilent = false;

  private constructor(private readonly socket: Socket, readonly at: { readonly host: string; readonly port: number }) {}

  static async start(): Promise<TinyResolver> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => { socket.bind(0, '127.0.0.1', resolve); });
    const resolver = new TinyResolver(socket, { host: '127.0.0.1', port: socket.address().port });
    socket.on('message', (bytes, from) => { if (!resolver.isSilent) socket.send(resolver.reply(bytes), from.port, from.address); });
    return resolver;
  }

  private reply(query: Buffer): Buffer {
    const { id = 0, questions = [], flag_rd: isRecursive } = dnsPacket.decode(query);
    const name = questions[0]?.name ?? '';
    this.asked.push(`${name} ${questions[0]?.type ?? ''} ${isRecursive ? 'recursive' : ''}`);
    const servers = this.delegated.get(`${name.toLowerCase()}.`) ?? [];
    const answers = servers.map((data) => ({ type: 'NS' as const, name, ttl: 300, data: data.slice(0, -1) }));
    return dnsPacket.encode({ type: 'response', id, flags: dnsPacket.RECURSION_DESIRED | dnsPacket.RECURSION_AVAILABLE | (answers.length === 0 ? 3 : 0), questions, answers });
  }

  stop(): void { this.socket.close(); }
}

describe('whether the world is led to a zone', () => {
  let resolver: TinyResolver;
  beforeEach(async () => { resolver = await TinyResolver.start(); });
  afterEach(() => resolver.stop());
  const judge = (apex: string, names: readonly string[] = OURS) => testDelegation(resolver.at, apex, names, never);

  it.each([APEX, V4, V6])('%s is delegated to the name servers that the zone names: all is well, in whatever order and spelling', async (apex) => {
    resolver.delegated.set(apex, ['NS2.Example.net.', 'ns1.example.net.']);
    expect(await judge(apex)).toEqual({ ok: true, text: 'The world is led to ns1.example.net., ns2.example.net..' });
    expect(resolver.asked).toEqual([`${apex.slice(0, -1)} NS recursive`]);
  });

  it('a reverse zone that its parent does not delegate: records are written and nobody sees them, and whom to ask', async () => {
    for (const apex of [V4, V6]) {
      expect(await judge(apex)).toEqual({
        ok: true, warning: true, text: expect.stringMatching(/^Nobody is led to .*arpa\.: the resolver .* finds no delegation \(NXDOMAIN\)/),
        hint: `Ask whoever gave you these addresses (your registry or upstream) to delegate ${apex} to ns1.example.net., ns2.example.net..`,
      });
    }
  });

  it('a forward zone that is not delegated: the registrar is spoken of, and a zone without name servers has no names to give', async () => {
    expect(await judge(APEX)).toMatchObject({ warning: true, hint: `At the registrar, delegate ${APEX} to ns1.example.net., ns2.example.net..` });
    expect(await judge(APEX, [])).toMatchObject({ warning: true, hint: `At the registrar, delegate ${APEX} to your name servers.` });
  });

  it('a zone that is delegated to other servers: both sides are shown', async () => {
    resolver.delegated.set(V4, ['ns.elsewhere.example.']);
    expect(await judge(V4)).toMatchObject({
      ok: true, warning: true, text: 'The world is led to ns.elsewhere.example., but the zone here names ns1.example.net., ns2.example.net..', hint: expect.stringContaining('delegate the zone to this one'),
    });
    resolver.delegated.set(V4, ['ns1.example.net.', 'ns.elsewhere.example.']);
    expect(await judge(V4)).toMatchObject({ warning: true });
    // One that the zone names beside those is not asked by anybody, and does no harm.
    resolver.delegated.set(V4, ['ns1.example.net.']);
    expect((await judge(V4)).warning).toBeUndefined();
  });

  it('without a resolver nobody is asked, and a resolver that is silent says nothing of the zone: neither fails the test', async () => {
    expect(await testDelegation(undefined, APEX, OURS, never)).toMatchObject({ ok: true, text: expect.stringContaining('skipped'), hint: expect.stringContaining('DNS_RESOLVER') });
    resolver.isSilent = true;
    expect(await testDelegation(resolver.at, APEX, OURS, AbortSignal.timeout(100))).toMatchObject({ ok: true, warning: true, text: expect.stringContaining('gave no answer'), hint: 'Check DNS_RESOLVER of this adapter.' });
  });
});

describe('the name servers that a zone names', () => {
  it('are those at its apex; where there are none it is warned', async () => {
    const world = new MemoryWorld();
    const provider = memoryProvider('rrset', world);
    const port = provider.open({ account: 'a' }, APEX, {});
    const names = await nameServersOf(port, APEX, never);
    expect([names, judgeNameServers(APEX, names)]).toEqual([['ns1.memory.invalid.', 'ns2.memory.invalid.'], { ok: true, text: 'example.com. names ns1.memory.invalid., ns2.memory.invalid. as its name servers.' }]);
    world.zone(provider.target({ account: 'a' }, APEX, {}), APEX).records = [];
    expect(judgeNameServers(APEX, await nameServersOf(port, APEX, never))).toMatchObject({ ok: true, warning: true, hint: expect.stringContaining('NS records') });
  });
});
