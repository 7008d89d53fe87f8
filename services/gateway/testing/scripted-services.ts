import { connect, JSONCodec, type Msg, type NatsConnection, type Subscription } from 'nats';
import { subjects, type Problem, type RpcReply } from '@vmdns/contracts';

export interface Asked { readonly operation: string; readonly ask: Readonly<Record<string, unknown>>; readonly traceparent: string | undefined }
type Answer = (ask: Readonly<Record<string, unknown>>) => unknown;

const json = JSONCodec<unknown>();

/** A refusal as a service gives it. */
export class ScriptedProblem {
  constructor(readonly problem: Problem) {}
}
export const problem = (status: number, code: Problem['code'], title: string, detail?: string) => new ScriptedProblem({ type: 'about:blank', status, code, title, ...(detail === undefined ? {} : { detail }) });

/** Services behind the gateway that answer by a script, on a real bus; what has no script is not running. */
export class ScriptedServices {
  readonly asked: Asked[] = [];
  readonly #answers = new Map<string, { readonly subscription: Subscription; answer: Answer }>();

  private constructor(readonly nats: NatsConnection) {}

  static async connect(url: string): Promise<ScriptedServices> {
    return new ScriptedServices(await connect({ servers: url, maxReconnectAttempts: -1, reconnectTimeWait: 100 }));
  }

  /** `inventory.facts` answers so from now on; a value, or a ScriptedProblem. */
  async on(operation: string, answer: Answer): Promise<void> {
    const known = this.#answers.get(operation);
    if (known !== undefined) { known.answer = answer; return; }
    const [service = '', ...name] = operation.split('.');
    const entry = { subscription: this.nats.subscribe(subjects.rpc(service, name.join('.')), { callback: (_, message) => { void this.#reply(operation, message); } }), answer };
    this.#answers.set(operation, entry);
    await this.nats.flush();
  }

  /** These services stop, as a killed process would. */
  async stopAll(): Promise<void> {
    for (const { subscription } of this.#answers.values()) subscription.unsubscribe();
    this.#answers.clear();
    this.asked.length = 0;
    await this.nats.flush();
  }

  /** What was asked of one operation so far. */
  asksOf(operation: string): readonly Asked['ask'][] {
    return this.asked.filter((each) => each.operation === operation).map((each) => each.ask);
  }

  async say(subject: string, body: unknown): Promise<void> {
    this.nats.publish(subject, json.encode(body));
    await this.nats.flush();
  }

  async close(): Promise<void> {
    await this.nats.close();
  }

  async #reply(operation: string, message: Msg): Promise<void> {
    const ask = json.decode(message.data) as Asked['ask'];
    this.asked.push({ operation, ask, traceparent: message.headers?.get('traceparent') });
    const value = await this.#answers.get(operation)?.answer(ask);
    const reply: RpcReply<unknown> = value instanceof ScriptedProblem ? { ok: false, problem: value.problem } : { ok: true, value };
    message.respond(json.encode(reply));
  }
}
