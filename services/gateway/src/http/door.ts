import type { ServerResponse } from 'node:http';
import { childTraceparent, withTraceparent } from '@vmdns/bus';
import type { Log } from '@vmdns/chassis';
import type { Caller } from '@vmdns/contracts';
import { hasBody, mediaTypeOf, parseJson, readBody } from './body.js';
import type { Call } from './call.js';
import type { CallIndex } from './call-index.js';
import { sessionCookieOf } from './cookies.js';
import { pathOf, queryOf, type DoorRequest } from './door-request.js';
import { ProblemError, problemOf, refused, sendProblem } from './problems.js';

export interface DoorParts {
  readonly calls: CallIndex;
  /** Who holds this token; undefined: nobody. Throws a 503 problem where it cannot be known now. */
  readonly signIn: (token: string) => Promise<Caller | undefined>;
  /** Whose session this cookie is; as `signIn`. */
  readonly session: (secret: string) => Promise<Caller | undefined>;
  /** Whether the request comes from an address that may read the legacy feed. */
  readonly isListed: (request: DoorRequest) => boolean;
  /** Answers what belongs to the console's pages; false: it is no page. */
  readonly pages: (request: DoorRequest, response: ServerResponse) => boolean;
  /** Largest ordinary body in bytes. */
  readonly bodyMax: number;
  readonly log: Log;
  /** Told of the end of every call. */
  readonly observe: (call: string, status: number, seconds: number) => void;
}

/** The status of a call whose caller went away before the answer began; a word of proxies, in metrics only. */
const GONE = 499;

/** What a page of ours adds to a call by cookie that changes something; no other site's page can. */
const CONSOLE_HEADER = 'x-vmdns-console';

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
    if (OPEN_PATHS.has(pathOf(url)) && isReading(request)) { next(); return; }
    if (isReading(request) && parts.pages(request, response)) return;
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
  const open = parts.calls.find(request.method ?? 'GET', pathOf(url));
  if (open.kind !== 'call' || !isOpen(open.call, request, parts)) request.caller = await callerOf(request, parts);
  const shape = callOf(request, url, parts.calls);
  request.shape = shape;
  if (request.caller !== undefined) mayThey(request.caller, shape);
  request.queryRaw = queryOf(url);
  request.body = await bodyOf(request, shape, parts.bodyMax);
}

const isOpen = ({ opensTo }: Call, request: DoorRequest, parts: DoorParts) => opensTo === 'anybody' || (opensTo === 'listed' && parts.isListed(request));

/** By token, or by the cookie of a session; with a token the cookie is not looked at. */
async function callerOf(request: DoorRequest, parts: DoorParts): Promise<Caller> {
  const secret = request.headers.authorization === undefined ? sessionCookieOf(request) : undefined;
  const token = secret === undefined ? tokenOf(request) : '';
  const ask = () => secret === undefined ? parts.signIn(token) : parts.session(secret);
  const caller = await ask();
  request.isStillIn = async () => await ask() !== undefined;
  if (caller === undefined) throw refused(401, secret === undefined ? 'the token is not known or was revoked' : 'the session has ended; sign in again');
  if (secret === undefined) return caller;
  request.session = secret;
  if (!isReading(request) && request.headers[CONSOLE_HEADER] !== '1') throw refused(403, 'a change by cookie must come from the console itself (header X-Vmdns-Console)');
  return caller;
}

const isReading = (request: DoorRequest) => request.method === 'GET' || request.method === 'HEAD';

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
  if (shape.streams === true) return undefined;
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
    parts.observe(request.shape?.id ?? 'none', response.headersSent ? response.statusCode : GONE, Number(process.hrtime.bigint() - since) / 1e9);
  });
}

const single = (header: string | string[] | undefined): string | undefined => Array.isArray(header) ? header[0] : header;
