import { createSocket } from 'node:dgram';
import { randomInt } from 'node:crypto';
import packet from 'dns-packet';

/** What a name server said: the status, and the answers of the type asked for, sorted. */
export interface DnsAnswer {
  /** NOERROR, NXDOMAIN, REFUSED, SERVFAIL … */
  readonly status: string;
  readonly values: readonly string[];
  readonly ttl: number | undefined;
  /** AA: the server speaks for the zone itself. */
  readonly authoritative: boolean;
}

export interface NameServer { readonly host: string; readonly port: number }
export type AskedType = 'A' | 'AAAA' | 'PTR' | 'CNAME' | 'NS' | 'SOA' | 'TXT' | 'MX';

/** Asks one name server over UDP; asks again when a packet gets lost, and gives up after the limit. */
export async function dnsAsk(server: NameServer, name: string, type: AskedType, options: { readonly withinMs?: number } = {}): Promise<DnsAnswer> {
  const deadline = Date.now() + (options.withinMs ?? 3_000);
  for (;;) {
    const answer = await askOnce(server, name, type, Math.max(50, Math.min(1_000, deadline - Date.now())));
    if (answer !== undefined) return answer;
    if (Date.now() >= deadline) throw new Error(`${server.host}:${server.port} did not answer for ${name} ${type}`);
  }
}

function askOnce(server: NameServer, name: string, type: AskedType, withinMs: number): Promise<DnsAnswer | undefined> {
  return new Promise((resolve) => {
    const id = randomInt(65_536);
    const socket = createSocket('udp4');
    const end = (answer: DnsAnswer | undefined): void => {
      clearTimeout(timer);
      socket.removeAllListeners();
      socket.on('error', () => undefined);
      socket.close();
      resolve(answer);
    };
    const timer = setTimeout(() => end(undefined), withinMs);
    socket.once('error', () => end(undefined));
    socket.on('message', (bytes) => {
      const decoded = packet.decode(bytes);
      if (decoded.id === id) end(readAnswer(bytes, decoded, type));
    });
    const bytes = packet.encode({ type: 'query', id, questions: [{ name: name.replace(/\.$/, ''), type }] });
    socket.send(bytes, server.port, server.host);
  });
}

function readAnswer(bytes: Buffer, decoded: packet.DecodedPacket, type: AskedType): DnsAnswer {
  const found = (decoded.answers ?? []).filter((answer) => answer.type === type);
  const values = found.map((answer) => ('data' in answer ? textOf(answer.data) : '')).sort();
  const first = found[0];
  return {
    status: STATUS[bytes.readUInt8(3) & 0x0f] ?? 'UNKNOWN',
    values,
    ttl: first !== undefined && 'ttl' in first ? first.ttl : undefined,
    authoritative: (bytes.readUInt8(2) & 0x04) !== 0,
  };
}

const STATUS = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'] as const;

/** Names come without their last dot; ours always have it. Only names are given one. */
function textOf(value: unknown): string {
  if (typeof value !== 'string') return Buffer.isBuffer(value) ? value.toString('utf8') : JSON.stringify(value);
  return /^[0-9.]+$/.test(value) || value.includes(':') ? value : `${value}.`;
}
