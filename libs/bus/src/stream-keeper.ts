import type { StreamDefinition } from '@vmdns/contracts';
import { DiscardPolicy, type JetStreamManager, nanos, NatsError, RetentionPolicy, StorageType, type StreamInfo } from 'nats';
import type { BusLog } from './bus-log.js';
import type { Connection } from './connection.js';
import { BusError } from './errors.js';
import { Gate, backoffMs, pause } from './wait.js';

/** What is known of one stream since this process first saw it. */
interface Known {
  created: string;
  /** The highest sequence seen: in an acknowledgement or in the stream's state. */
  highest: number;
}

const INSUFFICIENT_STORAGE = 10_047;
const LEAST_BYTES = 16_777_216;
/** How often an idle process looks whether its streams are still the same ones. */
const LOOK_EVERY_MS = 10_000;

/** Sees to it that our streams exist, and notices when one was wiped (PROTOCOL §1). */
export class StreamKeeper {
  /** Open while connected and every stream is known to exist. */
  readonly ready = new Gate();
  private readonly definitions = new Map<string, StreamDefinition>();
  private readonly known = new Map<string, Known>();
  private readonly listeners = new Map<string, Set<(created: string) => void>>();
  private readonly readyListeners = new Set<() => void>();
  private running: Promise<void> | undefined;
  private again = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly connection: Connection, private readonly log: BusLog) {
    connection.onDown(() => this.ready.shut());
    connection.onUp(() => void this.look());
  }

  ensure(definitions: readonly StreamDefinition[]): Promise<void> {
    for (const definition of definitions) this.definitions.set(definition.name, definition);
    this.timer ??= setInterval(() => void this.look(), LOOK_EVERY_MS).unref();
    return this.look();
  }

  /** Looks at every stream now, makes what is missing, tells of what was reborn. Never throws; one at a time. */
  async look(): Promise<void> {
    this.again = true;
    this.running ??= this.lookUntilDone().finally(() => { this.running = undefined; });
    return this.running;
  }

  onReady(listener: () => void): () => void {
    this.readyListeners.add(listener);
    if (this.ready.isOpen) listener();
    return () => this.readyListeners.delete(listener);
  }

  onReborn(stream: string, listener: (created: string) => void): () => void {
    const all = this.listeners.get(stream) ?? new Set();
    this.listeners.set(stream, all.add(listener));
    return () => all.delete(listener);
  }

  async created(stream: string): Promise<string> {
    const found = this.known.get(stream)?.created;
    if (found !== undefined) return found;
    const link = this.connection.current;
    if (link === undefined) throw new BusError('unavailable', `looking at stream ${stream}: NATS is away`);
    try {
      const info = await link.manager.streams.info(stream);
      return this.note(info);
    } catch (error) {
      throw new BusError('unavailable', `looking at stream ${stream}`, { cause: error });
    }
  }

  /** Acknowledgements on one connection come in the order of the stream: a lower sequence means another stream. */
  acknowledged(stream: string, sequence: number): void {
    const known = this.known.get(stream);
    if (known === undefined) return;
    if (sequence > known.highest) known.highest = sequence;
    else void this.look();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private async lookUntilDone(): Promise<void> {
    for (let tries = 0; this.again && !this.connection.isClosing; tries += 1) {
      const link = this.connection.current;
      if (link === undefined) return;
      this.again = false;
      try {
        for (const definition of this.definitions.values()) this.note(await this.ensureOne(link.manager, definition));
        this.announceReady(link.nats.isClosed());
      } catch (error) {
        if (tries % 20 === 0) this.log.warn({ err: error }, 'streams cannot be ensured yet');
        this.again = true;
        await pause(backoffMs(tries, 100, 2000));
      }
    }
  }

  private announceReady(isClosed: boolean): void {
    if (isClosed || this.connection.current === undefined || this.ready.isOpen) return;
    this.ready.open();
    for (const listener of this.readyListeners) listener();
  }

  private async ensureOne(manager: JetStreamManager, definition: StreamDefinition): Promise<StreamInfo> {
    const found = await findStream(manager, definition.name);
    if (found === undefined) return this.add(manager, definition, definition.maxBytes);
    if (isAsDefined(found, definition)) return found;
    return manager.streams.update(definition.name, { ...found.config, subjects: [...definition.subjects], max_age: nanos(definition.maxAgeSeconds * 1000) });
  }

  /** On a small disk the server refuses to reserve so much; then a smaller stream is better than none. */
  private async add(manager: JetStreamManager, definition: StreamDefinition, maxBytes: number): Promise<StreamInfo> {
    try {
      const info = await manager.streams.add({
        name: definition.name, subjects: [...definition.subjects], max_age: nanos(definition.maxAgeSeconds * 1000), max_bytes: maxBytes,
        retention: RetentionPolicy.Limits, discard: DiscardPolicy.Old, storage: StorageType.File,
      });
      this.log.info({ stream: definition.name }, 'stream created');
      return info;
    } catch (error) {
      const isFull = error instanceof NatsError && error.api_error?.err_code === INSUFFICIENT_STORAGE;
      if (!isFull || maxBytes / 4 < LEAST_BYTES) throw error;
      this.log.warn({ stream: definition.name, maxBytes }, 'the server has no room for this stream, trying a smaller one');
      return this.add(manager, definition, maxBytes / 4);
    }
  }

  /** Remembers what was seen, and tells when it is not the stream we knew. */
  private note(info: StreamInfo): string {
    const stream = info.config.name;
    const known = this.known.get(stream);
    const created = String(info.created);
    const last = info.state.last_seq;
    const isReborn = known !== undefined && (known.created !== created || last < known.highest);
    this.known.set(stream, { created, highest: isReborn ? last : Math.max(last, known?.highest ?? 0) });
    if (isReborn) {
      this.log.warn({ stream, created }, 'stream reborn: what it held is lost');
      for (const listener of this.listeners.get(stream) ?? []) listener(created);
    }
    return created;
  }
}

async function findStream(manager: JetStreamManager, name: string): Promise<StreamInfo | undefined> {
  try {
    return await manager.streams.info(name);
  } catch (error) {
    if (error instanceof NatsError && error.api_error?.code === 404) return undefined;
    throw error;
  }
}

function isAsDefined(info: StreamInfo, definition: StreamDefinition): boolean {
  const same = new Set(info.config.subjects);
  return info.config.max_age === nanos(definition.maxAgeSeconds * 1000)
    && same.size === definition.subjects.length && definition.subjects.every((subject) => same.has(subject));
}
