import { describe, expect, it } from '@jest/globals';
import * as contracts from '@vmdns/contracts';
import { z } from 'zod';
import { CALLS } from '../api/calls.js';
import { describeApi } from './openapi.js';

type Json = Readonly<Record<string, unknown>>;
const document = JSON.parse(JSON.stringify(describeApi(CALLS))) as Json;

/** The parts of an OpenAPI 3.1 document that we use, as strictly as the specification has them. */
const Schema = z.union([z.boolean(), z.record(z.string(), z.unknown())]);
const Media = z.record(z.string(), z.strictObject({ schema: Schema }));
const Response = z.union([z.strictObject({ $ref: z.string() }), z.strictObject({ description: z.string().min(1), content: Media.optional(), headers: z.record(z.string(), z.unknown()).optional() })]);
const Operation = z.strictObject({
  operationId: z.string(), security: z.array(z.record(z.string(), z.array(z.string()))).optional(), tags: z.array(z.string()).length(1), summary: z.string().min(5), description: z.string(), 'x-roles': z.array(z.string()).min(1),
  parameters: z.array(z.strictObject({ name: z.string(), in: z.enum(['path', 'query']), required: z.boolean(), description: z.string().optional(), schema: Schema })).optional(),
  requestBody: z.strictObject({ required: z.boolean(), content: Media }).optional(),
  responses: z.record(z.string().regex(/^([1-5]\d\d|default)$/), Response),
});
const Document = z.strictObject({
  openapi: z.literal('3.1.0'), info: z.strictObject({ title: z.string(), version: z.string(), description: z.string() }), security: z.array(z.record(z.string(), z.array(z.string()))),
  tags: z.array(z.strictObject({ name: z.string() })),
  paths: z.record(z.string().regex(/^\/(v1\/|legacy\/|modules\/|openapi\.json$)/), z.partialRecord(z.enum(['get', 'put', 'post', 'patch', 'delete']), Operation)),
  components: z.strictObject({ securitySchemes: z.record(z.string(), z.unknown()), responses: z.record(z.string(), Response), schemas: z.record(z.string().regex(/^[A-Za-z]+$/), Schema) }),
});

const at = (path: string) => path.split('/').slice(1).reduce<unknown>((value, key) => (value as Json | undefined)?.[key.replaceAll('~1', '/')], document);
function references(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(references);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, each]) => key === '$ref' && typeof each === 'string' ? [each] : references(each));
}

describe('/openapi.json', () => {
  it('is a document of OpenAPI 3.1', () => {
    expect(Document.safeParse(document).error?.issues).toBeUndefined();
  });
  it('lists every call, with its schemas', () => {
    for (const call of CALLS) {
      const operation = at(`/paths/${call.path.replace(/:(\w+)/g, '{$1}').replaceAll('/', '~1')}/${call.method}`) as Json;
      expect(operation).toMatchObject({ operationId: call.id, 'x-roles': call.roles });
      expect('requestBody' in operation).toBe(call.body !== undefined);
      for (const [status, answer] of Object.entries(call.answers)) {
        const response = (operation.responses as Json)[status] as Json;
        expect({ call: call.id, status, has: 'content' in response }).toEqual({ call: call.id, status, has: answer.schema !== undefined });
      }
    }
  });
  it('answers in the words of contracts, so that pages and programs need to know nothing else', () => {
    const known = new Set<unknown>(Object.values(contracts));
    const isKnown = (schema: unknown): boolean => known.has(schema)
      || (schema instanceof z.ZodArray && isKnown(schema.element)) || (schema instanceof z.ZodUnion && schema.options.every(isKnown))
      || (schema instanceof z.ZodObject && 'items' in schema.shape && isKnown(schema.shape.items));
    const unknown = CALLS.flatMap((call) => Object.values(call.answers).filter((answer) => answer.schema !== undefined && !isKnown(answer.schema)).map(() => call.id));
    expect(unknown).toEqual([]);
  });
  it('points nowhere into the void', () => {
    const all = references(document);
    expect(all.length).toBeGreaterThan(40);
    expect(all.filter((reference) => at(reference) === undefined)).toEqual([]);
  });
  it('names each operation once and declares each part of a path', () => {
    expect(new Set(CALLS.map((call) => call.id)).size).toBe(CALLS.length);
    for (const call of CALLS) {
      const declared = Object.keys((call.params === undefined ? {} : z.toJSONSchema(call.params).properties) ?? {});
      expect([...call.path.matchAll(/:(\w+)/g)].map((match) => match[1]).sort()).toEqual(declared.sort());
    }
  });
  it('describes what is sent apart from what is answered where defaults make a difference', () => {
    const schemas = (document.components as { readonly schemas: Readonly<Record<string, { readonly required?: readonly string[] }>> }).schemas;
    expect(schemas.Zone?.required).toContain('mode');
    const body = at('/paths/~1v1~1zones/post/requestBody/content/application~1json/schema') as { readonly required: readonly string[] };
    expect(body.required).toEqual(['name', 'connectionId']);
  });
  it('tells every problem by one schema', () => {
    expect(at('/components/responses/Problem/content')).toEqual({ 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } });
    expect(at('/components/schemas/Problem')).toMatchObject({ properties: { faults: { type: 'array', items: { $ref: '#/components/schemas/Fault' } } } });
  });
});
