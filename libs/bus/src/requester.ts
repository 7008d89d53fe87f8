import { Problem, subjects, type Operation, type RpcReply } from '@vmdns/contracts';
import { headers as newHeaders, type Msg, NatsError } from 'nats';
import { z } from 'zod';
import type { RequestOptions } from './bus.js';
import type { Connection, Link } from './connection.js';
import { Silence, unlessSilent } from './pulse.js';
import { childTraceparent, currentTraceparent } from './traceparent.js';

/** How long the asker waits; who answers later answers nobody. */
export const TIMEOUT_HEADER = 'Vmdns-Timeout-Ms';
/** Who says nothing else waits so long. */
export const ASK_MS = 900;

const encoder = new TextEncoder();
const Envelope = z.union([z.object({ ok: z.literal(true), value: z.unknown() }), z.object({ ok: z.literal(false), problem: Problem })]);

/** One question to one service; every way it can fail is a problem. */
export async function ask<Q extends z.ZodType, A extends z.ZodType>(connection: Connection, service: string, operation: string, contract: Operation<Q, A>, question: z.input<Q>, options: RequestOptions): Promise<RpcReply<z.output<A>>> {
  const link = connection.current;
  if (link === undefined) return unavailable(`${service} cannot be asked: the message bus is away`);
  try {
    const sent = send(link, subjects.rpc(service, operation), question, options);
    const reply = await (options.unlessSilent === true ? unlessSilent(sent, () => connection.answers()) : sent);
    return parse(reply, contract, `${service}.${operation}`);
  } catch (error) {
    if (error instanceof Silence) return unavailable(`${service} cannot be asked: the message bus does not answer`);
    if (!(error instanceof NatsError)) throw error;
    if (error.code === 'MAX_PAYLOAD_EXCEEDED') return tooLarge(service, link);
    const isAlone = error.code === '503';
    return unavailable(isAlone ? `${service} is not running` : `${service} did not answer in time`);
  }
}

export function unavailable(detail: string): { readonly ok: false; readonly problem: Problem } {
  return { ok: false, problem: { type: 'about:blank', status: 503, code: 'unavailable', title: 'Service unavailable', detail } };
}

/** Asked again it would be as large: so not 503, which says "send it again". */
function tooLarge(service: string, { nats }: Link): { readonly ok: false; readonly problem: Problem } {
  return { ok: false, problem: { type: 'about:blank', status: 413, code: 'too-large', title: 'The request is too large', detail: `what ${service} would be asked has more than the ${nats.info?.max_payload ?? 'most'} bytes that one message may have` } };
}

function send(link: Link, subject: string, question: unknown, options: RequestOptions): Promise<Msg> {
  const timeout = options.timeoutMs ?? ASK_MS;
  const headers = newHeaders();
  headers.set('traceparent', childTraceparent(options.traceparent ?? currentTraceparent()));
  headers.set(TIMEOUT_HEADER, String(timeout));
  return link.nats.request(subject, encoder.encode(JSON.stringify(question)), { timeout, headers });
}

function parse<A extends z.ZodType>(reply: Msg, contract: Operation<z.ZodType, A>, what: string): RpcReply<z.output<A>> {
  const envelope = Envelope.safeParse(jsonOrNothing(reply));
  if (!envelope.success) return mismatch(what);
  if (!envelope.data.ok) return envelope.data;
  const value = contract.answer.safeParse(envelope.data.value);
  return value.success ? { ok: true, value: value.data } : mismatch(what);
}

function jsonOrNothing(reply: Msg): unknown {
  try {
    return reply.json();
  } catch {
    return undefined;
  }
}

function mismatch(what: string): { readonly ok: false; readonly problem: Problem } {
  return { ok: false, problem: { type: 'about:blank', status: 500, code: 'internal', title: 'Internal error', detail: `the answer of ${what} has another shape than agreed` } };
}
