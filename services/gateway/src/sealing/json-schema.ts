import { z } from 'zod';
import type { Fault } from '@vmdns/contracts';
import { faultsOf } from '../http/faults.js';

export type JsonSchema = Readonly<Record<string, unknown>>;

const isSchema = (value: unknown): value is JsonSchema => typeof value === 'object' && value !== null && !Array.isArray(value);
const partsOf = (value: unknown): readonly JsonSchema[] => Array.isArray(value) ? value.filter(isSchema) : [];
const COMBINED = ['anyOf', 'oneOf', 'allOf'] as const;

/** The properties of an object schema, those of its alternatives included. */
export function propertiesOf(schema: JsonSchema): Readonly<Record<string, JsonSchema>> {
  const own = isSchema(schema.properties) ? Object.entries(schema.properties).filter((entry): entry is [string, JsonSchema] => isSchema(entry[1])) : [];
  const others = COMBINED.flatMap((kind) => partsOf(schema[kind])).flatMap((part) => Object.entries(propertiesOf(part)));
  return Object.fromEntries([...others, ...own]);
}

/** Names of the fields that go in and never come out. */
export function secretFields(schema: JsonSchema): readonly string[] {
  return Object.entries(propertiesOf(schema)).filter(([, field]) => field.writeOnly === true).map(([name]) => name);
}

/** Names of the fields that say where a secret is sent. */
export function addressFields(schema: JsonSchema): readonly string[] {
  const isAddress = (field: JsonSchema): boolean => ['uri', 'url', 'hostname', 'ipv4', 'ipv6'].includes(String(field.format)) || COMBINED.some((kind) => partsOf(field[kind]).some(isAddress));
  return Object.entries(propertiesOf(schema)).filter(([, field]) => isAddress(field)).map(([name]) => name);
}

/** The schema with these fields no longer required: they are set already and need not be given again. */
export function withoutRequired(schema: JsonSchema, fields: readonly string[]): JsonSchema {
  const loosened = Object.fromEntries(COMBINED.filter((kind) => kind in schema).map((kind) => [kind, partsOf(schema[kind]).map((part) => withoutRequired(part, fields))]));
  const required = Array.isArray(schema.required) ? { required: schema.required.filter((name) => !fields.includes(String(name))) } : {};
  return { ...schema, ...loosened, ...required };
}

/** The schema with every object closed: a mistyped name of a secret must be a fault, not a setting that anybody can read. */
function closed(schema: JsonSchema): JsonSchema {
  const result: Record<string, unknown> = { ...schema };
  if (isSchema(schema.properties)) {
    result.properties = Object.fromEntries(Object.entries(schema.properties).map(([name, field]) => [name, isSchema(field) ? closed(field) : field]));
    if (!COMBINED.some((kind) => kind in schema) && !('additionalProperties' in schema)) result.additionalProperties = false;
  }
  if (isSchema(schema.items)) result.items = closed(schema.items);
  for (const kind of ['anyOf', 'oneOf'] as const) if (kind in schema && !('properties' in schema)) result[kind] = partsOf(schema[kind]).map(closed);
  return result;
}

export type Checked = { readonly ok: true; readonly value: Readonly<Record<string, unknown>> } | { readonly ok: false; readonly faults: readonly Fault[] };

/** Checks settings by an announced JSON Schema and fills in its defaults; faults have paths below `at`. */
export function checkBySchema(schema: JsonSchema, settings: Readonly<Record<string, unknown>>, at: readonly string[]): Checked {
  const parsed = z.fromJSONSchema(closed(schema) as z.core.JSONSchema.JSONSchema).safeParse(settings);
  if (!parsed.success) return { ok: false, faults: faultsOf(parsed.error.issues, at) };
  return { ok: true, value: parsed.data as Readonly<Record<string, unknown>> };
}
