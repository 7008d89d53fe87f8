import { createSocket, type Socket } from 'node:dgram';
import { createServer, type AddressInfo, type Server, type Socket as TcpSocket } from 'node:net';
import dnsPacket, { type Answer, type RecordType } from 'dns-packet';
import type { FakeZone } from './fake-zone.js';

const TTL_MAX = 2_147_483_647;
const SERIAL_MAX = 4_294_967_295;
const NXDOMAIN = 3, SERVFAIL = 2, REFUSED = 5;

interface Loaded { readonly serial: number; readonly names: ReadonlyMap<string, readonly Answer[]> }

/** Why BIND would not load this zone; undefined where it would. */
export function loadFault(zone: FakeZone): string | undefined {
  if (Number(zone.serial) > SERIAL_MAX) return `near '${zone.serial}': out of range`;
  const served = ownersOf(zone);
  const long = served.find(({ ttl }) => Number(ttl) > TTL_MAX);
  if (long !== undefined) return `TTL ${long.ttl} is out of range`;
  const types = new Map<string, Set<string>>([[apexOf(zone), new Set(['SOA'])]]);
  for (const { owner, row } of served) types.set(owner, (types.get(owner) ?? new Set()).add(row.TYPE));
  for (const [owner, found] of types) if (found.has('CNAME') && found.size > 1) return `${owner}: CNAME and other data`;
  return types.get(apexOf(zone))?.has('NS') === true ? undefined : 'has no NS records';
}

const apexOf = (zone: FakeZone): string => `${zone.name}.`;

/** Rows that are in the zone file, with their owner: an empty one is the line's before [T]. */
function ownersOf(zone: FakeZone): readonly { readonly owner: string; readonly ttl: string; readonly row: FakeZone['rows'][number] }[] {
  let last = '@';
  return zone.rows.filter((row) => row.SUSPENDED === 'no').map((row) => {
    last = row.RECORD === '' ? last : row.RECORD;
    return { owner: absolute(last, zone), ttl: row.TTL ?? zone.ttl, row };
  });
}

function absolute(name: string, zone: FakeZone): string {
  if (name === '@') return apexOf(zone);
  return (name.endsWith('.') ? name : `${name}.${apexOf(zone)}`).toLowerCase();
}

function answerOf(owner: string, ttl: number, row: FakeZone['rows'][number], zone: FakeZone): Answer | undefined {
  const name = owner.slice(0, -1);
  const target = (): string => absolute(row.VALUE, zone).slice(0, -1);
  switch (row.TYPE) {
    case 'A': case 'AAAA': return { type: row.TYPE, name, ttl, data: row.VALUE };
    case 'NS': case 'CNAME': case 'PTR': return { type: row.TYPE, name, ttl, data: target() };
    case 'TXT': return { type: 'TXT', name, ttl, data: row.VALUE.replace(/^"|"$/g, '') };
    case 'MX': return { type: 'MX', name, ttl, data: { preference: Number(row.PRIORITY), exchange: target() } };
    default: return undefined;
  }
}

/** The BIND beside the panel: UDP and TCP on one port. It goes on serving a zone's last loadable state. */
export class FakeNamed {
  /** Nobody answers any more. */
  isSilent = false;
  private readonly loaded = new Map<string, Loaded>();
  private readonly known = new Set<string>();

  private constructor(private readonly udp: Socket, private readonly tcp: Server, readonly port: number) {}

  /** The port that is free for TCP may be taken for UDP: then another. */
  static async start(tries = 20): Promise<FakeNamed> {
    const tcp = createServer((socket) => { named.serveTcp(socket); });
    await new Promise<void>((resolve) => { tcp.listen(0, '127.0.0.1', resolve); });
    const { port } = tcp.address() as AddressInfo;
    const udp = createSocket('udp4');
    const isTaken = await new Promise<boolean>((resolve) => { udp.once('error', () => resolve(true)).bind(port, '127.0.0.1', () => resolve(false)); });
    if (isTaken && tries > 0) {
      tcp.close();
      return FakeNamed.start(tries - 1);
    }
    const named: FakeNamed = new FakeNamed(udp, tcp, port);
    udp.on('message', (bytes, from) => { if (!named.isSilent) udp.send(named.reply(bytes), from.port, from.address); });
    return named;
  }

