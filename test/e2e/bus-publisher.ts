import { connect, createInbox, headers, type NatsConnection } from 'nats';
import { until, within, type Stack } from '../support/index.js';
import type { FactAnswer, Problem } from '@vmdns/contracts';

/** The answer that a publisher asks for with Vmdns-Reply-To. */
export type BusAnswer = { readonly ok: true; readonly value: FactAnswer } | { readonly ok: false; readonly problem: Problem };

/** A platform team that publishes over NATS, past the gateway. */
export class BusPublisher {
  private constructor(private readonly nats: NatsConnection) {}

  static async at(stack: Stack): Promise<BusPublisher> {
    return new BusPublisher(await connect({ servers: stack.nats.url }));
  }

  /** Publishes; the PubAck says that it was received. */
  async say(event: unknown, subject = 'vmdns.ingest.vm'): Promise<void> {
    await this.nats.jetstream().publish(subject, bytesOf(event));
  }

  /** Publishes and waits for the word after the commit. */
  async ask(event: unknown, subject = 'vmdns.ingest.vm'): Promise<BusAnswer> {
    const inbox = createInbox();
    const heard = new Promise<BusAnswer>((resolve) => {
      this.nats.subscribe(inbox, { max: 1, callback: (_error, message) => { resolve(JSON.parse(message.string()) as BusAnswer); } });
    });
    const asks = headers();
    asks.set('Vmdns-Reply-To', inbox);
    await this.nats.jetstream().publish(subject, bytesOf(event), { headers: asks });
    const answer = await within(heard, 20_000);
    if (answer === undefined) throw new Error(`${subject}: no answer came`);
    return answer;
  }

  /** How many messages a stream has ever taken. */
  async countOf(stream: string): Promise<number> {
    return (await (await this.nats.jetstreamManager()).streams.info(stream)).state.last_seq;
  }

  /** Every message that a stream holds, as text. */
  async textsOf(stream: string): Promise<readonly string[]> {
    const manager = await this.nats.jetstreamManager();
    const { state } = await manager.streams.info(stream);
    const texts: string[] = [];
    for (let seq = state.first_seq; seq <= state.last_seq; seq += 1) {
      const message = await manager.streams.getMessage(stream, { seq }).catch(() => undefined);
      if (message !== undefined) texts.push(`${message.subject} ${message.header.toString()} ${new TextDecoder().decode(message.data)}`);
    }
    return texts;
  }

  /** What is published on a subject from now on. */
  async follow(subject: string): Promise<readonly string[]> {
    const seen: string[] = [];
    this.nats.subscribe(subject, { callback: (_error, message) => { seen.push(message.string()); } });
    await this.nats.flush();
    return seen;
  }

  /** Waits until inventory has taken everything that was published. */
  async taken(): Promise<void> {
    const manager = await this.nats.jetstreamManager();
    await until(async () => {
      const info = await manager.consumers.info('INGEST', 'inventory');
      return info.num_pending === 0 && info.num_ack_pending === 0;
    }, { withinMs: 20_000, what: 'inventory to take what was published' });
  }

  async close(): Promise<void> {
    await this.nats.close();
  }
}

const bytesOf = (event: unknown): Uint8Array => new TextEncoder().encode(typeof event === 'string' ? event : JSON.stringify(event));
