import { z } from 'zod';
import * as contracts from '@vmdns/contracts';
import { STATUS_CODES } from 'node:http';
import { SESSION_COOKIE } from '../http/cookies.js';
import { usualStatus } from '../http/answer.js';
import type { Call } from '../http/call.js';

type Json = Readonly<Record<string, unknown>>;

/** Schemas that are told once, by name, under components. */
const NAMED = pick(['VmFact', 'FactAnswer', 'VmView', 'VmDns', 'RecordStatus', 'Reason', 'Explanation', 'Connection', 'Zone', 'ZoneTest', 'TestStep', 'Hold', 'HoldMember', 'HoldOutcome', 'Pause', 'LogEntry', 'Problem', 'Fault', 'Capabilities', 'AddressFilter', 'PlanningSettings', 'Brakes', 'CloudEvent', 'EventOutcome', 'Provider', 'HoldPage', 'Settings', 'Token', 'NewToken', 'Session', 'AuditEntry', 'LegacyEntry', 'ZoneRecord', 'ZoneDrift', 'DriftEntry', 'DriftCounts', 'Adoption', 'Plan', 'PlannedChange', 'PlannedRefusal', 'PlannedHold', 'SnapshotReport', 'SnapshotFault', 'DeadLetter', 'DeadLetterShown', 'Tenant', 'TenantLimits']);

function pick<K extends keyof typeof contracts>(names: readonly K[]): Record<K, (typeof contracts)[K]> {
  return Object.fromEntries(names.map((name) => [name, contracts[name]])) as Record<K, (typeof contracts)[K]>;
}

/** Describes every call as OpenAPI 3.1, from the schemas that validate what comes in and let out what goes out. */
export function describeApi(calls: readonly Call[]): Json {
  const schemas = new Schemas();
  const paths: Record<string, Record<string, Json>> = {};
  for (const call of calls) {
    const path = call.path.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [call.method]: operationOf(call, schemas) };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'vmdns', version: '1', description: "Gives every virtual machine its DNS. Facts go in by PUT or as CloudEvents; 202 means stored, anything else means send it again. Every error is problem+json (RFC 9457) with the path of each fault." },
    security: [{ token: [] }, { session: [] }],
    tags: [...new Set(calls.map((call) => call.tag))].map((name) => ({ name })),
    paths,
    components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' }, session: { type: 'apiKey', in: 'cookie', name: SESSION_COOKIE, description: 'Opened by `POST /v1/session`; a change by it needs the header `X-Vmdns-Console: 1`.' } }, responses: { Problem: problemResponse(schemas) }, schemas: schemas.all() },
  };
}

function operationOf(call: Call, schemas: Schemas): Json {
  const who = `${call.roles.join(', ')}${call.forTenants ? '; also with a tenant' : '; without a tenant'}`;
  return {
    operationId: call.id, ...(call.opensTo === undefined ? {} : { security: call.opensTo === 'anybody' ? [] : [{ token: [] }, { session: [] }, {}] }), tags: [call.tag], summary: call.summary, description: `Roles: ${who}.`, 'x-roles': call.roles,
    ...(call.params === undefined && call.query === undefined ? {} : { parameters: [...parametersOf(call.params, 'path', schemas), ...parametersOf(call.query, 'query', schemas)] }),
    ...(call.body === undefined ? {} : { requestBody: { required: !(call.body instanceof z.ZodOptional), content: contentOf(call.accepts ?? ['application/json'], call.body, schemas) } }),
    responses: { ...answersOf(call, schemas), default: { $ref: '#/components/responses/Problem' } },
  };
}

function parametersOf(schema: z.ZodType | undefined, where: 'path' | 'query', schemas: Schemas): readonly Json[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = schemas.of(schema, 'input') as { readonly properties?: Readonly<Record<string, Json>>; readonly required?: readonly string[] };
  return Object.entries(properties).map(([name, { description, ...rest }]) => ({
    name, in: where, required: where === 'path' || required.includes(name), ...(description === undefined ? {} : { description }), schema: rest,
  }));
}