  get address(): string { return `127.0.0.1:${this.port}`; }

  /** `rndc reload`: takes the zone as it is now, or keeps what it had. */
  reload(zone: FakeZone): void {
    this.known.add(apexOf(zone));
    if (zone.suspended) { this.loaded.delete(apexOf(zone)); return; }
    if (loadFault(zone) !== undefined) return;
    const names = new Map<string, Answer[]>();
    for (const { owner, ttl, row } of ownersOf(zone)) {
      const answer = answerOf(owner, Number(ttl), row, zone);
      if (answer !== undefined) names.set(owner, [...(names.get(owner) ?? []), answer]);
    }
    this.loaded.set(apexOf(zone), { serial: Number(zone.serial), names });
  }

  serialOf(apex: string): number | undefined { return this.loaded.get(apex)?.serial; }

  async stop(): Promise<void> {
    await Promise.all([new Promise<void>((resolve) => { this.udp.close(resolve); }), new Promise<void>((resolve) => { this.tcp.close(() => resolve()); })]);
  }

  private serveTcp(socket: TcpSocket): void {
    socket.on('error', () => socket.destroy());
    socket.once('data', (bytes) => {
      if (this.isSilent) return socket.destroy();
      const reply = this.reply(bytes.subarray(2));
      const length = Buffer.alloc(2);
      length.writeUInt16BE(reply.length);
      return socket.end(Buffer.concat([length, reply]));
    });
  }

  private reply(query: Buffer): Buffer {
    const asked = dnsPacket.decode(query);
    const question = asked.questions?.[0] ?? { name: '', type: 'A' as RecordType };
    const { rcode, answers } = this.find(`${question.name.toLowerCase()}.`, question.type);
    return dnsPacket.encode({ type: 'response', id: asked.id ?? 0, flags: dnsPacket.AUTHORITATIVE_ANSWER | rcode, questions: asked.questions ?? [], answers: [...answers] });
  }

  private find(name: string, type: string): { readonly rcode: number; readonly answers: readonly Answer[] } {
    const apex = [...this.known].filter((one) => name === one || name.endsWith(`.${one}`)).sort((a, b) => b.length - a.length)[0];
    if (apex === undefined) return { rcode: REFUSED, answers: [] };
    const zone = this.loaded.get(apex);
    if (zone === undefined) return { rcode: SERVFAIL, answers: [] };
    if (name === apex && type === 'SOA') {
      return { rcode: 0, answers: [{ type: 'SOA', name: apex.slice(0, -1), ttl: 3600, data: { mname: 'ns1.panel.example', rname: 'root.panel.example', serial: zone.serial, refresh: 7200, retry: 3600, expire: 1_209_600, minimum: 180 } }] };
    }
    const own = zone.names.get(name) ?? wildcardOf(zone, name, apex);
    if (own === undefined) return { rcode: [...zone.names.keys()].some((one) => one.endsWith(`.${name}`)) ? 0 : NXDOMAIN, answers: [] };
    return { rcode: 0, answers: own.filter((answer) => answer.type === type || answer.type === 'CNAME') };
  }
}

/** What `*` gives for a name that does not exist (RFC 4592), with that name. */
function wildcardOf(zone: Loaded, name: string, apex: string): readonly Answer[] | undefined {
  for (let rest = name; rest !== apex && rest.includes('.');) {
    rest = rest.slice(rest.indexOf('.') + 1);
    const found = zone.names.get(`*.${rest}`);
    if (found !== undefined) return found.map((answer) => ({ ...answer, name: name.slice(0, -1) }) as Answer);
    if (zone.names.has(rest)) return undefined;
  }
  return undefined;
}
