import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';
import { randomInt } from 'node:crypto';
import dnsPacket, { type Answer, type DecodedPacket, type RecordType } from 'dns-packet';
import { canonicalValues } from '@vmdns/domain';

export interface DnsServer { readonly host: string; readonly port: number }
export interface DnsQuestion { readonly name: string; readonly type: string }

/** `silent`: no answer within the limit. `values`: canonical and sorted, of the asked name and type only. */
export type DnsAnswer =
  | { readonly kind: 'answer'; readonly rcode: string; readonly authoritative: boolean; readonly values: readonly string[]; readonly ttl: number | null }
  | { readonly kind: 'silent'; readonly why: string };

export interface DnsLimits {
  readonly timeoutMs: number;
  readonly tries: number;
  /** The server is a resolver, and shall ask others. */
  readonly recurse?: boolean;
}
const LIMITS: DnsLimits = { timeoutMs: 700, tries: 2 };

/** Asks one server for many names at once over UDP, each again where no answer came, by TCP where one did not fit. */
export async function askDnsServer(server: DnsServer, questions: readonly DnsQuestion[], signal: AbortSignal, limits: DnsLimits = LIMITS): Promise<readonly DnsAnswer[]> {
  const answers: (DnsAnswer | undefined)[] = questions.map(() => undefined);
  for (let attempt = 0; attempt < limits.tries && answers.includes(undefined) && !signal.aborted; attempt += 1) {
    const open = questions.flatMap((_, at) => (answers[at] === undefined ? [at] : []));
    const came = await askUdp(server, open.map((at) => ({ at, question: questions[at] ?? { name: '.', type: 'SOA' } })), limits, signal);
    for (const [at, packet] of came) {
      const question = questions[at];
      if (question === undefined) continue;
      answers[at] = packet.flag_tc ? await askTcp(server, question, limits, signal) : answerOf(question, packet);
    }
  }
  return answers.map((answer) => answer ?? { kind: 'silent', why: `no answer from ${server.host}:${server.port}` });
}

interface Open { readonly at: number; readonly question: DnsQuestion }

function queryOf(id: number, question: DnsQuestion, limits: DnsLimits): Buffer {
  // No recursion desired, as a rule: the zone's own server is asked for what it holds.
  return dnsPacket.encode({ type: 'query', id, flags: limits.recurse === true ? dnsPacket.RECURSION_DESIRED : 0, questions: [{ type: question.type as RecordType, name: question.name.replace(/\.$/, ''), class: 'IN' }] });
}

function askUdp(server: DnsServer, open: readonly Open[], limits: DnsLimits, signal: AbortSignal): Promise<Map<number, DecodedPacket>> {
  const came = new Map<number, DecodedPacket>();
  const first = randomInt(0, 0x10000);
  const idOf = (index: number): number => (first + index) & 0xffff;
  return new Promise((resolve) => {
    const socket = createSocket(isIPv6(server.host) ? 'udp6' : 'udp4');
    let finished = false;
    const finish = (): void => {
      if (finished) return;
      finished = true;
      clearTimeout(timer);
      signal.removeEventListener('abort', finish);
      socket.close();
      resolve(came);
    };
    const timer = setTimeout(finish, limits.timeoutMs);
    signal.addEventListener('abort', finish, { once: true });
    socket.on('error', finish);
    socket.on('message', (bytes) => {
      const packet = decode(bytes);
      const asked = packet === undefined ? undefined : open.find((_, index) => idOf(index) === packet.id);
      if (packet === undefined || asked === undefined || !isAnswerTo(packet, asked.question)) return;
      came.set(asked.at, packet);
      if (came.size === open.length) finish();
    });
    // Connected: an ICMP refusal becomes an error event at once, and no other host's packets come in.
    socket.connect(server.port, server.host, () => {
      if (finished) return;
      for (const [index, { question }] of open.entries()) socket.send(queryOf(idOf(index), question, limits));
    });
  });
}

function askTcp(server: DnsServer, question: DnsQuestion, limits: DnsLimits, signal: AbortSignal): Promise<DnsAnswer> {
  return new Promise((resolve) => {
    let bytes = Buffer.alloc(0);
    const socket = connect(server.port, server.host);
    const finish = (answer: DnsAnswer): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
      resolve(answer);
    };
    const silent = (): void => finish({ kind: 'silent', why: `no answer by TCP from ${server.host}:${server.port}` });
    const onAbort = silent;
    const timer = setTimeout(silent, limits.timeoutMs);
    signal.addEventListener('abort', onAbort, { once: true });
    socket.on('error', silent);
    socket.on('connect', () => {
      const query = queryOf(randomInt(0, 0x10000), question, limits);
      const length = Buffer.alloc(2);
      length.writeUInt16BE(query.length);
      socket.write(Buffer.concat([length, query]));
    });
    socket.on('data', (piece) => {
      bytes = Buffer.concat([bytes, piece]);
      if (bytes.length < 2 || bytes.length < 2 + bytes.readUInt16BE(0)) return;
      const packet = decode(bytes.subarray(2, 2 + bytes.readUInt16BE(0)));
      if (packet === undefined) silent();
      else finish(answerOf(question, packet));
    });
  });
}

/** Undefined for what is no DNS message: a stranger's packet must not end the process. */
function decode(bytes: Buffer): DecodedPacket | undefined {
  try {
    return dnsPacket.decode(bytes);
  } catch {
    return undefined;
  }
}

const absolute = (name: string): string => (name.endsWith('.') ? name : `${name}.`).toLowerCase();

function isAnswerTo(packet: DecodedPacket, question: DnsQuestion): boolean {
  const [asked] = packet.questions ?? [];
  return packet.flag_qr && asked !== undefined && absolute(asked.name) === question.name && asked.type === question.type;
}

function answerOf(question: DnsQuestion, packet: DecodedPacket): DnsAnswer {
  const own = (packet.answers ?? []).filter((answer) => answer.type === question.type && absolute(answer.name) === question.name);
  const rcode = 'rcode' in packet && typeof packet.rcode === 'string' ? packet.rcode : 'NOERROR';
  return {
    kind: 'answer', rcode, authoritative: packet.flag_aa,
    values: canonicalValues(question.type, own.map(valueOf)),
    ttl: own[0] !== undefined && 'ttl' in own[0] ? own[0].ttl ?? null : null,
  };
}

/** dns-packet gives names without the dot at the end; of types that are not ours only the shape matters. */
function valueOf(answer: Answer): string {
  const data = 'data' in answer ? answer.data : '';
  if (typeof data !== 'string') return JSON.stringify(data);
  return answer.type === 'PTR' || answer.type === 'CNAME' || answer.type === 'NS' ? absolute(data) : data;
}