function contentOf(types: readonly string[], body: z.ZodType, schemas: Schemas): Json {
  const event = schemas.of(contracts.CloudEvent, 'input');
  const special: Readonly<Record<string, Json>> = { 'application/cloudevents+json': { schema: event }, 'application/cloudevents-batch+json': { schema: { type: 'array', maxItems: 1000, items: event } } };
  return Object.fromEntries(types.map((type) => [type, special[type] ?? { schema: schemas.of(body, 'input') }]));
}

function answersOf(call: Call, schemas: Schemas): Json {
  return Object.fromEntries(Object.entries(call.answers).map(([status, { text, schema, mediaType }]) => [status, {
    description: text,
    ...(schema === undefined ? {} : { content: { [mediaType ?? 'application/json']: { schema: schemas.of(schema, 'output') } } }),
    ...(Number(status) === usualStatus(call) ? { headers: { traceparent: { description: 'The trace of this call (W3C).', schema: { type: 'string' } } } } : {}),
  }]));
}

function problemResponse(schemas: Schemas): Json {
  const statuses = [400, 401, 403, 404, 405, 409, 413, 415, 500, 503].map((status) => `${status} ${STATUS_CODES[status] ?? ''}`).join(', ');
  return { description: `A problem: ${statuses}. A 503 carries Retry-After.`, content: { 'application/problem+json': { schema: schemas.of(contracts.Problem, 'output') } } };
}

/** Turns zod schemas into JSON Schema (2020-12, as OpenAPI 3.1 wants it); named ones become references. */
class Schemas {
  readonly #names = z.registry<{ id: string }>();
  readonly #components = new Map<string, Json>();

  constructor() {
    for (const [id, schema] of Object.entries(NAMED)) this.#names.add(schema, { id });
  }

  of(schema: z.ZodType, io: 'input' | 'output'): Json {
    const { $schema: _, $defs = {}, ...rest } = z.toJSONSchema(schema, { metadata: this.#registry(schema), io, unrepresentable: 'any' }) as Json & { readonly $defs?: Readonly<Record<string, Json>> };
    const renamed = new Map(Object.keys($defs).map((name) => [name, this.#nameFor(name, $defs[name] ?? {}, io)]));
    for (const [name, definition] of Object.entries($defs)) this.#components.set(renamed.get(name) ?? name, point(definition, renamed) as Json);
    return point(rest, renamed) as Json;
  }

  all(): Json {
    return Object.fromEntries([...this.#components].sort(([a], [b]) => a < b ? -1 : 1));
  }

  /** What is said of a field (`describe`) lies in zod's own registry; names lie in ours. */
  #registry(_schema: z.ZodType) {
    const names = this.#names;
    return { get: (schema: z.ZodType) => ({ ...z.globalRegistry.get(schema), ...names.get(schema) }), has: (schema: z.ZodType) => names.has(schema) || z.globalRegistry.has(schema) } as unknown as typeof z.globalRegistry;
  }

  /** With defaults, what may be sent differs from what is answered; then the former has a name of its own. */
  #nameFor(name: string, definition: Json, io: 'input' | 'output'): string {
    const schema = Object.entries(NAMED).find(([id]) => id === name)?.[1];
    if (io === 'output' || schema === undefined) return name;
    const answered = (z.toJSONSchema(schema, { metadata: this.#registry(schema), io: 'output', unrepresentable: 'any' }) as Json & { readonly $defs?: Readonly<Record<string, Json>> }).$defs?.[name];
    return comparable(answered ?? {}) === comparable(definition) ? name : `${name}Input`;
  }
}

/** A schema as text, apart from `additionalProperties: false`, which zod says of answers only. */
const comparable = (schema: Json) => JSON.stringify(schema, (key, value: unknown) => key === 'additionalProperties' && value === false ? undefined : value);

/** Points `#/$defs/X` to where OpenAPI keeps its schemas. */
function point(value: unknown, renamed: ReadonlyMap<string, string>): unknown {
  if (Array.isArray(value)) return value.map((each) => point(each, renamed));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => {
    if (key !== '$ref' || typeof each !== 'string') return [key, point(each, renamed)];
    const name = each.replace('#/$defs/', '');
    return [key, `#/components/schemas/${renamed.get(name) ?? name}`];
  }));
}
