import type { ServerResponse } from 'node:http';
import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { isTransient } from '@vmdns/bus';
import { Log } from '@vmdns/chassis';
import type { Problem } from '@vmdns/contracts';
import { ProblemError, problemOf, sendProblem } from './problems.js';

/** Turns whatever a handler threw into a problem: never a stack trace, never the text of an unforeseen error. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly log: Log) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<ServerResponse>();
    if (error instanceof ProblemError) { sendProblem(response, error.problem, error.headers); return; }
    const problem = this.#problemOf(error);
    if (problem.status >= 500) this.log.error({ err: error }, 'a call failed');
    sendProblem(response, problem);
  }

  #problemOf(error: unknown): Problem {
    if (isTransient(error)) return problemOf(503, 'the store of tokens does not answer');
    if (error instanceof URIError) return problemOf(400, 'the path is not well encoded');
    if (error instanceof HttpException) return problemOf(error.getStatus());
    return problemOf(500);
  }
}
