import { Inject, Injectable } from '@nestjs/common';
import { Bus, cloudEvent, done, drop, type Outcome, type RawMessage, RpcProblem } from '@vmdns/bus';
import { Clock, CONFIG } from '@vmdns/chassis';
import { type FactAnswer, type FactRequest, type PreviewedFacts, type RpcReply, subjects } from '@vmdns/contracts';
import type { Config } from '../config.js';
import { type Admission, admitFact, type AdmittedFact } from './fact-door.js';
import { answerOf, problemText } from './fact-answer.js';
import { FactRecord } from './fact-record.js';
import { FactIntake } from './fact.intake.js';
import { type IgnoredFact, noticesOf } from './fact-notices.js';
import { readIngest, replySubjectOf } from './ingest-message.js';
import { EVENT_SOURCE } from './vm.publisher.js';
import { toVmState } from './vm.table.js';

type Reply = RpcReply<FactAnswer>;
interface Decided { readonly reply: Reply; readonly fact?: AdmittedFact }

/** Both ways in: calls are answered, messages of the bus are answered where they ask for it. */
@Injectable()
export class FactService {
  constructor(
    private readonly intake: FactIntake,
    private readonly bus: Bus,
    private readonly clock: Clock,
    private readonly record: FactRecord,
    @Inject(CONFIG) private readonly config: Pick<Config, 'INGEST_BYTES_MAX'>,
  ) {}

  /** One answer per request, in their order, after the commit. */
  async answer(requests: readonly FactRequest[]): Promise<readonly Reply[]> {
    return (await this.decide('call', requests.map(admitFact))).map(({ reply }) => reply);
  }

  /**
   * Messages of the INGEST stream. What can never be taken becomes a dead letter with every fault; what is well-formed
   * and ignored is said as a notice. Throws only when nothing was stored (Postgres is away): then all come again.
   */
  async ingest(messages: readonly RawMessage[]): Promise<readonly Outcome[]> {
    const opened = messages.map((message) => readIngest(message, this.config.INGEST_BYTES_MAX));
    const decided = await this.decide('event', opened.map((of): Admission => (of.ok ? admitFact(of.request) : unreadable(of.reason))));
    const ignored: IgnoredFact[] = [];
    const outcomes = decided.map(({ reply, fact }, at): Outcome => {
      const inbox = replySubjectOf(messages[at]?.headers ?? {});
      if (inbox !== undefined) this.bus.broadcast(inbox, reply);
      if (!reply.ok) return drop(problemText(reply.problem));
      if (fact !== undefined && !reply.value.accepted) ignored.push({ answer: reply.value, source: fact.incoming.source });
      return done();
    });
    this.notice(ignored);
    return outcomes;
  }

  /** A message of the ingest stream that was put aside, as if it came now; throws its problem where it still is none. */
  async replay({ subject, payload }: { readonly subject: string; readonly payload: string }): Promise<FactAnswer> {
    const opened = readIngest({ subject, text: payload }, this.config.INGEST_BYTES_MAX);
    const [decided] = await this.decide('event', [opened.ok ? admitFact(opened.request) : unreadable(opened.reason)]);
    if (decided === undefined) throw new Error('replaying a message: nothing was decided');
    if (!decided.reply.ok) throw new RpcProblem(decided.reply.problem);
    return decided.reply.value;
  }

  /** What each fact would be answered, and what its VM would be; nothing is stored and nothing said. */
  async preview(requests: readonly FactRequest[]): Promise<PreviewedFacts> {
    const admissions = requests.map(admitFact);
    const { verdicts, states } = await this.intake.preview(admissions.filter((admission) => admission.ok));
    const next = verdicts.values();
    const facts = admissions.map((admission, at): PreviewedFacts['facts'][number] => {
      const vmId = vmIdOf(requests[at]);
      if (!admission.ok) return { vmId, problem: admission.problem };
      const verdict = next.next();
      if (verdict.done === true) throw new Error(`previewing ${admission.incoming.vmId}: no verdict`);
      const reply = answerOf(admission, verdict.value);
      return reply.ok ? { vmId, answer: reply.value } : { vmId, problem: reply.problem };
    });
    return { facts, states: states.map(({ fact }) => toVmState(fact)) };
  }

  private async decide(via: 'call' | 'event', admissions: readonly Admission[]): Promise<readonly Decided[]> {
    const started = performance.now();
    const facts = admissions.filter((admission) => admission.ok);
    const verdicts = await this.intake.take(facts);
    const replies = new Map<Admission, Reply>(facts.flatMap((fact, at) => {
      const verdict = verdicts[at];
      return verdict === undefined ? [] : [[fact, answerOf(fact, verdict)] as const];
    }));
    const decided = admissions.map((admission): Decided => {
      if (!admission.ok) return { reply: admission };
      const reply = replies.get(admission);
      if (reply === undefined) throw new Error(`deciding ${admission.incoming.vmId}: no verdict`);
      return { reply, fact: admission };
    });
    this.record.note(via, decided.map(({ reply }) => reply), performance.now() - started);
    return decided;
  }

  private notice(ignored: readonly IgnoredFact[]): void {
    const notices = noticesOf(ignored, this.clock.now().toISOString());
    this.bus.post(notices.map((notice) => ({
      subject: subjects.notice.of('inventory'),
      event: cloudEvent('vmdns.fact.ignored.v1', EVENT_SOURCE, notice, { time: notice.at }),
    })));
  }
}

/** As it was said, for an answer about a fact that may be faulty all over. */
function vmIdOf(request: FactRequest | undefined): string {
  const { data } = request ?? {};
  return typeof data === 'object' && data !== null && 'vmId' in data && typeof data.vmId === 'string' ? data.vmId.slice(0, 128) : '';
}

function unreadable(detail: string): Admission {
  return { ok: false, problem: { type: 'about:blank', status: 400, code: 'bad-input', title: 'This message is no fact.', detail } };
}
