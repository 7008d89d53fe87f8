import { applyDecorators, Delete, Get, Patch, Post, Put, SetMetadata } from '@nestjs/common';
import { z } from 'zod';
import type { Fault, Role } from '@vmdns/contracts';

export type Method = 'get' | 'put' | 'post' | 'patch' | 'delete';

/** One possible answer of a call; without a schema it has no body. */
export interface AnswerShape { readonly text: string; readonly schema?: z.ZodType; readonly mediaType?: string }

/**
 * One call of the HTTP door. This one value drives the route, who may use it, what is validated, what may leave, and
 * what /openapi.json says, so they cannot disagree.
 */
export interface Call<P extends z.ZodType = z.ZodType, Q extends z.ZodType = z.ZodType, B extends z.ZodType = z.ZodType> {
  readonly id: string;
  readonly method: Method;
  /** As Nest writes it: `/v1/vms/:vmId`. */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  /** Roles that may call it. */
  readonly roles: readonly Role[];
  /** Whether a token with a tenant may call it; the services behind narrow what it sees. */
  readonly forTenants: boolean;
  /** Who needs no token: anybody (the call itself finds out who it is), or callers from the addresses of LEGACY_ALLOW. */
  readonly opensTo?: 'anybody' | 'listed';
  /** Says a fact about a VM: kept by inventory and the log, and no matter for the audit. */
  readonly isFact?: true;
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  /** Content types of the body; `application/json` where absent. */
  readonly accepts?: readonly string[];
  /** Largest body in bytes, where it is not the ordinary limit. */
  readonly bodyMax?: number;
  /** The handler reads the body itself, as it comes; then `body` says what it is and checks nothing. */
  readonly streams?: true;
  /** The handler looks at the body itself, part by part: one bad event must not spoil a batch. */
  readonly judgesBody?: true;
  /** Faults beyond the schema's, from what was sent as it was sent; called only when the schema found some. */
  readonly moreFaults?: (params: unknown, body: unknown) => readonly Fault[];
  /** By status; the lowest is the usual one. Problems are common to all calls and not listed. */
  readonly answers: Readonly<Record<number, AnswerShape>>;
}

/** What a handler is given: every part validated by the call's schemas. */
export type AskOf<C> = C extends Call<infer P, infer Q, infer B>
  ? { readonly params: z.output<P>; readonly query: z.output<Q>; readonly body: z.output<B> }
  : never;

/** States a call and keeps the types of its schemas. */
export function call<P extends z.ZodType = z.ZodUndefined, Q extends z.ZodType = z.ZodUndefined, B extends z.ZodType = z.ZodUndefined>(shape: Call<P, Q, B>): Call<P, Q, B> {
  return shape;
}

export const READERS: readonly Role[] = ['admin', 'operator', 'publisher', 'viewer'];
export const WATCHERS: readonly Role[] = ['admin', 'operator', 'viewer'];
export const PUBLISHERS: readonly Role[] = ['admin', 'operator', 'publisher'];
export const OPERATORS: readonly Role[] = ['admin', 'operator'];
export const ADMINS: readonly Role[] = ['admin'];

export const CALL = Symbol('vmdns call');
const ROUTES = { get: Get, put: Put, post: Post, patch: Patch, delete: Delete } as const;

/** Makes a controller's method the handler of a call. */
export function Handles(shape: Call): MethodDecorator {
  return applyDecorators(ROUTES[shape.method](shape.path), SetMetadata(CALL, shape));
}

/** A number as it stands in a query; the schema sees, and the description says, a number. */
export const numberIn = <T extends z.ZodType>(schema: T) => z.preprocess((text) => typeof text === 'string' && /^-?\d{1,15}$/.test(text) ? Number(text) : text, schema);

/** The fields of every list's query. */
export const pageQuery = {
  limit: numberIn(z.int().min(1).max(500).default(100)).describe('Most items of one page.'),
  cursor: z.string().max(1024).optional().describe('`next` of the page before.'),
};
/** A page of a list. */
export const pageOf = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item), next: z.string().optional().describe('Cursor of the next page; absent on the last.') });
