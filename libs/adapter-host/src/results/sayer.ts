import { cloudEvent, type Bus, type Outgoing } from '@vmdns/bus';
import { subjects, type Result } from '@vmdns/contracts';
import type { Log } from '@vmdns/chassis';
import type { Host } from '../host.js';
import { messagesOf, type Outcome, type ResultMessage } from './outcome.js';
import type { Traces } from './traces.js';
import type { NotedOutcomes, Unsaid } from './unsaid.js';

/** Says results on the bus, straight after their commit; nobody waits for it, and a failure is said again later. */
export class Sayer {
  private readonly running = new Set<Promise<void>>();

  constructor(
    private readonly host: Host,
    private readonly bus: Pick<Bus, 'publishMany'>,
    readonly traces: Traces,
    private readonly unsaid: Unsaid,
    private readonly log: Log,
  ) {}

  /** Outcomes just committed, with the note written beside them. */
  say(outcomes: readonly Outcome[], noted: NotedOutcomes): void {
    this.unsaid.noted(noted);
    this.inBackground(this.publish(outcomes, false).then((ok) => this.unsaid.said(noted, ok)));
  }

  /** Answers that changed no row: known outcomes repeated (`again`), or `behind`. */
  answer(outcomes: readonly Outcome[], again: boolean): void {
    if (outcomes.length > 0) this.inBackground(this.publish(outcomes, again).then(() => undefined));
  }

  /** Publishes and waits; whether the bus has all of it. */
  async publish(outcomes: readonly Outcome[], again: boolean): Promise<boolean> {
    const results = await this.bus.publishMany(messagesOf(outcomes).map((message) => this.outgoing(message, again)));
    const failures = results.filter((result) => !result.ok);
    if (failures.length > 0) this.log.warn({ failed: failures.length, of: results.length }, 'results not said, they will be said again');
    return failures.length === 0;
  }

  /** Everything begun is said or given up. */
  async settled(): Promise<void> {
    await Promise.all(this.running);
  }

  private outgoing({ first, names }: ResultMessage, again: boolean): Outgoing {
    const { zoneId, apex, connectionId, target } = first;
    const { provider } = this.host;
    const head = { zoneId, apex, provider, connectionId, target, ...(again ? { again } : {}) } satisfies Partial<Result>;
    const traceparent = this.traces.find(zoneId, first.name);
    return {
      subject: subjects.result.of(provider, zoneId), event: cloudEvent('vmdns.dns.result.v1', this.host.source, head),
      dataJson: `${JSON.stringify(head).slice(0, -1)},"names":[${names.join()}]}`, ...(traceparent === undefined ? {} : { traceparent }),
    };
  }

  private inBackground(work: Promise<void>): void {
    const guarded: Promise<void> = work
      .catch((error: unknown) => this.log.warn({ err: error }, 'results not said, they will be said again'))
      .finally(() => this.running.delete(guarded));
    this.running.add(guarded);
  }
}
