import { createSocket, type Socket } from 'node:dgram';
import type { WantedRecord } from './payload.js';

/** `wrong`: another value; `empty`: none, or not exactly one; `lost`: no packet came back in time. */
export type Seen = 'right' | 'wrong' | 'empty' | 'lost';

interface Asked { readonly record: WantedRecord; readonly timer: NodeJS.Timeout; readonly tell: (seen: Seen) => void }

const TYPES = { A: 1, AAAA: 28, PTR: 12 } as const;
const LOST_AFTER_MS = 1_000;

/** Asks a name server over one UDP socket of this process, and compares values; cheap enough not to be what is measured. */
export class DnsEye {
  private readonly asked = new Map<number, Asked>();
  private id = 0;

  private constructor(private readonly socket: Socket) {
    socket.on('message', (bytes) => this.hear(bytes));
    socket.on('error', () => undefined);
  }

  static async open(server: { readonly host: string; readonly port: number }): Promise<DnsEye> {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 4_194_304 });
    await new Promise<void>((resolve) => { socket.connect(server.port, server.host, resolve); });
    return new DnsEye(socket);
  }

  close(): void {
    for (const { timer } of this.asked.values()) clearTimeout(timer);
    this.asked.clear();
    this.socket.close();
  }

  /** Whether the record is answered, by value. */
  look(record: WantedRecord): Promise<Seen> {
    this.id = (this.id + 1) & 0xffff;
    const { id } = this;
    return new Promise((tell) => {
      const timer = setTimeout(() => { this.asked.delete(id); tell('lost'); }, LOST_AFTER_MS);
      this.asked.set(id, { record, timer, tell });
      this.socket.send(question(id, record));
    });
  }

  private hear(bytes: Buffer): void {
    const id = bytes.readUInt16BE(0);
    const asked = this.asked.get(id);
    if (asked === undefined) return;
    this.asked.delete(id);
    clearTimeout(asked.timer);
    const value = valueOf(bytes, asked.record.type);
    asked.tell(value === undefined ? 'empty' : value === wireValueOf(asked.record) ? 'right' : 'wrong');
  }
}

function question(id: number, { name, type }: WantedRecord): Buffer {
  const bytes = Buffer.allocUnsafe(12 + name.length + 1 + 4);
  bytes.writeUInt16BE(id, 0);
  bytes.fill(0, 2, 12);
  bytes[5] = 1;
  let at = 12;
  for (const label of name.slice(0, -1).split('.')) {
    bytes[at] = label.length;
    at += 1 + bytes.write(label, at + 1, 'latin1');
  }
  bytes[at] = 0;
  bytes.writeUInt16BE(TYPES[type], at + 1);
  bytes.writeUInt16BE(1, at + 3);
  return bytes;
}

/** The one answer's value as text (addresses as hex); undefined when there is none or several. */
function valueOf(bytes: Buffer, type: WantedRecord['type']): string | undefined {
  if ((bytes.readUInt8(3) & 0x0f) !== 0 || bytes.readUInt16BE(6) !== 1) return undefined;
  let at = skipName(bytes, 12) + 4;
  at = skipName(bytes, at);
  if (bytes.readUInt16BE(at) !== TYPES[type]) return undefined;
  const data = at + 10;
  return type === 'PTR' ? nameAt(bytes, data) : bytes.toString('hex', data, data + bytes.readUInt16BE(at + 8));
}

const wireValues = new WeakMap<WantedRecord, string>();

function wireValueOf(record: WantedRecord): string {
  const known = wireValues.get(record);
  if (known !== undefined) return known;
  const value = record.type === 'PTR' ? record.value : record.type === 'A' ? hexOf4(record.value) : hexOf6(record.value);
  wireValues.set(record, value);
  return value;
}

const hexOf4 = (ip: string): string => ip.split('.').map((part) => Number(part).toString(16).padStart(2, '0')).join('');

function hexOf6(ip: string): string {
  const [head = '', tail = ''] = ip.split('::');
  const words = (text: string): string[] => (text === '' ? [] : text.split(':').map((word) => word.padStart(4, '0')));
  const [before, after] = [words(head), words(tail)];
  return [...before, ...Array.from({ length: 8 - before.length - after.length }, () => '0000'), ...after].join('');
}

function skipName(bytes: Buffer, from: number): number {
  let at = from;
  for (;;) {
    const length = bytes.readUInt8(at);
    if (length === 0) return at + 1;
    if (length >= 0xc0) return at + 2;
    at += 1 + length;
  }
}

function nameAt(bytes: Buffer, from: number): string {
  let text = '';
  let at = from;
  for (let jumps = 0; jumps < 16; ) {
    const length = bytes.readUInt8(at);
    if (length === 0) break;
    if (length >= 0xc0) {
      at = bytes.readUInt16BE(at) & 0x3fff;
      jumps += 1;
    } else {
      text += `${bytes.toString('latin1', at + 1, at + 1 + length)}.`;
      at += 1 + length;
    }
  }
  return text;
}
