import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createSocket, type Socket } from 'node:dgram';
import { createServer, type AddressInfo, type Server } from 'node:net';
import dnsPacket, { type Answer } from 'dns-packet';
import { askDnsServer, type DnsServer } from './dns-question.js';
import { findWrongAnswers } from './expected-answers.js';

const never = new AbortController().signal;
const FAST = { timeoutMs: 200, tries: 2 };
const A = 'vm1.example.com.', PTR = '1.2.0.192.in-addr.arpa.';

/** A name server of a few lines: UDP, and TCP on the same port. */
class TinyServer {
  readonly zone = new Map<string, readonly Answer[]>([
    [`${A} A`, [{ type: 'A', name: 'VM1.example.com', ttl: 300, data: '192.0.2.2' }, { type: 'A', name: 'vm1.example.com', ttl: 300, data: '192.0.2.1' }]],
    [`${PTR} PTR`, [{ type: 'PTR', name: '1.2.0.192.in-addr.arpa', ttl: 60, data: 'VM1.Example.com' }]],
  ]);
  rcode = 3;
  dropped = 0;
  drops = 0;
  truncates = false;
  garbage = false;
  private constructor(private readonly udp: Socket, private readonly tcp: Server, readonly at: DnsServer) {}

  /** The port that is free for UDP may be taken for TCP: then another. */
  static async start(tries = 20): Promise<TinyServer> {
    const udp = createSocket('udp4');
    await new Promise<void>((resolve) => { udp.bind(0, '127.0.0.1', resolve); });
    const at = { host: '127.0.0.1', port: udp.address().port };
    const tcp = createServer((socket) => socket.once('data', (bytes) => {
      const reply = tiny.reply(bytes.subarray(2), false);
      const length = Buffer.alloc(2);
      length.writeUInt16BE(reply.length);
      socket.end(Buffer.concat([length, reply]));
    }));
    const isTaken = await new Promise<boolean>((resolve) => { tcp.once('error', () => resolve(true)).listen(at.port, '127.0.0.1', () => resolve(false)); });
    if (isTaken && tries > 0) {
      udp.close();
      return TinyServer.start(tries - 1);
    }
    const tiny: TinyServer = new TinyServer(udp, tcp, { ...at, port: (tcp.address() as AddressInfo).port });
    udp.on('message', (bytes, from) => {
      if (tiny.dropped < tiny.drops) { tiny.dropped += 1; return; }
      if (tiny.garbage) udp.send(Buffer.from([1, 2, 3]), from.port, from.address);
      udp.send(tiny.reply(bytes, tiny.truncates), from.port, from.address);
    });
    return tiny;
  }

  reply(query: Buffer, isCut: boolean): Buffer {
    const asked = dnsPacket.decode(query);
    const question = asked.questions?.[0];
    const answers = this.zone.get(`${question?.name.toLowerCase()}. ${question?.type}`) ?? [];
    const flags = dnsPacket.AUTHORITATIVE_ANSWER | (isCut ? dnsPacket.TRUNCATED_RESPONSE : 0) | (answers.length === 0 ? this.rcode : 0);
    return dnsPacket.encode({ type: 'response', id: asked.id ?? 0, flags, questions: asked.questions ?? [], answers: isCut ? [] : [...answers] });
  }

  stop(): void { this.udp.close(); this.tcp.close(); }
}

describe('asking a name server', () => {
  let server: TinyServer;
  beforeEach(async () => { server = await TinyServer.start(); });
  afterEach(() => server.stop());

  it('gives canonical, sorted values for many questions at once', async () => {
    expect(await askDnsServer(server.at, [{ name: A, type: 'A' }, { name: PTR, type: 'PTR' }, { name: 'no.example.com.', type: 'A' }], never, FAST)).toEqual([
      { kind: 'answer', rcode: 'NOERROR', authoritative: true, values: ['192.0.2.1', '192.0.2.2'], ttl: 300 },
      { kind: 'answer', rcode: 'NOERROR', authoritative: true, values: ['vm1.example.com.'], ttl: 60 },
      { kind: 'answer', rcode: 'NXDOMAIN', authoritative: true, values: [], ttl: null },
    ]);
  });

  it('asks once more where no answer came, and by TCP where it did not fit', async () => {
    server.drops = 1;
    server.truncates = true;
    expect(await askDnsServer(server.at, [{ name: A, type: 'A' }], never, FAST)).toMatchObject([{ values: ['192.0.2.1', '192.0.2.2'] }]);
  });

  it('is not led astray by what is no DNS message', async () => {
    server.garbage = true;
    expect(await askDnsServer(server.at, [{ name: A, type: 'A' }], never, FAST)).toMatchObject([{ kind: 'answer' }]);
  });

  it('says so where nobody answers', async () => {
    server.drops = 10;
    expect(await askDnsServer(server.at, [{ name: A, type: 'A' }], never, { timeoutMs: 30, tries: 2 })).toMatchObject([{ kind: 'silent' }]);
  });

  it('L9: only what answers otherwise is wrong', async () => {
    const rrset = (values: string[], gone?: string[]) => ({ name: A, type: 'A', values, ...(gone === undefined ? {} : { gone }) });
    const expected = [
      rrset(['192.0.2.1', '192.0.2.2']), rrset(['192.0.2.1']), rrset([], ['192.0.2.1']), rrset([], ['192.0.2.77']), rrset([]),
      { name: 'no.example.com.', type: 'A', values: [] }, { name: 'no.example.com.', type: 'A', values: ['192.0.2.1'] },
    ];
    const wrong = await findWrongAnswers(server.at, expected, never, FAST);
    expect(wrong.map((one) => [expected.indexOf(one.expected as never), one.answered])).toEqual([[1, '192.0.2.1 192.0.2.2'], [2, '192.0.2.1 192.0.2.2'], [4, '192.0.2.1 192.0.2.2'], [6, 'NXDOMAIN']]);
  });

  it('L9: a server that fails proves no removal', async () => {
    server.rcode = 2;
    expect(await findWrongAnswers(server.at, [{ name: 'no.example.com.', type: 'A', values: [], gone: ['192.0.2.1'] }], never, FAST)).toMatchObject([{ answered: 'SERVFAIL' }]);
  });
});
