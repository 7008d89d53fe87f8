import { applyDecorators, Catch, UseFilters, type ExceptionFilter } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import type { CloudEvent, Operation, RpcReply, StreamName } from '@vmdns/contracts';
import { throwError, type Observable } from 'rxjs';
import type { z } from 'zod';
import type { InMessage, RawMessage } from './message.js';
import type { Outcomes } from './outcome.js';

/** A value, or how to get it from the name of the service this process is (`adapter-powerdns`). */
export type PerService<T extends string> = T | ((service: string) => T);
/** The service this process is. */
export const ownService: PerService<string> = (service) => service;

export interface BatchOptions {
  readonly stream: StreamName;
  /** One subject, wildcards allowed (server 2.9 knows one filter per consumer). */
  readonly subject: PerService<string>;
  /** The durable consumer; default: the service's name. Replicas share it. */
  readonly durable?: PerService<string>;
  /** Messages per handler call; default 200. */
  readonly max?: number;
  /** Handler calls at the same time; default 1. */
  readonly concurrency?: number;
  /** So long after a call nothing is handed out unless a whole batch waits; default 0. What nobody waits for costs less in larger batches. */
  readonly restMs?: number;
  /** A lone message that fails for no known reason is dead-lettered at this delivery; default 4 (about 4 s). */
  readonly maxDeliveries?: number;
}
export type EventSchema = z.ZodType<CloudEvent>;
export type DataOf<E extends EventSchema> = z.output<E>['data'];

export interface RequestsOptions {
  /** Asks per handler call; default 200. */
  readonly max?: number;
  /** Handler calls at the same time; default 1. */
  readonly concurrency?: number;
}

/** What a decorated method is to the transport; lies in the pattern's extras. */
export type HandlerSpec =
  | { readonly kind: 'batch'; readonly options: BatchOptions; readonly event: EventSchema | null }
  | { readonly kind: 'requests'; readonly service: PerService<string>; readonly operation: string; readonly contract: Operation; readonly options: RequestsOptions }
  | { readonly kind: 'request'; readonly service: PerService<string>; readonly operation: string; readonly contract: Operation; readonly concurrency: number };

/** The transport by which Nest knows which server a handler belongs to. */
export const JETSTREAM = Symbol('vmdns.jetstream');

/** Without it Nest turns every error into a bland `{status: 'error'}` and its kind is lost. */
@Catch()
class PassErrorsOn implements ExceptionFilter {
  catch(error: unknown): Observable<never> {
    return throwError(() => error);
  }
}

type Handler<F> = <M extends F>(target: object, key: string | symbol, descriptor: TypedPropertyDescriptor<M>) => void;
let patterns = 0;

function handler<F>(spec: HandlerSpec): Handler<F> {
  patterns += 1;
  return applyDecorators(UseFilters(new PassErrorsOn()), MessagePattern(`${spec.kind}:${patterns}`, JETSTREAM, { spec })) as Handler<F>;
}

/**
 * The method takes all messages that came while its last call ran. It gives one outcome per message, or nothing: all
 * done. It throws: the batch is halved until the culprit stands alone (dead letter, with the reason); a transient error
 * puts all back with a growing pause. Messages that `event` cannot parse never reach it.
 */
export function OnBatch<E extends EventSchema>(options: BatchOptions & { readonly event: E }): Handler<(messages: readonly InMessage<DataOf<E>>[]) => Promise<Outcomes>> {
  return handler({ kind: 'batch', options, event: options.event });
}

/** The same with undecoded messages: the method judges for itself. */
export function OnRawBatch(options: BatchOptions): Handler<(messages: readonly RawMessage[]) => Promise<Outcomes>> {
  return handler({ kind: 'batch', options, event: null });
}

/** The method answers all asks that came while its last call ran, in the same order. Errors: as OnRequest, by halves. */
export function OnRequests<Q extends z.ZodType, A extends z.ZodType>(service: PerService<string>, operation: string, contract: Operation<Q, A>, options: RequestsOptions = {}): Handler<(asks: readonly z.output<Q>[]) => Promise<readonly RpcReply<z.input<A>>[]>> {
  return handler({ kind: 'requests', service, operation, contract, options });
}

/** The method answers one ask. RpcProblem: that problem; a transient error: 503; any other: 500, logged. */
export function OnRequest<Q extends z.ZodType, A extends z.ZodType>(service: PerService<string>, operation: string, contract: Operation<Q, A>, options: { readonly concurrency?: number } = {}): Handler<(ask: z.output<Q>) => Promise<z.input<A>>> {
  return handler({ kind: 'request', service, operation, contract, concurrency: options.concurrency ?? 64 });
}
