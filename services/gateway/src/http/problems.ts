import type { ServerResponse } from 'node:http';
import type { Fault, Problem } from '@vmdns/contracts';

type Code = Problem['code'];

const TITLES: Readonly<Record<number, string>> = {
  400: 'The request has faults', 401: 'Who calls is not known', 403: 'This token may not do that', 404: 'There is no such thing',
  405: 'This path does not know that method', 409: 'It contradicts what is known', 413: 'The request is too large',
  415: 'The content type is not understood', 500: 'vmdns made a mistake', 503: 'vmdns cannot do that right now; please send it again',
};

const CODES: Readonly<Record<number, Code>> = {
  400: 'bad-input', 401: 'unauthorized', 403: 'forbidden', 404: 'not-found', 405: 'bad-input', 409: 'conflict', 413: 'too-large', 415: 'bad-input', 500: 'internal', 503: 'unavailable',
};

/** After so many seconds a caller may try again what could not be stored. */
export const RETRY_AFTER_SECONDS = 1;

/** An answer that is a problem (RFC 9457); thrown by handlers, sent by the problem filter. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  constructor(readonly problem: Problem, readonly headers: Readonly<Record<string, string>> = {}) {
    super(problem.detail ?? problem.title);
  }
}

/** Builds the problem of one HTTP status; `code`, `type` and `title` follow from it. */
export function problemOf(status: number, detail?: string, faults?: readonly Fault[]): Problem {
  const code = CODES[status] ?? (status < 500 ? 'bad-input' : 'internal');
  return {
    type: `urn:vmdns:problem:${code}`, status, code, title: TITLES[status] ?? TITLES[status < 500 ? 400 : 500] ?? 'Problem',
    ...(detail === undefined ? {} : { detail }),
    ...(faults === undefined || faults.length === 0 ? {} : { faults: [...faults] }),
  };
}

export const badInput = (faults: readonly Fault[], detail?: string) => new ProblemError(problemOf(400, detail ?? summaryOf(faults), faults));
/** The same words as those of the services: whoever pages wrongly must not begin anew without knowing. */
export const badCursor = () => badInput([{ path: 'cursor', message: 'must be the `next` of an earlier page' }]);
export const refused = (status: number, detail: string, headers?: Readonly<Record<string, string>>) => new ProblemError(problemOf(status, detail), headers);
export const unavailable = (detail: string) => new ProblemError(problemOf(503, detail));

function summaryOf(faults: readonly Fault[]): string {
  const [first] = faults;
  if (first === undefined) return 'the request could not be read';
  return faults.length === 1 ? `${first.path}: ${first.message}` : `${faults.length} faults, the first at ${first.path}: ${first.message}`;
}

/** A service's problem as it leaves the house: our `type`, and nothing but the fields of a problem. */
export function outward(problem: Problem): Problem {
  const { status, code, detail, faults } = problem;
  // Whoever could not be reached, the caller is to do the same: send it again.
  const title = status === 503 ? problemOf(503).title : problem.title;
  return {
    type: `urn:vmdns:problem:${code}`, status, code, title,
    ...(detail === undefined ? {} : { detail }),
    ...(faults === undefined ? {} : { faults: faults.map(({ path, message }) => ({ path, message })) }),
  };
}

/** Writes a problem as the whole answer; does nothing when an answer is already under way. */
export function sendProblem(res: ServerResponse, problem: Problem, headers: Readonly<Record<string, string>> = {}): void {
  if (res.headersSent) { res.destroy(); return; }
  res.statusCode = problem.status;
  for (const [name, value] of Object.entries(headers)) res.setHeader(name, value);
  if (problem.status === 503) res.setHeader('Retry-After', String(RETRY_AFTER_SECONDS));
  if (problem.status === 401) res.setHeader('WWW-Authenticate', 'Bearer realm="vmdns"');
  res.setHeader('Content-Type', 'application/problem+json');
  res.end(JSON.stringify(outward(problem)));
}
