import type { ServerResponse } from 'node:http';
import { childTraceparent, withTraceparent } from '@vmdns/bus';
import type { Log } from '@vmdns/chassis';
import type { Caller } from '@vmdns/contracts';
import { hasBody, mediaTypeOf, parseJson, readBody } from './body.js';
import type { Call } from './call.js';
import type { CallIndex } from './call-index.js';
import { pathOf, queryOf, type DoorRequest } from './door-request.js';
import { ProblemError, problemOf, refused, sendProblem } from './problems.js';

export interface DoorParts {
  readonly calls: CallIndex;
  /** Who holds this token; undefined: nobody. Throws a 503 problem where it cannot be known now. */
  readonly signIn: (token: string) => Promise<Caller | undefined>;
  /** Largest ordinary body in bytes. */
  readonly bodyMax: number;
  readonly log: Log;
  /** Told of every answer of a call. */
  readonly observe: (call: string, status: number, seconds: number) => void;
}

/** Paths that anybody may ask: liveness, readiness and metrics. */
export const OPEN_PATHS: ReadonlySet<string> = new Set(['/healthz', '/readyz', '/metrics']);

type Next = (error?: unknown) => void;

/**
 * Stands before every route: trace, who calls (401), which call (404, 405), may they (403), what was sent (413, 415,
 * 400) – in this order, so that a stranger learns nothing and is read from no further than the headers.
 */
export function door(parts: DoorParts): (request: DoorRequest, response: ServerResponse, next: Next) => void {
  return (request, response, next) => {
    const url = request.url ?? '/';
    response.setHeader('X-Content-Type-Options', 'nosniff');
    if (OPEN_PATHS.has(pathOf(url)) && (request.method === 'GET' || request.method === 'HEAD')) { next(); return; }
    const traceparent = childTraceparent(single(request.headers.traceparent));
    request.traceparent = traceparent;
    response.setHeader('traceparent', traceparent);
    response.setHeader('Cache-Control', 'no-store');
    measure(request, response, parts);
    withTraceparent(traceparent, () => {
      enter(request, url, parts).then(() => { next(); }, (error: unknown) => { turnAway(error, response, parts.log); });
    });
  };
}

async function enter(request: DoorRequest, url: string, parts: DoorParts): Promise<void> {
  const caller = await parts.signIn(tokenOf(request));
  if (caller === undefined) throw refused(401, 'the token is not known or was revoked');
  request.caller = caller;
  const shape = callOf(request, url, parts.calls);
  request.shape = shape;
  mayThey(caller, shape);
  request.queryRaw = queryOf(url);
  request.body = await bodyOf(request, shape, parts.bodyMax);
}

function tokenOf(request: DoorRequest): string {
  const match = /^Bearer ([\x21-\x7e]{1,512})$/i.exec(request.headers.authorization ?? '');
  if (match?.[1] === undefined) throw refused(401, 'send the header "Authorization: Bearer <token>"');
  return match[1];
}

function callOf(request: DoorRequest, url: string, calls: CallIndex): Call {
  const match = calls.find(request.method ?? 'GET', pathOf(url));
  if (match.kind === 'call') return match.call;
  if (match.kind === 'none') throw refused(404, 'there is no such path; /openapi.json lists them all');
  throw refused(405, `this path knows ${match.allow.join(', ')}`, { Allow: match.allow.join(', ') });
}

/** The role × call table at work. */
export function mayThey(caller: Caller, shape: Call): void {
  if (!shape.roles.includes(caller.role)) {
    const needed = [...shape.roles].reverse();
    throw refused(403, `this call needs the role ${needed.join(' or ')}; the token has ${caller.role}`);
  }
  if (caller.tenant !== null && !shape.forTenants) throw refused(403, 'this call needs a token without a tenant');
}

async function bodyOf(request: DoorRequest, shape: Call, ordinaryMax: number): Promise<unknown> {
  if (!hasBody(request)) return undefined;
  // A body that the call has no use for is read all the same, so that no parser behind us stumbles over it.
  if (shape.body === undefined) { await readBody(request, ordinaryMax); return undefined; }
  const accepts = shape.accepts ?? ['application/json'];
  const type = mediaTypeOf(request.headers['content-type']);
  if (!accepts.includes(type)) throw refused(415, `send ${accepts.join(' or ')}`, { Accept: accepts.join(', ') });
  return parseJson(await readBody(request, shape.bodyMax ?? ordinaryMax));
}

function turnAway(error: unknown, response: ServerResponse, log: Log): void {
  if (error instanceof ProblemError) { sendProblem(response, error.problem, error.headers); return; }
  log.error({ err: error }, 'the door failed');
  sendProblem(response, problemOf(500));
}

function measure(request: DoorRequest, response: ServerResponse, parts: DoorParts): void {
  const since = process.hrtime.bigint();
  response.once('close', () => {
    parts.observe(request.shape?.id ?? 'none', response.statusCode, Number(process.hrtime.bigint() - since) / 1e9);
  });
}

const single = (header: string | string[] | undefined): string | undefined => Array.isArray(header) ? header[0] : header;
