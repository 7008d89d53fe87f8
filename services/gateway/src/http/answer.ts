import type { ServerResponse } from 'node:http';
import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { Log } from '@vmdns/chassis';
import { aboutOf, Audit } from '../audit/audit.js';
import { map, type Observable } from 'rxjs';
import { CALL, type Call } from './call.js';
import type { DoorRequest } from './door-request.js';
import { faultsOf } from './faults.js';
import { ProblemError, problemOf } from './problems.js';

/** An answer whose status is not the call's usual one. */
export class Answer<T> {
  constructor(readonly status: number, readonly body: T) {}
}

/**
 * Sets the status of every answer and lets out only what the call's schema knows: a field nobody declared stays inside
 * (L10). What was done is noted here, where it is known: the caller may have gone away before the answer.
 */
@Injectable()
export class AnswerInterceptor implements NestInterceptor {
  constructor(private readonly log: Log, private readonly audit: Audit) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const shape = Reflect.getMetadata(CALL, context.getHandler()) as Call | undefined;
    if (shape === undefined) return next.handle();
    const http = context.switchToHttp();
    const [request, response] = [http.getRequest<DoorRequest>(), http.getResponse<ServerResponse>()];
    return next.handle().pipe(map((value: unknown) => {
      if (!response.headersSent) return this.#let(value, shape, request, response);
      this.audit.note(request, response.statusCode);
      return undefined;
    }));
  }

  #let(value: unknown, shape: Call, request: DoorRequest, response: ServerResponse): unknown {
    const usual = usualStatus(shape);
    const { status, body } = value instanceof Answer ? value : { status: usual, body: value };
    const schema = shape.answers[status]?.schema;
    response.statusCode = status;
    const parsed = schema?.safeParse(body);
    this.audit.note(request, status, aboutOf(parsed?.data));
    if (parsed === undefined || parsed.success) return parsed?.data;
    this.log.error({ call: shape.id, status, faults: faultsOf(parsed.error.issues) }, 'an answer did not fit its schema');
    throw new ProblemError(problemOf(500, 'the answer of a service could not be understood'));
  }
}

/** The status that a call answers unless its handler says otherwise: the lowest it declares. */
export function usualStatus(shape: Call): number {
  return Number(Object.keys(shape.answers)[0] ?? 200);
}
