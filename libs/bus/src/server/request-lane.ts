import type { MessageHandler } from '@nestjs/microservices';
import { type Operation, type Problem, type RpcReply, subjects } from '@vmdns/contracts';
import type { Msg } from 'nats';
import { settleByHalves } from '../batch-rule.js';
import type { BusLog } from '../bus-log.js';
import type { Bus } from '../bus.js';
import { RpcProblem } from '../errors.js';
import { isSilentBefore } from '../pulse.js';
import { ASK_MS, TIMEOUT_HEADER, unavailable } from '../requester.js';
import { newTraceparent, tracedUntilDone } from '../traceparent.js';
import { callHandler } from './handler-call.js';
import type { BusObserver } from './observer.js';
import { pathText } from './stream-messages.js';
import { WorkQueue } from './work-queue.js';

export interface RequestLaneParts { readonly bus: Bus; readonly log: BusLog; readonly observer: BusObserver; readonly handler: MessageHandler; readonly needs: (() => Promise<boolean>) | undefined }
export interface RequestLaneOptions {
  readonly service: string;
  readonly operation: string;
  readonly contract: Operation;
  /** Whether the method takes an array of asks. */
  readonly isBatched: boolean;
  readonly max: number;
  readonly concurrency: number;
}

interface Ask { readonly message: Msg; readonly question: unknown; readonly came: number; readonly patienceMs: number; readonly traceparent: string; readonly answered: AbortController }
type Reply = RpcReply<unknown>;

const encoder = new TextEncoder();

/** One operation of this service: asks come in by a queue group, so one replica answers each. */
export class RequestLane {
  private readonly queue: WorkQueue<Ask>;
  private stopListening: (() => void) | undefined;
  private complainedAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly parts: RequestLaneParts, private readonly options: RequestLaneOptions) {
    this.queue = new WorkQueue({ max: options.isBatched ? options.max : 1, concurrency: options.concurrency, work: (asks) => this.work(asks) });
  }

  start(): void {
    const { service, operation } = this.options;
    this.stopListening = this.parts.bus.connection.subscribe(subjects.rpc(service, operation), service, (message) => this.accept(message));
  }

  /** Takes no more asks; those that wait are refused, those being answered are answered. */
  async close(): Promise<void> {
    this.stopListening?.();
    for (const ask of this.queue.close()) this.respond(ask, unavailable('this replica is shutting down'));
    await this.queue.whenIdle();
  }

  private accept(message: Msg): void {
    const came = performance.now();
    const patienceMs = Number(message.headers?.get(TIMEOUT_HEADER) || Number.NaN);
    const traceparent = message.headers?.get('traceparent') || newTraceparent();
    const ask = { message, came, patienceMs, traceparent, answered: new AbortController() };
    const parsed = this.options.contract.ask.safeParse(jsonOf(message));
    if (parsed.success) {
      if (patienceMs > ASK_MS) void this.watch({ ...ask, question: parsed.data });
      return this.queue.push({ ...ask, question: parsed.data });
    }
    const faults = parsed.error.issues.map((issue) => ({ path: pathText(issue.path), message: issue.message }));
    this.respond({ ...ask, question: undefined }, { ok: false, problem: { type: 'about:blank', status: 400, code: 'bad-input', title: 'Bad input', faults } });
  }

  /** Who would wait long is told soon when what an answer needs is silent; what was begun for them may still end. */
  private async watch(ask: Ask): Promise<void> {
    const { needs } = this.parts;
    if (needs !== undefined && await isSilentBefore(ask.answered.signal, needs)) this.respond(ask, unavailable(`${this.options.service} cannot answer now`));
  }

  private async work(asks: readonly Ask[]): Promise<number> {
    const live = asks.filter((ask) => !this.isLate(ask));
    const replies = await settleByHalves<Ask, Reply>(live, {
      call: (some) => this.call(some),
      onTransient: (_ask, error) => {
        this.complain(error);
        return unavailable(`${this.options.service} cannot answer now`);
      },
      onCulprit: (ask, error) => this.refuse(ask, error),
    });
    live.forEach((ask, index) => this.respond(ask, replies[index] ?? unavailable('no answer')));
    return 0;
  }

  /** Once a second at most: while Postgres is away every ask fails. */
  private complain(error: unknown): void {
    if (performance.now() - this.complainedAt < 1000) return;
    this.complainedAt = performance.now();
    this.parts.log.warn({ err: error, operation: this.options.operation }, 'requests cannot be answered now');
  }

  /** Whoever asked has given up: work for nobody is refused, so that an overload ends by itself. */
  private isLate(ask: Ask): boolean {
    const isLate = ask.answered.signal.aborted || performance.now() - ask.came > ask.patienceMs;
    if (isLate) this.respond(ask, unavailable(`${this.options.service} is overloaded`));
    return isLate;
  }

  private async call(asks: readonly Ask[]): Promise<readonly Reply[]> {
    const { handler } = this.parts;
    if (this.options.isBatched) return asks.length === 0 ? [] : await callHandler(handler, asks.map((ask) => ask.question)) as readonly Reply[];
    return Promise.all(asks.map(async (ask) => ({ ok: true as const, value: await tracedUntilDone(ask.traceparent, () => callHandler(handler, ask.question)) })));
  }

  private refuse(ask: Ask, error: unknown): Reply {
    if (error instanceof RpcProblem) return { ok: false, problem: error.problem };
    this.parts.log.error({ err: error, operation: this.options.operation, traceparent: ask.traceparent }, 'a request failed');
    const problem: Problem = { type: 'about:blank', status: 500, code: 'internal', title: 'Internal error', detail: `${this.options.service}.${this.options.operation} failed; its log has the cause` };
    return { ok: false, problem };
  }

  private respond(ask: Ask, reply: Reply): void {
    const { operation } = this.options;
    if (ask.answered.signal.aborted) return;
    try {
      ask.message.respond(encoder.encode(JSON.stringify(reply)));
    } catch (error) {
      // Too large for the server, or the connection is closed for good; the asker gets what still fits, or waits in vain.
      this.parts.log.error({ err: error, operation }, 'an answer could not be sent');
      if (reply.ok) return this.respond(ask, { ok: false, problem: { type: 'about:blank', status: 500, code: 'too-large', title: 'Answer too large', detail: `the answer of ${operation} does not fit; ask for less` } });
    }
    ask.answered.abort();
    this.parts.observer.ask?.(operation, reply.ok ? 200 : reply.problem.status, performance.now() - ask.came);
  }
}

function jsonOf(message: Msg): unknown {
  try {
    return message.json();
  } catch {
    return undefined;
  }
}
