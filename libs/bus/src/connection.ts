import { connect, type ConnectionOptions, Events, type JetStreamClient, type JetStreamManager, type Msg, type NatsConnection, type Subscription } from 'nats';
import type { BusLog } from './bus-log.js';
import { isAnswered } from './pulse.js';
import { Gate, backoffMs, pause } from './wait.js';

/** A subscription we want, whether or not there is a connection to have it on. */
interface Wanted {
  readonly subject: string;
  readonly queue: string | undefined;
  readonly listener: (message: Msg) => void;
  live: Subscription | undefined;
}

/** The connection while it stands. */
export interface Link {
  readonly nats: NatsConnection;
  readonly jetstream: JetStreamClient;
  readonly manager: JetStreamManager;
}

/**
 * One NATS connection that is always being made. The client's own reconnecting covers a server that goes away; the
 * loop here covers a server that was never there, and a connection the client gave up.
 */
export class Connection {
  readonly up = new Gate();
  private link: Link | undefined;
  private readonly wanted = new Set<Wanted>();
  private readonly closing = new AbortController();
  private readonly whenUp = new Set<() => void>();
  private readonly whenDown = new Set<() => void>();
  private finished: Promise<void> = Promise.resolve();
  private pinging: Promise<boolean> | undefined;

  constructor(private readonly options: ConnectionOptions, private readonly log: BusLog) {}

  start(): void {
    this.finished = this.keepConnected();
  }

  get current(): Link | undefined {
    return this.up.isOpen ? this.link : undefined;
  }

  get isClosing(): boolean {
    return this.closing.signal.aborted;
  }

  /** Whether the server answers a ping now; all who ask at the same time share one. */
  answers(): Promise<boolean> {
    const { current } = this;
    if (current === undefined) return Promise.resolve(false);
    this.pinging ??= isAnswered(current.nats.flush()).finally(() => { this.pinging = undefined; });
    return this.pinging;
  }

  /** Called after every connect and reconnect. */
  onUp(listener: () => void): void {
    this.whenUp.add(listener);
    if (this.up.isOpen) listener();
  }

  /** Called whenever the connection is lost, and when it is closed. */
  onDown(listener: () => void): void {
    this.whenDown.add(listener);
  }

  /** Listens from now on, over every reconnect. Gives the way to stop. */
  subscribe(subject: string, queue: string | undefined, listener: (message: Msg) => void): () => void {
    const wanted: Wanted = { subject, queue, listener, live: undefined };
    this.wanted.add(wanted);
    if (this.link !== undefined) this.attach(this.link.nats, wanted);
    return () => {
      this.wanted.delete(wanted);
      wanted.live?.unsubscribe();
    };
  }

  async close(): Promise<void> {
    this.closing.abort();
    const nats = this.link?.nats;
    if (nats !== undefined && !nats.isClosed()) {
      const drained = this.up.isOpen ? nats.drain().catch(() => undefined) : Promise.resolve();
      await Promise.race([drained, pause(1000)]);
      await nats.close();
    }
    await this.finished;
  }

  private async keepConnected(): Promise<void> {
    for (let tries = 0; !this.isClosing; tries += 1) {
      try {
        const nats = await connect(this.options);
        tries = 0;
        await this.live(nats);
      } catch (error) {
        if (tries % 20 === 0 && !this.isClosing) this.log.warn({ err: error, tries }, 'NATS is away');
        await pause(backoffMs(tries, 100, 1000), this.closing.signal);
      }
    }
  }

  /** From the first connect until the client gives the connection up. */
  private async live(nats: NatsConnection): Promise<void> {
    if (this.isClosing) return nats.close();
    this.link = { nats, jetstream: nats.jetstream({ timeout: 2000 }), manager: await nats.jetstreamManager({ timeout: 2000, checkAPI: false }) };
    for (const wanted of this.wanted) this.attach(nats, wanted);
    this.announceUp();
    void this.follow(nats);
    await nats.closed();
    this.announceDown();
    this.link = undefined;
  }

  private async follow(nats: NatsConnection): Promise<void> {
    const told = new Set<string>();
    for await (const status of nats.status()) {
      if (status.type === Events.Error && status.permissionContext !== undefined) this.tellRefusal(status.permissionContext, told);
      if (status.type === Events.Disconnect) this.announceDown();
      if (status.type === Events.Reconnect) this.announceUp();
    }
  }

  /** Once for each subject and connection: what is refused is tried again and again. */
  private tellRefusal({ operation, subject }: { readonly operation: string; readonly subject: string }, told: Set<string>): void {
    if (told.has(`${operation} ${subject}`) || told.size > 100) return;
    told.add(`${operation} ${subject}`);
    this.log.error({ operation, subject }, 'NATS refuses this to the user of this service');
  }

  private attach(nats: NatsConnection, wanted: Wanted): void {
    if (nats.isClosed()) return;
    wanted.live = nats.subscribe(wanted.subject, {
      ...(wanted.queue === undefined ? {} : { queue: wanted.queue }),
      callback: (error, message) => {
        if (error === null) return wanted.listener(message);
        this.log.warn({ err: error, subject: wanted.subject }, 'subscription refused');
      },
    });
  }

  private announceUp(): void {
    this.up.open();
    this.log.info({}, 'NATS connected');
    for (const listener of this.whenUp) listener();
  }

  private announceDown(): void {
    if (!this.up.isOpen) return;
    this.up.shut();
    for (const listener of this.whenDown) listener();
    if (!this.isClosing) this.log.warn({}, 'NATS disconnected');
  }
}
